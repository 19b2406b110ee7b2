"""All agents on one screen: traffic, errors, latency, cold starts and cost."""

from collections.abc import Mapping, Sequence
from datetime import date

from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import HOUR, Metrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    alarm_line,
    alarm_states,
    by_agent,
    figures,
    graph,
    note,
    percentiles,
)
from tradewind.telemetry.metric_names import MetricName


def overview_rows(
    metrics: Metrics,
    *,
    on_agents: Sequence[Mapping[str, AlarmSpec]],
    on_environment: Mapping[str, AlarmSpec],
    alarm_arns: Sequence[str],
    prices_as_of: date,
) -> Rows:
    """The dashboard's rows.

    Args:
        metrics: The environment's.
        on_agents: Each agent's alarms by symptom.
        on_environment: The environment's alarms by symptom.
        alarm_arns: The alarms whose state is shown: those that page.
        prices_as_of: The day of the prices that costs are estimated from.
    """
    asked = []
    if "versions-refused" in on_environment:
        asked.append(
            graph(
                "New versions that were asked before they got requests",
                [alarm_line(on_environment["versions-refused"], Colour.ERROR)],
                unit=on_environment["versions-refused"].unit,
                right=[
                    Line(metrics.probe("Invocations"), "probes", Colour.AWS),
                    alarm_line(on_environment["probe-failures"], Colour.WARNING),
                ],
                right_unit=on_environment["probe-failures"].unit,
            )
        )
    cost = metrics.model(MetricName.ESTIMATED_COST)
    latency = percentiles(metrics.all_agents(MetricName.INVOCATION_LATENCY))
    requests = Line(metrics.total(MetricName.INVOCATIONS), "requests", Colour.TRAFFIC)
    failed = Line(metrics.total(MetricName.ERRORS), "failed requests", Colour.ERROR)
    return [
        [
            note(
                f"# Tradewind, {metrics.environment}\n"
                "**Good looks like this:** every alarm green, no failed requests, few cold "
                "requests while traffic is steady, and a cost that follows the traffic. "
                f"Costs are estimates at prices of {prices_as_of:%Y-%m-%d}, in US "
                "dollars. Each agent has a dashboard of its own, and so has the model."
            )
        ],
        [
            figures("Traffic", [requests], 4),
            figures("Errors", [failed], 4),
            figures("Latency", latency, 8),
            figures("Cold starts", [Line(metrics.cold_share, "cold, %", Colour.COLD)], 4),
            figures("Cost", [Line(cost, "US dollars", Colour.COST)], 4),
        ],
        [alarm_states("Alarms", alarm_arns)],
        [
            graph(
                "Requests by agent",
                by_agent(metrics, lambda agent: agent.own(MetricName.INVOCATIONS)),
                unit="requests",
                stacked=True,
            ),
            graph(
                "Failed requests by agent",
                by_agent(metrics, lambda agent: agent.own(MetricName.ERRORS)),
                unit="requests",
                stacked=True,
            ),
            graph("Latency of all agents", latency, unit="ms"),
            graph(
                "Functions that died, and the sweeps for them",
                [alarm_line(on_environment["records-settled"], Colour.ERROR)],
                unit=on_environment["records-settled"].unit,
                right=[
                    Line(metrics.sweep("Invocations"), "sweeps", Colour.AWS),
                    alarm_line(on_environment["sweep-failures"], Colour.WARNING),
                ],
                right_unit=on_environment["sweep-failures"].unit,
            ),
        ],
        [
            graph(
                "Cold requests by agent",
                by_agent(metrics, lambda agent: agent.cold_share),
                unit="%",
                thresholds=[alarms["cold-starts"] for alarms in on_agents],
                threshold_colour=Colour.WARNING,
            ),
            graph(
                "Cost by agent and hour",
                by_agent(
                    metrics, lambda agent: agent.own(MetricName.ESTIMATED_COST, period_s=HOUR)
                ),
                unit=on_environment["cost"].unit,
                # On the sum of all agents, which is the top of the stack.
                thresholds=[on_environment["cost"]],
                stacked=True,
                period_s=HOUR,
            ),
            graph(
                "Versions: a step is a deployment",
                by_agent(metrics, lambda agent: agent.version),
                unit="version",
            ),
            *asked,
        ],
        [
            graph(
                on_environment[symptom].label.capitalize(),
                [alarm_line(on_environment[symptom], Colour.ERROR)],
                unit=on_environment[symptom].unit,
                thresholds=[on_environment[symptom]],
            )
            for symptom in ("deadline-stops", "retired-processes")
        ],
    ]
