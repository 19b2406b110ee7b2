"""Statistics: parsed into functions of a group of events."""

from collections.abc import Callable, Sequence
from typing import Final

from devtools.cloudwatch.series import Grid, Sample, aggregate
from devtools.dashboard.insights.expressions import (
    ARITHMETIC,
    Expression,
    Fields,
    parse_expression,
)
from devtools.dashboard.insights.language import FUNCTIONS
from devtools.dashboard.insights.tokens import NotEvaluated, QueryRefused, Tokens
from devtools.dashboard.insights.values import Value, as_number

Reduce = Callable[[Sequence[Fields]], Value]

_STATISTICS: Final = {"avg": "Average", "sum": "Sum", "min": "Minimum", "max": "Maximum"}


def parse_statistics(tokens: Tokens) -> Reduce:
    """Parse a statistic such as ``pct(latency, 99)``, or what is worked out of several."""
    left = _product(tokens)
    while tokens.text in {"+", "-"}:
        sign = tokens.advance()
        left = _combine(left, _product(tokens), sign)
    return left


def _product(tokens: Tokens) -> Reduce:
    left = _primary(tokens)
    while tokens.text in {"*", "/"}:
        sign = tokens.advance()
        left = _combine(left, _primary(tokens), sign)
    return left


def _primary(tokens: Tokens) -> Reduce:
    if tokens.accept("("):
        inner = parse_statistics(tokens)
        tokens.expect(")")
        return inner
    if tokens.kind == "number":
        number = float(tokens.advance())
        return lambda _: number
    return _statistic_call(tokens)


def _combine(left: Reduce, right: Reduce, sign: str) -> Reduce:
    return lambda rows: ARITHMETIC[sign](left(rows), right(rows))


def _statistic_call(tokens: Tokens) -> Reduce:
    name = tokens.name().lower()
    if tokens.text == "(" and name not in FUNCTIONS:
        raise QueryRefused(f"There is no statistic {name}().")
    tokens.expect("(")
    if name == "count" and (tokens.accept("*") or tokens.text == ")"):
        tokens.expect(")")
        return lambda rows: float(len(rows))
    expression = parse_expression(tokens)
    rank = ""
    if name in {"pct", "percentile"}:
        tokens.expect(",")
        if tokens.kind != "number":
            raise QueryRefused(f"{name}() takes a field and a number of percent.")
        rank = tokens.advance()
    tokens.expect(")")

    def values(rows: Sequence[Fields]) -> list[Value]:
        return [value for row in rows if (value := expression(row)) is not None]

    match name:
        case "count":
            return lambda rows: float(len(values(rows)))
        case "count_distinct":
            return lambda rows: float(len(set(values(rows))))
        case "earliest":
            return lambda rows: _value_of(rows, expression, min)
        case "latest":
            return lambda rows: _value_of(rows, expression, max)
        case "avg" | "sum" | "min" | "max":
            statistic = _STATISTICS[name]
        case "pct" | "percentile":
            statistic = f"p{rank}"
        case "median":
            statistic = "p50"
        case _:
            raise NotEvaluated(f"The statistic {name}() is not evaluated here.")

    return lambda rows: _statistic(statistic, values(rows))


def _statistic(statistic: str, values: Sequence[Value]) -> Value:
    numbers = [number for value in values if (number := as_number(value)) is not None]
    if not numbers:
        return None
    try:
        return aggregate([Sample.of(0, *numbers)], statistic, Grid(0, 1, 1)).values[0]
    except ValueError as error:
        raise NotEvaluated(str(error)) from None


def _value_of(
    rows: Sequence[Fields], expression: Expression, choose: Callable[..., Fields]
) -> Value:
    there = [row for row in rows if expression(row) is not None]
    if not there:
        return None
    return expression(choose(there, key=lambda row: as_number(row.get("@timestamp")) or 0.0))
