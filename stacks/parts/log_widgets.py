"""Widgets that a Logs Insights query fills, with details that are no custom metrics.

Each request prints a line with all of its values. A value that comes once is a number there; of
values that come several times, the language sees the first as ``Name.0``.
"""

from collections.abc import Sequence
from typing import Any, Final

from stacks.parts.widgets import HEIGHT, Widget, widget
from tradewind.telemetry.metric_names import MetricName

#: As many as one query reads.
_MOST_LOG_GROUPS: Final = 50


#: What Lambda says of each invocation that ended, killed or not.
REPORT: Final = 'type = "platform.report"'
MEMORY_PERCENT: Final = (
    "max(100 * record.metrics.maxMemoryUsedMB / record.metrics.memorySizeMB) as percent"
)


def total(name: MetricName, label: str) -> str:
    """The sum of a value."""
    return f"sum({name}) as {label}"


def statistic(function: str, name: MetricName, label: str) -> str:
    """Another statistic of a value, such as ``avg``."""
    return f"{function}({name}) as {label}"


def percentiles_of(name: MetricName) -> list[str]:
    """The median of a value, and its slow end."""
    return [f"pct({name}, {rank}) as p{rank}" for rank in (50, 90, 99)]


def log_table(title: str, log_groups: Sequence[str], query: Sequence[str]) -> Widget:
    """What a Logs Insights query finds."""
    return _log(title, "table", log_groups, query)


def log_graph(
    title: str,
    log_groups: Sequence[str],
    where: str,
    statistics: Sequence[str],
    *,
    stacked: bool = False,
    every: str = "5m",
    made: str | None = None,
) -> Widget:
    """Statistics over time.

    Args:
        title: The widget's, with the unit.
        log_groups: Whose lines are read.
        where: Which of them.
        statistics: A line each.
        stacked: Whether they add up.
        every: What one value stands for.
        made: A field that the statistics are of, and how it is made of others.
    """
    fields = [f"fields {made}"] if made else []
    query = [f"filter {where}", *fields, f"stats {', '.join(statistics)} by bin({every})"]
    return _log(title, "timeSeries", log_groups, query, stacked=stacked)


def log_bars(
    title: str,
    log_groups: Sequence[str],
    where: str,
    statistic: str,
    by: str,
    *,
    parsed: str | None = None,
) -> Widget:
    """One statistic over the range shown, a bar for each value of a field.

    Args:
        title: The widget's, with the unit.
        log_groups: Whose lines are read.
        where: Which of them.
        statistic: What the bars show.
        by: The field.
        parsed: What the field is a part of, and where it stands there.
    """
    name = statistic.rpartition(" as ")[2]
    parse = [f"parse {parsed}"] if parsed else []
    query = [
        f"filter {where}",
        *parse,
        f"stats {statistic} by {by}",
        f"sort {name} desc",
        "limit 20",
    ]
    return _log(title, "bar", log_groups, query)


def _log(
    title: str, view: str, log_groups: Sequence[str], query: Sequence[str], **more: Any
) -> Widget:
    sources = [f"SOURCE '{group}'" for group in log_groups[:_MOST_LOG_GROUPS]]
    text = " | ".join(sources) + " | " + "\n| ".join(query)
    return widget("log", HEIGHT, {"view": view, "title": title, "query": text, **more})
