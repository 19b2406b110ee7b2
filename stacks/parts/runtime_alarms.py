"""What is watched on an agent whose work is done by a runtime on AgentCore, besides."""

from collections.abc import Iterator

from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import AgentMetrics, MathExpression, share_percent
from stacks.settings.alarm import AlarmSettings
from tradewind.telemetry.metric_names import MetricName


def runtime_alarms(metrics: AgentMetrics, thresholds: AlarmSettings) -> dict[str, AlarmSpec]:
    """The alarms on calls of one runtime, by symptom."""
    return {spec.symptom: spec for spec in _on_a_runtime(metrics, thresholds)}


def _on_a_runtime(metrics: AgentMetrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "runtime-failed-calls",
        f"More than {thresholds.runtime_error_percent:g} % of the calls of the runtime failed, "
        "throttled and interrupted ones aside.",
        MathExpression(
            "100 * (errors - throttles - interrupted) / calls",
            {
                "errors": metrics.own(MetricName.RUNTIME_ERRORS),
                "throttles": metrics.own(MetricName.RUNTIME_THROTTLES),
                "interrupted": metrics.own(MetricName.RUNTIME_INTERRUPTIONS),
                "calls": metrics.own(MetricName.RUNTIME_CALLS),
            },
        ),
        label="failed calls of the runtime",
        unit="%",
        threshold=thresholds.runtime_error_percent,
        # Repeats carry a short disturbance; the agent's own alarm tells if they do not.
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "runtime-throttled-calls",
        f"More than {thresholds.runtime_throttle_percent:g} % of the calls of the runtime were "
        "throttled.",
        share_percent(
            metrics.own(MetricName.RUNTIME_THROTTLES), metrics.own(MetricName.RUNTIME_CALLS)
        ),
        label="throttled calls of the runtime",
        unit="%",
        threshold=thresholds.runtime_throttle_percent,
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "runtime-first-chunk",
        "A tenth of the runtime's answers took more than "
        f"{thresholds.runtime_first_chunk_ms} ms to begin.",
        # The slowest ones wait for a session to start, and nothing is wrong with a few of them.
        metrics.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, "p90"),
        label="p90",
        unit="ms",
        threshold=thresholds.runtime_first_chunk_ms,
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "runtime-interruptions",
        "The runtime's answers broke off after they had begun, again and again; none of them was "
        "asked for once more.",
        metrics.own(MetricName.RUNTIME_INTERRUPTIONS),
        label="broken off",
        unit="answers",
        threshold=0,
        # Networks break one now and then.
        periods=3,
        breaching=2,
    )
