"""What happens to a request is what its metrics say, to the figure, with both frameworks.

Each scenario tells what is sent, what the model service does, and the value of every metric that
counts. Metrics of time are tied to a clock of the test's own, or to pauses of the service: never to
how quick the machine is.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from devtools.localcloud.bedrock.reply import Reply
from devtools.localcloud.bedrock.wire import HttpConnection
from tests.dynamodb import TableFault
from tests.frameworks import Sketch
from tests.integration.callers import PROFILE, REGION
from tests.integration.handler.conftest import Build, Context, Harness
from tests.integration.handler.script import Refusal, Script, Tokens, calls, says
from tests.metric_lines import metrics_in
from tradewind.bedrock.client import ClientPool
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable, Entry
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import StorageUnavailable, ToolInputError
from tradewind.contracts.names import session_key
from tradewind.contracts.prices import BudgetLimits
from tradewind.contracts.request import parse_request
from tradewind.conversations.item import TurnRequest, pack_turn
from tradewind.conversations.table import Claim
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.records.item import RecordedRequest, content_sha256
from tradewind.run.project import Project
from tradewind.telemetry import process
from tradewind.telemetry.metric_names import (
    METRICS,
    OF_RUNTIMES,
    START,
    Dimension,
    MetricName,
    ProcessStart,
)
from tradewind.telemetry.process import ColdStart

#: Each metric's values in one request; an approximation compares as a figure.
Values = dict[MetricName, list[Any]]

ROOT: Final = Path(__file__).parents[3]
#: Metrics that no request to the model service moves: the test that ties each to a value.
ELSEWHERE: Final = {
    MetricName.LEFTOVER_THREADS: "tests/integration/handler/test_bulkheads.py",
    MetricName.PROCESSES_RETIRED: "tests/integration/handler/test_bulkheads.py",
    MetricName.REQUESTS_NOT_STARTED: "tests/integration/records/test_openings.py",
    MetricName.QUESTIONS_ASKED: "tests/integration/handler/test_questions.py",
    MetricName.QUESTIONS_NOT_ANSWERED: "tests/integration/records/test_questions.py",
    MetricName.ANSWERS_NOT_TAKEN_UP: "tests/integration/records/test_questions.py",
    MetricName.REQUESTS_SHED: "tests/integration/api/test_calls.py",
    MetricName.VERSIONS_REFUSED: "tests/unit/handlers/test_prober.py",
    MetricName.REQUESTS_NOT_LOGGED: "tests/integration/handler/test_request_log.py",
    MetricName.API_CALLS: "tests/integration/api/test_calls.py",
    MetricName.API_ERRORS: "tests/integration/api/test_calls.py",
    MetricName.API_REFUSALS: "tests/integration/api/test_calls.py",
    MetricName.API_COLD_START: "tests/integration/api/test_calls.py",
    MetricName.API_LATENCY: "tests/integration/api/test_calls.py",
    MetricName.API_INIT_TIME: "tests/integration/api/test_calls.py",
    **{
        name: "tests/integration/api/test_mcp_progress.py"
        for name in MetricName
        if name.startswith("Mcp")
    },
    **dict.fromkeys(OF_RUNTIMES, "tests/integration/handler/test_runtime_metrics.py"),
}
#: Metrics of time, which the tests below the table tie to events, each its own way.
TIMES: Final = {
    name for name, spec in METRICS.items() if spec.unit == "Milliseconds" and name not in ELSEWHERE
}


def refuse_the_first(project: Project) -> str:
    """Place turbines."""
    if not project.parameters.get("seen"):
        raise ToolInputError("spacing_m must be at least 260.")
    return "placed"


def lose_storage(project: Project) -> str:
    """Take notes."""
    raise StorageUnavailable("gone")


def measure(height_m: float) -> float:
    """Measure the wind.

    Args:
        height_m: Height above ground in metres.
    """
    return height_m / 10


SKETCH = Sketch("You measure.", (measure, refuse_the_first, lose_storage))
ASKED: Final = {"query": "How windy is it?"}
ONE: Final = Tokens(input=1_000, output=20, cache_read=300, cache_write=4_000)
TWO: Final = Tokens(input=2_000, output=50, cache_read=700, cache_write=9_000)
#: US dollars for ONE: its figures at the prices that the harness sets, per million.
COST_OF_ONE: Final = (1_000 * 3 + 20 * 15 + 300 * 0.3 + 4_000 * 3.75) / 1e6
COST_OF_BOTH: Final = (3_000 * 3 + 70 * 15 + 1_000 * 0.3 + 13_000 * 3.75) / 1e6

#: A process's first request, which takes one call of the model that says ONE.
COLD: Final[Values] = {
    MetricName.INVOCATIONS: [1],
    MetricName.ERRORS: [0],
    MetricName.REJECTED_REQUESTS: [0],
    MetricName.DEADLINE_STOPS: [0],
    MetricName.REPEATED_REQUESTS: [0],
    MetricName.RECORDS_NOT_FINISHED: [0],
    MetricName.RECORDS_SETTLED: [0],
    MetricName.RETIRED_CONNECTIONS: [0],
    MetricName.FUNCTION_VERSION: [7],
    MetricName.COLD_START: [1],
    MetricName.CLIENT_CREATED: [1],
    MetricName.CLIENT_REUSED: [0],
    MetricName.CONNECTION_REUSED: [0],
    MetricName.CONNECTIONS_OPENED: [1],
    MetricName.MODEL_CALLS: [1],
    MetricName.MODEL_RETRIES: [0],
    MetricName.MODEL_ERRORS: [0],
    MetricName.MODEL_THROTTLES: [0],
    MetricName.INPUT_TOKENS: [1_000],
    MetricName.OUTPUT_TOKENS: [20],
    MetricName.CACHE_READ_TOKENS: [300],
    MetricName.CACHE_WRITE_TOKENS: [4_000],
    MetricName.ESTIMATED_COST: [pytest.approx(COST_OF_ONE)],
    MetricName.BUDGET_REFUSALS: [0],
    MetricName.RESERVATIONS_NOT_SETTLED: [0],
    MetricName.TURNS_APPENDED: [0],
    MetricName.TURNS_LEFT_OUT: [0],
    MetricName.SESSIONS_BUSY: [0],
    MetricName.TOOL_CALLS: [0],
    MetricName.TOOL_ERRORS: [0],
}
#: The same of a later request.
WARM: Final[Values] = COLD | {
    MetricName.COLD_START: [0],
    MetricName.CLIENT_CREATED: [0],
    MetricName.CLIENT_REUSED: [1],
    MetricName.CONNECTION_REUSED: [1],
    MetricName.CONNECTIONS_OPENED: [0],
}
BOTH_TOKENS: Final[Values] = {
    MetricName.MODEL_CALLS: [2],
    MetricName.INPUT_TOKENS: [3_000],
    MetricName.OUTPUT_TOKENS: [70],
    MetricName.CACHE_READ_TOKENS: [1_000],
    MetricName.CACHE_WRITE_TOKENS: [13_000],
    MetricName.ESTIMATED_COST: [pytest.approx(COST_OF_BOTH)],
}
NO_TOKENS: Final[Values] = {
    MetricName.INPUT_TOKENS: [0],
    MetricName.OUTPUT_TOKENS: [0],
    MetricName.CACHE_READ_TOKENS: [0],
    MetricName.CACHE_WRITE_TOKENS: [0],
    MetricName.ESTIMATED_COST: [0],
}
#: Without a word to the model there is no connection to speak of.
NO_CALL: Final[Values] = NO_TOKENS | {
    MetricName.MODEL_CALLS: [0],
    MetricName.CONNECTIONS_OPENED: [0],
    MetricName.CONNECTION_REUSED: [],
}


def nothing(_harness: Harness) -> None:
    """Nothing before the request."""


def leave_a_record_behind(harness: Harness) -> None:
    """The same request was begun before, by a function that was killed."""
    killed = RecordedRequest(
        owner="",
        agent="terrain",
        request_id="this",
        project_id="p-1",
        model_id=PROFILE,
        sha256=content_sha256(parse_request(ASKED | {"request_id": "this"}, "terrain")),
        attempt="killed",
    )
    harness.records.start(killed, remaining_s=-60, ttl_days=1)


def deny_the_records_end(harness: Harness) -> None:
    """The table takes no updates any more."""
    harness.records.database.inject(TableFault.DENIED, "UpdateItem", count=9)


def leave_a_microdollar(harness: Harness) -> None:
    """A request may cost next to nothing."""
    harness.service._budgets = Budgets(
        BudgetLimits(per_request_usd=1e-6),
        harness.service._environment.prices,
        BudgetTable("none", harness.records._client),
    )


class NeverSettles(BudgetTable):
    """A table that takes reservations, and no word of what they came to."""

    def settle(self, entry: Entry, cost_nano: int, overdue: tuple[str, ...] = ()) -> bool:
        raise StorageUnavailable("gone")


def settle_nothing(harness: Harness) -> None:
    """Callers have a budget, and its table stops taking writes."""
    database = harness.records.database
    harness.service._budgets = Budgets(
        BudgetLimits(principals={"": 1}),
        harness.service._environment.prices,
        NeverSettles(
            database.create_budgets_table(f"budgets-{uuid.uuid4().hex}"), harness.records._client
        ),
    )


#: A turn of a conversation.
TURN: Final = ASKED | {"request_id": "this", "session_id": "s"}


def hold_the_conversation(harness: Harness) -> Claim:
    """Another turn is at work."""
    other = TurnRequest(session_key(owner="", session_id="s"), "terrain", "other", "o", "other")
    return harness.sessions.claim(other, remaining_s=900)


def have_a_long_conversation(harness: Harness) -> None:
    """Two turns were before, of which the older one is too long for the model."""
    for tokens in (1_000_000, 10):
        packed, _ = pack_turn("q", None, {"response": "r"})
        claim = hold_the_conversation(harness)
        harness.sessions.append(claim, packed, asked_at=time.time(), tokens=tokens)


@dataclass(frozen=True)
class Scenario:
    """A request and what becomes of it.

    Attributes:
        values: What its metrics say; an empty list where one has to stay away.
        replies: What the model says, in order.
        faults: What goes wrong with the model service.
        event: What is asked.
        earlier: A request that came before, by its id.
        earlier_faults: What goes wrong with it.
        context: How much time there is.
        before: What else happens before it.
        latencies: How many model calls have a latency, and how many a first token.
        connects: Whether a connection is opened.
    """

    values: Values
    replies: tuple[Reply, ...] = (says("Windy.", ONE),)
    faults: tuple[Fault, ...] = ()
    event: object = field(default_factory=lambda: ASKED | {"request_id": "this"})
    earlier: str | None = None
    earlier_faults: tuple[Fault, ...] = ()
    context: Context = field(default_factory=Context)
    before: Callable[[Harness], object] = nothing
    latencies: tuple[int, int] = (1, 1)
    connects: bool = True


SCENARIOS: Final[dict[str, Scenario]] = {
    "first": Scenario(COLD),
    "warm": Scenario(WARM, earlier="before", connects=False),
    "warm, but the connection was lost": Scenario(
        WARM | {MetricName.CONNECTION_REUSED: [0], MetricName.CONNECTIONS_OPENED: [1]},
        earlier="before",
        earlier_faults=(Fault(FaultKind.IDLE_CLOSE),),
    ),
    "warm, but the connection died in use": Scenario(
        WARM
        | {
            MetricName.CONNECTION_REUSED: [0],
            MetricName.CONNECTIONS_OPENED: [1],
            MetricName.RETIRED_CONNECTIONS: [1],
            MetricName.MODEL_CALLS: [2],
            MetricName.MODEL_RETRIES: [1],
        },
        earlier="before",
        earlier_faults=(Fault(FaultKind.IDLE_RESET),),
    ),
    "sent again": Scenario(
        WARM | NO_CALL | {MetricName.REPEATED_REQUESTS: [1], MetricName.CLIENT_REUSED: [0]},
        earlier="this",
        latencies=(0, 0),
        connects=False,
    ),
    "another one with the same id": Scenario(
        WARM | NO_CALL | {MetricName.REJECTED_REQUESTS: [1], MetricName.CLIENT_REUSED: [0]},
        event={"query": "And the sun?", "request_id": "this"},
        earlier="this",
        latencies=(0, 0),
        connects=False,
    ),
    "sent again after the function was killed": Scenario(
        COLD | {MetricName.RECORDS_SETTLED: [1]}, before=leave_a_record_behind
    ),
    "its record cannot be finished": Scenario(
        COLD | {MetricName.RECORDS_NOT_FINISHED: [1]}, before=deny_the_records_end
    ),
    "with a tool": Scenario(
        COLD | BOTH_TOKENS | {MetricName.TOOL_CALLS: [1]},
        replies=(calls("measure", ONE, height_m=80), says("Windy.", TWO)),
        latencies=(2, 2),
    ),
    "with a tool's refusal": Scenario(
        COLD | BOTH_TOKENS | {MetricName.TOOL_CALLS: [1], MetricName.TOOL_ERRORS: [1]},
        replies=(calls("refuse_the_first", ONE), says("Too close.", TWO)),
        latencies=(2, 2),
    ),
    "with a call that the model got wrong": Scenario(
        COLD | BOTH_TOKENS | {MetricName.TOOL_CALLS: [1], MetricName.TOOL_ERRORS: [1]},
        replies=(calls("measure", ONE, height_m="tall"), says("Windy.", TWO)),
        latencies=(2, 2),
    ),
    "failed by a tool": Scenario(
        COLD | {MetricName.ERRORS: [1], MetricName.TOOL_CALLS: [1], MetricName.TOOL_ERRORS: [1]},
        replies=(calls("lose_storage", ONE),),
    ),
    "throttled once": Scenario(
        COLD
        | {
            MetricName.MODEL_CALLS: [2],
            MetricName.MODEL_RETRIES: [1],
            MetricName.MODEL_ERRORS: [1],
            MetricName.MODEL_THROTTLES: [1],
        },
        faults=(Fault(FaultKind.THROTTLED),),
    ),
    "throttled within the stream, then unavailable": Scenario(
        COLD
        | {
            MetricName.MODEL_CALLS: [3],
            MetricName.MODEL_RETRIES: [2],
            MetricName.MODEL_ERRORS: [2],
            MetricName.MODEL_THROTTLES: [1],
            MetricName.CONNECTION_REUSED: [0],
            MetricName.CONNECTIONS_OPENED: [2],  # what broke off is not used again
        },
        faults=(Fault(FaultKind.STREAM_THROTTLED), Fault(FaultKind.UNAVAILABLE)),
    ),
    "throttled for good": Scenario(
        COLD
        | NO_TOKENS
        | {
            MetricName.ERRORS: [1],
            MetricName.MODEL_CALLS: [4],
            MetricName.MODEL_RETRIES: [3],
            MetricName.MODEL_ERRORS: [4],
            MetricName.MODEL_THROTTLES: [4],
        },
        faults=(Fault(FaultKind.THROTTLED, count=None),),
        latencies=(0, 0),
    ),
    "refused by the service": Scenario(
        COLD | NO_TOKENS | {MetricName.ERRORS: [1], MetricName.MODEL_ERRORS: [1]},
        faults=(Fault(FaultKind.VALIDATION),),
        latencies=(0, 0),
    ),
    "dearer than what is left": Scenario(
        COLD | NO_CALL | {MetricName.REJECTED_REQUESTS: [1], MetricName.BUDGET_REFUSALS: [1]},
        before=leave_a_microdollar,
        latencies=(0, 0),
        connects=False,
    ),
    "what it cost cannot be written": Scenario(
        COLD | {MetricName.RESERVATIONS_NOT_SETTLED: [1]}, before=settle_nothing
    ),
    "a turn of a conversation": Scenario(COLD | {MetricName.TURNS_APPENDED: [1]}, event=TURN),
    "a turn of a long conversation": Scenario(
        COLD | {MetricName.TURNS_APPENDED: [1], MetricName.TURNS_LEFT_OUT: [1]},
        event=TURN,
        before=have_a_long_conversation,
    ),
    "a turn beside another one": Scenario(
        COLD | NO_CALL | {MetricName.REJECTED_REQUESTS: [1], MetricName.SESSIONS_BUSY: [1]},
        event=TURN,
        before=hold_the_conversation,
        latencies=(0, 0),
        connects=False,
    ),
    "a turn that fails": Scenario(
        COLD | NO_TOKENS | {MetricName.ERRORS: [1], MetricName.MODEL_ERRORS: [1]},
        event=TURN,
        faults=(Fault(FaultKind.VALIDATION),),
        latencies=(0, 0),
    ),
    "longer than the context": Scenario(
        COLD | NO_TOKENS | {MetricName.REJECTED_REQUESTS: [1], MetricName.MODEL_ERRORS: [1]},
        faults=(
            Refusal(FaultKind.VALIDATION, code="ValidationException", message="Input is too long"),
        ),
        latencies=(0, 0),
    ),
    "without a word": Scenario(
        COLD | {MetricName.ERRORS: [1]}, replies=(says("", ONE),), latencies=(1, 0)
    ),
    "rejected": Scenario(
        COLD | NO_CALL | {MetricName.REJECTED_REQUESTS: [1]},
        event={"query": ""},
        latencies=(0, 0),
        connects=False,
    ),
    "rejected, warm": Scenario(
        WARM | NO_CALL | {MetricName.REJECTED_REQUESTS: [1], MetricName.CLIENT_REUSED: [0]},
        event={"query": ""},
        earlier="before",
        latencies=(0, 0),
        connects=False,
    ),
    "stopped at the deadline": Scenario(
        WARM | NO_TOKENS | {MetricName.DEADLINE_STOPS: [1]},
        earlier="before",
        faults=(Fault(FaultKind.STALL),),
        context=Context(remaining_ms=4_000),
        latencies=(0, 0),
        connects=False,
    ),
}


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The metrics of the one request since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [metrics] = metrics_in(lines)
    return metrics


def serve(harness: Harness, event: object, context: Context | None = None) -> None:
    """Send a request, whatever becomes of it."""
    try:
        harness.handle(event, context)
    except InvocationFailed:
        return


@pytest.mark.parametrize("name", SCENARIOS)
def test_events_are_counted_as_what_they_were(
    harness: Harness,
    standin: BedrockStandIn,
    script: Script,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    scenario = SCENARIOS[name]
    if scenario.earlier is not None:
        script(says("Before.", TWO))
        standin.inject(*scenario.earlier_faults)
        serve(harness, ASKED | {"request_id": scenario.earlier})
        capsys.readouterr()
    scenario.before(harness)
    script(*scenario.replies)
    standin.inject(*scenario.faults)
    serve(harness, scenario.event, scenario.context)
    metrics = emitted(capsys)
    assert {name: metrics.get(name, []) for name in scenario.values} == scenario.values
    assert (
        len(metrics.get(MetricName.MODEL_LATENCY, [])),
        len(metrics.get(MetricName.TIME_TO_FIRST_TOKEN, [])),
    ) == scenario.latencies
    assert (MetricName.CONNECTION_TIME in metrics) is scenario.connects
    cold = scenario.earlier is None
    assert (MetricName.FIRST_CONNECTION_TIME in metrics) is (scenario.connects and cold)
    assert (MetricName.INIT_TIME in metrics) is cold
    assert {dimension: metrics[dimension] for dimension in Dimension} == {
        Dimension.ENVIRONMENT: "test",
        Dimension.AGENT: "terrain",
        Dimension.MODEL: PROFILE,
    }
    assert metrics[START] == (ProcessStart.COLD if cold else ProcessStart.WARM)


def test_every_metric_is_tied_to_an_event_that_moves_it() -> None:
    told = {name for scenario in SCENARIOS.values() for name in scenario.values}
    assert told | TIMES | set(ELSEWHERE) == set(METRICS)
    for name, test in ELSEWHERE.items():
        text = (ROOT / test).read_text()
        assert f"MetricName.{name.name}" in text or f'"{name}"' in text
    for name in told - {MetricName.INVOCATIONS, MetricName.FUNCTION_VERSION}:
        seen = {repr(scenario.values[name]) for scenario in SCENARIOS.values()}
        assert len(seen) > 1, f"{name} has one value whatever happens"
    assert TIMED == TIMES


#: Which metric of time is tied to an event below.
TIMED: Final = {
    MetricName.INVOCATION_LATENCY,
    MetricName.MODEL_LATENCY,
    MetricName.TIME_TO_FIRST_TOKEN,
    MetricName.CONNECTION_TIME,
    MetricName.FIRST_CONNECTION_TIME,
    MetricName.INIT_TIME,
    MetricName.INIT_RUNTIME_TIME,
    MetricName.INIT_IMPORT_TIME,
    MetricName.INIT_CLIENT_TIME,
}


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Streamed:
    """botocore's stream of an answer in two deltas, with time in between.

    Attributes:
        clock: What passes.
        first_s: Until the first delta.
        between_s: From the first to the second one.
        rest_s: From there to the last byte, behind ``messageStop``.
        tool: A tool to call in place of words.
    """

    clock: Clock
    first_s: float
    between_s: float
    rest_s: float
    tool: str = ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        at = {"contentBlockIndex": 0}
        yield {"messageStart": {"role": "assistant"}}
        if self.tool:
            self.clock.now += self.first_s
            use = {"toolUseId": "call-1", "name": self.tool}
            yield {"contentBlockStart": {**at, "start": {"toolUse": use}}}
            deltas: list[Any] = [{"toolUse": {"input": part}} for part in ('{"height_m"', ": 8}")]
        else:
            deltas = [{"text": "Wi"}, {"text": "ndy."}]
        for number, delta in enumerate(deltas):
            self.clock.now += self.between_s if number else 0 if self.tool else self.first_s
            yield {"contentBlockDelta": {**at, "delta": delta}}
        yield {"contentBlockStop": at}
        yield {"messageStop": {"stopReason": "tool_use" if self.tool else "end_turn"}}
        self.clock.now += self.rest_s
        yield {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}}}

    def close(self) -> None:
        pass


def test_times_are_taken_where_they_say(
    harness: Harness,
    agent_pool: ClientPool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    answers = [Streamed(clock, 0.25, 2, 0.5, tool="measure"), Streamed(clock, 0.5, 4, 1)]

    def send(_operation: str, _request: Any) -> dict[str, Any]:
        clock.now += 0.125  # until the service answers at all
        return {"stream": answers.pop(0)}

    agent_pool.get()._make_api_call = send
    monkeypatch.setattr(time, "perf_counter", clock)
    harness.handle(ASKED)
    metrics = emitted(capsys)
    assert metrics[MetricName.TIME_TO_FIRST_TOKEN] == [375, 625]
    assert metrics[MetricName.MODEL_LATENCY] == [2_875, 5_625]
    assert metrics[MetricName.INVOCATION_LATENCY] == [8_500]


def test_a_pause_on_the_wire_is_in_the_model_latency_and_that_in_the_requests(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.inject(Fault(FaultKind.LATENCY, seconds=0.2))
    standin.inject(Fault(FaultKind.STALL, after_frames=4, seconds=0.3))
    build(Sketch("You chat.")).handle(ASKED)
    metrics = emitted(capsys)
    [first_token], [latency] = (
        metrics[name] for name in (MetricName.TIME_TO_FIRST_TOKEN, MetricName.MODEL_LATENCY)
    )
    assert first_token >= 200
    assert latency >= 500
    assert first_token < latency < metrics[MetricName.INVOCATION_LATENCY][0]


def test_opening_a_connection_takes_what_the_handshake_takes(
    build: Build,
    standin: BedrockStandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at_once = HttpConnection.over

    async def slowly(accepted: Any, tls: Any) -> HttpConnection:
        if tls is not None:
            await asyncio.sleep(0.2)
        return await at_once(accepted, tls)

    monkeypatch.setattr(HttpConnection, "over", slowly)
    answer = build(Sketch("You chat.")).handle(ASKED)
    metrics = emitted(capsys)
    [took] = metrics[MetricName.CONNECTION_TIME]
    assert 200 <= took < metrics[MetricName.INVOCATION_LATENCY][0]
    assert metrics[MetricName.FIRST_CONNECTION_TIME] == [took]
    assert answer["performance"]["connectionTime"] == round(took, 1)


def test_a_cold_start_is_told_in_its_parts(
    build: Build, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ages = iter([100.0, 350.0, 900.0])
    monkeypatch.setattr(process, "process_age_ms", lambda: next(ages))
    start = ColdStart()
    start.imported()
    harness = build(Sketch("You chat."), cold_start=start)
    answer = harness.handle(ASKED)
    metrics = emitted(capsys)
    assert metrics[MetricName.INIT_RUNTIME_TIME] == [100]
    assert metrics[MetricName.INIT_IMPORT_TIME] == [250]
    assert metrics[MetricName.INIT_CLIENT_TIME] == [550]
    assert metrics[MetricName.INIT_TIME] == [900]
    assert answer["performance"]["initTime"] == 900


@pytest.fixture
def agent_pool(build: Build, capsys: pytest.CaptureFixture[str]) -> ClientPool:
    """A pool whose client was made before the first request, as a deployed function does."""
    pool = ClientPool(
        ModelEnvironment(
            BEDROCK_MODEL_ID=PROFILE,
            BEDROCK_REGION=REGION,
            BEDROCK_MAX_TOKENS=1_024,
            BEDROCK_CONNECT_TIMEOUT_S=10,
            BEDROCK_READ_TIMEOUT_S=30,
            BEDROCK_MAX_CONNECTIONS=10,
        )
    )
    pool.get()
    capsys.readouterr()
    return pool


@pytest.fixture
def harness(build: Build, agent_pool: ClientPool) -> Harness:
    """An agent with tools, ready for its first request."""
    return build(SKETCH, clients=agent_pool)
