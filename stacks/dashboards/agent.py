"""One agent: what an engineer asks, from its alarms down to its log.

One board is about any agent: its name is chosen at the top, and stands for ``AGENT`` in the
widgets. So a widget says what is true of every agent, and takes from the alarms, by their names,
what is not, as thresholds of different timeouts.
"""

from typing import Final

from stacks import names
from stacks.dashboards.agent_model_use import model_rows_of_agent
from stacks.dashboards.agent_starts import starts
from stacks.dashboards.watched import Watched, common
from stacks.parts import queries
from stacks.parts.alarm_math import with_zeros
from stacks.parts.alarms import UNWELL
from stacks.parts.log_widgets import MEMORY_PERCENT, REPORT, log_graph, log_table, total
from stacks.parts.metrics import AgentMetrics
from stacks.parts.reported import Reported
from stacks.parts.widgets import (
    VERSION,
    Colour,
    Line,
    Rows,
    Widget,
    alarm_graphs,
    alarm_states,
    graph,
    note,
    percentiles,
    version_line,
)
from tradewind.telemetry.metric_names import MetricName

#: Stands for the agent's name, and nowhere for anything else.
AGENT: Final = "AGENT_NAME"

#: How requests fail, the first one any of the ways.
_FAILURES: Final = (
    (Reported.FAILURES, "failed, killed or stopped", Colour.ERROR),
    (Reported.TIMEOUTS, "killed: timeout", Colour.P99),
    (Reported.MEMORY_KILLS, "killed: memory", Colour.P90),
    (Reported.CRASHES, "killed: crash", Colour.COST),
)


def agent_rows(watched: Watched) -> Rows:
    """The dashboard's rows."""
    of_agent = watched.metrics.agent(AGENT)
    log = [names.log_group_name(watched.environment, AGENT)]
    alarms = common(watched.on_lambda)
    return [
        [
            note(
                f"# The {AGENT} agent, {watched.environment}\n"
                f"{watched.board('overview', 'Overview')} · {watched.red_alarms()} · runbook "
                f"{watched.runbook()}. **Good looks like this:** no red alarm; as many requests "
                "ended as Lambda started; none failed; warm requests faster than cold ones by the "
                "init time and one connection. A step of the version is a deployment."
            )
        ],
        alarm_states(
            "Alarms of this agent", [watched.arn(one, AGENT) for one in (UNWELL, *alarms)]
        ),
        requests(of_agent),
        *alarm_graphs(alarms, lambda symptom: watched.arn(symptom, AGENT)),
        *tables(of_agent, log),
        *starts(of_agent, log, snap_start=watched.snap_start),
        *model_rows_of_agent(log),
        left_open(log),
    ]


def requests(metrics: AgentMetrics) -> list[Widget]:
    """What comes, how it ends and how long it takes, killed requests included."""
    return [
        graph(
            "Requests",
            [
                Line(metrics.reported(Reported.DURATION, "SampleCount"), "ended", Colour.TRAFFIC),
                Line(metrics.function("Invocations"), "started, Lambda", Colour.AWS),
            ],
            unit="requests",
            right=[version_line(metrics)],
            right_unit=VERSION,
        ),
        graph(
            "Failed, killed and turned away",
            [
                *(
                    Line(with_zeros(metrics.reported(name)), label, colour)
                    for name, label, colour in _FAILURES
                ),
                Line(metrics.function("Throttles"), "turned away", Colour.WARNING),
            ],
            unit="requests",
            right=[
                Line(metrics.function("ConcurrentExecutions", "Maximum"), "at once", Colour.AWS)
            ],
            right_unit="at once",
        ),
        graph(
            "Latency",
            percentiles(metrics.reported(Reported.DURATION)),
            unit="ms",
            right=[version_line(metrics)],
            right_unit=VERSION,
        ),
    ]


def tables(metrics: AgentMetrics, log: list[str]) -> Rows:
    """The requests themselves, and those that wait. A table in a third of a row hides columns."""
    return [
        [
            log_table("Failed requests", log, queries.FAILED),
            log_table("Killed requests", log, queries.KILLED),
        ],
        [log_table("Slowest requests", log, queries.SLOWEST), _waiting(metrics)],
    ]


def _waiting(metrics: AgentMetrics) -> Widget:
    return graph(
        "Asynchronous requests",
        [Line(metrics.function("AsyncEventAge", "Maximum"), "age when run, ms", Colour.AWS)],
        unit="ms",
        right=[
            Line(
                metrics.dead_letters("ApproximateNumberOfMessagesVisible"),
                "dead letters",
                Colour.ERROR,
            ),
            Line(
                metrics.dead_letters("ApproximateAgeOfOldestMessage"),
                "age of the oldest, s",
                Colour.WARNING,
            ),
        ],
        right_unit="dead letters, seconds",
    )


def left_open(log: list[str]) -> list[Widget]:
    """How requests end by their own count, and what they leave undone or behind."""
    every = f"ispresent({MetricName.INVOCATIONS})"
    return [
        log_graph("Most memory used, % of the limit", log, REPORT, [MEMORY_PERCENT]),
        log_graph(
            "Requests that were not killed",
            log,
            every,
            [
                total(MetricName.INVOCATIONS, "requests"),
                total(MetricName.ERRORS, "failed"),
                total(MetricName.REJECTED_REQUESTS, "rejected"),
                total(MetricName.DEADLINE_STOPS, "stopped"),
                total(MetricName.REPEATED_REQUESTS, "answered_before"),
            ],
        ),
        log_graph(
            "Records left open",
            log,
            every,
            [
                total(MetricName.RECORDS_NOT_FINISHED, "end_not_written"),
                total(MetricName.RECORDS_SETTLED, "closed_later"),
            ],
        ),
        log_graph(
            "Left behind by requests, threads",
            log,
            every,
            [f"max({MetricName.LEFTOVER_THREADS}) as in_the_worst_process"],
        ),
    ]
