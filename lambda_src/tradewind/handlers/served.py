"""What is known of a request while it is served, and the answer that it becomes."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tradewind.agentcore.meter import RuntimeMeter, metering_runtimes
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.meter import ModelMeter, metering
from tradewind.budgets.allowance import RequestAllowance
from tradewind.contracts.errors import TradewindError
from tradewind.contracts.prices import ModelPrices
from tradewind.contracts.request import AgentRequest
from tradewind.contracts.response import AgentAnswer, Failure, Performance, Usage
from tradewind.handlers.continuation import Continuation
from tradewind.handlers.logged_request import LoggedRequest
from tradewind.handlers.session_turn import SessionTurn
from tradewind.handlers.watcher import Nobody, Watcher
from tradewind.records.item import RecordedRequest
from tradewind.records.table import Start
from tradewind.run.agent_run import AgentRun
from tradewind.run.elsewhere import Elsewhere
from tradewind.run.project import Project
from tradewind.telemetry.metric_names import ProcessStart
from tradewind.telemetry.process import peak_memory_mb


@dataclass
class ServedRequest:
    """A request, filled in as far as it came.

    Attributes:
        request_id: Lambda's id; the caller's own once it is read.
        process_start: How it found the process.
        init_ms: How long the process took to become ready.
        deadline: How its time is divided.
        started: ``time.perf_counter()`` when it came.
        prices: What the model costs; None where that is not known.
        attempt: Names this run of the request, wherever it writes; no two runs share one.
        meter: What it did on its way to the model.
        runtime_meter: What it did in calls of the agent's runtime; None of an agent without one.
        query: What it asks; empty until it is read.
        session_id: The conversation that it continues, where it does.
        request: What it asks; None until it is read.
        continued: What it goes on from; None for a request that begins.
        asks: What a person is asked, once its record waits for the answer.
        turn: Its turn of that; None until it has claimed it.
        project: What it works on; None until it is read.
        recorded: What its invocation record was begun with, as far as we know; None until then.
        start: What became of that record's start.
        kept: Whether its record holds its answer.
        unfinished: Whether the end of its record could not be written.
        logged: Its entry in the log of requests and answers; None where none is kept.
        run: The agent's run; None until it is begun.
        allowance: What its model calls are paid from; None without a limit.
        leftover_threads: Threads that the process carries for it and for earlier requests.
        watcher: Who is told of it while it is served.
    """

    request_id: str
    process_start: ProcessStart
    init_ms: float
    deadline: Deadline
    started: float = field(default_factory=lambda: time.perf_counter())  # noqa: PLW0108  tests set the clock
    prices: ModelPrices | None = None
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    meter: ModelMeter = field(default_factory=ModelMeter)
    runtime_meter: RuntimeMeter | None = None
    query: str = ""
    session_id: str | None = None
    request: AgentRequest | None = None
    continued: Continuation | None = None
    asks: str | None = None
    turn: SessionTurn | None = None
    project: Project | None = None
    recorded: RecordedRequest | None = None
    start: Start = field(default_factory=Start)
    kept: bool = False
    unfinished: bool = False
    logged: LoggedRequest | None = None
    run: AgentRun | None = None
    allowance: RequestAllowance | None = None
    leftover_threads: int = 0
    watcher: Watcher = field(default_factory=Nobody)

    @property
    def cold(self) -> bool:
        """Whether it waited until the process had started."""
        return self.process_start is ProcessStart.COLD

    @property
    def in_doubt(self) -> bool:
        """Whether the end of its record would stay though it may be untrue."""
        if self.recorded is None or self.turn is None:
            return False
        return self.recorded.accepted and self.turn.appended is None


@contextmanager
def metered(served: ServedRequest) -> Iterator[None]:
    """Let what is done within count to the request."""
    with metering(served.meter), metering_runtimes(served.runtime_meter):
        yield


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        document: Its answer as JSON values; of a repeat, the answer that was kept.
        answer: The answer of this run.
        failure: Why it failed; None when it did not.
        packed: The answer as its record keeps it; None of a repeat.
        record: Where the whole answer can be fetched; None where it cannot.
    """

    document: dict[str, Any]
    answer: AgentAnswer
    failure: TradewindError | None
    packed: bytes | None = None
    record: Mapping[str, str] | None = None


def answer_of(served: ServedRequest, agent: str, failure: TradewindError | None) -> AgentAnswer:
    """Build the answer of ``agent`` to a request that is over."""
    meter, project, run = served.meter, served.project, served.run
    elsewhere = run.elsewhere if run and run.elsewhere else Elsewhere()
    status = 200 if served.asks is None else 202
    return AgentAnswer(
        success=failure is None and served.asks is None,
        status_code=status if failure is None else failure.status,
        agent=agent,
        response=run.text if run else "",
        output=run.output.value if run and run.output else None,
        artifacts=[*(project.artifacts if project else []), *elsewhere.artifacts],
        facts={**(project.facts if project else {}), **elsewhere.facts},
        project_id=project.project_id if project else None,
        request_id=served.request_id,
        session_id=served.session_id,
        usage=usage_of(served),
        performance=Performance(
            coldStart=served.cold,
            initTime=round(served.init_ms, 1),
            executionTime=round((time.perf_counter() - served.started) * 1000, 1),
            connectionTime=round(meter.connection_ms, 1),
            connectionReused=meter.connections_opened == 0,
            memoryUsed=round(peak_memory_mb(), 1),
        ),
        question=served.asks if failure is None else None,
        error=failure
        and Failure(
            code=failure.code,
            message=failure.message,
            field=failure.field,
            extensions=failure.extensions,
        ),
    )


def usage_of(served: ServedRequest) -> Usage:
    """What the request has used until now, with what it used before it asked a person."""
    before, own = served.continued, usage_of_run(served)
    return own if before is None else before.usage + own


def usage_of_run(served: ServedRequest) -> Usage:
    """What this run has used."""
    meter, run = served.meter, served.run
    here = Usage(
        input_tokens=meter.input_tokens,
        output_tokens=meter.output_tokens,
        cache_read_tokens=meter.cache_read_tokens,
        cache_write_tokens=meter.cache_write_tokens,
        model_calls=meter.calls,
        tool_calls=run.tool_calls if run else 0,
        cost_usd=meter.cost_usd(served.prices),
    )
    return here if run is None or run.elsewhere is None else here + run.elsewhere.usage


def cost_to_count(served: ServedRequest) -> float | None:
    """What this run has cost that no other process counts; None where nobody can tell."""
    elsewhere = served.run.elsewhere if served.run else None
    if elsewhere is not None and not elsewhere.counted_there:
        return usage_of_run(served).cost_usd
    return served.meter.cost_usd(served.prices)


def calls_of(served: ServedRequest) -> list[tuple[int, int]]:
    """The tokens of its model calls, in order, with those from before it asked a person."""
    before = [] if served.continued is None else served.continued.call_tokens
    return [*before, *served.meter.call_tokens]
