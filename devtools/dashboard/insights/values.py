"""Values of log fields: how they are compared, ordered and shown.

The user guide leaves open how a value that may be text or a number is compared: here as numbers
where both can be read as one, and as text otherwise.
"""

import math
from typing import Any

Value = str | float | None


def compare(sign: str, a: Value, b: Value) -> bool:
    """Compare two values with one of ``= != < <= > >=``; nothing is less or more than None."""
    if a is None or b is None:
        return sign == "!=" and (a is None) is not (b is None)
    one, other = as_number(a), as_number(b)
    left, right = (
        (one, other) if one is not None and other is not None else (as_text(a), as_text(b))
    )
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,  # type: ignore[operator]
        "<=": left <= right,  # type: ignore[operator]
        ">": left > right,  # type: ignore[operator]
        ">=": left >= right,  # type: ignore[operator]
    }[sign]


def sort_key(value: Value) -> tuple[int, float, str]:
    """What a value is sorted by: numbers before texts."""
    number = as_number(value)
    return (0, number, "") if number is not None else (1, 0.0, as_text(value))


def is_true(value: Value) -> bool:
    """Whether a condition with this value holds."""
    return value not in (None, 0, 0.0, "", "false")


def as_number(value: Any) -> float | None:
    """The finite number that a value is or can be read as, else None."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_text(value: Value) -> str:
    """A value as text; empty for None."""
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else value
