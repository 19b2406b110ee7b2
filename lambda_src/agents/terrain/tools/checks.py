"""What tools refuse before they begin."""

from math import isfinite

from tradewind.contracts.errors import ToolInputError


def require(name: str, value: float, low: float, high: float, unit: str) -> None:
    """Refuse a number that is out of range.

    Raises:
        ToolInputError: It is; the message says what would do.
    """
    if not (isfinite(value) and low <= value <= high):
        raise ToolInputError(
            f"{name} is {value:g}; give {low:g} to {high:g} {unit}".rstrip() + ".", field=name
        )
