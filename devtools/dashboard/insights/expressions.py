"""Expressions: parsed into functions of one event's fields."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from devtools.dashboard.insights.language import CALENDAR, FUNCTIONS, SECONDS
from devtools.dashboard.insights.tokens import (
    NotEvaluated,
    QueryRefused,
    Tokens,
    compile_pattern,
)
from devtools.dashboard.insights.values import (
    Value,
    as_number,
    as_text,
    compare,
    is_true,
)

Fields = Mapping[str, Value]
Expression = Callable[[Fields], Value]

_BIN: Final = re.compile(r"bin\(\s*(\d+[A-Za-z]+)\s*\)", re.IGNORECASE)
#: A JSON message's booleans are 1 and 0.
_CONSTANTS: Final = {"true": 1.0, "false": 0.0}


def parse_named_list(tokens: Tokens) -> list[tuple[str, Expression, str]]:
    """Parse expressions with commas between them, each with its name and its text."""
    named = []
    while True:
        start = tokens.start
        expression = parse_expression(tokens)
        text = tokens.source(start)
        name = tokens.name() if tokens.accept("as") else text.strip("`")
        named.append((name, expression, text))
        if not tokens.accept(","):
            return named


def parse_expression(tokens: Tokens) -> Expression:
    """Parse an expression of any kind."""
    left = _and(tokens)
    while tokens.accept("or"):
        left = _combine(left, _and(tokens), lambda a, b: float(is_true(a) or is_true(b)))
    return left


def _and(tokens: Tokens) -> Expression:
    left = _not(tokens)
    while tokens.accept("and"):
        left = _combine(left, _not(tokens), lambda a, b: float(is_true(a) and is_true(b)))
    return left


def _not(tokens: Tokens) -> Expression:
    if tokens.accept("not"):
        inner = _not(tokens)
        return lambda row: float(not is_true(inner(row)))
    return _comparison(tokens)


def _comparison(tokens: Tokens) -> Expression:
    left = parse_sum(tokens)
    negated = tokens.accept("not")
    if tokens.text.lower() in {"like", "=~"}:
        tokens.advance()
        pattern = tokens.regex()
        found = compile_pattern(re.escape(tokens.string()) if pattern is None else pattern)
        return lambda row: float((found.search(as_text(left(row))) is not None) is not negated)
    if tokens.accept("in"):
        tokens.expect("[")
        options = [parse_sum(tokens)]
        while tokens.accept(","):
            options.append(parse_sum(tokens))
        tokens.expect("]")
        return lambda row: float(
            any(compare("=", left(row), option(row)) for option in options) is not negated
        )
    if negated:
        raise QueryRefused("After not, like or in is expected.")
    if tokens.text in {"=", "!=", "<", "<=", ">", ">="}:
        sign = tokens.advance()
        return _combine(left, parse_sum(tokens), lambda a, b: float(compare(sign, a, b)))
    return left


def parse_sum(tokens: Tokens) -> Expression:
    """Parse an expression without comparisons, ``and``, ``or`` and ``not``."""
    left = _product(tokens)
    while tokens.text in {"+", "-"}:
        sign = tokens.advance()
        left = _combine(left, _product(tokens), ARITHMETIC[sign])
    return left


def _product(tokens: Tokens) -> Expression:
    left = _primary(tokens)
    while tokens.text in {"*", "/"}:
        sign = tokens.advance()
        left = _combine(left, _primary(tokens), ARITHMETIC[sign])
    return left


def _primary(tokens: Tokens) -> Expression:
    if tokens.accept("("):
        inner = parse_expression(tokens)
        tokens.expect(")")
        return inner
    if tokens.accept("-"):
        operand = _primary(tokens)
        return lambda row: None if (n := as_number(operand(row))) is None else -n
    if tokens.kind in {"string", "number"}:
        constant = tokens.string() if tokens.kind == "string" else float(tokens.advance())
        return lambda _: constant
    quoted = tokens.text.startswith("`")
    name = tokens.name()
    if tokens.accept("("):
        return _call(name.lower(), tokens)
    if name in _CONSTANTS and not quoted:
        return lambda _: _CONSTANTS[name]
    tokens.fields_read.append(name)
    return lambda row: row.get(name)


def _call(name: str, tokens: Tokens) -> Expression:
    if name == "bin":
        if tokens.kind != "duration":
            raise QueryRefused("bin takes a duration such as 5m.")
        size = 1000 * _duration_s(tokens.advance())
        tokens.expect(")")
        if not size:
            raise QueryRefused("bin takes a duration above 0.")
        tokens.fields_read.append("@timestamp")
        return lambda row: (as_number(row.get("@timestamp")) or 0.0) // size * size
    arguments: list[Expression] = []
    while not tokens.accept(")"):
        arguments.append(parse_expression(tokens))
        if not tokens.accept(","):
            tokens.expect(")")
            break
    if name not in FUNCTIONS:
        raise QueryRefused(f"There is no function {name}().")
    if name not in _FUNCTIONS:
        raise NotEvaluated(f"The function {name}() is not evaluated here.")
    if not arguments:
        raise QueryRefused(f"The function {name}() takes an argument.")
    function = _FUNCTIONS[name]
    return lambda row: function([argument(row) for argument in arguments])


def _duration_s(text: str) -> float:
    unit = text.lstrip("0123456789")
    if unit.lower() in CALENDAR:
        raise NotEvaluated(f"Bins of {text}, as long as the calendar says, are not evaluated here.")
    if unit.lower() not in SECONDS:
        raise QueryRefused(f"{unit!r} is no unit of time.")
    return float(text.removesuffix(unit)) * SECONDS[unit.lower()]


def bin_width_s(column: str) -> float | None:
    """The width of the time bins that ``bin(5m)`` makes; None for any other expression."""
    match = _BIN.fullmatch(column)
    return _duration_s(match[1]) if match else None


def _first_number(change: Callable[[float], float]) -> Callable[[list[Value]], Value]:
    return lambda values: None if (n := as_number(values[0])) is None else float(change(n))


def _of_numbers(choose: Callable[[list[float]], float]) -> Callable[[list[Value]], Value]:
    def function(values: list[Value]) -> Value:
        numbers = [number for value in values if (number := as_number(value)) is not None]
        return choose(numbers) if numbers else None

    return function


_FUNCTIONS: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "ispresent": lambda values: float(values[0] is not None),
    "isempty": lambda values: float(values[0] in (None, "")),
    "isblank": lambda values: float(not as_text(values[0]).strip()),
    "coalesce": lambda values: next((value for value in values if value is not None), None),
    "strlen": lambda values: float(len(as_text(values[0]))),
    "tolower": lambda values: as_text(values[0]).lower(),
    "toupper": lambda values: as_text(values[0]).upper(),
    "abs": _first_number(abs),
    "ceil": _first_number(math.ceil),
    "floor": _first_number(math.floor),
    "greatest": _of_numbers(max),
    "least": _of_numbers(min),
}


def _combine(
    left: Expression, right: Expression, by: Callable[[Value, Value], Value]
) -> Expression:
    return lambda row: by(left(row), right(row))


def _arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def function(a: Value, b: Value) -> Value:
        one, other = as_number(a), as_number(b)
        if one is None or other is None:
            return None
        try:
            return as_number(calculate(one, other))
        except ZeroDivisionError:
            return None

    return function


ARITHMETIC: Final[Mapping[str, Callable[[Value, Value], Value]]] = {
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
}
