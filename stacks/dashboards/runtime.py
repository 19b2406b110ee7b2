"""One agent that is a runtime on AgentCore: its requests, and the calls that they become."""

from collections.abc import Mapping
from typing import Final

from stacks import names
from stacks.dashboards.agent import latency, more_alarms, requests, silence
from stacks.dashboards.agent_model_use import cost_graph, leftovers_graph
from stacks.dashboards.agent_starts import cold_starts
from stacks.parts import queries
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import AgentMetrics, Metrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    alarm_line,
    graph,
    log_table,
    note,
    percentiles,
)
from tradewind.telemetry.metric_names import MetricName

Alarms = Mapping[str, AlarmSpec]

#: Why calls fail.
KINDS: Final = (
    (MetricName.RUNTIME_UNAVAILABLE, "unavailable", Colour.ERROR),
    (MetricName.RUNTIME_THROTTLES, "throttled", Colour.WARNING),
    (MetricName.RUNTIME_INTERRUPTIONS, "broken off", Colour.P90),
    (MetricName.RUNTIME_FAILURES, "failed there", Colour.COST),
    (MetricName.RUNTIME_REFUSALS, "refused", Colour.WARM),
    (MetricName.RUNTIME_UNREADABLE, "unreadable", Colour.VERSION),
)


def runtime_rows(metrics: Metrics, name: str, alarms: Alarms) -> Rows:
    """The dashboard's rows; ``alarms`` are the runtime's, by symptom."""
    of_runtime = metrics.agent(name)
    log_group = names.log_group_name(metrics.environment, name)
    return [
        [
            note(
                f"# The {name} runtime, {metrics.environment}\n"
                "**Good looks like this:** as many calls of the runtime as requests, no failed "
                "ones, answers that begin within a second or two and never break off. A request "
                "takes what its call takes and a little more; what takes longer is here, and what "
                "does not is there. The grey lines are AWS's own count of the same thing."
            )
        ],
        requests(of_runtime, alarms),
        *silence(alarms),
        *_calls(of_runtime, alarms),
        latency(of_runtime, alarms),
        more_alarms(alarms),
        cold_starts(of_runtime, alarms, model=False),
        [cost_graph(of_runtime), leftovers_graph(of_runtime)],
        [log_table("Slowest requests", log_group, queries.SLOWEST)],
        [log_table("Failed requests", log_group, queries.FAILED)],
    ]


def _calls(metrics: AgentMetrics, alarms: Alarms) -> Rows:
    errors, throttles, first_chunk, interruptions = (
        alarms[f"runtime-{symptom}"]
        for symptom in ("failed-calls", "throttled-calls", "first-chunk", "interruptions")
    )
    return [
        [
            graph(
                "Calls of the runtime",
                [
                    Line(metrics.own(MetricName.RUNTIME_CALLS), "calls", Colour.TRAFFIC),
                    Line(metrics.own(MetricName.RUNTIME_RETRIES), "repeats", Colour.P90),
                ],
                unit="calls",
                right=[Line(metrics.own(MetricName.RETIRED_CONNECTIONS), "found dead", Colour.AWS)],
                right_unit="connections",
            ),
            graph(
                "Share that failed",
                [alarm_line(errors, Colour.ERROR), alarm_line(throttles, Colour.WARNING)],
                unit=errors.unit,
                thresholds=[errors, throttles],
            ),
            graph(
                "Failed calls by kind",
                [
                    alarm_line(interruptions, colour)
                    if name is MetricName.RUNTIME_INTERRUPTIONS
                    else Line(metrics.own(name), label, colour)
                    for name, label, colour in KINDS
                ],
                unit="calls",
                stacked=True,
            ),
        ],
        [
            graph(
                "Time to first chunk",
                [
                    *percentiles(metrics.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK)),
                    alarm_line(first_chunk, Colour.AWS),
                ],
                unit=first_chunk.unit,
                thresholds=[first_chunk],
            ),
            graph(
                "Time of an answer",
                percentiles(metrics.own(MetricName.RUNTIME_DURATION)),
                unit="ms",
            ),
            graph(
                "Answers",
                [Line(metrics.own(MetricName.RUNTIME_BYTES), "bytes", Colour.GOOD)],
                unit="bytes",
                right=[Line(metrics.own(MetricName.RUNTIME_CHUNKS), "chunks", Colour.AWS)],
                right_unit="chunks",
            ),
        ],
    ]
