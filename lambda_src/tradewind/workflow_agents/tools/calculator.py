"""Arithmetic, and nothing else: an expression is read as a tree of numbers and a few functions.

Nothing is evaluated by Python's own `eval`, and each step is bounded before it is taken: numbers
have a most of digits, and an expression a most of parts.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import Field

from tradewind.workflow_agents.tools.tool import Arguments, ToolRefused

#: Of a whole number.
_MOST_BITS: Final = 10_000
_MOST_PARTS: Final = 500
_MOST_FACTORIAL: Final = 1_000

Number = int | float


class Calculation(Arguments):
    """What is calculated."""

    expression: str = Field(
        max_length=2_000, description="Such as 2 * (3 + 4) ** 2 or sqrt(2) / sin(pi / 6)."
    )


def _power(base: Number, exponent: Number) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        bits = abs(base).bit_length()
        if bits > 1 and bits * abs(exponent) > _MOST_BITS:
            raise ToolRefused("The result is too large.")
    return base**exponent


def _times(one: Number, other: Number) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        _check(one.bit_length() + other.bit_length())
    return one * other


def _factorial(number: Number) -> int:
    if not isinstance(number, int) or not 0 <= number <= _MOST_FACTORIAL:
        raise ToolRefused(f"factorial takes a whole number from 0 to {_MOST_FACTORIAL:,}.")
    return math.factorial(number)


def _round(number: Number, digits: Number = 0) -> Number:
    if not isinstance(digits, int) or abs(digits) > 400:  # noqa: PLR2004
        raise ToolRefused("round takes a whole number of digits.")
    return round(number, digits) if digits else round(number)


def _check(bits: int) -> None:
    if bits > _MOST_BITS:
        raise ToolRefused("The result is too large.")


_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_CONSTANTS: Final = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{
        name: getattr(math, name)
        for name in (
            *("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan"),
            *("atan2", "sinh", "cosh", "tanh", "degrees", "radians", "hypot", "floor", "ceil"),
            "trunc",
        )
    },
    "abs": abs,
    "min": min,
    "max": max,
    "round": _round,
    "factorial": _factorial,
}


def calculate(calculation: Calculation) -> str:
    """The value of an expression.

    Raises:
        ToolRefused: It has none, or it is no such expression.
    """
    # As people write powers.
    source = calculation.expression.replace("^", "**").strip()
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ToolRefused("That is no arithmetic expression.") from None
    if sum(1 for _ in ast.walk(tree)) > _MOST_PARTS:
        raise ToolRefused("The expression has too many parts.")
    try:
        value = _value(tree.body)
        if isinstance(value, float) and not math.isfinite(value):
            raise ToolRefused("The result is no finite number.")
        return str(value)
    except ZeroDivisionError:
        raise ToolRefused("Division by zero.") from None
    except (OverflowError, ValueError, TypeError) as error:
        told = "too large" if isinstance(error, OverflowError) else "not defined"
        raise ToolRefused(f"The result is {told}.") from None


def _value(node: ast.expr) -> Number:
    value = _computed(node)
    # A root of a negative number is complex, and a comparison a truth: neither is a number here.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToolRefused("The result is not defined.")
    if isinstance(value, int):
        _check(value.bit_length())
    return value


def _computed(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() | float()):
            return node.value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(node.operand))
        case ast.BinOp(op=op) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(node.left), _value(node.right))
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*[_value(argument) for argument in node.args])
    raise ToolRefused(
        f"Only numbers, + - * / // % **, {', '.join(_CONSTANTS)} and {', '.join(_FUNCTIONS)} "
        "can be calculated with."
    )
