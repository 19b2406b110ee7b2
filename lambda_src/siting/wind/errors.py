"""What the domain refuses."""

from math import isfinite
from typing import Final

from tradewind.contracts.errors import ToolInputError

#: Of a whole number out of range, as many are repeated.
_SHOWN_DIGITS: Final = 20


class WindError(ToolInputError, ValueError):
    """The input cannot be used. The message says what is wrong, where, and what would do."""


def require_within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a number that is not finite or out of range.

    Raises:
        WindError: It is; the message says what would do.
    """
    # In this order: a whole number may be too large to be made a float.
    if not (low <= value <= high and isfinite(value)):
        shown = f"{value:g}" if isinstance(value, float) else str(value)[:_SHOWN_DIGITS]
        allowed = f"{low:g} to {high:g} {unit}".rstrip()
        raise WindError(f"{name} is {shown}; give {allowed}.", field=name)
