"""Agents written with Strands. Imported by such an agent's own module, and by nothing else."""

import copy
import functools
import inspect
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, ParamSpec, TypeVar

import boto3
from pydantic import BaseModel, ValidationError
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
from strands.models.bedrock import BedrockModel
from strands.types.content import Messages, SystemContentBlock
from strands.types.exceptions import EventLoopException
from strands.types.streaming import StreamEvent
from strands.types.tools import AgentTool, ToolChoice, ToolChoiceAny, ToolSpec

from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.faults import to_model_error
from tradewind.bedrock.model_pool import ModelKey, ModelPool
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import InternalError, ModelFailed, ToolInputError, TradewindError
from tradewind.run.agent_run import MAX_TURNS, AgentRun
from tradewind.run.options import RunOptions
from tradewind.run.output import ASK_FOR_OUTPUT, OUTPUT_TOOL
from tradewind.run.project import Project
from tradewind.run.strands_history import past_messages, turn_messages
from tradewind.run.strands_output import OutputTool
from tradewind.run.threads import contained, contained_coroutine, enter_tool
from tradewind.run.tool_arguments import closed, refusal
from tradewind.run.tool_results import presentable
from tradewind.run.tools import note_tool_failure

#: Where a request's ``invocation_state`` holds its project.
_PROJECT: Final = "project"

_SOME_TOOL: Final[dict[Literal["any"], ToolChoiceAny]] = {"any": {}}

P = ParamSpec("P")
R = TypeVar("R")


class _ClientSession(boto3.Session):
    """A session that hands out one existing client.

    ``BedrockModel`` takes no client: a ``boto_client`` argument lands in its configuration with a
    warning, and a client of its own is made from the session. So the session is the way in.
    """

    def __init__(self, client: Any) -> None:
        super().__init__(region_name=client.meta.region_name)
        self._given_client = client

    def client(self, *_args: Any, **_kwargs: Any) -> Any:
        return self._given_client


class PooledBedrockModel(BedrockModel):
    """A ``BedrockModel`` on the client it is given, whose failures leave it as ``ModelError``.

    Strands would answer some of its own types by itself: a conversation that is too long, it cuts
    and sends again.
    """

    def __init__(self, client: Any, **model_config: Any) -> None:
        super().__init__(boto_session=_ClientSession(client), **model_config)
        self._output_schema: dict[str, Any] | None = None

    def as_asked(self, options: RunOptions) -> "PooledBedrockModel":
        """Return this model on its client as one request wants it; itself, if that is the same."""
        if not options.sampling and options.output_schema is None:
            return self
        model = copy.copy(self)
        model.config = {**self.config, **options.sampling}  # type: ignore[typeddict-item]
        model._output_schema = options.output_schema
        return model

    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        cancel_signal: threading.Event | None = None,
        structured_output_model: type[BaseModel] | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Stream one model call. Arguments and events are ``BedrockModel.stream``'s.

        Raises:
            ModelError: The call failed, or its answer broke off.
        """
        events = super().stream(
            messages,
            [self._as_told(spec) for spec in tool_specs or ()],
            system_prompt,
            # With an output to give there is always a tool to call.
            tool_choice=tool_choice if self._output_schema is None else _SOME_TOOL,
            system_prompt_content=system_prompt_content,
            cancel_signal=cancel_signal,
            structured_output_model=structured_output_model,
            **kwargs,
        )
        try:
            async for event in events:
                yield event
        except Exception as error:
            fault = to_model_error(error)
            if fault is None or fault is error:
                raise
            raise fault from error

    def _as_told(self, spec: ToolSpec) -> ToolSpec:
        """A tool's specification as the model is told it."""
        # Strands fills in what it misses in a schema; the output's is the caller's, to the letter.
        ours = spec["name"] != OUTPUT_TOOL or self._output_schema is None
        schema = closed(_schema_of(spec)) if ours else self._output_schema
        return {**spec, "inputSchema": {"json": schema}}


def _schema_of(spec: ToolSpec) -> dict[str, Any]:
    schema: dict[str, Any] = spec["inputSchema"]["json"]
    return schema


def create_model(key: ModelKey, client: Any) -> PooledBedrockModel:
    """Create the model that ``key`` describes, on ``client``."""
    sampling = {"temperature": key.temperature, "top_p": key.top_p}
    return PooledBedrockModel(
        client,
        model_id=key.model_id,
        max_tokens=key.max_tokens,
        **{name: value for name, value in sampling.items() if value is not None},
    )


#: The process's models.
MODELS: Final = ModelPool(create_model)


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
        before = len(agent.messages)
        stop_reason = ""
        try:
            async for event in _events(agent, run):
                if "messageStart" in event.get("event", {}):
                    transcript.begin_message()
                elif "data" in event:
                    transcript.write(event["data"])
                elif event.get("message", {}).get("role") == "assistant" and not run.stop.is_set():
                    transcript.end_message()  # a cancelled one is Strands' own "Cancelled by user"
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
        if not run.stopped and run.output is None:  # a later turn has no tool to give it by
            run.new_messages = turn_messages(agent.messages[before:])


def _output_tools(run: AgentRun) -> list[AgentTool]:
    if run.output is None:
        return []
    return [OutputTool(run.output, run.project, run.threads.tools)]


async def _events(agent: Agent, run: AgentRun) -> AsyncIterator[dict[str, Any]]:
    """The events of a run. Where an output is wanted, it is asked for until there is one."""
    prompt, turns, ended = run.prompt, 0, False
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
            schema = _schema_of(tool.tool_spec)
            event.cancel_tool = refusal(name, schema, event.tool_use["input"]) or False
        if not event.cancel_tool:
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


def reports_failures(tool: Callable[P, R]) -> Callable[P, R]:
    """Let a tool's failures fail its request. To be put under ``@tool(context=True)``.

    Strands makes a result for the model of every exception; see ``note_tool_failure``.
    """

    def failure_of(error: Exception, context: object) -> Exception:
        if not isinstance(context, ToolContext):
            return error
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
