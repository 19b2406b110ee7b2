"""One agent: what an engineer asks, from its traffic down to its log."""

from collections.abc import Mapping

from stacks import names
from stacks.dashboards.agent_model_use import model_calls, tokens_and_tools
from stacks.dashboards.agent_starts import cold_starts, connections
from stacks.parts import queries
from stacks.parts.alarm_specs import NO_TRAFFIC
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import HOUR, AgentMetrics, Metrics, share_percent
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    Widget,
    alarm_line,
    graph,
    log_table,
    note,
    percentiles,
    version_line,
)
from tradewind.telemetry.metric_names import MetricName

Alarms = Mapping[str, AlarmSpec]


def agent_rows(metrics: Metrics, name: str, alarms: Alarms) -> Rows:
    """The dashboard's rows; ``alarms`` are the agent's, by symptom."""
    of_agent = metrics.agent(name)
    log_group = names.log_group_name(metrics.environment, name)
    return [
        [
            note(
                f"# The {name} agent, {metrics.environment}\n"
                "**Good looks like this:** Lambda and the handler count the same requests, no "
                "errors and no throttles; warm requests are faster than cold ones by about "
                "the init time and one connection; clients are created in cold requests only, "
                "and connections opened only there or after a pause. The grey lines are AWS's "
                "own count of the same thing. A step of the version is a deployment."
            )
        ],
        requests(of_agent, alarms),
        *silence(alarms),
        latency(of_agent, alarms),
        more_alarms(alarms),
        cold_starts(of_agent, alarms),
        connections(of_agent),
        model_calls(metrics, of_agent),
        tokens_and_tools(of_agent),
        [log_table("Slowest requests", log_group, queries.SLOWEST)],
        [log_table("Failed requests", log_group, queries.FAILED)],
    ]


def requests(metrics: AgentMetrics, alarms: Alarms) -> list[Widget]:
    """What comes, and what fails, is turned away, cut short or left open."""
    handler_failed = share_percent(
        metrics.own(MetricName.ERRORS), metrics.own(MetricName.INVOCATIONS)
    )
    at_once = metrics.function("ConcurrentExecutions", "Maximum")
    return [
        graph(
            "Requests",
            [
                Line(metrics.own(MetricName.INVOCATIONS), "ours", Colour.TRAFFIC),
                Line(metrics.function("Invocations"), "Lambda", Colour.AWS),
                Line(metrics.own(MetricName.REJECTED_REQUESTS), "rejected", Colour.WARNING),
                Line(metrics.own(MetricName.REPEATED_REQUESTS), "answered before", Colour.GOOD),
            ],
            unit="requests",
            right=[version_line(metrics)],
            right_unit="version",
        ),
        graph(
            "Failed requests",
            [
                alarm_line(alarms["errors"], Colour.ERROR),
                Line(handler_failed, "failed, by the handler", Colour.WARNING),
            ],
            unit=alarms["errors"].unit,
            right=[version_line(metrics)],
            right_unit="version",
            thresholds=[alarms["errors"]],
        ),
        graph(
            "Turned away or cut short",
            [
                alarm_line(alarms["throttles"], Colour.WARNING),
                Line(metrics.own(MetricName.DEADLINE_STOPS), "stopped", Colour.ERROR),
                Line(at_once, "at once", Colour.AWS),
            ],
            unit="requests",
            thresholds=[alarms["throttles"]],
        ),
        graph(
            "Records left open",
            [
                Line(metrics.own(MetricName.RECORDS_NOT_FINISHED), "end not written", Colour.ERROR),
                Line(metrics.own(MetricName.RECORDS_SETTLED), "closed later", Colour.WARNING),
            ],
            unit="records",
        ),
    ]


def silence(alarms: Alarms) -> Rows:
    """Whether requests come at all, where some are expected."""
    silence = alarms.get(NO_TRAFFIC)
    if silence is None:
        return []
    return [
        [
            graph(
                "Requests in an hour",
                [alarm_line(silence, Colour.AWS)],
                unit=silence.unit,
                thresholds=[silence],
                period_s=HOUR,
            )
        ]
    ]


def more_alarms(alarms: Alarms) -> list[Widget]:
    """What alarms watch besides, each beside its threshold."""
    return [
        graph(
            alarms[symptom].label.capitalize(),
            [alarm_line(alarms[symptom], Colour.ERROR)],
            unit=alarms[symptom].unit,
            thresholds=[alarms[symptom]],
        )
        for symptom in ("errors-by-hour", "outage", "killed", "memory")
    ]


def latency(metrics: AgentMetrics, alarms: Alarms) -> list[Widget]:
    """How long callers wait, and what nobody waits for."""
    taken = metrics.own(MetricName.INVOCATION_LATENCY)
    slowest = alarm_line(alarms["latency"], Colour.AWS)
    oldest = metrics.dead_letters("ApproximateAgeOfOldestMessage")
    waited = metrics.function("AsyncEventAge", "Maximum")
    return [
        graph(
            "Latency",
            [*percentiles(taken), slowest],
            unit="ms",
            right=[version_line(metrics)],
            right_unit="version",
        ),
        # Beside the threshold, which is minutes, the milliseconds of a good day would look flat.
        graph(
            "Slowest requests against the limit",
            [Line(taken.at("p99"), "p99", Colour.P99), slowest],
            unit=alarms["latency"].unit,
            thresholds=[alarms["latency"]],
        ),
        graph(
            "Asynchronous requests",
            [Line(waited, "age when run, ms", Colour.AWS)],
            unit="ms",
            right=[
                alarm_line(alarms["dead-letters"], Colour.ERROR),
                Line(oldest, "age of the oldest, s", Colour.WARNING),
            ],
            right_unit="dead letters, seconds",
        ),
    ]
