"""Answers the calls of a run with Strands' agents.

Every call has an ``Agent`` of its own: one that is kept would carry a conversation into the next,
and cannot be asked twice at once. What is kept is what it is made of, its tools and its model.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from strands import Agent
from strands.agent.agent_result import AgentResult
from strands.agent.conversation_manager import NullConversationManager
from strands.agent.conversation_manager.summarizing_conversation_manager import (
    DEFAULT_SUMMARIZATION_PROMPT,
)
from strands.types.content import Messages

from tradewind.bedrock.faults import error_of_stop_reason
from tradewind.bedrock.meter import note_repeat
from tradewind.contracts.errors import ModelError
from tradewind.contracts.names import EnvVar, OptionalEnvVar
from tradewind.contracts.prices import ModelPrices
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.tracing import leave_contents_out
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import AgentFailed, InvalidRun
from tradewind.workflow.engine.prepared import ready_agent
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow.spec.model import Compaction, Spec
from tradewind.workflow_agents.faults import needs_no_pause, to_workflow_error
from tradewind.workflow_agents.history import Conversation, compacted
from tradewind.workflow_agents.models import MODELS, ModelPool
from tradewind.workflow_agents.outputs import Output
from tradewind.workflow_agents.providers import BEDROCK, require, settled
from tradewind.workflow_agents.statistics import Statistics
from tradewind.workflow_agents.threads import one_call, run_threads
from tradewind.workflow_agents.tools import Consent, Tools, open_tools
from tradewind.workflow_agents.tools.tool import STEP
from tradewind.workflow_agents.unfinished import Unfinished, Used

#: Turns of one call: answers of the model, each but the last with calls of tools.
MAX_TURNS: Final = 30
#: A call meets one dead connection; the others that are as old are given up with it.
MAX_DEAD: Final = 2
#: Providers that count what they read from and wrote to a cache besides the input.
_CACHE_BESIDES: Final = frozenset({BEDROCK, "anthropic"})


class NamedAgents(Protocol):
    """Agents that are called by name, and that the file does not declare."""

    @property
    def names(self) -> frozenset[str]:
        """Theirs."""

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        """Answer. See ``engine.calls.Agents``."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What an agent is made of in a call."""

    model: Model
    tools: list[Any]
    output: Output | None


class WorkflowAgents:
    """The agents of one run. Implements ``engine.calls.Agents``. See ``open_agents``.

    Attributes:
        statistics: What the run made, and what it could use again.
    """

    def __init__(
        self,
        spec: Spec,
        tools: Tools,
        pool: ModelPool,
        *,
        run_id: str,
        environ: Mapping[str, str],
        named: NamedAgents | None,
        statistics: Statistics,
    ) -> None:
        self.statistics = statistics
        self._spec = spec
        self._tools = tools
        self._pool = pool
        self._run_id = run_id
        self._environ = environ
        self._named = named
        self._parts: dict[tuple[str, tuple[str, ...] | None, Model], _Part] = {}
        self._prices = _prices(environ)
        self._unfinished: dict[str, Unfinished] = {}

    async def call(self, call: AgentCall) -> AgentReply:
        """Answer. See ``engine.calls.Agents``.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
            TradewindError: The run may use no more, of money or of time.
        """
        self.statistics.calls += 1
        named = None if call.agent in self._spec.agents else self._named
        try:
            if named is not None:
                reply = await named.call(call, self._run_id)
            else:
                reply = await self._answered(call)
        except Exception as error:
            await self._tools.record(call, error)
            raise
        await self._tools.record(call, reply)
        return reply

    async def aclose(self) -> None:
        """Close the clients that are the run's."""
        await self._pool.close_all()

    async def _answered(self, call: AgentCall) -> AgentReply:
        part = self._part(call)
        unfinished = self._unfinished.setdefault(call.key, Unfinished())
        repeated, dead = call.attempt > 1, 0
        while True:
            if repeated and part.model.provider == BEDROCK:
                note_repeat()
            try:
                result, messages = await self._attempted(call, part, unfinished)
            except Exception as error:
                if needs_no_pause(error) and dead < MAX_DEAD:
                    repeated, dead = True, dead + 1  # at once, and no attempt of the file's
                    continue
                failed = to_workflow_error(error, part.model)
                if failed is error:
                    raise
                raise failed from error
            else:
                break
        del self._unfinished[call.key]
        return self._reply(call, part.model, unfinished.used, result, messages)

    async def _attempted(
        self, call: AgentCall, part: _Part, unfinished: Unfinished
    ) -> tuple[AgentResult, Messages]:
        used = unfinished.used
        async with one_call():
            question, messages = None, unfinished.messages
            if messages is None:
                question = call.input
                messages = (await self._conversation(call, part.model, used)).messages
            result, messages = await self._asked(
                part.model,
                self._prompt(call, part),
                question,
                used,
                tools=part.tools,
                messages=messages,
                step=call.key,
            )
            self._tools.check(call.key)
        if part.output is not None:
            part.output.hold(_text(result))
        return result, messages

    def _part(self, call: AgentCall) -> _Part:
        key = (call.agent, call.tools, call.model)
        part = self._parts.get(key)
        if part is not None:
            self.statistics.part_hits += 1
            return part
        self.statistics.parts_made += 1
        tools = self._tools.for_agent(call.agent, call.tools)
        schema = self._spec.agents[call.agent].output_schema
        output = Output(schema) if isinstance(schema, Mapping) else None
        part = self._parts[key] = _Part(settled(call.model, self._environ), tools, output)
        return part

    def _prompt(self, call: AgentCall, part: _Part) -> str:
        more = self._tools.system_text(call.agent, call.key)
        wanted = "" if part.output is None else part.output.wanted
        return "\n\n".join(filter(None, (call.prompt, more, wanted)))

    async def _conversation(self, call: AgentCall, model: Model, used: Used) -> Conversation:
        """What the call goes on with."""
        if call.conversation is None:
            return Conversation([])
        policy = self._spec.context_policy.compaction or Compaction()

        async def summarize(text: str) -> str:
            asked = replace(model, model_id=policy.summarization_model or model.model_id)
            result, _ = await self._asked(asked, DEFAULT_SUMMARIZATION_PROMPT, text, used)
            return _text(result)

        return await compacted(Conversation.of(call.history), call.input, policy, summarize)

    async def _asked(
        self,
        model: Model,
        prompt: str,
        question: str | None,
        used: Used,
        *,
        tools: list[Any] | None = None,
        messages: Messages | None = None,
        step: str = "",
    ) -> tuple[AgentResult, Messages]:
        """Ask an agent that is made for this question; None goes on behind tools' results."""
        messages = [*(messages or [])]  # the agent's own: what a failed attempt says is not kept
        before = len(messages)
        async with self._pool.lease(
            model, environ=self._environ, statistics=self.statistics
        ) as strands_model:
            agent = Agent(
                model=strands_model,
                system_prompt=prompt or None,  # Bedrock takes none that is empty
                messages=messages,
                tools=tools or [],
                conversation_manager=NullConversationManager(),
                callback_handler=None,  # the default prints the answer
                retry_strategy=None,  # the engine is the one layer that repeats
                load_tools_from_directory=False,
            )
            try:
                result = await agent.invoke_async(
                    question, invocation_state={STEP: step}, limits={"turns": MAX_TURNS}
                )
                _require_answer(result)
            except Exception:
                if step in self._unfinished:
                    self._unfinished[step].left_at(agent.messages, before)
                raise
            finally:
                used.add(agent.event_loop_metrics)
        return result, agent.messages

    def _reply(
        self,
        call: AgentCall,
        model: Model,
        used: Used,
        result: AgentResult,
        messages: Messages,
    ) -> AgentReply:
        cached = used.cache_read + used.cache_write if model.provider in _CACHE_BESIDES else 0
        read, written = used.input_tokens + cached, used.output_tokens
        counted = read + written > 0
        history = None
        if call.conversation is not None:
            last = (result.metrics.latest_context_size or read) + written
            history = Conversation.counted(messages, last).to_json()
        return AgentReply(
            _text(result),
            input_tokens=read if counted else None,
            output_tokens=written if counted else None,
            cost=self._cost(model, used),
            tool_calls=used.tool_calls,
            history=history,
        )

    def _cost(self, model: Model, used: Used) -> float | None:
        """US dollars, where the prices are this model's."""
        if (
            self._prices is None
            or model.provider != BEDROCK
            or model.model_id != self._environ.get(EnvVar.MODEL_ID)
        ):
            return None
        return self._prices.cost_usd(
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cache_read=used.cache_read,
            cache_write=used.cache_write,
        )


def _require_answer(result: AgentResult) -> None:
    if result.stop_reason == "limit_turns":
        raise AgentFailed(f"TOO_MANY_TURNS: the model did not finish within {MAX_TURNS} turns")
    error = error_of_stop_reason(result.stop_reason)
    if error is not None:
        raise error
    if not _text(result).strip():
        raise ModelError("The model ended without a word.")


def _text(result: AgentResult) -> str:
    return "".join(block.get("text", "") for block in result.message["content"])


def _prices(environ: Mapping[str, str]) -> ModelPrices | None:
    given = environ.get(OptionalEnvVar.MODEL_PRICES)
    return ModelPrices.model_validate_json(given) if given else None


@asynccontextmanager
async def open_agents(
    loaded: Loaded,
    *,
    run_id: str,
    environ: Mapping[str, str],
    files_root: Path,
    named: NamedAgents | None = None,
    pool: ModelPool | None = None,
    allow: Consent | None = None,
) -> AsyncIterator[WorkflowAgents]:
    """Open the agents of a run, and leave nothing of theirs after it.

    One run at a time in an event loop: the loop's threads are the run's meanwhile.

    Args:
        loaded: The workflow, without errors.
        run_id: Of the run.
        environ: Where the providers' keys and the tools' secrets are. How AWS is reached is the
            process's own environment's to say.
        files_root: The folder of the files that tools work on.
        named: Answers the calls of agents that the file does not declare.
        pool: The models; the process's without it.
        allow: Who is asked before a tool that changes something runs. See ``open_tools``.

    Raises:
        InvalidRun: The file has errors.
        Unsupported: A model cannot be asked, or a tool cannot work here: a key or a package is
            missing. All are named.
        AgentFailed: An MCP server does not start.
    """
    spec = loaded.spec
    if spec is None:
        raise InvalidRun(f"{loaded.file} has errors")
    # Prompts are data: neither the libraries' debug lines nor spans are to have them.
    get_logger()
    leave_contents_out()
    models = _models(spec, environ)
    require(models, environ)
    pool = MODELS if pool is None else pool
    pool.begin_run(models, spec.runtime.max_parallel)
    statistics = Statistics()
    async with (
        run_threads(spec.runtime.max_parallel),
        open_tools(
            loaded,
            run_id=run_id,
            environ=environ,
            root=files_root,
            allow=allow,
            statistics=statistics,
        ) as tools,
    ):
        agents = WorkflowAgents(
            spec,
            tools,
            pool,
            run_id=run_id,
            environ=environ,
            named=named,
            statistics=statistics,
        )
        try:
            yield agents
        finally:
            await agents.aclose()


def _models(spec: Spec, environ: Mapping[str, str]) -> list[Model]:
    """Each model that the file's agents run on."""
    models = (ready_agent(spec, agent).model for agent in spec.agents.values())
    return [*dict.fromkeys(settled(model, environ) for model in models)]
