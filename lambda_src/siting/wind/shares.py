"""Shares of a year, rounded as people publish them."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray

#: How far published shares may be from a whole year together. Twelve of them in whole percents are
#: 1 % off as a standard deviation (each is off by up to half a percent, evenly): three of those.
TOLERANCE: Final = 0.03

#: Below this it is the arithmetic, and nobody's rounding.
_NOTHING: Final = 1e-9


def shares_of_year(given: FloatArray) -> FloatArray:
    """Return shares that sum to 1, from those of a rose.

    Args:
        given: Shares of the year, by sector or wind state.

    Raises:
        WindError: One is negative or not finite, or they are no year together.
    """
    total = float(given.sum())
    if not (np.isfinite(given).all() and (given >= 0.0).all() and abs(total - 1.0) <= TOLERANCE):
        raise WindError(
            f"The frequencies sum to {total:.6g}; give shares of the year, none negative, that sum "
            f"to 1. What rounding leaves, up to {TOLERANCE:g}, is shared out."
        )
    return given / total


def rounding_of(given: Iterable[float]) -> str:
    """Say what shares sum to where that is no whole year, as a part of a sentence."""
    total = sum(given)
    return "" if abs(total - 1.0) < _NOTHING else f", which sum to {total:.4g} and were scaled to 1"
