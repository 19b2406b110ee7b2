"""A dashboard and its data, as the page takes it: plain values, ready for JSON.

Every number is worked out here; the page places and paints.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from devtools.cloudwatch.alarms import COMPARISONS, Alarm
from devtools.cloudwatch.math import MathError, evaluate, names, parse
from devtools.cloudwatch.series import Grid, Series, StatisticError, parse_statistic
from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.assembly import Dashboard
from devtools.dashboard.body import (
    AlarmWidget,
    Body,
    HorizontalMark,
    LogWidget,
    MetricWidget,
    NotADashboard,
    Place,
    Row,
    TextWidget,
    UnreadableWidget,
    Widget,
    parse_body,
)
from devtools.dashboard.insights import NotEvaluated, Table
from devtools.dashboard.labels import default_labels, fill_label, without_common_prefix
from devtools.dashboard.layout import COLUMNS, Cell, lay_out, rows
from devtools.dashboard.markdown import to_html
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources import AlarmReport, Reading, Source, SourceError, Wanted

Json = dict[str, Any]

#: Where neither the viewer nor the dashboard says how far to look back.
DEFAULT_RANGE: Final = timedelta(hours=3)
#: More points than this in a series are more than a screen shows; the period grows instead.
_MOST_POINTS: Final = 1000
_MINUTE: Final = 60
_SUMMARY: Final = ("LAST", "MIN", "MAX", "AVG", "SUM")
_COLUMN_TITLES: Final = {
    "LAST": "Latest",
    "MIN": "Min",
    "MAX": "Max",
    "AVG": "Average",
    "SUM": "Sum",
}


@dataclass(frozen=True)
class TimeRange:
    """From when to when, in seconds since the epoch."""

    start: float
    end: float

    @classmethod
    def back(cls, span: timedelta, until: datetime) -> "TimeRange":
        """The range of this length that ends at ``until``."""
        end = until.timestamp()
        return cls(end - span.total_seconds(), end)


def document(
    dashboard: Dashboard,
    *,
    source: Source,
    alarms: Mapping[str, AnyAlarm],
    now: datetime,
    time_range: TimeRange | None = None,
) -> Json:
    """Fill a dashboard.

    Args:
        dashboard: Which one.
        source: Where its data come from.
        alarms: Those that widgets may name, for the metrics behind them.
        now: The range's end, where ``time_range`` is not given.
        time_range: None for the dashboard's own.

    Raises:
        SourceError: The source does not answer.
    """
    try:
        body = parse_body(dashboard.body) if not dashboard.problem else None
        problem = dashboard.problem
    except NotADashboard as error:
        body, problem = None, str(error)
    body = body or Body((UnreadableWidget(Place(0, 0, COLUMNS, 4), dashboard.name, problem),))
    shown = time_range or TimeRange.back(body.own_range or DEFAULT_RANGE, now)
    cells = lay_out([widget.place for widget in body.widgets])
    filled = _Filling(body.widgets, source, alarms, shown).run()
    return {
        "name": dashboard.name,
        "title": dashboard.name,
        "source": source.label,
        "generated": now.timestamp() * 1000,
        "range": {"start": shown.start * 1000, "end": shown.end * 1000},
        "rows": rows(cells),
        "widgets": [
            {"id": f"widget-{index}", "at": _at(cell), **content}
            for index, (cell, content) in enumerate(zip(cells, filled, strict=True))
        ],
    }


def _at(cell: Cell) -> Json:
    return {"x": cell.x, "y": cell.y, "width": cell.width, "height": cell.height}


@dataclass(frozen=True)
class _Line:
    """A series to draw: its row, its values and where they came from."""

    row: Row
    statistic: str
    series: Series
    unit: str
    part: str = ""


class _Filling:
    """Fills the widgets of one dashboard, with one request for all their metrics."""

    def __init__(
        self,
        widgets: Sequence[Widget],
        source: Source,
        alarms: Mapping[str, AnyAlarm],
        shown: TimeRange,
    ) -> None:
        self._widgets = widgets
        self._source = source
        self._alarms = alarms
        self._shown = shown
        self._readings: dict[Wanted, Reading] = {}
        self._reports: dict[str, AlarmReport] = {}

    def run(self) -> list[Json]:
        wanted: set[Wanted] = set()
        named: list[str] = []
        for widget in self._widgets:
            if isinstance(widget, MetricWidget):
                wanted |= self._wanted(self._with_alarms(widget))
            if isinstance(widget, MetricWidget | AlarmWidget):
                named += [alarm_name(arn) for arn in widget.alarms]
        self._readings = self._source.read(sorted(wanted, key=repr))
        if named:
            reports = self._source.alarms(list(dict.fromkeys(named)))
            self._reports = {report.name: report for report in reports}
        return [self._fill(widget) for widget in self._widgets]

    def _fill(self, widget: Widget) -> Json:
        match widget:
            case TextWidget():
                return {
                    "kind": "text",
                    "title": "",
                    "state": "data",
                    "html": to_html(widget.markdown),
                    "transparent": widget.background == "transparent",
                }
            case AlarmWidget():
                return {
                    "kind": "alarms",
                    "title": widget.title,
                    "state": "data" if widget.alarms else "empty",
                    "message": "" if widget.alarms else "No alarms named",
                    "alarms": self._alarm_states(widget.alarms),
                }
            case LogWidget():
                return _guarded(widget.title, "log", lambda: self._log(widget))
            case MetricWidget():
                kind = widget.properties.view
                return _guarded(widget.title, kind, lambda: self._metrics(widget))
            case UnreadableWidget():
                state = "error" if widget.known_kind else "unevaluated"
                return _failed(widget.title, "unreadable", state, widget.problem)

    # --- Metrics ------------------------------------------------------------------------------

    def _with_alarms(self, widget: MetricWidget) -> MetricWidget:
        """A widget that only names an alarm draws the alarm's metric and its threshold."""
        found = [self._alarms.get(alarm_name(arn)) for arn in widget.alarms]
        watched = [alarm for alarm in found if isinstance(alarm, Alarm)]
        lines = tuple(_threshold(alarm) for alarm in watched)
        drawn = () if widget.rows else tuple(row for alarm in watched for row in _rows_of(alarm))
        return MetricWidget(
            place=widget.place,
            properties=widget.properties,
            rows=widget.rows or drawn,
            horizontal=widget.horizontal + lines,
            vertical=widget.vertical,
            alarms=widget.alarms,
        )

    def _grid(self, widget: MetricWidget, row: Row) -> Grid:
        span = self._shown.end - self._shown.start
        if widget.properties.set_period_to_time_range:
            period = max(_MINUTE, math.ceil(span / _MINUTE) * _MINUTE)
            start = math.floor(self._shown.end) - period
            return Grid(start, start + period, period)
        period = row.period or widget.properties.period
        period *= max(1, math.ceil(span / period / _MOST_POINTS))
        return Grid.aligned(self._shown.start, self._shown.end, period)

    def _wanted(self, widget: MetricWidget) -> set[Wanted]:
        """What each row needs: an expression needs its metrics in its own periods."""
        found = set()
        grids = {self._grid(widget, row) for row in widget.rows if row.expression}
        for row in widget.rows:
            if row.metric is not None:
                for grid in {self._grid(widget, row), *(grids if row.id else ())}:
                    wanted = self._want(widget, row, row.metric, grid)
                    if _known_statistic(wanted.statistic):
                        found.add(wanted)
        return found

    @staticmethod
    def _want(widget: MetricWidget, row: Row, metric: MetricId, grid: Grid) -> Wanted:
        properties = widget.properties
        return Wanted(metric, row.stat or properties.stat, grid, row.region or properties.region)

    def _metrics(self, widget: MetricWidget) -> Json:
        widget = self._with_alarms(widget)
        missing = [name for arn in widget.alarms if (name := alarm_name(arn)) not in self._alarms]
        if not widget.rows:
            raise MathError(f"There is no alarm {', '.join(missing)} whose metric could be drawn.")
        lines = self._lines(widget)
        series = self._series(widget, lines)
        content = {
            "title": widget.title,
            "kind": widget.properties.view,
            "state": "data" if any(line["points"] for line in series) else "empty",
            "message": "" if any(line["points"] for line in series) else "No data in this range",
            "series": series,
            "period": max((line.series.grid.period for line in lines), default=_MINUTE),
            "stacked": widget.properties.stacked,
            "sparkline": widget.properties.sparkline,
            "full": widget.properties.single_value_full_precision,
            "legend": widget.properties.legend.get("position", "bottom"),
            "axes": {
                side: {
                    "label": axis.label,
                    "min": axis.min,
                    "max": axis.max,
                    "showUnits": axis.show_units,
                }
                for side, axis in widget.properties.y_axis.items()
            },
            "lines": [_line(mark) for mark in widget.horizontal if mark.visible],
            "marks": [
                {
                    "at": mark.value.timestamp() * 1000,
                    "end": mark.end.timestamp() * 1000 if mark.end else None,
                    "label": mark.label,
                    "color": mark.color,
                    "fill": mark.fill,
                }
                for mark in widget.vertical
                if mark.visible
            ],
            "alarms": self._alarm_states(widget.alarms),
        }
        if widget.properties.view == "table":
            content |= _summary_table(series, widget.properties.table.summary_columns)
        return content

    def _lines(self, widget: MetricWidget) -> list[_Line]:
        """The visible series, expressions evaluated."""
        expressions = {row.id: row.expression for row in widget.rows if row.id and row.expression}
        lines: list[_Line] = []
        for row in widget.rows:
            if not row.visible:
                _check(row)
                continue
            grid = self._grid(widget, row)
            statistic = row.stat or widget.properties.stat
            if row.metric is not None:
                parse_statistic(statistic)
                reading = self._readings[self._want(widget, row, row.metric, grid)]
                lines.append(_Line(row, statistic, reading.series, reading.unit))
                continue
            metrics = {
                other.id: self._readings[self._want(widget, other, other.metric, grid)]
                for other in widget.rows
                if other.id and other.metric is not None
            }
            text = row.expression or ""
            result = evaluate(
                text,
                grid=grid,
                metrics={key: reading.series for key, reading in metrics.items()},
                expressions=expressions,
            )
            unit = _unit_of(text, {key: reading.unit for key, reading in metrics.items()})
            if isinstance(result, Series):
                lines.append(_Line(row, statistic, result, unit))
            else:
                lines += [
                    _Line(row, statistic, series, unit, f" {number}")
                    for number, series in enumerate(result, 1)
                ]
        return lines

    def _series(self, widget: MetricWidget, lines: Sequence[_Line]) -> list[Json]:
        own = default_labels([line.row for line in lines], [line.statistic for line in lines])
        found = []
        for line, label in zip(lines, own, strict=True):
            points = self._in_view(line.series)
            summary = _summary([value for _, value in points])
            properties = {
                "Stat": line.statistic,
                "Period": str(line.series.grid.period),
                "Region": line.row.region or widget.properties.region or "",
            }
            written = fill_label(line.row.label or label, line.row, label, summary, properties)
            found.append(
                {
                    "label": written + line.part,
                    "color": line.row.color,
                    "unit": line.unit,
                    "axis": line.row.y_axis,
                    "points": [[at * 1000, value] for at, value in points],
                    "latest": summary["LAST"],
                    "summary": summary,
                }
            )
        return found

    def _in_view(self, series: Series) -> list[tuple[float, float]]:
        """The points in the range. The first period may begin before it: alone, it is in view."""
        points = [point for point in series.points if point[0] >= self._shown.start]
        if points or not series.points:
            return [(float(at), value) for at, value in points]
        return [(self._shown.start, series.points[-1][1])]

    def _alarm_states(self, arns: Iterable[str]) -> list[Json]:
        found = []
        for name, short in without_common_prefix([alarm_name(arn) for arn in arns]).items():
            report = self._reports.get(name, AlarmReport(name, "UNKNOWN"))
            found.append(
                {"name": name, "short": short, "state": report.state, "reason": report.reason}
            )
        return found

    # --- Logs ---------------------------------------------------------------------------------

    def _log(self, widget: LogWidget) -> Json:
        table = self._source.query(
            widget.query, widget.log_groups, self._shown.start, self._shown.end
        )
        content: Json = {
            "title": widget.title,
            "kind": "table",
            "state": "data" if table.rows else "empty",
            "message": "" if table.rows else "No log event matches in this range",
        }
        if widget.view != "table" and table.grouped is not None:
            return content | _chart(table, widget.view, widget.stacked)
        cells = [
            [_cell(name, value) for name, value in zip(table.columns, row, strict=True)]
            for row in table.rows
        ]
        return content | {"columns": list(table.columns), "rows": cells}


def alarm_name(arn: str) -> str:
    """An alarm's name out of its ARN."""
    return arn.rpartition(":alarm:")[2]


def _guarded(title: str, kind: str, fill: Callable[[], Json]) -> Json:
    """What one widget cannot do is that widget's error, and no other's."""
    try:
        return fill()
    except NotEvaluated as problem:
        return _failed(title, kind, "unevaluated", f"Not evaluated here: {problem}")
    except (MathError, StatisticError, SourceError, ValueError) as problem:
        return _failed(title, kind, "error", str(problem))


def _failed(title: str, kind: str, state: str, message: str) -> Json:
    return {"title": title, "kind": kind, "state": state, "message": message}


def _known_statistic(statistic: str) -> bool:
    try:
        parse_statistic(statistic)
    except StatisticError:
        return False
    return True


def _check(row: Row) -> None:
    """A row that is not drawn must be possible all the same."""
    if row.expression:
        parse(row.expression)
    elif row.stat:
        parse_statistic(row.stat)


def _unit_of(expression: str, units: Mapping[str, str]) -> str:
    """The unit that an expression keeps: that of its metrics when it only adds or picks."""
    used = {units[name] for name in names(expression) if name in units}
    return used.pop() if len(used) == 1 and not set("*/^") & set(expression) else ""


def _summary(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return dict.fromkeys(_SUMMARY)
    total = math.fsum(values)
    return {
        "LAST": values[-1],
        "MIN": min(values),
        "MAX": max(values),
        "AVG": total / len(values),
        "SUM": total,
    }


def _summary_table(series: Sequence[Json], chosen: Sequence[str]) -> Json:
    columns = [name for name in (chosen or _SUMMARY) if name in _SUMMARY] or list(_SUMMARY)
    cells = [
        [
            {"value": line["label"]},
            *({"value": line["summary"][name], "unit": line["unit"]} for name in columns),
        ]
        for line in series
    ]
    return {"columns": ["", *(_COLUMN_TITLES[name] for name in columns)], "rows": cells}


def _line(mark: HorizontalMark) -> Json:
    return {
        "value": mark.value,
        "upper": mark.upper,
        "label": mark.label,
        "color": mark.color,
        "fill": mark.fill,
        "axis": mark.y_axis,
    }


_WORDS: Final = {">": "above", "<": "below"}


def _threshold(alarm: Alarm) -> HorizontalMark:
    above = COMPARISONS[alarm.comparison](1, 0)
    return HorizontalMark(
        value=alarm.threshold,
        label=(
            f"alarm {_WORDS['>' if above else '<']} {alarm.threshold:g} "
            f"({alarm.datapoints_to_alarm} of {alarm.evaluation_periods})"
        ),
        fill="above" if above else "below",
    )


def _rows_of(alarm: Alarm) -> list[Row]:
    found = [
        Row(
            metric=MetricId(metric.namespace, metric.name, metric.dimensions),
            id=identifier,
            stat=metric.statistic,
            period=metric.period_s,
            visible=identifier == alarm.watched,
        )
        for identifier, metric in alarm.metrics.items()
    ]
    return found + [
        Row(
            expression=expression,
            id=identifier,
            label=alarm.name if identifier == alarm.watched else None,
            period=alarm.period_s,
            visible=identifier == alarm.watched,
        )
        for identifier, expression in alarm.expressions.items()
    ]


def _cell(column: str, value: Any) -> Json:
    """A table's cell; what is a time by its name is shown as one."""
    if isinstance(value, float) and (column == "@timestamp" or column.startswith("bin(")):
        return {"value": _clock(value)}
    return {"value": value}


def _clock(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def _chart(table: Table, view: str, stacked: bool) -> Json:
    """Statistics as a chart: a series per number, over the time bin or per group."""
    grouped = table.grouped or 0
    over_time = view == "timeSeries"
    if over_time and (grouped != 1 or not table.columns[0].startswith("bin(")):
        raise NotEvaluated("a line over time needs stats ... by bin(...).")
    series: list[Json] = []
    if over_time:
        rows_by_time = sorted(table.rows, key=lambda row: float(row[0] or 0))
        for at, name in enumerate(table.columns[1:], 1):
            points = [[row[0], row[at]] for row in rows_by_time if isinstance(row[at], float)]
            series.append(_log_series(name, points))
        steps: Iterable[tuple[Any, Any]] = pairwise(rows_by_time)
        step = min((b[0] - a[0] for a, b in steps), default=60_000.0) / 1000
    else:
        step = 60.0
        for row in table.rows:
            label = " ".join(str(value) for value in row[:grouped])
            for name, value in zip(table.columns[grouped:], row[grouped:], strict=True):
                whole = f"{label} {name}".strip() if len(table.columns) > grouped + 1 else label
                points = [[0, value]] if isinstance(value, float) else []
                series.append(_log_series(whole or name, points))
    return {
        "kind": view,
        "series": series,
        "period": step,
        "stacked": stacked,
        "sparkline": False,
        "full": False,
        "legend": "bottom",
        "axes": {},
        "lines": [],
        "marks": [],
        "alarms": [],
    }


def _log_series(label: str, points: list[list[Any]]) -> Json:
    latest = points[-1][1] if points else None
    return {
        "label": label,
        "color": None,
        "unit": "",
        "axis": "left",
        "points": points,
        "latest": latest,
    }
