"""What the domain refuses."""

from math import isfinite

from tradewind.contracts.errors import ToolInputError


class WindError(ToolInputError, ValueError):
    """The input cannot be used. The message says what is wrong, where, and what would do."""


def require_within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a number that is not finite or out of range.

    Raises:
        WindError: It is; the message says what would do.
    """
    if not (isfinite(value) and low <= value <= high):
        allowed = f"{low:g} to {high:g} {unit}".rstrip()
        raise WindError(f"{name} is {value:g}; give {allowed}.", field=name)
