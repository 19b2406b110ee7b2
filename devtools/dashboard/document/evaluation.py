"""The series of a metric widget: what has to be read for them, and what they become."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devtools.cloudwatch.math import evaluate, names, parse
from devtools.cloudwatch.series import Grid, Series
from devtools.cloudwatch.statistics import StatisticError, parse_statistic
from devtools.dashboard.body import MetricWidget, Row
from devtools.dashboard.document.time_range import TimeRange
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources import SeriesQuery, SeriesResult

#: More points than this in a series are more than a screen shows; the period grows instead.
_MOST_POINTS: Final = 1000
_MINUTE: Final = 60


@dataclass(frozen=True)
class Line:
    """A series to draw: its row, its values and where they came from."""

    row: Row
    statistic: str
    series: Series
    unit: str
    part: str = ""


def _grid(widget: MetricWidget, row: Row, shown: TimeRange) -> Grid:
    span = shown.end - shown.start
    if widget.properties.set_period_to_time_range:
        period = max(_MINUTE, math.ceil(span / _MINUTE) * _MINUTE)
        # Whatever is in the range's last second may be all that there is, right after it happened.
        end = math.ceil(shown.end)
        return Grid(end - period, end, period)
    period = row.period or widget.properties.period
    period *= max(1, math.ceil(span / period / _MOST_POINTS))
    return Grid.aligned(shown.start, shown.end, period)


def queries_of(widget: MetricWidget, shown: TimeRange) -> set[SeriesQuery]:
    """The series that a widget's rows need: an expression needs its metrics in its own periods."""
    found = set()
    grids = {_grid(widget, row, shown) for row in widget.rows if row.expression}
    for row in widget.rows:
        if row.metric is not None:
            for grid in {_grid(widget, row, shown), *(grids if row.id else ())}:
                query = _query_of(widget, row, row.metric, grid)
                if _known_statistic(query.statistic):
                    found.add(query)
    return found


def _query_of(widget: MetricWidget, row: Row, metric: MetricId, grid: Grid) -> SeriesQuery:
    properties = widget.properties
    return SeriesQuery(metric, row.stat or properties.stat, grid, row.region or properties.region)


def evaluated_lines(
    widget: MetricWidget, shown: TimeRange, results: Mapping[SeriesQuery, SeriesResult]
) -> list[Line]:
    """The series that a widget draws, with its expressions evaluated.

    Raises:
        MathError: An expression cannot be evaluated.
        StatisticError: A row asks for a statistic that does not exist.
    """
    lines: list[Line] = []
    for row in widget.rows:
        if not row.visible:
            _validate(row)
        elif row.metric is not None:
            query = _query_of(widget, row, row.metric, _grid(widget, row, shown))
            parse_statistic(query.statistic)
            result = results[query]
            # A number of samples is in no unit of the samples.
            unit = "" if query.statistic == "SampleCount" else result.unit
            lines.append(Line(row, query.statistic, result.series, unit))
        else:
            lines += _expression_lines(widget, row, _grid(widget, row, shown), results)
    return lines


def _expression_lines(
    widget: MetricWidget, row: Row, grid: Grid, results: Mapping[SeriesQuery, SeriesResult]
) -> list[Line]:
    metrics = {
        other.id: results[_query_of(widget, other, other.metric, grid)]
        for other in widget.rows
        if other.id and other.metric is not None
    }
    text = row.expression or ""
    value = evaluate(
        text,
        grid=grid,
        metrics={key: result.series for key, result in metrics.items()},
        expressions={
            other.id: other.expression for other in widget.rows if other.id and other.expression
        },
    )
    statistic = row.stat or widget.properties.stat
    unit = _unit_of(text, {key: result.unit for key, result in metrics.items()})
    if isinstance(value, Series):
        return [Line(row, statistic, value, unit)]
    return [
        Line(row, statistic, series, unit, f" {number}") for number, series in enumerate(value, 1)
    ]


def _known_statistic(statistic: str) -> bool:
    try:
        parse_statistic(statistic)
    except StatisticError:
        return False
    return True


def _validate(row: Row) -> None:
    """A row that is not drawn must be possible all the same."""
    if row.expression:
        parse(row.expression)
    elif row.stat:
        parse_statistic(row.stat)


def _unit_of(expression: str, units: Mapping[str, str]) -> str:
    """The unit that an expression keeps: that of its metrics when it only adds or picks."""
    used = {units[name] for name in names(expression) if name in units}
    return used.pop() if len(used) == 1 and not set("*/^") & set(expression) else ""
