"""Operators between numbers, series and arrays of series, and what they do with a missing value."""

import math
import operator
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Final

from devtools.cloudwatch.math.expression import MathError
from devtools.cloudwatch.series import Grid, Series

#: What an expression's parts may be. The result of a whole expression is never a scalar.
Value = float | Series | tuple[Series, ...]
Result = Series | tuple[Series, ...]


def _divided(a: float, b: float) -> float:
    # No exception: it would end what is done for all datapoints at once.
    return a / b if b else math.nan


_TRUTHS: Final[Mapping[str, Callable[..., bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "AND": lambda a, b: bool(a and b),
    "OR": lambda a, b: bool(a or b),
}
_OPERATORS: Final[Mapping[str, Callable[..., float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "^": operator.pow,
    **_TRUTHS,
}


def operate(sign: str, left: Value, right: Value) -> Value:
    """Apply an operator, datapoint by datapoint where there are series.

    Raises:
        MathError: Two arrays, or two numbers without a finite result.
    """
    if isinstance(left, tuple) and isinstance(right, tuple):
        raise MathError(f"{sign!r} between two arrays of time series is not possible")
    if isinstance(left, tuple):
        return tuple(_between(sign, item, right) for item in left)  # type: ignore[arg-type]
    if isinstance(right, tuple):
        return tuple(_between(sign, left, item) for item in right)
    if isinstance(left, float) and isinstance(right, float):
        result = _finite_or_missing(_OPERATORS[sign], left, right)
        if result is None:
            raise MathError(f"{left:g} {sign} {right:g} has no result")
        return result
    return _between(sign, left, right)


def _all_at_once(sign: str, left: float | Series, right: float | Series) -> Series | None:
    """What it comes to where no value is missing before; else None.

    Of most operations, and many times as fast as datapoint by datapoint.
    """
    calculate = _OPERATORS[sign]
    grid = left.grid if isinstance(left, Series) else right.grid  # type: ignore[union-attr]
    lefts, rights = (
        one.values if isinstance(one, Series) else repeat(one, len(grid)) for one in (left, right)
    )
    try:
        if sign in _TRUTHS:
            if any(isinstance(one, Series) and None in one.values for one in (left, right)):
                return None
            return Series(grid, tuple(map(float, map(calculate, lefts, rights))))
        # With what is missing, there is no arithmetic.
        values = tuple(map(calculate, lefts, rights))
        if all(map(math.isfinite, values)):
            return Series(grid, values)
        return Series(grid, tuple(one if math.isfinite(one) else None for one in values))
    except (ArithmeticError, TypeError):  # complex numbers, too
        return None


def _between(sign: str, left: float | Series, right: float | Series) -> Series:
    if (at_once := _all_at_once(sign, left, right)) is not None:
        return at_once
    calculate = _OPERATORS[sign]
    # A number beside a series has a value only where the series has one.
    if isinstance(left, float):
        assert isinstance(right, Series)  # noqa: S101  two numbers never come here
        return right.map(lambda value: _finite_or_missing(calculate, left, value))
    if isinstance(right, float):
        return left.map(lambda value: _finite_or_missing(calculate, value, right))

    def combine(a: float | None, b: float | None) -> float | None:
        if a is None and b is None:
            return None
        return _finite_or_missing(calculate, a or 0.0, b or 0.0)

    return zip_values(left, right, combine)


def map_numbers(value: Value, change: Callable[[float], float]) -> Value:
    """Change every number in a value."""
    if isinstance(value, float):
        return change(value)

    def changed(series: Series) -> Series:
        return series.map(lambda number: _finite_or_missing(change, number))

    return tuple(map(changed, value)) if isinstance(value, tuple) else changed(value)


def zip_values(
    left: Series, right: Series, combine: Callable[[float | None, float | None], float | None]
) -> Series:
    """Combine two series of the same periods, datapoint by datapoint."""
    return Series(left.grid, tuple(map(combine, left.values, right.values)))


def as_series(value: float | Series, grid: Grid) -> Series:
    """Make of a number a series that has it in every period."""
    return value if isinstance(value, Series) else Series(grid, (value,) * len(grid))


def _finite_or_missing(calculate: Callable[..., float], *numbers: float) -> float | None:
    """A datapoint whose calculation has no finite result is dropped."""
    try:
        result = calculate(*numbers)
    except (ArithmeticError, ValueError):
        return None
    # A negative number to the power of a fraction is complex in Python.
    return float(result) if type(result) is not complex and math.isfinite(result) else None
