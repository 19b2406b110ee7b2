"""All runtimes on AgentCore on one screen: how they are called, and how they answer."""

from collections.abc import Mapping
from dataclasses import replace

from stacks.dashboards.runtime import KINDS
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import Metrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    by_agent,
    figures,
    graph,
    note,
)
from tradewind.telemetry.metric_names import MetricName


def runtimes_rows(metrics: Metrics, on_runtimes: Mapping[str, Mapping[str, AlarmSpec]]) -> Rows:
    """The rows of the dashboard that compares them.

    Args:
        metrics: The environment's.
        on_runtimes: Each runtime's alarms by symptom.
    """
    runtimes = replace(metrics, agents=tuple(on_runtimes))
    calls = Line(runtimes.total(MetricName.RUNTIME_CALLS), "calls", Colour.TRAFFIC)
    repeats = Line(runtimes.total(MetricName.RUNTIME_RETRIES), "repeats", Colour.P90)
    failed = Line(runtimes.total(MetricName.RUNTIME_ERRORS), "failed calls", Colour.ERROR)
    received = Line(runtimes.total(MetricName.RUNTIME_BYTES), "bytes", Colour.GOOD)
    return [
        [
            note(
                f"# Runtimes on AgentCore, {metrics.environment}\n"
                "**Good looks like this:** no failed calls and next to no repeats, answers that "
                "begin within a second or two, and none that breaks off. A slow first piece now "
                "and then is a session that starts. Each runtime has a dashboard of its own, with "
                "its requests, its cost and its log."
            )
        ],
        [
            figures("Calls", [calls, repeats], 8),
            figures("Failed calls", [failed], 8),
            figures("Answers", [received], 8),
        ],
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
                "Failed calls by kind",
                [Line(runtimes.total(name), label, colour) for name, label, colour in KINDS],
                unit="calls",
                stacked=True,
            ),
        ],
        [
            graph(
                "Time to first chunk, p90, by runtime",
                by_agent(
                    runtimes,
                    lambda runtime: runtime.own(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, "p90"),
                ),
                unit="ms",
                thresholds=[alarms["runtime-first-chunk"] for alarms in on_runtimes.values()],
            ),
            graph(
                "Time of an answer, p90, by runtime",
                by_agent(runtimes, lambda runtime: runtime.own(MetricName.RUNTIME_DURATION, "p90")),
                unit="ms",
            ),
            graph(
                "Bytes by runtime",
                by_agent(runtimes, lambda runtime: runtime.own(MetricName.RUNTIME_BYTES)),
                unit="bytes",
                stacked=True,
            ),
        ],
    ]
