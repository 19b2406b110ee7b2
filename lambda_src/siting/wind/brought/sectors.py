"""Weibull sectors that people bring: a rose as CSV, and what all brought sectors are checked by."""

from math import exp, lgamma
from typing import Final

import numpy as np

from siting.wind.brought.table import read_table
from siting.wind.errors import WindError
from siting.wind.rose import MAX_SHEAR_EXPONENT, MIN_SHEAR_EXPONENT, Weibull, weibull_of_moments
from siting.wind.shares import TOLERANCE, shares_of_year
from siting.wind.turbines import FloatArray
from siting.wind.wake.states import WeibullSectors

_DIRECTION: Final = "direction_degrees"
_FREQUENCY: Final = "frequency"
_A: Final = "weibull_a_m_per_s"
_K: Final = "weibull_k"
#: The columns of a rose, and how their headers may be spelled.
COLUMNS: Final = {
    _DIRECTION: ("direction_degrees", "sector_degrees", "wind_direction_degrees"),
    _FREQUENCY: ("frequency", "frequency_percent", "share", "share_percent"),
    _A: ("weibull_a_m_s", "a_m_s"),
    _K: ("weibull_k", "k"),
}
_PERCENT: Final = 100.0
_MIN_SECTORS, _MAX_SECTORS = 4, 72
_DIRECTION_TOLERANCE_DEGREES: Final = 0.01


def read_rose(text: object, height_m: float, shear_exponent: float) -> WeibullSectors:
    """Read a wind rose: a row per sector with its direction, frequency, A and k.

    Sectors are of equal width, the first one centred on north, in any order; frequencies are shares
    or percents.

    Args:
        text: The file.
        height_m: Metres over ground that it holds for.
        shear_exponent: By which its speeds are taken to other heights.

    Raises:
        WindError: It is no such rose.
    """
    table = read_table(text, COLUMNS)
    direction = table.numbers(_DIRECTION) % 360.0
    count = len(direction)
    if not _MIN_SECTORS <= count <= _MAX_SECTORS:
        raise WindError(f"The rose has {count} sectors; give {_MIN_SECTORS} to {_MAX_SECTORS}.")
    order = np.argsort(direction, kind="stable")
    middles = np.linspace(0.0, 360.0, count, endpoint=False)
    if np.abs(direction[order] - middles).max() > _DIRECTION_TOLERANCE_DEGREES:
        raise WindError(
            f"The rose's directions must be the middles of {count} equally wide sectors, the first "
            f"one on north: 0, {360.0 / count:g}, {720.0 / count:g} degrees and so on, each once."
        )
    return sectors_at(
        frequency=as_shares(table.numbers(_FREQUENCY)[order]),
        a_m_per_s=table.numbers(_A)[order],
        k=table.numbers(_K)[order],
        height_m=height_m,
        shear_exponent=np.full(count, shear_exponent),
    )


def as_shares(given: FloatArray) -> FloatArray:
    """Return shares of the year from shares or percents, whichever they sum to.

    Raises:
        WindError: They are neither.
    """
    percents = abs(float(given.sum()) / _PERCENT - 1.0) <= TOLERANCE
    return shares_of_year(given / _PERCENT if percents else given)


def sectors_at(
    *,
    frequency: FloatArray,
    a_m_per_s: FloatArray,
    k: FloatArray,
    height_m: float,
    shear_exponent: FloatArray,
) -> WeibullSectors:
    """Return sectors with their shear within its bounds."""
    shear = np.clip(shear_exponent, MIN_SHEAR_EXPONENT, MAX_SHEAR_EXPONENT)
    return WeibullSectors(frequency, a_m_per_s, k, height_m, shear)


def means_m_per_s(sectors: WeibullSectors) -> FloatArray:
    """Each sector's mean speed."""
    return np.array(
        [
            Weibull(a, k).mean_m_per_s
            for a, k in zip(sectors.a_m_per_s.tolist(), sectors.k.tolist(), strict=True)
        ]
    )


def of_all(sectors: WeibullSectors) -> Weibull:
    """The Weibull distribution with the mean and the mean cube of all sectors together."""
    mean = float(sectors.frequency @ means_m_per_s(sectors))
    gamma = np.array([exp(lgamma(1.0 + 3.0 / k)) for k in sectors.k.tolist()])
    cube = float(sectors.frequency @ (sectors.a_m_per_s**3 * gamma))
    return weibull_of_moments(mean, cube / mean**3)
