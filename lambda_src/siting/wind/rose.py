"""From hours of wind to a wind rose: sectors, Weibull fits and the wind at hub height.

Directions are where the wind comes from, in degrees from north, clockwise. A sector is centred on
its direction: with twelve of them the first holds 345 to 15 degrees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, lgamma
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siting.wind.errors import WindError

FloatArray = NDArray[np.float64]

MIN_SECTORS: Final = 4
MAX_SECTORS: Final = 36
#: Metres over ground that two reanalysis heights say something about.
MIN_HUB_HEIGHT_M: Final = 30.0
MAX_HUB_HEIGHT_M: Final = 250.0
#: Below this many hours a sector's own shape is chance; it takes that of all directions.
MIN_HOURS_TO_FIT: Final = 100
#: An hour's exponent is held within these: outside of them two heights near the ground tell of a
#: calm or of an inversion below the hub, and nothing about the wind up there.
MIN_SHEAR_EXPONENT: Final = 0.0
MAX_SHEAR_EXPONENT: Final = 0.6
#: Shapes that wind has anywhere; 1 is exponential, 2 Rayleigh.
MIN_WEIBULL_K: Final = 0.7
MAX_WEIBULL_K: Final = 10.0
_FIT_TOLERANCE: Final = 1e-10
_ROUNDING: Final = 1e-9
#: A value this near to its bound was held there; documents have four decimals.
_HELD: Final = 5e-5

FIT_METHOD: Final = (
    "Method of moments per sector: A and k have the mean wind speed and the mean of its cube, to "
    "which energy is proportional, of the sector's hours. A sector of fewer than "
    f"{MIN_HOURS_TO_FIT} hours has the k of all directions."
)
EXTRAPOLATION_METHOD: Final = (
    "Power law, hour by hour: the exponent between the speeds at the two heights of the data, held "
    f"within {MIN_SHEAR_EXPONENT:g} to {MAX_SHEAR_EXPONENT:g}, applied from the upper height to "
    "the hub. A sector's exponent is the mean of its hours', weighted by their speed: it takes the "
    "sector to a hub of another height."
)


@dataclass(frozen=True, slots=True)
class Weibull:
    """A Weibull distribution of wind speed: P(v > x) = exp(-(x / A)^k).

    Attributes:
        a_m_per_s: Scale.
        k: Shape, without unit.
    """

    a_m_per_s: float
    k: float

    @property
    def mean_m_per_s(self) -> float:
        """The distribution's mean."""
        return self.a_m_per_s * exp(lgamma(1.0 + 1.0 / self.k))


@dataclass(frozen=True, slots=True)
class WindHours:
    """Hours of wind at two heights, one array element per hour, none of them missing.

    Attributes:
        year: The calendar year.
        month: 1 to 12.
        hour: Of the day, 0 to 23, in UTC.
        direction_degrees: Where the wind at the upper height comes from.
        upper_m_per_s: Speed at the upper height.
        lower_m_per_s: Speed at the lower height.
        upper_height_m: Metres over ground.
        lower_height_m: Metres over ground.
    """

    year: FloatArray
    month: FloatArray
    hour: FloatArray
    direction_degrees: FloatArray
    upper_m_per_s: FloatArray
    lower_m_per_s: FloatArray
    upper_height_m: float
    lower_height_m: float


@dataclass(frozen=True, slots=True)
class Sector:
    """The wind from one direction at hub height.

    Attributes:
        direction_degrees: The sector's middle.
        hours: How many hours of the data it holds.
        frequency: Its share of all hours.
        mean_m_per_s: Mean speed at hub height; 0 without hours.
        weibull: Distribution of the speed at hub height.
        shear_exponent: By which its mean speed grows with height, at hub height.
        fitted_by_itself: Whether it had hours enough; otherwise it has the shape of all directions.
    """

    direction_degrees: float
    hours: int
    frequency: float
    mean_m_per_s: float
    weibull: Weibull
    shear_exponent: float
    fitted_by_itself: bool


@dataclass(frozen=True, slots=True)
class Spell:
    """The wind at hub height in one month, or in one hour of the day.

    Attributes:
        mean_m_per_s: Mean speed.
        weibull: Distribution of the speed.
    """

    mean_m_per_s: float
    weibull: Weibull


@dataclass(frozen=True, slots=True)
class WindClimate:
    """The wind at one place and hub height.

    Attributes:
        hub_height_m: Metres over ground.
        sectors: Clockwise from north.
        mean_m_per_s: Mean speed at hub height.
        weibull: Distribution of the speed from all directions.
        months: From January on; None without wind.
        hours_of_day: From 0 to 1 o'clock in UTC on; None without wind.
        shear_held_share: Of the hours, how many have an exponent that was held at a bound.
        yearly_mean_m_per_s: Mean speed at hub height of each calendar year.
    """

    hub_height_m: float
    sectors: tuple[Sector, ...]
    mean_m_per_s: float
    weibull: Weibull
    months: tuple[Spell | None, ...]
    hours_of_day: tuple[Spell | None, ...]
    shear_held_share: float
    yearly_mean_m_per_s: dict[int, float]


def sector_of(direction_degrees: FloatArray, sectors: int) -> FloatArray:
    """Return the number of the sector each direction lies in, 0 being centred on north.

    A direction on the border of two sectors belongs to the clockwise one.
    """
    width = 360.0 / sectors
    return np.asarray(np.floor(((direction_degrees + width / 2.0) % 360.0) / width) % sectors)


def fit_weibull(speed_m_per_s: FloatArray) -> Weibull:
    """Fit a Weibull distribution by moments: it has the speeds' mean and mean cube.

    Calms need no special care, and the energy in the wind is kept, which a fit by likelihood does
    not promise.

    Raises:
        WindError: There is no wind to fit.
    """
    mean = float(speed_m_per_s.mean()) if speed_m_per_s.size else 0.0
    if not (isfinite(mean) and mean > 0.0):
        raise WindError("There are no hours with wind to fit a Weibull distribution to.")
    return weibull_of_moments(mean, float(((speed_m_per_s / mean) ** 3).mean()))


def weibull_of_moments(mean_m_per_s: float, wanted: float) -> Weibull:
    """Return the distribution of a mean speed and a mean cube, k held within its bounds.

    Args:
        mean_m_per_s: The mean.
        wanted: The mean cube, as a multiple of the mean's cube.
    """
    # For Weibull speeds, <v^3> / <v>^3 = gamma(1 + 3/k) / gamma(1 + 1/k)^3, which falls with k.
    low, high = MIN_WEIBULL_K, MAX_WEIBULL_K
    while high - low > _FIT_TOLERANCE:
        k = (low + high) / 2.0
        if exp(lgamma(1.0 + 3.0 / k) - 3.0 * lgamma(1.0 + 1.0 / k)) > wanted:
            low = k
        else:
            high = k
    return weibull_with_mean(mean_m_per_s, (low + high) / 2.0)


def shear_exponents(hours: WindHours) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the power law's exponent of each hour, and whether it was held at a bound.

    An hour without wind at one of the heights has the lower bound, and was not held there.
    """
    upper, lower = hours.upper_m_per_s, hours.lower_m_per_s
    both = (upper > 0.0) & (lower > 0.0)
    ratio = np.divide(upper, lower, out=np.ones_like(upper), where=both)
    found = np.log(ratio) / np.log(hours.upper_height_m / hours.lower_height_m)
    within = np.clip(found, MIN_SHEAR_EXPONENT, MAX_SHEAR_EXPONENT)
    # What rounding leaves of a bound is not held.
    held = np.abs(within - found) > _ROUNDING
    return np.where(both, within, MIN_SHEAR_EXPONENT), held


def wind_climate(hours: WindHours, *, hub_height_m: float, sectors: int) -> WindClimate:
    """Return sector frequencies and Weibull distributions at hub height.

    Args:
        hours: The data.
        hub_height_m: Metres over ground.
        sectors: How many; each is centred on its direction, the first on north.

    Raises:
        WindError: A value is out of range, or there is no wind.
    """
    if not MIN_SECTORS <= sectors <= MAX_SECTORS:
        raise WindError(f"sectors is {sectors}; give {MIN_SECTORS} to {MAX_SECTORS}.")
    if not MIN_HUB_HEIGHT_M <= hub_height_m <= MAX_HUB_HEIGHT_M:
        raise WindError(
            f"hub_height_m is {hub_height_m:g}; give {MIN_HUB_HEIGHT_M:g} to "
            f"{MAX_HUB_HEIGHT_M:g} m over ground."
        )
    if not hours.upper_m_per_s.size:
        raise WindError("There are no hours of wind.")
    exponents, held = shear_exponents(hours)
    at_hub = hours.upper_m_per_s * (hub_height_m / hours.upper_height_m) ** exponents
    everywhere = fit_weibull(at_hub)
    members = sector_of(hours.direction_degrees, sectors)
    found = tuple(
        _sector(
            number * 360.0 / sectors,
            at_hub[members == number],
            len(at_hub),
            everywhere,
            _mean_exponent(exponents, at_hub, members == number),
        )
        for number in range(sectors)
    )
    return WindClimate(
        hub_height_m=hub_height_m,
        sectors=found,
        mean_m_per_s=float(at_hub.mean()),
        weibull=everywhere,
        months=tuple(_spell(at_hub[hours.month == month]) for month in range(1, 13)),
        hours_of_day=tuple(_spell(at_hub[hours.hour == hour]) for hour in range(24)),
        shear_held_share=float(held.mean()),
        yearly_mean_m_per_s={
            int(year): float(at_hub[hours.year == year].mean()) for year in np.unique(hours.year)
        },
    )


def held_shear(climate: WindClimate) -> list[str]:
    """Say in how many hours the shear was held at a bound; nothing if in none."""
    if not climate.shear_held_share:
        return []
    return [
        f"In {100.0 * climate.shear_held_share:.1f} % of the hours the shear exponent was held at "
        f"a bound, {MIN_SHEAR_EXPONENT:g} or {MAX_SHEAR_EXPONENT:g}."
    ]


def held_at_bounds(sectors: Sequence[Mapping[str, Any]], *, shear: bool) -> list[str]:
    """Say in which sectors k, or the shear exponent, is a bound and not what the data have.

    Args:
        sectors: Of ``wind.json``.
        shear: Whether the exponents come from the data, and so may have been held.
    """
    bounds = {"weibull_k": ("Weibull k", (MIN_WEIBULL_K, MAX_WEIBULL_K))}
    if shear:
        bounds["shear_exponent"] = ("the shear exponent", (MIN_SHEAR_EXPONENT, MAX_SHEAR_EXPONENT))
    said = []
    for field, (name, both) in bounds.items():
        for bound in both:
            held = [one for one in sectors if abs(one[field] - bound) < _HELD]
            if held:
                where = ", ".join(f"{one['direction_degrees']:g}°" for one in held)
                hours = sum(one["frequency"] for one in held)
                said.append(
                    f"In the sectors {where} ({100.0 * hours:.1f} % of the year) {name} was held "
                    f"at {bound:g}: the data are beyond what wind does."
                )
    return said


def _mean_exponent(exponents: FloatArray, at_hub: FloatArray, within: NDArray[np.bool_]) -> float:
    """By which a sector's mean speed grows; of all directions where the sector has no wind."""
    weights = at_hub * within
    return float(np.average(exponents, weights=weights if weights.any() else at_hub))


def _spell(speed: FloatArray) -> Spell | None:
    return Spell(float(speed.mean()), fit_weibull(speed)) if speed.any() else None


def _sector(
    direction_degrees: float, speed: FloatArray, all_hours: int, everywhere: Weibull, shear: float
) -> Sector:
    mean = float(speed.mean()) if speed.size else 0.0
    enough = speed.size >= MIN_HOURS_TO_FIT and mean > 0.0
    if enough:
        weibull = fit_weibull(speed)
    else:
        weibull = weibull_with_mean(mean, everywhere.k) if mean > 0.0 else everywhere
    return Sector(
        direction_degrees=direction_degrees,
        hours=int(speed.size),
        frequency=speed.size / all_hours,
        mean_m_per_s=mean,
        weibull=weibull,
        shear_exponent=shear,
        fitted_by_itself=enough,
    )


def weibull_with_mean(mean_m_per_s: float, k: float) -> Weibull:
    """Return the distribution of a shape and a mean speed."""
    return Weibull(mean_m_per_s * exp(-lgamma(1.0 + 1.0 / k)), k)
