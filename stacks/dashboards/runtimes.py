"""All runtimes on AgentCore beside each other: the last but the model's rows of the overview."""

from dataclasses import replace

from stacks.dashboards.watched import Watched
from stacks.parts.widgets import Rows, by_agent, graph
from tradewind.telemetry.metric_names import MetricName


def runtimes_row(watched: Watched) -> Rows:
    """How the runtimes are called, and how they answer; none where there are none."""
    if not watched.on_runtimes:
        return []
    runtimes = replace(watched.metrics, agents=tuple(watched.on_runtimes))
    return [
        [
            graph(
                "Calls by runtime",
                by_agent(runtimes, lambda runtime: runtime.own(MetricName.RUNTIME_CALLS)),
                unit="calls",
                stacked=True,
            ),
            graph(
                "Failed calls by runtime",
                by_agent(runtimes, lambda runtime: runtime.own(MetricName.RUNTIME_ERRORS)),
                unit="calls",
                stacked=True,
            ),
            graph(
                "Time to first chunk, p90, by runtime",
                by_agent(
                    runtimes,
                    lambda runtime: runtime.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, "p90"),
                ),
                unit="ms",
            ),
        ]
    ]
