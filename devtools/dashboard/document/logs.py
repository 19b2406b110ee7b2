"""A log widget as the page takes it: a table, or a chart of its statistics."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from devtools.dashboard.body import LogWidget
from devtools.dashboard.document import content
from devtools.dashboard.document.content import Json
from devtools.dashboard.insights import Table, run
from devtools.dashboard.insights.values import as_text

#: Groups have no periods; the page expects one of every series.
_MINUTE: Final = 60
#: CloudWatch draws no more groups.
_MOST_BARS: Final = 100


def log_content(widget: LogWidget, table: Table) -> Json:
    """Fill a log widget with its query's answer.

    Raises:
        QueryRefused: It is to be a chart, and its query has no statistics, or no time bins.
        NotEvaluated: It is to be a chart, and it is not known here of what.
    """
    empty = "" if table.rows else "No log event matches in this range"
    head = content.filled(widget.title, "table", empty=empty)
    if widget.view != "table":
        return head | _chart(widget, replace(run(widget.query, ()), rows=table.rows))
    times = {"@timestamp"} | {
        name for name, bin_s in zip(table.columns, table.bins, strict=False) if bin_s
    }
    cells = [
        [_cell(value, name in times) for name, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    return head | {"columns": list(table.columns), "rows": cells}


def _chart(widget: LogWidget, table: Table) -> Json:
    table.refuse_view(widget.view)
    if table.width_s is not None and widget.view != "pie":
        return _over_time(table, table.width_s, widget)
    return _by_group(table, widget.view, table.grouped or 0)


def _over_time(table: Table, width_s: float, widget: LogWidget) -> Json:
    """A series per statistic, over the time bins."""
    rows = sorted(table.rows, key=lambda row: float(row[0] or 0))
    series = [
        content.series(
            name, [[row[0], row[at]] for row in rows if isinstance(row[at], float)], width_s
        )
        for at, name in enumerate(table.columns[1:], 1)
    ]
    bars = widget.view == "bar"
    return content.chart("timeSeries", series, stacked=widget.stacked or bars, bars=bars)


def _by_group(table: Table, view: str, grouped: int) -> Json:
    """A series per group and statistic."""
    names = table.columns[grouped:]
    series = []
    for row in table.rows[:_MOST_BARS]:
        cells = zip(row[:grouped], table.bins, strict=True)
        group = " ".join(
            _clock(v) if bin_s and isinstance(v, float) else as_text(v) for v, bin_s in cells
        )
        for name, value in zip(names, row[grouped:], strict=True):
            label = f"{group} {name}".strip() if len(names) > 1 else group
            points = [[0, value]] if isinstance(value, float) else []
            series.append(content.series(label or name, points, _MINUTE))
    return content.chart(view, series)


def _cell(value: Any, is_time: bool) -> Json:
    """A table's cell."""
    if isinstance(value, float) and is_time:
        return {"value": _clock(value)}
    return {"value": value}


def _clock(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
