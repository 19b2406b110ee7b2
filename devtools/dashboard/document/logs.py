"""A log widget as the page takes it: a table, or a chart of its statistics."""

from datetime import UTC, datetime
from typing import Any, Final

from devtools.dashboard.body import LogWidget
from devtools.dashboard.document import content
from devtools.dashboard.document.content import Json
from devtools.dashboard.insights import NotEvaluated, Table, bin_width_s

#: Groups have no periods; the page expects one of every series.
_MINUTE: Final = 60


def log_content(widget: LogWidget, table: Table) -> Json:
    """Fill a log widget with its query's answer.

    Raises:
        NotEvaluated: It is to be a line over time, and its query has no time bins.
    """
    empty = "" if table.rows else "No log event matches in this range"
    head = content.filled(widget.title, "table", empty=empty)
    if widget.view == "timeSeries" and table.grouped is not None:
        return head | _over_time(table, widget.stacked)
    if widget.view != "table" and table.grouped is not None:
        return head | _by_group(table, widget.view, table.grouped)
    cells = [
        [_cell(name, value) for name, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    return head | {"columns": list(table.columns), "rows": cells}


def _over_time(table: Table, stacked: bool) -> Json:
    """A series per statistic, over the time bins."""
    width_s = bin_width_s(table.columns[0]) if table.grouped == 1 else None
    if width_s is None:
        raise NotEvaluated("a line over time needs stats ... by bin(...).")
    rows = sorted(table.rows, key=lambda row: float(row[0] or 0))
    series = [
        content.series(
            name, [[row[0], row[at]] for row in rows if isinstance(row[at], float)], width_s
        )
        for at, name in enumerate(table.columns[1:], 1)
    ]
    return content.chart("timeSeries", series, stacked=stacked)


def _by_group(table: Table, view: str, grouped: int) -> Json:
    """A series per group and statistic."""
    names = table.columns[grouped:]
    series = []
    for row in table.rows:
        group = " ".join(str(value) for value in row[:grouped])
        for name, value in zip(names, row[grouped:], strict=True):
            label = f"{group} {name}".strip() if len(names) > 1 else group
            points = [[0, value]] if isinstance(value, float) else []
            series.append(content.series(label or name, points, _MINUTE))
    return content.chart(view, series)


def _cell(column: str, value: Any) -> Json:
    """A table's cell; what is a time by its name is shown as one."""
    if isinstance(value, float) and (column == "@timestamp" or column.startswith("bin(")):
        return {"value": _clock(value)}
    return {"value": value}


def _clock(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
