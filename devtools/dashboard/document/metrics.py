"""A metric widget as the page takes it."""

import math
from collections.abc import Sequence
from typing import Final

from devtools.cloudwatch.series import Series
from devtools.dashboard.body import HorizontalAnnotation, MetricWidget, VerticalAnnotation, YAxis
from devtools.dashboard.document import content
from devtools.dashboard.document.content import Json
from devtools.dashboard.document.evaluation import Line
from devtools.dashboard.document.time_range import TimeRange
from devtools.dashboard.labels import default_labels, fill_label

_SUMMARY: Final = ("LAST", "MIN", "MAX", "AVG", "SUM")
_COLUMN_TITLES: Final = {
    "LAST": "Latest",
    "MIN": "Min",
    "MAX": "Max",
    "AVG": "Average",
    "SUM": "Sum",
}


def metric_content(
    widget: MetricWidget, lines: Sequence[Line], shown: TimeRange, alarms: Sequence[Json]
) -> Json:
    """Fill a metric widget.

    Args:
        widget: Which one.
        lines: Its series, evaluated.
        shown: From when to when.
        alarms: The states of the alarms that it names.
    """
    properties = widget.properties
    series = _series(widget, lines, shown)
    empty = "" if any(one["points"] for one in series) else "No data in this range"
    filled = content.filled(widget.title, properties.view, empty=empty) | content.chart(
        properties.view,
        series,
        stacked=properties.stacked,
        sparkline=properties.sparkline,
        full=properties.single_value_full_precision,
        legend=properties.legend.position,
        axes={side: _axis(axis) for side, axis in properties.y_axis.items()},
        lines=[_line(mark) for mark in widget.horizontal if mark.visible],
        marks=[_mark(mark) for mark in widget.vertical if mark.visible],
        alarms=list(alarms),
        range={"start": shown.start * 1000, "end": shown.end * 1000},
    )
    if properties.view == "table":
        filled |= _summary_table(series, properties.table.summary_columns)
    return filled


def _series(widget: MetricWidget, lines: Sequence[Line], shown: TimeRange) -> list[Json]:
    defaults = default_labels([line.row for line in lines], [line.statistic for line in lines])
    found = []
    for line, default in zip(lines, defaults, strict=True):
        points = _in_view(line.series, shown)
        summary = _summary([value for _, value in points])
        properties = {
            "Stat": line.statistic,
            "Period": str(line.series.grid.period),
            "Region": line.row.region or widget.properties.region or "",
        }
        label = fill_label(line.row.label or default, line.row, default, summary, properties)
        one = content.series(
            label + line.part,
            [[at * 1000, value] for at, value in points],
            line.series.grid.period,
            color=line.row.color,
            unit=line.unit,
            axis=line.row.y_axis,
        )
        found.append({**one, "summary": summary})
    return found


def _in_view(series: Series, shown: TimeRange) -> list[tuple[float, float]]:
    """The points in the range. The first period may begin before it: alone, it is in view."""
    points = [point for point in series.points if point[0] >= shown.start]
    if points or not series.points:
        return [(float(at), value) for at, value in points]
    return [(shown.start, series.points[-1][1])]


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
    columns = list(chosen or _SUMMARY)
    cells = [
        [
            {"value": line["label"]},
            *({"value": line["summary"][name], "unit": line["unit"]} for name in columns),
        ]
        for line in series
    ]
    return {"columns": ["", *(_COLUMN_TITLES[name] for name in columns)], "rows": cells}


def _axis(axis: YAxis) -> Json:
    return {"label": axis.label, "min": axis.min, "max": axis.max, "showUnits": axis.show_units}


def _line(mark: HorizontalAnnotation) -> Json:
    return {
        "value": mark.value,
        "upper": mark.upper,
        "label": mark.label,
        "color": mark.color,
        "fill": mark.fill,
        "axis": mark.y_axis,
    }


def _mark(mark: VerticalAnnotation) -> Json:
    return {
        "at": mark.value.timestamp() * 1000,
        "end": mark.end.timestamp() * 1000 if mark.end else None,
        "label": mark.label,
        "color": mark.color,
        "fill": mark.fill,
    }
