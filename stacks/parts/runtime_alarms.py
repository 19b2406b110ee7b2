"""What is watched on an agent whose work is done by a runtime on AgentCore, besides.

Repeats carry a short disturbance of a runtime; where they do not, the agent's own alarms page.
"""

from collections.abc import Iterator
from typing import Final

from stacks.parts.alarm_math import of_enough, share_of_enough, with_zeros
from stacks.parts.alarms import AlarmSpec, Urgency
from stacks.parts.environment_alarms import ENOUGH_CALLS
from stacks.parts.metrics import AgentMetrics, MathExpression
from stacks.settings.alarm import AlarmSettings
from tradewind.telemetry.metric_names import MetricName

#: With fewer answers in five minutes, one is the slowest tenth.
_ENOUGH_FOR_P90: Final = 10


def runtime_alarms(metrics: AgentMetrics, thresholds: AlarmSettings) -> dict[str, AlarmSpec]:
    """The alarms on calls of one runtime, by symptom."""
    return {spec.symptom: spec for spec in _on_a_runtime(metrics, thresholds)}


def _on_a_runtime(metrics: AgentMetrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    calls = metrics.own(MetricName.RUNTIME_CALLS)
    throttles = metrics.own(MetricName.RUNTIME_THROTTLES)
    yield AlarmSpec(
        "runtime-failed-calls",
        f"More than {thresholds.runtime_error_percent:g} % of the calls of the runtime failed, "
        f"throttled and interrupted ones aside, of at least {ENOUGH_CALLS} in five minutes.",
        MathExpression(
            f"IF(FILL(calls, 0) >= {ENOUGH_CALLS}, "
            "100 * (FILL(errors, 0) - FILL(throttles, 0) - FILL(interrupted, 0)) / calls, 0)",
            {
                "errors": metrics.own(MetricName.RUNTIME_ERRORS),
                "throttles": throttles,
                "interrupted": metrics.own(MetricName.RUNTIME_INTERRUPTIONS),
                "calls": calls,
            },
        ),
        label="failed calls of the runtime",
        unit="%",
        threshold=thresholds.runtime_error_percent,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "runtime-throttled-calls",
        f"More than {thresholds.runtime_throttle_percent:g} % of the calls of the runtime were "
        f"throttled, of at least {ENOUGH_CALLS} in five minutes.",
        share_of_enough(throttles, calls, ENOUGH_CALLS),
        label="throttled calls of the runtime",
        unit="%",
        threshold=thresholds.runtime_throttle_percent,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "runtime-first-chunk",
        "A tenth of the runtime's answers took more than "
        f"{thresholds.runtime_first_chunk_ms} ms to begin, of at least {_ENOUGH_FOR_P90} in five "
        "minutes.",
        # The slowest ones wait for a session to start, and nothing is wrong with a few of them.
        of_enough(metrics.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, "p90"), _ENOUGH_FOR_P90),
        label="p90",
        unit="ms",
        threshold=thresholds.runtime_first_chunk_ms,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "runtime-interruptions",
        "The runtime's answers broke off after they had begun, again and again; none of them was "
        "asked for once more.",
        with_zeros(metrics.own(MetricName.RUNTIME_INTERRUPTIONS)),
        label="broken off",
        unit="answers",
        threshold=0,
        # Networks break one now and then.
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
