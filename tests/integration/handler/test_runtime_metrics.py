"""What calls of a runtime say of themselves, to the figure, and what their log line holds."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import CHAT, Build, Context, Harness
from tests.integration.handler.runtimes import (
    RUNTIME_VARIABLES,
    Said,
    ScriptedTransport,
    event,
    runtime_agent,
)
from tests.metric_lines import metrics_in
from tradewind.agentcore import retries
from tradewind.agentcore.meter import KINDS
from tradewind.contracts.errors import (
    DeadlineExceeded,
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeSilent,
    RuntimeThrottled,
    RuntimeUnavailable,
)
from tradewind.contracts.names import session_key, session_project
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import BY_MODEL, METRICS, OF_RUNTIMES, MetricName

Values = dict[MetricName, list[Any]]

WORD: Final = "Zephyrhorst"
ASKED: Final = {
    "query": f"Who starts at {WORD}?",
    "request_id": "this",
    "owner": "jane@example.org",
    "session_id": "talk-of-jane",
}
#: What no line may hold. What went wrong may repeat words of the prompt.
SECRETS: Final = (WORD, "talk-of-jane", "jane@example.org", "Jane")
FIRST, SECOND = event("Jane"), event(" Roe")
ONE: Final = len(FIRST)
BOTH: Final = len(FIRST) + len(SECOND)

NOTHING: Final[Values] = {
    MetricName.RUNTIME_CALLS: [0],
    MetricName.RUNTIME_RETRIES: [0],
    MetricName.RUNTIME_CHUNKS: [0],
    MetricName.RUNTIME_BYTES: [0],
    MetricName.RUNTIME_ERRORS: [0],
    MetricName.RUNTIME_UNAVAILABLE: [0],
    MetricName.RUNTIME_THROTTLES: [0],
    MetricName.RUNTIME_REFUSALS: [0],
    MetricName.RUNTIME_FAILURES: [0],
    MetricName.RUNTIME_INTERRUPTIONS: [0],
    MetricName.RUNTIME_UNREADABLE: [0],
}
WHOLE: Final[Values] = NOTHING | {
    MetricName.RUNTIME_CALLS: [1],
    MetricName.RUNTIME_CHUNKS: [2],
    MetricName.RUNTIME_BYTES: [BOTH],
}
NO_ANSWER: Final[Values] = NOTHING | {
    MetricName.RUNTIME_CALLS: [1],
    MetricName.RUNTIME_ERRORS: [1],
}
AFTER_ONE: Final[Values] = NO_ANSWER | {
    MetricName.RUNTIME_CHUNKS: [1],
    MetricName.RUNTIME_BYTES: [ONE],
}
#: What a runtime's function has none of.
OF_MODELS: Final = {name for name, spec in METRICS.items() if BY_MODEL in spec.dimension_sets} - {
    MetricName.ESTIMATED_COST
}
GOOD: Final = Said((FIRST, SECOND))
FAILED_WITHIN: Final = event({"error": WORD, "error_type": WORD, "message": WORD})


@dataclass(frozen=True)
class Scenario:
    """A request, and what becomes of the calls for it.

    Attributes:
        values: What its metrics say.
        acts: What becomes of each call.
        event: What is asked.
        times: How many durations and times to the first chunk there are.
        code: What it fails with.
        served_before: Whether it was answered before.
    """

    values: Values
    acts: tuple[Said | Exception, ...] = (GOOD,)
    event: dict[str, Any] = field(default_factory=lambda: ASKED)
    times: tuple[int, int] = (0, 0)
    code: str | None = None
    served_before: bool = False


def before(error: type[RuntimeCallError], kind: MetricName) -> Scenario:
    """A call whose answer does not begin, and which is not repeated."""
    return Scenario(NO_ANSWER | {kind: [1]}, (error(WORD),), code=error.code)


SCENARIOS: Final = {
    "answered": Scenario(WHOLE, times=(1, 1)),
    "throttled once": Scenario(
        WHOLE
        | {
            MetricName.RUNTIME_CALLS: [2],
            MetricName.RUNTIME_RETRIES: [1],
            MetricName.RUNTIME_ERRORS: [1],
            MetricName.RUNTIME_THROTTLES: [1],
        },
        (RuntimeThrottled(WORD), GOOD),
        times=(1, 1),
    ),
    "unavailable, then throttled for good": Scenario(
        NOTHING
        | {
            MetricName.RUNTIME_CALLS: [3],
            MetricName.RUNTIME_RETRIES: [2],
            MetricName.RUNTIME_ERRORS: [3],
            MetricName.RUNTIME_UNAVAILABLE: [1],
            MetricName.RUNTIME_THROTTLES: [2],
        },
        (RuntimeUnavailable(WORD), RuntimeThrottled(WORD), RuntimeThrottled(WORD)),
        code=RuntimeThrottled.code,
    ),
    "silent": before(RuntimeSilent, MetricName.RUNTIME_UNAVAILABLE),
    "refused": before(RuntimeRefused, MetricName.RUNTIME_REFUSALS),
    "not there": before(RuntimeNotFound, MetricName.RUNTIME_REFUSALS),
    "invalid": before(InvalidRuntimeRequest, MetricName.RUNTIME_REFUSALS),
    "failed there": before(RuntimeFailed, MetricName.RUNTIME_FAILURES),
    "failed within its answer": Scenario(
        AFTER_ONE
        | {
            MetricName.RUNTIME_CHUNKS: [2],
            MetricName.RUNTIME_BYTES: [ONE + len(FAILED_WITHIN)],
            MetricName.RUNTIME_FAILURES: [1],
        },
        (Said((FIRST, FAILED_WITHIN)),),
        times=(0, 1),
        code=RuntimeFailed.code,
    ),
    "broken off": Scenario(
        AFTER_ONE | {MetricName.RUNTIME_INTERRUPTIONS: [1]},
        (Said((FIRST, RuntimeInterrupted(WORD))),),
        times=(0, 1),
        code=RuntimeInterrupted.code,
    ),
    "unreadable": Scenario(
        AFTER_ONE | {MetricName.RUNTIME_UNREADABLE: [1]},
        (Said((FIRST, RuntimeAnswerUnreadable(WORD))),),
        times=(0, 1),
        code=RuntimeAnswerUnreadable.code,
    ),
    "out of time before it answers": Scenario(
        NOTHING | {MetricName.RUNTIME_CALLS: [1]},
        (DeadlineExceeded(WORD),),
        code=DeadlineExceeded.code,
    ),
    "out of time within its answer": Scenario(
        WHOLE | {MetricName.RUNTIME_CHUNKS: [1], MetricName.RUNTIME_BYTES: [ONE]},
        (Said((FIRST, DeadlineExceeded(WORD))),),
        times=(0, 1),
        code=DeadlineExceeded.code,
    ),
    "not a request": Scenario(NOTHING, event={"query": ""}, code="INVALID_REQUEST"),
    "answered before": Scenario(NOTHING, served_before=True),
}


@pytest.fixture
def framework() -> Framework:
    """Whichever: a runtime is written with neither."""
    return FRAMEWORKS["strands"]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "BASE_PAUSE_S", 0.0)


@pytest.fixture
def transport() -> ScriptedTransport:
    """What the agent's calls take."""
    return ScriptedTransport()


@pytest.fixture
def harness(build: Build, transport: ScriptedTransport) -> Iterator[Harness]:
    """An agent that is a runtime."""
    yield build(runtime_agent(transport), agent="onboarding", **RUNTIME_VARIABLES)
    assert not transport.acts  # each was asked for


def serve(harness: Harness, asked: object) -> str | None:
    """Send a request; return the code that it fails with."""
    try:
        answer = harness.handle(asked, Context())
    except InvocationFailed as failed:
        answer = json.loads(str(failed))
    error = answer.get("error") or answer
    return error.get("code")


def printed_metrics(printed: str) -> dict[str, Any]:
    """The one line of metrics."""
    lines = [json.loads(line) for line in printed.splitlines()]
    [metrics] = metrics_in(lines)
    return metrics


@pytest.mark.parametrize("name", SCENARIOS)
def test_calls_are_counted_as_what_they_were_and_logged_without_a_word(
    harness: Harness, transport: ScriptedTransport, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    scenario = SCENARIOS[name]
    if scenario.served_before:
        transport.acts.append(GOOD)
        serve(harness, scenario.event)
        capfd.readouterr()
    elif scenario.event is ASKED:
        transport.acts.extend(scenario.acts)
    assert serve(harness, scenario.event) == scenario.code

    printed = capfd.readouterr()
    assert [word for word in SECRETS if word in printed.out + printed.err] == []
    lines = [json.loads(line) for line in printed.out.splitlines()]
    [metrics] = metrics_in(lines)
    assert {name: metrics.get(name) for name in scenario.values} == scenario.values
    assert not OF_MODELS & set(metrics)
    assert (
        len(metrics.get(MetricName.RUNTIME_DURATION, [])),
        len(metrics.get(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, [])),
    ) == scenario.times

    [done] = [line for line in lines if line.get("message") == REQUEST_DONE]
    was_read = scenario.event is ASKED
    project = session_project(session_key(owner=ASKED["owner"], session_id=ASKED["session_id"]))
    assert done["agent"] == "onboarding"
    assert done["prompt_length"] == (len(ASKED["query"]) if was_read else 0)
    assert done.get("session") == (project if was_read else None)
    assert done.get("error_code") == scenario.code


def test_every_metric_of_runtimes_is_moved_by_something() -> None:
    assert set(NOTHING) == OF_RUNTIMES - {
        MetricName.RUNTIME_DURATION,
        MetricName.RUNTIME_TIME_TO_FIRST_CHUNK,
    }
    for name in NOTHING:
        seen = {repr(scenario.values[name]) for scenario in SCENARIOS.values()}
        assert len(seen) > 1, f"{name} has one value whatever happens"


def test_every_way_that_a_call_may_fail_is_of_one_kind() -> None:
    failures = {kind.code for kind in RuntimeCallError.__subclasses__()}
    assert set(KINDS) == failures
    assert {scenario.code for scenario in SCENARIOS.values()} >= failures - {
        RuntimeUnavailable.code  # it is repeated, and then it was throttled
    }


def test_an_agent_without_a_runtime_says_nothing_of_one(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build(CHAT).handle({"query": "How windy is it?"})
    assert not OF_RUNTIMES & set(printed_metrics(capsys.readouterr().out))


def test_times_run_from_the_first_call(
    harness: Harness,
    transport: ScriptedTransport,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [1_000.0]

    def pass_seconds(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    transport.on_call = lambda: pass_seconds(1)
    transport.acts += [
        RuntimeUnavailable("503"),
        Said((lambda: pass_seconds(0.5), FIRST, lambda: pass_seconds(4), SECOND)),
    ]
    assert serve(harness, ASKED) is None
    metrics = printed_metrics(capsys.readouterr().out)
    assert metrics[MetricName.RUNTIME_TIME_TO_FIRST_CHUNK] == [2_500]
    assert metrics[MetricName.RUNTIME_DURATION] == [6_500]
