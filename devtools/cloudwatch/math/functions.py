"""The functions of metric math.

What ``MIN``, ``MAX`` and ``STDDEV`` over several series do with a missing datapoint, the user guide
leaves open: they pass over it. So does ``SORT``, which puts series without a datapoint last.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Final

from devtools.cloudwatch.math.arithmetic import Result, Value, as_series, map_numbers
from devtools.cloudwatch.math.expression import MathError
from devtools.cloudwatch.series import Grid, Series

Function = Callable[..., Value]


def _per_point(change: Callable[[float], float]) -> tuple[int, int, Function]:
    def function(_: Grid, value: Value) -> Value:
        return map_numbers(_no_number(value), change)

    return 1, 1, function


def _per_series(change: Callable[[Series], Series]) -> tuple[int, int, Function]:
    def function(_: Grid, value: Value) -> Value:
        value = _no_number(value)
        return tuple(map(change, value)) if isinstance(value, tuple) else change(value)

    return 1, 1, function


def _reducing(
    reduce: Callable[[list[float]], float], *, missing_is_zero: bool
) -> tuple[int, int, Function]:
    """A function that makes one series a number, and several series one series."""

    def values_of(values: tuple[float | None, ...]) -> list[float]:
        if missing_is_zero:
            return [value or 0.0 for value in values]
        return [value for value in values if value is not None]

    def function(grid: Grid, value: Value) -> Value:
        value = _no_number(value)
        if isinstance(value, Series):
            return float(reduce(values_of(value.values))) if value.existing else 0.0
        columns = zip(*value, strict=True) if value else ((None,) for _ in grid.times)
        return Series(
            grid,
            tuple(
                None if all(v is None for v in column) else reduce(values_of(column))
                for column in columns
            ),
        )

    return 1, 1, function


def _no_number(value: Value) -> Result:
    if isinstance(value, float):
        raise MathError("the function takes time series, not a number")
    return value


def _array(value: Value) -> tuple[Series, ...]:
    if not isinstance(value, tuple):
        raise MathError("the function takes an array of time series")
    return value


def _changes(change: Callable[[float, float], float]) -> Callable[[Series], Series]:
    """From each datapoint and the time (in s) since the one before, by ``change``."""

    def function(series: Series) -> Series:
        result = {
            time: change(value - before, float(time - time_before))
            for (time_before, before), (time, value) in pairwise(series.points)
        }
        return Series(series.grid, tuple(result.get(time) for time in series.grid.times))

    return function


def _running_sum(series: Series) -> Series:
    if None not in series.values:
        return Series(series.grid, tuple(accumulate(series.values)))
    total = 0.0

    def add(value: float) -> float:
        nonlocal total
        total += value
        return total

    return series.map(add)


def fill_repeating(series: Series) -> Series:
    """Fill each gap with the value before it."""
    filled: list[float | None] = []
    last = None
    for value in series:
        last = last if value is None else value
        filled.append(last)
    return Series(series.grid, tuple(filled))


def fill_linear(series: Series) -> Series:
    """Fill each gap with a straight line between its neighbours."""
    filled = list(series.values)
    there = [index for index, value in enumerate(series.values) if value is not None]
    for first, last in pairwise(there):
        low, high = series.values[first], series.values[last]
        assert low is not None  # noqa: S101  for the type checker: both are there
        assert high is not None  # noqa: S101
        for index in range(first + 1, last):
            filled[index] = low + (high - low) * (index - first) / (last - first)
    return Series(series.grid, tuple(filled))


def _if(grid: Grid, condition: Value, yes: Value, no: Value | None = None) -> Value:
    for part in (condition, yes, no):
        if isinstance(part, tuple):
            raise MathError("IF() takes numbers and single time series, not arrays")
    assert not isinstance(condition, tuple)  # noqa: S101  for the type checker
    assert not isinstance(yes, tuple)  # noqa: S101
    assert not isinstance(no, tuple)  # noqa: S101
    nothing = Series(grid, (None,) * len(grid))
    if isinstance(condition, float):
        chosen = yes if condition else no
        return nothing if chosen is None else chosen
    when_true, when_false = as_series(yes, grid), nothing if no is None else as_series(no, grid)

    parts = zip(condition.values, when_true.values, when_false.values, strict=True)
    return Series(grid, tuple(None if c is None else (a or 0.0) if c else b for c, a, b in parts))


def _time_series(grid: Grid, value: Value) -> Value:
    if not isinstance(value, float):
        raise MathError("TIME_SERIES() takes a number")
    return as_series(value, grid)


def _datapoint_count(grid: Grid, value: Value) -> Value:
    value = _no_number(value)
    if isinstance(value, Series):
        return float(len(value.existing))
    columns = zip(*value, strict=True) if value else (() for _ in grid.times)
    return Series(grid, tuple(float(sum(v is not None for v in c)) or None for c in columns))


def _clock(read: Callable[[datetime], float]) -> tuple[int, int, Function]:
    def function(grid: Grid, value: Value) -> Value:
        if not isinstance(value, Series):
            raise MathError("the function takes one time series")
        return Series(
            grid, tuple(float(read(datetime.fromtimestamp(time, UTC))) for time in grid.times)
        )

    return 1, 1, function


def _slice(_: Grid, value: Value, begin: Value, end: Value = math.inf) -> Value:
    series = _array(value)
    if not isinstance(begin, float) or not isinstance(end, float):
        raise MathError("SLICE() takes an array and one or two numbers")
    return series[int(begin) : int(min(end, len(series)))]


def _first(value: Value, index: int) -> Value:
    series = _array(value)
    if not series:
        raise MathError("FIRST() and LAST() need an array that is not empty")
    return series[index]


#: By name: the least and the most arguments, and the function, whose first argument is the grid.
FUNCTIONS: Final[Mapping[str, tuple[int, int, Function]]] = {
    "ABS": _per_point(abs),
    "AVG": _reducing(statistics.fmean, missing_is_zero=True),
    "CEIL": _per_point(math.ceil),
    "DATAPOINT_COUNT": (1, 1, _datapoint_count),
    "DATE": _clock(lambda at: at.day),
    "DAY": _clock(lambda at: at.isoweekday()),
    "DIFF": _per_series(_changes(lambda change, _: change)),
    "DIFF_TIME": _per_series(_changes(lambda _, seconds: seconds)),
    "EPOCH": _clock(lambda at: at.timestamp()),
    "FIRST": (1, 1, lambda _, value: _first(value, 0)),
    "FLOOR": _per_point(math.floor),
    "HOUR": _clock(lambda at: at.hour),
    "IF": (2, 3, _if),
    "LAST": (1, 1, lambda _, value: _first(value, -1)),
    "LOG": _per_point(math.log),
    "LOG10": _per_point(math.log10),
    "MAX": _reducing(max, missing_is_zero=False),
    "METRIC_COUNT": (1, 1, lambda _, value: float(len(_array(value)))),
    "MIN": _reducing(min, missing_is_zero=False),
    "MINUTE": _clock(lambda at: at.minute),
    "MONTH": _clock(lambda at: at.month),
    "RATE": _per_series(_changes(lambda change, seconds: change / seconds)),
    "REMOVE_EMPTY": (1, 1, lambda _, value: tuple(s for s in _array(value) if s.existing)),
    "RUNNING_SUM": _per_series(_running_sum),
    "SLICE": (2, 3, _slice),
    "STDDEV": _reducing(statistics.pstdev, missing_is_zero=False),
    "SUM": _reducing(math.fsum, missing_is_zero=False),
    "TIME_SERIES": (1, 1, _time_series),
    "YEAR": _clock(lambda at: at.year),
}

#: Those that tell the time: they have other results at other times, of the same values.
CLOCKS: Final = frozenset({"DATE", "DAY", "EPOCH", "HOUR", "MINUTE", "MONTH", "YEAR"})

#: What SORT() may sort by.
SORTED_BY: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}

#: CloudWatch's functions that are not evaluated here, each with the reason.
UNSUPPORTED: Final[Mapping[str, str]] = {
    "ANOMALY_DETECTION_BAND": "its band comes from a model that CloudWatch trains",
    "DB_PERF_INSIGHTS": "it reads a database's Performance Insights",
    "INSIGHT_RULE_METRIC": "it reads a Contributor Insights rule",
    "LAMBDA": "it calls a function",
    "SEARCH": "its metrics are those an account happens to have; name them one by one",
    "SERVICE_QUOTA": "it reads an account's quotas",
}
