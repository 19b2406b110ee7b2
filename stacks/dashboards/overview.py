"""All agents on one screen: alarms first, then failures, latency, starts, cost and the model."""

from collections.abc import Mapping, Sequence
from typing import Final

from stacks import names
from stacks.dashboards.model import model_rows
from stacks.dashboards.runtimes import runtimes_row
from stacks.dashboards.watched import Watched, of_some
from stacks.parts.alarm_math import with_zeros
from stacks.parts.alarms import API_UNWELL, UNWELL, AlarmSpec, Urgency
from stacks.parts.log_widgets import MEMORY_PERCENT, REPORT, log_bars, total
from stacks.parts.metrics import MathExpression, Metrics, MetricStat
from stacks.parts.reported import Reported
from stacks.parts.widgets import (
    VERSION,
    Colour,
    Line,
    Rows,
    Widget,
    alarm_graphs,
    alarm_states,
    by_agent,
    figures,
    graph,
    note,
    percentiles,
)
from tradewind.telemetry.metric_names import MetricName

#: The alarms on agents that compare well, by the titles of the graphs with all agents' lines.
_COMPARED: Final = {
    "errors": "Failed requests by agent, if several",
    "cold-starts": "Cold requests by agent, where there are enough",
}


def overview_rows(watched: Watched) -> Rows:
    """The dashboard's rows."""
    metrics = watched.metrics
    any_log = names.log_group_name(watched.environment, "*")
    return [
        [_what_good_looks_like(watched)],
        *_alarms(watched),
        _figures(metrics),
        [
            graph(
                "Requests by agent, as they end",
                by_agent(metrics, lambda agent: agent.reported(Reported.DURATION, "SampleCount")),
                unit="requests",
                stacked=True,
            ),
            _compared(watched, "errors"),
            graph(
                "Latency of all agents",
                percentiles(metrics.reported_by_all(Reported.DURATION)),
                unit="ms",
            ),
        ],
        [
            graph(
                "Killed by Lambda, by agent",
                by_agent(metrics, lambda agent: with_zeros(agent.reported(Reported.KILLS))),
                unit="requests",
            ),
            graph(
                "Turned away by Lambda, by agent",
                by_agent(metrics, lambda agent: agent.function("Throttles")),
                unit="requests",
            ),
            log_bars(
                "Most memory used in this range, % of the limit",
                watched.agents_logs,
                REPORT,
                MEMORY_PERCENT,
                by="agent",
                parsed=f'@log "*{any_log}" as account, agent',
            ),
        ],
        [
            _compared(watched, "cold-starts"),
            graph(
                "Versions: a step is a deployment",
                by_agent(metrics, lambda agent: agent.version),
                unit=VERSION,
            ),
            log_bars(
                "Cost by agent in this range, US dollars",
                watched.agents_logs,
                f"ispresent({MetricName.ESTIMATED_COST})",
                total(MetricName.ESTIMATED_COST, "usd"),
                by="Agent",
            ),
        ],
        *alarm_graphs(watched.on_environment, watched.arn),
        *_of_some_agents(watched),
        *runtimes_row(watched),
        *model_rows(metrics, watched.agents_logs),
    ]


def _what_good_looks_like(watched: Watched) -> Widget:
    boards = [
        *([watched.board("agent", "each agent")] if watched.on_lambda else []),
        *([watched.board("runtime", "each runtime")] if watched.on_runtimes else []),
        watched.board("api", "the API"),
    ]
    return note(
        f"# Tradewind, {watched.environment}\n"
        f"Dashboards of {', '.join(boards)} · {watched.red_alarms()} · runbooks "
        f"{watched.runbook(UNWELL)}, {watched.runbook(API_UNWELL)}. **Good looks like this:** no "
        "red alarm, no failed or killed requests, few cold ones while traffic is steady, and a "
        "cost that follows the traffic. Costs are estimates in US dollars at prices of "
        f"{watched.prices_as_of:%Y-%m-%d}; of requests that were killed nobody could count them."
    )


def _alarms(watched: Watched) -> Rows:
    notices = [
        watched.arn(alarm.symptom)
        for alarm in watched.on_environment.values()
        if alarm.urgency is Urgency.NOTICE
    ]
    paging = [
        *watched.arns(Urgency.OUTAGE),
        *(watched.arn(UNWELL, agent) for agent in watched.on_agents),
        watched.arn(API_UNWELL),
        *(
            watched.arn(alarm.symptom)
            for alarm in watched.on_environment.values()
            if alarm.urgency is not Urgency.NOTICE
        ),
    ]
    return [
        alarm_states("Alarms that page", paging),
        [
            *alarm_states(
                "Red now, of those behind unwell", watched.arns(Urgency.PAGE), only_red=True
            ),
            *alarm_states(
                "Red now, can wait for the morning",
                [*watched.arns(Urgency.NOTICE), *notices],
                only_red=True,
            ),
        ],
    ]


def _figures(metrics: Metrics) -> list[Widget]:
    ended = metrics.reported_by_all(Reported.DURATION, "SampleCount")
    cost = metrics.model(MetricName.ESTIMATED_COST)
    return [
        figures("Requests ended", [Line(ended, "requests", Colour.TRAFFIC)], 3),
        figures(
            "Failed",
            [
                Line(
                    MathExpression(
                        "100 * FILL(failed, 0) / ended",
                        {"failed": metrics.reported_by_all(Reported.FAILURES), "ended": ended},
                    ),
                    "%, killed or stopped too",
                    Colour.ERROR,
                ),
            ],
            4,
        ),
        figures(
            "Killed",
            [
                Line(
                    MathExpression(
                        "FILL(killed, 0)", {"killed": metrics.reported_by_all(Reported.KILLS)}
                    ),
                    "requests",
                    Colour.P99,
                )
            ],
            3,
        ),
        figures(
            "Turned away",
            [
                Line(
                    metrics.of_all("throttled", lambda agent: agent.function("Throttles")),
                    "requests",
                    Colour.WARNING,
                )
            ],
            3,
        ),
        figures("Latency", percentiles(metrics.reported_by_all(Reported.DURATION)), 6),
        figures("Cold", [Line(_cold_share(metrics, ended), "%", Colour.COLD)], 2),
        figures("Cost in range", [Line(cost, "US dollars", Colour.COST)], 3),
    ]


def _compared(watched: Watched, symptom: str) -> Widget:
    """What the agents' alarms on one thing watch, and the threshold that is theirs in common."""
    alarms = {agent: alarms[symptom] for agent, alarms in watched.on_agents.items()}
    return graph(
        _COMPARED[symptom],
        _own_lines(watched.metrics, alarms),
        unit="%",
        thresholds=list(alarms.values()),
    )


def _of_some_agents(watched: Watched) -> Rows:
    """Alarms that are on some agents only, as on silence: the agents' board has none of them."""
    graphs = []
    for on_agents in (watched.on_lambda, watched.on_runtimes):
        for symptom, alarms in of_some(on_agents).items():
            first = next(iter(alarms.values()))
            lines = _own_lines(watched.metrics, alarms)
            graphs.append(
                graph(
                    f"Alarm: {symptom}",
                    lines,
                    unit=first.unit,
                    thresholds=list(alarms.values()),
                    period_s=first.series.period_s,
                )
            )
    return [graphs] if graphs else []


def _own_lines(metrics: Metrics, alarms: Mapping[str, AlarmSpec]) -> Sequence[Line]:
    """What each agent's own alarm watches, of the agents that have it."""
    return by_agent(metrics, lambda agent: alarms[agent.agent].series, alarms)


def _cold_share(metrics: Metrics, ended: MetricStat) -> MathExpression:
    cold = metrics.of_all("cold", lambda agent: agent.own(MetricName.INIT_TIME, "SampleCount"))
    return MathExpression(f"100 * {cold.expression} / ended", {**cold.metrics, "ended": ended})
