"""Running one agent on one request, to its end or to its deadline."""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from strands.hooks import AfterToolCallEvent, HookProvider, HookRegistry
from strands.types.exceptions import EventLoopException

from tradewind.bedrock.deadline import Deadline
from tradewind.bedrock.faults import to_model_error
from tradewind.bedrock.retry import DeadlineRetry
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import InternalError, ModelFailed, TradewindError
from tradewind.run.definition import AgentDefinition
from tradewind.run.factory import create_agent
from tradewind.run.project import Project

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

#: Seconds past the deadline that a tool or a model read gets to notice that it should stop. Less
#: than the deadline's own margin.
_STOP_GRACE_S: Final = 1.5

#: Model calls in one run. The agents need under ten; one that circles must not go on until the
#: function's timeout.
_MAX_TURNS: Final = 30

#: Parameters longer than this stay out of the prompt; tools read them from the project.
_MAX_PROMPT_VALUE: Final = 200


@dataclass
class AgentRun:
    """What came of a run.

    Attributes:
        text: The agent's answer; what there was of it when stopped.
        stopped: Whether the deadline ended the run.
        tool_calls: Tool calls made.
        tool_errors: Those that failed.
    """

    text: str = ""
    stopped: bool = False
    tool_calls: int = 0
    tool_errors: int = 0


@dataclass
class _ToolCounter(HookProvider):
    run: AgentRun

    def register_hooks(self, registry: HookRegistry, **_kwargs: Any) -> None:
        registry.add_callback(AfterToolCallEvent, self._count)

    def _count(self, event: AfterToolCallEvent) -> None:
        self.run.tool_calls += 1
        self.run.tool_errors += event.result.get("status") == "error"


@dataclass
class _Transcript:
    """The answer so far: the finished messages, and the one being written."""

    finished: list[str] = field(default_factory=list)
    writing: list[str] = field(default_factory=list)

    def add(self, event: dict[str, Any], *, cancelled: bool) -> None:
        if "messageStart" in event.get("event", {}):
            self.writing.clear()  # also drops what a repeated call had begun
        elif "data" in event:
            self.writing.append(event["data"])
        elif event.get("message", {}).get("role") == "assistant" and not cancelled:
            # A cancelled message is Strands' own "Cancelled by user", not the model's words.
            content = event["message"]["content"]
            self.finished.append("".join(block.get("text", "") for block in content))
            self.writing.clear()

    def answer(self) -> str:
        """The last message's text."""
        return (self.finished[-1] if self.finished else "").strip()

    def everything(self) -> str:
        """All text there is, for an answer that was cut short."""
        return "\n\n".join(
            text for text in (*self.finished, "".join(self.writing)) if text.strip()
        ).strip()


def compose_prompt(query: str, project: Project) -> str:
    """Return the user message: the query, and the request's short parameters as JSON.

    Bulky values, such as a site's GeoJSON, are named but not sent: tools read them directly, and
    a model would pay for every coordinate.
    """
    short: dict[str, Any] = {}
    bulky: list[str] = []
    for name, value in project.parameters.items():
        if len(json.dumps(value)) <= _MAX_PROMPT_VALUE:
            short[name] = value
        else:
            bulky.append(name)
    parts = [query]
    if short:
        parts.append(f"Parameters: {json.dumps(short, ensure_ascii=False)}")
    if bulky:
        parts.append(f"Available to the tools without passing it: {', '.join(bulky)}")
    return "\n\n".join(parts)


async def run_agent(
    definition: AgentDefinition,
    query: str,
    project: Project,
    deadline: Deadline,
    environment: ModelEnvironment,
    *,
    bedrock_client: "BedrockRuntimeClient | None" = None,
) -> AgentRun:
    """Run an agent on a query.

    At the deadline the model call in flight is cancelled and the run ends with what it has. A tool
    that does not return by then is left behind: its thread goes on, but ``project`` takes nothing
    more from it.

    Raises:
        TradewindError: The model, the storage or a tool failed for good.
    """
    run = AgentRun()
    transcript = _Transcript()
    stop = threading.Event()
    agent = create_agent(
        project.agent,
        definition,
        environment,
        bedrock_client=bedrock_client,
        hooks=[DeadlineRetry(deadline), _ToolCounter(run)],
    )
    timer = asyncio.get_running_loop().call_later(deadline.remaining_s(), stop.set)
    stop_reason = "cancelled"
    try:
        async with asyncio.timeout(deadline.remaining_s() + _STOP_GRACE_S):
            events = agent.stream_async(
                compose_prompt(query, project),
                invocation_state={"project": project},
                cancel_signal=stop,
                limits={"turns": _MAX_TURNS},
            )
            async for event in events:
                transcript.add(event, cancelled=stop.is_set())
                if project.failure is not None:
                    stop.set()  # no more model calls for a request that has failed
                if "result" in event:
                    stop_reason = event["result"].stop_reason
    except TimeoutError:
        stop.set()
    except Exception as error:
        raise _typed(error) from error
    finally:
        timer.cancel()
        project.close()
    if project.failure is not None:
        raise project.failure
    if stop_reason == "limit_turns":
        raise ModelFailed(f"The model did not finish within {_MAX_TURNS} turns.")
    run.stopped = stop_reason == "cancelled"
    run.text = transcript.everything() if run.stopped else transcript.answer()
    if not run.stopped and not run.text:
        raise ModelFailed("The model ended its turn without a word.")
    return run


def _typed(error: Exception) -> TradewindError:
    cause = error.original_exception if isinstance(error, EventLoopException) else error
    if isinstance(cause, TradewindError):
        return cause
    return to_model_error(cause) or InternalError(
        "An unexpected error ended the agent's run; the log has it."
    )
