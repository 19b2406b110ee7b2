"""One agent that is a runtime on AgentCore: its requests, and the calls that they become.

One board for all of them, as ``agent`` says.
"""

from typing import Final

from stacks import names
from stacks.dashboards.agent import AGENT, left_open, requests, tables
from stacks.dashboards.agent_model_use import cost_graph, limits_graph
from stacks.dashboards.agent_starts import starts
from stacks.dashboards.watched import Watched, common
from stacks.parts.alarms import UNWELL
from stacks.parts.log_widgets import log_graph, percentiles_of, total
from stacks.parts.metrics import AgentMetrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    Widget,
    alarm_graphs,
    alarm_states,
    graph,
    note,
    percentiles,
)
from tradewind.telemetry.metric_names import MetricName

_CALLED: Final = f"{MetricName.RUNTIME_CALLS} > 0"
#: Why calls fail.
KINDS: Final = (
    (MetricName.RUNTIME_UNAVAILABLE, "unavailable"),
    (MetricName.RUNTIME_THROTTLES, "throttled"),
    (MetricName.RUNTIME_INTERRUPTIONS, "broken_off"),
    (MetricName.RUNTIME_FAILURES, "failed_there"),
    (MetricName.RUNTIME_REFUSALS, "refused"),
    (MetricName.RUNTIME_UNREADABLE, "unreadable"),
)


def runtime_rows(watched: Watched) -> Rows:
    """The dashboard's rows."""
    of_runtime = watched.metrics.agent(AGENT)
    log = [names.log_group_name(watched.environment, AGENT)]
    alarms = common(watched.on_runtimes)
    return [
        [
            note(
                f"# The {AGENT} runtime, {watched.environment}\n"
                f"{watched.board('overview', 'Overview')} · {watched.red_alarms()} · runbook "
                f"{watched.runbook()}. **Good looks like this:** no red alarm, as many calls of "
                "the runtime as requests, no failed ones, answers that begin within a second or "
                "two and never break off. A request takes what its call takes and a little more."
            )
        ],
        alarm_states(
            "Alarms of this runtime", [watched.arn(one, AGENT) for one in (UNWELL, *alarms)]
        ),
        requests(of_runtime),
        *alarm_graphs(alarms, lambda symptom: watched.arn(symptom, AGENT)),
        *tables(of_runtime, log),
        *details(of_runtime, log, snap_start=watched.snap_start),
    ]


def details(of_runtime: AgentMetrics, log: list[str], *, snap_start: bool) -> Rows:
    """What becomes of a runtime's requests, mostly read in its log."""
    return [
        _calls(of_runtime, log),
        _answers(of_runtime, log),
        *starts(of_runtime, log, snap_start=snap_start, model=False),
        [cost_graph(log), limits_graph(log)],
        left_open(log),
    ]


def _calls(metrics: AgentMetrics, log: list[str]) -> list[Widget]:
    return [
        graph(
            "Calls of the runtime",
            [
                Line(metrics.own(MetricName.RUNTIME_CALLS), "calls", Colour.TRAFFIC),
                Line(metrics.own(MetricName.RUNTIME_ERRORS), "failed", Colour.ERROR),
                Line(
                    metrics.own(MetricName.RUNTIME_THROTTLES), "of them throttled", Colour.WARNING
                ),
            ],
            unit="calls",
        ),
        log_graph(
            "Failed calls by kind", log, _CALLED, [total(*kind) for kind in KINDS], stacked=True
        ),
        log_graph(
            "Repeats, and connections found dead",
            log,
            _CALLED,
            [
                total(MetricName.RUNTIME_RETRIES, "repeats"),
                total(MetricName.RETIRED_CONNECTIONS, "found_dead"),
            ],
        ),
    ]


def _answers(metrics: AgentMetrics, log: list[str]) -> list[Widget]:
    return [
        graph(
            "Time to first chunk",
            percentiles(metrics.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK)),
            unit="ms",
        ),
        log_graph(
            "Time of an answer, ms",
            log,
            f"ispresent({MetricName.RUNTIME_DURATION})",
            percentiles_of(MetricName.RUNTIME_DURATION),
        ),
        log_graph(
            "Answers",
            log,
            _CALLED,
            [
                total(MetricName.RUNTIME_BYTES, "bytes"),
                total(MetricName.RUNTIME_CHUNKS, "chunks"),
            ],
        ),
    ]
