"""Agents written with Strands. Imported by such an agent's own module, and by nothing else."""

import functools
import inspect
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar, cast

from pydantic import ValidationError
from strands import Agent, ToolContext
from strands.agent.conversation_manager import NullConversationManager
from strands.hooks import (
    AfterModelCallEvent,
    AfterToolCallEvent,
    AfterToolsEvent,
    BeforeToolCallEvent,
    HookProvider,
    HookRegistry,
)
from strands.interrupt import Interrupt, InterruptException
from strands.types.agent import AgentInput
from strands.types.content import Messages
from strands.types.exceptions import EventLoopException
from strands.types.tools import AgentTool, ToolUse

from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.model_pool import ModelKey
from tradewind.bedrock.tool_arguments import refusal
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import (
    InternalError,
    ModelFailed,
    NobodyToAsk,
    ToolInputError,
    TradewindError,
)
from tradewind.run.agent_run import MAX_TURNS, AgentRun
from tradewind.run.options import RunOptions
from tradewind.run.output import ASK_FOR_OUTPUT
from tradewind.run.project import Project
from tradewind.run.strands_history import past_messages, turn_messages
from tradewind.run.strands_model import MODELS, create_model, schema_of
from tradewind.run.strands_output import OutputTool
from tradewind.run.strands_pause import check_asking, pause_of, resume
from tradewind.run.threads import contained, contained_coroutine, enter_tool
from tradewind.run.tool_results import presentable
from tradewind.run.tools import note_tool_failure

#: Where a request's ``invocation_state`` holds its project.
_PROJECT: Final = "project"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class StrandsAgent:
    """The definition of an agent written with Strands.

    Attributes:
        system_prompt: What the model is told before every conversation.
        tools: What the model may call. They hold no state of a request.
    """

    system_prompt: str
    tools: tuple[AgentTool, ...]

    @property
    def has_tools(self) -> bool:
        """See ``AgentDefinition``."""
        return bool(self.tools)

    async def answer(self, run: AgentRun) -> None:
        """Answer a request. See ``AgentDefinition``."""
        project, transcript = run.project, run.transcript
        agent = create_agent(
            project.agent,
            self,
            run.environment,
            bedrock_client=run.bedrock_client,
            hooks=[_Adapter(run)],
            messages=past_messages(run.history),
            options=run.options,
            more_tools=_output_tools(run),
        )
        before, prompt = len(agent.messages), cast(AgentInput, run.prompt)
        if run.goes_on is not None:
            prompt, before = resume(agent, run.goes_on)
        stop_reason = ""
        asking: list[tuple[ToolUse, Interrupt]] = []
        try:
            async for event in _events(agent, run, prompt):
                if "messageStart" in event.get("event", {}):
                    transcript.begin_message()
                elif "data" in event:
                    transcript.write(event["data"])
                elif event.get("message", {}).get("role") == "assistant" and not run.stop.is_set():
                    transcript.end_message()  # a cancelled one is Strands' own "Cancelled by user"
                elif interrupted := event.get("tool_interrupt_event"):
                    asking += [(interrupted["tool_use"], one) for one in interrupted["interrupts"]]
                if project.failure is not None:
                    run.stop.set()  # no more model calls for a request that has failed
                if "result" in event:
                    stop_reason = event["result"].stop_reason
        except EventLoopException as wrapped:
            # Its causes say what it was: `from` would put Strands' own in their place.
            raise wrapped.original_exception  # noqa: B904
        if stop_reason == "limit_turns":
            raise ModelFailed(f"The model did not finish within {MAX_TURNS} turns.")
        run.stopped = stop_reason == "cancelled"
        if stop_reason == "interrupt":
            _ask(run, agent, asking, before)
        elif not run.stopped and run.output is None:  # a later turn has no tool to give it by
            run.new_messages = turn_messages(agent.messages[before:])


def _ask(
    run: AgentRun, agent: Agent, asking: Sequence[tuple[ToolUse, Interrupt]], before: int
) -> None:
    if not run.project.may_ask:
        raise NobodyToAsk("A tool asks a person, and this request cannot wait for one.")
    asked = [(use["name"], one) for use, one in asking]
    pause = pause_of(run.project, agent, asked, before)
    run.ask(pause, [use["toolUseId"] for use, _ in asking])


def _output_tools(run: AgentRun) -> list[AgentTool]:
    if run.output is None:
        return []
    return [OutputTool(run.output, run.project, run.threads.tools)]


async def _events(agent: Agent, run: AgentRun, prompt: AgentInput) -> AsyncIterator[dict[str, Any]]:
    """The events of a run. Where an output is wanted, it is asked for until there is one."""
    turns, ended = 0, False
    while True:
        async for event in agent.stream_async(
            prompt,
            invocation_state={_PROJECT: run.project},
            cancel_signal=run.stop,
            limits={"turns": max(1, MAX_TURNS - turns)},
        ):
            turns += event.get("message", {}).get("role") == "assistant"
            ended = "result" in event and event["result"].stop_reason == "end_turn"
            yield event
        if run.output is None or run.output.value is not None or not ended:
            return
        run.output.failed()
        prompt = ASK_FOR_OUTPUT


def create_agent(
    name: str,
    definition: StrandsAgent,
    environment: ModelEnvironment,
    *,
    bedrock_client: Any = None,
    hooks: Sequence[HookProvider] = (),
    messages: Messages | None = None,
    options: RunOptions = RunOptions(),  # noqa: B008  it is immutable
    more_tools: Sequence[AgentTool] = (),
) -> Agent:
    """Build an agent for one conversation. Prompt, tools and model are shared; messages are not.

    Args:
        name: What the agent is called.
        definition: Its prompt and tools.
        environment: Which model, and how to reach it.
        bedrock_client: The client to call the model with. Without one the agent makes its own,
            which suits development and tests; a deployed function passes the pooled client.
        hooks: Strands hooks, such as the retry layer.
        messages: The conversation so far.
        options: What the conversation's request wants otherwise.
        more_tools: Tools of this conversation alone.
    """
    client = bedrock_client or create_bedrock_client(environment)
    key = ModelKey.for_client(client, environment.model_id, environment.max_tokens)
    model = MODELS.get(key, client) if bedrock_client else create_model(key, client)
    return Agent(
        name=name,
        model=model.as_asked(options),
        system_prompt=options.system_prompt_after(definition.system_prompt),
        messages=messages,
        # Strands' own would drop what is over 40 messages. Conversations are bounded by tokens.
        conversation_manager=NullConversationManager(),
        tools=[*definition.tools, *more_tools],
        hooks=list(hooks),
        callback_handler=None,  # the default prints the answer
        retry_strategy=None,  # bedrock.retry is the one layer that repeats
        load_tools_from_directory=False,
    )


class _Adapter(HookProvider):
    """Repeats model calls as the run's retries say; checks, counts and stages tool calls.

    Strands runs the hooks around a tool call in one task of the call's own, whose context it
    copies to the tool's thread.
    """

    def __init__(self, run: AgentRun) -> None:
        self._run = run

    def register_hooks(self, registry: HookRegistry, **_kwargs: Any) -> None:
        registry.add_callback(AfterModelCallEvent, self._after_model_call)
        registry.add_callback(BeforeToolCallEvent, self._before_tool_call)
        registry.add_callback(AfterToolCallEvent, self._after_tool_call)
        registry.add_callback(AfterToolsEvent, self._after_tools)

    async def _after_model_call(self, event: AfterModelCallEvent) -> None:
        if event.exception is not None:
            event.retry = await self._run.retries.wait_to_repeat(event.exception)
        else:
            self._run.retries.succeeded()

    def _before_tool_call(self, event: BeforeToolCallEvent) -> None:
        tool, name = event.selected_tool, event.tool_use["name"]
        if isinstance(tool, OutputTool):
            return
        self._run.tool_started(event.tool_use["toolUseId"], name)
        if tool is None:
            there_are = ", ".join(event.agent.tool_names)
            event.cancel_tool = f"There is no tool {name}. There are: {there_are}."
        else:
            schema = schema_of(tool.tool_spec)
            event.cancel_tool = refusal(name, schema, event.tool_use["input"]) or False
        if not event.cancel_tool:
            self._run.tool_begins(name)
            self._run.project.begin_call()
            enter_tool()

    def _after_tool_call(self, event: AfterToolCallEvent) -> None:
        if isinstance(event.selected_tool, OutputTool):
            return
        self._note_defect(event)
        try:
            content = presentable(event.tool_use["name"], event.result["content"])
            event.result = {**event.result, "content": content}
        except ToolInputError as error:
            _show_error(event, error)
        succeeded = event.result.get("status") != "error"
        self._run.project.end_call(succeeded=succeeded)
        use = event.tool_use
        self._run.tool_ended(use["toolUseId"], use["name"], succeeded=succeeded)

    def _after_tools(self, event: AfterToolsEvent) -> None:
        output = self._run.output
        if output is not None and output.value is not None:
            event.end_turn = json.dumps(output.value, ensure_ascii=False)

    def _note_defect(self, event: AfterToolCallEvent) -> None:
        """Let the defect of a tool that does not report its failures fail the request too."""
        error = event.exception
        if error is None or isinstance(error, TradewindError):
            return
        if isinstance(error.__cause__, ValidationError):
            return  # of the arguments, beyond what their schema says: the model's to mend
        failure = note_tool_failure(self._run.project, event.tool_use["name"], error)
        _show_error(event, failure)


def _show_error(event: AfterToolCallEvent, error: TradewindError) -> None:
    """Give the model an error for the tool's result."""
    event.result = {**event.result, "status": "error", "content": [{"text": error.message}]}


def project_of(tool_context: ToolContext) -> Project:
    """Return the project of the request that called the tool.

    Raises:
        InternalError: The tool was called outside of a request.
    """
    project = tool_context.invocation_state.get(_PROJECT)
    if not isinstance(project, Project):
        raise InternalError("The tool was called outside of a request: there is no project.")
    return project


def _asking(context: ToolContext, asking: InterruptException) -> Exception:
    """What a tool's question is raised as: itself, or what the model is told in its place."""
    try:
        check_asking(project_of(context), context, asking)
    except ToolInputError as refused:
        return refused
    return asking


def reports_failures(tool: Callable[P, R]) -> Callable[P, R]:
    """Let a tool's failures fail its request. To be put under ``@tool(context=True)``.

    Strands makes a result for the model of every exception; see ``note_tool_failure``.
    """

    def failure_of(error: Exception, context: object) -> Exception:
        if not isinstance(context, ToolContext):
            return error
        if isinstance(error, InterruptException):
            return _asking(context, error)
        return note_tool_failure(project_of(context), tool.__name__, error)

    if inspect.iscoroutinefunction(tool):

        @functools.wraps(tool)
        async def awaiting(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await contained_coroutine(tool(*args, **kwargs))
            except Exception as error:
                failure = failure_of(error, kwargs["tool_context"])
                if failure is error:
                    raise
                raise failure from error

        return awaiting  # type: ignore[return-value]  # R is its coroutine

    @functools.wraps(tool)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return contained(tool, *args, **kwargs)
        except Exception as error:
            failure = failure_of(error, kwargs["tool_context"])
            if failure is error:
                raise
            raise failure from error

    return reporting
