"""Agents written with PydanticAI. Imported by such an agent's own module, and by nothing else."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any, Final, cast

from pydantic_ai import (
    Agent,
    ApprovalRequired,
    CallDeferred,
    DeferredToolRequests,
    ModelRetry,
    RunContext,
    Tool,
    ToolOutput,
    UsageLimits,
)
from pydantic_ai.capabilities import AbstractCapability, UseThreadExecutor
from pydantic_ai.exceptions import RunCancelled, UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.output import OutputContext
from pydantic_ai.providers.bedrock import BedrockProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition, ToolFuncEither

from tradewind.bedrock.model_pool import ModelKey, ModelPool
from tradewind.bedrock.reading import read_arguments
from tradewind.bedrock.tool_arguments import refusal
from tradewind.contracts.errors import ModelFailed, NobodyToAsk, OutputInvalid, ToolInputError
from tradewind.run.agent_run import MAX_TURNS, AgentRun
from tradewind.run.options import RunOptions
from tradewind.run.output import MAX_OUTPUT_TRIES, OUTPUT_TOOL, OUTPUT_TOOL_TEXT, RunOutput
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_history import past_messages, turn_messages
from tradewind.run.pydantic_ai_pause import ASK_PERSON, Resumed, check_asking, pause_of, resumed
from tradewind.run.tool_results import presentable
from tradewind.run.tools import note_tool_failure


def create_model(key: ModelKey, client: Any) -> BedrockConverseModel:
    """Create the model that ``key`` describes, on ``client``."""
    # PydanticAI's own words on its <system> tags: only in conversations that have one, not 185
    # words ahead of every system prompt.
    settings = ModelSettings(max_tokens=key.max_tokens, framing_announcement="when_needed")
    if key.temperature is not None:
        settings["temperature"] = key.temperature
    if key.top_p is not None:
        settings["top_p"] = key.top_p
    return BedrockConverseModel(
        key.model_id, provider=BedrockProvider(bedrock_client=client), settings=settings
    )


#: The process's models.
MODELS: Final = ModelPool(create_model)

#: What a run is told that has to give an output. The adapter puts the request's schema in.
_OUTPUT: Final[dict[str, Any]] = {
    "output_type": [
        ToolOutput(dict[str, Any], name=OUTPUT_TOOL, description=OUTPUT_TOOL_TEXT),
        DeferredToolRequests,
    ],
    "retries": {"output": MAX_OUTPUT_TRIES},  # the run's own count comes first
}
#: A run ends in words, or with a question to a person.
_WORDS: Final[dict[str, Any]] = {"output_type": [str, DeferredToolRequests]}


class PydanticAIAgent:
    """The definition of an agent written with PydanticAI.

    Args:
        system_prompt: What the model is told before every conversation.
        tools: What the model may call: functions that take a ``RunContext[Project]`` first, or
            none, and hold no state of a request. Their failures fail the request; a
            ``ToolInputError`` goes to the model.
        asks_people: Whether it has ``ask_person`` besides, where a person can be asked.
    """

    def __init__(
        self,
        system_prompt: str,
        tools: Sequence[Tool[Project] | ToolFuncEither[Project, ...]] = (),
        *,
        asks_people: bool = False,
    ) -> None:
        self.has_tools = bool(tools)
        self._asks_people = asks_people
        self.agent = Agent(
            deps_type=Project,
            instructions=system_prompt,
            tools=[*tools, ASK_PERSON] if asks_people else tools,
            # A call that the model gets wrong is its own to mend, within the run's turns. An answer
            # that is none is refused, not asked for again.
            retries={"tools": MAX_TURNS, "output": 0},
        )

    async def answer(self, run: AgentRun) -> None:
        """Answer a request. See ``AgentDefinition``."""
        client, options = run.bedrock_client, run.options
        key = ModelKey.for_client(client, run.environment.model_id, run.environment.max_tokens)
        begins = self._begin(run)
        try:
            async with asyncio.timeout(run.deadline.remaining_s()) as limit:
                result = await self.agent.run(
                    run.prompt if begins.results is None else None,
                    message_history=begins.messages,
                    deferred_tool_results=begins.results,
                    model=_RunModel(MODELS.get(key, client), run),
                    model_settings=_settings_of(options),
                    instructions=options.system_prompt,
                    deps=run.project,
                    usage_limits=UsageLimits(request_limit=MAX_TURNS),
                    # PydanticAI's own way would wait for a tool that is left behind.
                    capabilities=[_Adapter(run), UseThreadExecutor(run.threads.tools)],
                    infer_name=False,
                    **(_WORDS if run.output is None else _OUTPUT),
                )
            messages = result.all_messages()
            if isinstance(result.output, DeferredToolRequests):
                self._ask(run, result.output, messages, begins.before)
            elif run.output is None:  # a later turn has no tool to give it by
                run.new_messages = turn_messages(messages[begins.before :])
        except (TimeoutError, RunCancelled):
            if not limit.expired():
                raise
            run.stopped = True
        except UsageLimitExceeded as circling:
            raise ModelFailed(f"The model did not finish within {MAX_TURNS} turns.") from circling
        except UnexpectedModelBehavior as unusable:
            if run.output is not None and run.output.value is None:
                raise OutputInvalid(
                    f"The model gave no output in {MAX_OUTPUT_TRIES} tries."
                ) from unusable
            raise ModelFailed(
                f"The model ended its turn without a usable answer ({type(unusable).__name__})."
            ) from unusable

    def _tool_names(self) -> set[str]:
        return {name for one in self.agent.toolsets for name in getattr(one, "tools", {})}

    def _begin(self, run: AgentRun) -> Resumed:
        """The conversation so far, and what its last calls wait for."""
        if run.goes_on is None:
            offered = self.has_tools or (self._asks_people and run.project.may_ask)
            past = past_messages(run.history, has_tools=offered)
            return Resumed(past, len(past), None)
        begins = resumed(run.goes_on, self._tool_names())
        for asked in run.goes_on.pause.asked:
            if begins.results is not None and asked.call_id in begins.results.calls:
                run.answered(asked)
        return begins

    def _ask(
        self,
        run: AgentRun,
        requests: DeferredToolRequests,
        messages: list[ModelMessage],
        before: int,
    ) -> None:
        if not run.project.may_ask:
            raise NobodyToAsk("A tool asks a person, and this request cannot wait for one.")
        pause = pause_of(run.project, requests, messages, before)
        run.ask(pause, [asked.call_id for asked in pause.asked])


def _settings_of(options: RunOptions) -> ModelSettings:
    settings: dict[str, Any] = options.sampling
    return cast("ModelSettings", settings)


async def _in_a_tools_thread(run: AgentRun, output: RunOutput, given: Any) -> str | None:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(run.threads.tools, output.take, given)


class _RunModel(WrapperModel):
    """One run's view of a pooled model: streams every call, and repeats what may be repeated.

    PydanticAI hands a streamed call's events on at once, so that it cannot repeat one that breaks
    off. To PydanticAI this model does not stream: it answers when a call is whole.
    """

    def __init__(self, wrapped: Model, run: AgentRun) -> None:
        super().__init__(wrapped)
        self._run = run

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        transcript = self._run.transcript
        while True:
            transcript.begin_message()
            try:
                async with self.wrapped.request_stream(
                    messages, model_settings, model_request_parameters
                ) as stream:
                    async for event in stream:
                        match event:
                            case PartStartEvent(part=TextPart(content=text)):
                                transcript.write(text)
                            case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
                                transcript.write(text)
            except Exception as error:
                if not await self._run.retries.wait_to_repeat(error):
                    raise
            else:
                self._run.retries.succeeded()
                transcript.end_message()
                response = stream.get()
                self._count_unknown_tools(response, model_request_parameters)
                if self._run.output is not None and not response.tool_calls:
                    self._run.output.failed()
                return response

    def _count_unknown_tools(
        self, response: ModelResponse, parameters: ModelRequestParameters
    ) -> None:
        """Count calls of tools that there are not, of which no capability is told."""
        tools = [*parameters.function_tools, *parameters.output_tools]
        known = {tool.name for tool in tools}
        for call in response.tool_calls:
            if call.tool_name not in known:
                self._run.tool_started(call.tool_call_id, call.tool_name)
                self._run.tool_ended(call.tool_call_id, call.tool_name, succeeded=False)


class _Adapter(AbstractCapability[Project]):
    """Checks, counts and stages a run's tool calls; lets their failures fail the request.

    The output's tool is none of them: what it is given is held to the request's schema.
    """

    def __init__(self, run: AgentRun) -> None:
        self._run = run

    async def prepare_output_tools(
        self, ctx: RunContext[Project], tool_defs: list[ToolDefinition]
    ) -> list[ToolDefinition]:
        if self._run.output is None:
            return tool_defs
        schema = self._run.output.schema
        return [dataclasses.replace(tool, parameters_json_schema=schema) for tool in tool_defs]

    async def wrap_output_validate(
        self,
        ctx: RunContext[Project],
        *,
        output_context: OutputContext,
        output: Any,
        handler: Any,
    ) -> Any:
        if self._run.output is None:
            return await handler(output)
        given = read_arguments(output) if isinstance(output, str) else output
        problems = await _in_a_tools_thread(self._run, self._run.output, given)
        if problems is not None:
            raise ModelRetry(problems)
        return given

    async def wrap_tool_validate(
        self,
        ctx: RunContext[Project],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: Any,
        handler: Any,
    ) -> Any:
        self._run.tool_started(call.tool_call_id, call.tool_name)
        given = read_arguments(args) if isinstance(args, str) else args
        refused = refusal(call.tool_name, tool_def.parameters_json_schema, given)
        if refused is not None:
            self._run.tool_ended(call.tool_call_id, call.tool_name, succeeded=False)
            raise ModelRetry(refused)
        try:
            return await handler(args)
        except Exception:  # valid by its schema, and still not what the tool takes
            self._run.tool_ended(call.tool_call_id, call.tool_name, succeeded=False)
            raise

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Project],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: Any,
        handler: Any,
    ) -> Any:
        succeeded = asks = False
        try:
            self._run.tool_begins(call.tool_name)
            with ctx.deps.tool_call():
                result = presentable(call.tool_name, await handler(args))
            succeeded = True
        except (CallDeferred, ApprovalRequired) as asking:
            try:
                check_asking(ctx.deps, call, asking)
            except ToolInputError as refused:
                raise ModelRetry(refused.message) from refused
            asks = True
            raise
        except ToolInputError as error:
            raise ModelRetry(error.message) from error
        finally:
            if not asks:
                self._run.tool_ended(call.tool_call_id, call.tool_name, succeeded=succeeded)
        return result

    async def on_tool_execute_error(
        self,
        ctx: RunContext[Project],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: Any,
        error: Exception,
    ) -> Any:
        failure = note_tool_failure(ctx.deps, call.tool_name, error)
        if isinstance(failure, ToolInputError):
            raise ModelRetry(failure.message) from error
        raise failure from error
