"""From sectors with Weibull distributions to the wind states that a simulation runs through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siting.wind.errors import WindError
from siting.wind.shares import shares_of_year
from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.energy import WindRose

#: A sector is simulated from directions no farther apart than this: in one direction only, a row of
#: turbines would be either all in wakes or in none.
DIRECTION_STEP_DEGREES: Final = 5.0
_SPEED_STEP_M_PER_S: Final = 0.5
_MIN_SECTORS: Final = 4
_MAX_SECTORS: Final = 72
_MAX_WEIBULL_A: Final = 40.0
MIN_WEIBULL_K, MAX_WEIBULL_K = 0.5, 12.0
_DIRECTION_TOLERANCE_DEGREES: Final = 0.01


@dataclass(frozen=True, slots=True)
class WeibullSectors:
    """The wind by sectors of equal width, the first centred on north.

    Attributes:
        frequency: Share of the year, by sector; together 1.
        a_m_per_s: Weibull scale of the speed at ``height_m``.
        k: Weibull shape.
        height_m: Metres over ground.
        shear_exponent: Of the power law that takes speeds to other heights, by sector.
    """

    frequency: FloatArray
    a_m_per_s: FloatArray
    k: FloatArray
    height_m: float
    shear_exponent: FloatArray

    @property
    def direction_degrees(self) -> FloatArray:
        """The sectors' middles, where the wind comes from."""
        return np.linspace(0.0, 360.0, len(self.frequency), endpoint=False)

    @property
    def main_direction_degrees(self) -> float:
        """The middle of the most frequent sector."""
        return float(self.direction_degrees[self.frequency.argmax()])

    def at_height(self, height_m: float) -> "WeibullSectors":
        """Take the speeds to another height, by the power law; the shape stays."""
        scale = self.a_m_per_s * (height_m / self.height_m) ** self.shear_exponent
        return WeibullSectors(self.frequency, scale, self.k, height_m, self.shear_exponent)

    def exceeding(self, speed_m_per_s: FloatArray) -> FloatArray:
        """Return the share of each sector's time (row) that is faster than each speed (column)."""
        return _exceeding(speed_m_per_s, self.a_m_per_s, self.k)


@dataclass(frozen=True, slots=True)
class WindStates:
    """A wind rose and which sector each of its states belongs to.

    Attributes:
        rose: The states.
        sector: By state, the number of its sector.
        sector_degrees: By sector, its middle.
        sector_speed_m_per_s: By sector, the mean speed at hub height.
    """

    rose: WindRose
    sector: NDArray[np.int64]
    sector_degrees: FloatArray
    sector_speed_m_per_s: FloatArray

    def by_sector(self, values: FloatArray) -> FloatArray:
        """Sum one value per state up to one per sector."""
        return np.bincount(self.sector, weights=values, minlength=len(self.sector_degrees))

    @classmethod
    def of_rose(cls, rose: WindRose) -> "WindStates":
        """Take a rose of one state per sector."""
        return cls(
            rose,
            np.arange(len(rose.frequency)),
            rose.direction_degrees,
            rose.wind_speed_m_per_s,
        )


def read_sectors(document: Mapping[str, Any]) -> WeibullSectors:
    """Read the sectors of ``terrain/wind.json``.

    Raises:
        WindError: They are not what a simulation can use; the message says which.
    """
    sectors = document.get("sectors")
    if not isinstance(sectors, list) or not _MIN_SECTORS <= len(sectors) <= _MAX_SECTORS:
        raise WindError(f"The wind data needs {_MIN_SECTORS} to {_MAX_SECTORS} sectors.")
    directions = _column(sectors, "direction_degrees")
    expected = np.linspace(0.0, 360.0, len(sectors), endpoint=False)
    if np.abs(directions - expected).max() > _DIRECTION_TOLERANCE_DEGREES:
        raise WindError(
            "The wind data's sectors must be equally wide, the first centred on north, the others "
            "following clockwise."
        )
    frequency = shares_of_year(_column(sectors, "frequency"))
    scale, shape = _column(sectors, "weibull_a_m_per_s"), _column(sectors, "weibull_k")
    if (scale <= 0.0).any() or (scale > _MAX_WEIBULL_A).any():
        raise WindError(f"The wind data has a Weibull A outside of 0 to {_MAX_WEIBULL_A:g} m/s.")
    if (shape < MIN_WEIBULL_K).any() or (shape > MAX_WEIBULL_K).any():
        raise WindError(
            f"The wind data has a Weibull k outside of {MIN_WEIBULL_K:g} to {MAX_WEIBULL_K:g}."
        )
    height = document.get("hub_height_m")
    if not isinstance(height, int | float) or not isfinite(height) or height <= 0.0:
        raise WindError("The wind data does not say its hub_height_m.")
    shear = _column(sectors, "shear_exponent")
    return WeibullSectors(frequency, scale, shape, float(height), shear)


def wind_states(
    sectors: WeibullSectors,
    turbine: Turbine,
    direction_step_degrees: float = DIRECTION_STEP_DEGREES,
) -> WindStates:
    """Return the wind states of a year at a turbine's hub.

    Speeds are taken to the hub's height. Each sector is spread evenly over several directions, and
    each direction's speeds from cut-in to cut-out over bins of half a metre per second, simulated
    at their middle; what is slower or faster is one state each.

    Args:
        sectors: The wind.
        turbine: Whose hub and whose range of speeds.
        direction_step_degrees: How far apart a sector's directions may be.
    """
    at_hub = sectors.at_height(turbine.hub_height_m)
    edges, speeds = speed_bins(turbine)
    share = shares_by_bin(edges, at_hub.a_m_per_s, at_hub.k)
    count = len(at_hub.frequency)
    width = 360.0 / count
    parts = ceil(width / direction_step_degrees)
    offsets = ((np.arange(parts) + 0.5) / parts - 0.5) * width
    shape = (count, parts, len(speeds))
    direction = (at_hub.direction_degrees[:, np.newaxis] + offsets)[:, :, np.newaxis] % 360.0
    frequency = (at_hub.frequency[:, np.newaxis] / parts)[:, :, np.newaxis] * share[:, np.newaxis]
    rose = WindRose(
        direction_degrees=np.broadcast_to(direction, shape).ravel(),
        frequency=np.broadcast_to(frequency, shape).ravel(),
        wind_speed_m_per_s=np.broadcast_to(speeds, shape).ravel(),
    )
    sector = np.broadcast_to(np.arange(count)[:, np.newaxis, np.newaxis], shape).ravel()
    return WindStates(rose, sector, at_hub.direction_degrees, _means(at_hub))


def speed_bins(turbine: Turbine) -> tuple[FloatArray, FloatArray]:
    """Return the edges of a turbine's bins of speed, and the speed each is simulated at.

    There is one bin more than edges and one at either end: slower than cut-in, faster than cut-out.
    """
    edges = np.arange(turbine.cut_in_m_per_s, turbine.cut_out_m_per_s + 1e-9, _SPEED_STEP_M_PER_S)
    speeds = np.concatenate(
        (
            [turbine.cut_in_m_per_s / 2.0],
            (edges[:-1] + edges[1:]) / 2.0,
            [turbine.cut_out_m_per_s + 1.0],
        )
    )
    return edges, speeds


def shares_by_bin(edges: FloatArray, a_m_per_s: FloatArray, k: FloatArray) -> FloatArray:
    """Return the share of the time of each Weibull distribution (row) in each bin (column)."""
    exceeding = _exceeding(edges, a_m_per_s, k)
    ends = np.column_stack((np.ones(len(exceeding)), exceeding, np.zeros(len(exceeding))))
    return np.asarray(-np.diff(ends, axis=1))


def _exceeding(speed_m_per_s: FloatArray, a_m_per_s: FloatArray, k: FloatArray) -> FloatArray:
    relative = speed_m_per_s / a_m_per_s[:, np.newaxis]
    return np.asarray(np.exp(-(relative ** k[:, np.newaxis])))


def _means(sectors: WeibullSectors) -> FloatArray:
    fine = np.linspace(0.0, 60.0, 1201)
    # The mean of a speed is the integral of the share of time that is faster.
    return np.asarray(np.trapezoid(sectors.exceeding(fine), fine, axis=1))


def _column(sectors: Sequence[Any], name: str) -> FloatArray:
    values = [one.get(name) if isinstance(one, Mapping) else None for one in sectors]
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
        for one in values
    ):
        raise WindError(f"The wind data's sectors need a finite number {name}.")
    return np.array(values, dtype=np.float64)
