"""Wakes and energy: the simplified Gaussian wake of IEA Wind Task 37, in vectorised NumPy.

Behind a turbine, at ``x`` metres downwind and ``y`` metres to the side, the wind loses ::

    sigma = k x + D / sqrt(8)
    loss  = (1 - sqrt(1 - CT / (8 sigma^2 / D^2))) exp(-(y / sigma)^2 / 2)

of its speed. Losses of several turbines add up as the root of their sum of squares. Directions are
where the wind comes from, in degrees from north, clockwise; positions are metres east and north.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradewind.wind.errors import WindError

FloatArray = NDArray[np.float64]

HOURS_PER_YEAR: Final = 8760.0
MAX_TURBINES: Final = 300
#: Hubs nearer than this are refused: wake models do not hold there, and makers do not allow it.
MIN_SPACING_DIAMETERS: Final = 2.0
#: Turbines times turbines times wind states that one evaluation may hold in memory.
MAX_PAIR_STATES: Final = 8_000_000
_FREQUENCY_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Turbine:
    """A turbine with a cubic power curve and a constant thrust coefficient.

    Attributes:
        name: What it is called.
        rotor_diameter_m: Diameter of the rotor, in metres.
        hub_height_m: Height of the hub over ground, in metres.
        rated_power_mw: Power at and above the rated speed, in megawatts.
        cut_in_m_per_s: Below this speed it stands still.
        rated_m_per_s: From this speed on it gives its rated power.
        cut_out_m_per_s: Above this speed it is shut down.
        thrust_coefficient: CT, without unit.
    """

    name: str
    rotor_diameter_m: float
    hub_height_m: float
    rated_power_mw: float
    cut_in_m_per_s: float
    rated_m_per_s: float
    cut_out_m_per_s: float
    thrust_coefficient: float

    def power_mw(self, wind_speed_m_per_s: FloatArray) -> FloatArray:
        """Return the power at each speed, in megawatts."""
        speed = np.asarray(wind_speed_m_per_s, dtype=np.float64)
        share = (speed - self.cut_in_m_per_s) / (self.rated_m_per_s - self.cut_in_m_per_s)
        power = self.rated_power_mw * np.clip(share, 0.0, 1.0) ** 3
        return np.where(speed <= self.cut_out_m_per_s, power, 0.0)


@dataclass(frozen=True, slots=True)
class WindRose:
    """Wind states: each a direction, a speed and the share of the year it holds.

    Attributes:
        direction_degrees: Where the wind comes from, clockwise from north.
        frequency: Share of the year, 0 to 1; together 1.
        wind_speed_m_per_s: Free wind speed at hub height.
    """

    direction_degrees: FloatArray
    frequency: FloatArray
    wind_speed_m_per_s: FloatArray

    def __post_init__(self) -> None:
        columns = (self.direction_degrees, self.frequency, self.wind_speed_m_per_s)
        if len({len(column) for column in columns}) != 1 or not len(self.frequency):
            raise WindError("A wind rose needs as many directions as frequencies and speeds.")
        if not all(np.isfinite(column).all() for column in columns):
            raise WindError("The wind rose has a value that is not a finite number.")
        total = float(self.frequency.sum())
        if (self.frequency < 0.0).any() or abs(total - 1.0) > _FREQUENCY_TOLERANCE:
            raise WindError(
                f"The wind rose's frequencies sum to {total:.6g}; give shares of the year, none "
                "negative, that sum to 1."
            )
        if (self.wind_speed_m_per_s < 0.0).any():
            raise WindError("The wind rose has a negative wind speed.")


@dataclass(frozen=True, slots=True)
class EnergyYield:
    """A year's energy of a wind farm.

    Attributes:
        turbine: The turbine's type.
        net_mwh: Energy by wind state and turbine, wakes included, in MWh.
        gross_mwh: Energy of one turbine without wakes, by wind state, in MWh.
    """

    turbine: Turbine
    net_mwh: FloatArray
    gross_mwh: FloatArray

    @property
    def turbine_count(self) -> int:
        """How many turbines the farm has."""
        return int(self.net_mwh.shape[1])

    @property
    def aep_mwh(self) -> float:
        """Annual energy production, wakes included."""
        return float(self.net_mwh.sum())

    @property
    def gross_aep_mwh(self) -> float:
        """Annual energy production if no turbine stood in another's wake."""
        return float(self.gross_mwh.sum()) * self.turbine_count

    @property
    def turbine_aep_mwh(self) -> FloatArray:
        """Annual energy production of each turbine, wakes included."""
        return np.asarray(self.net_mwh.sum(axis=0))

    @property
    def state_aep_mwh(self) -> FloatArray:
        """Annual energy production in each wind state, wakes included."""
        return np.asarray(self.net_mwh.sum(axis=1))

    @property
    def wake_loss_percent(self) -> float:
        """What the wakes take, of the energy without them; 0 where there is none to take."""
        return float(_loss_percent(self.aep_mwh, self.gross_aep_mwh))

    @property
    def turbine_wake_loss_percent(self) -> FloatArray:
        """What the wakes take from each turbine."""
        return _loss_percent(self.turbine_aep_mwh, self.gross_mwh.sum())

    @property
    def state_wake_loss_percent(self) -> FloatArray:
        """What the wakes take in each wind state."""
        return _loss_percent(self.state_aep_mwh, self.gross_mwh * self.turbine_count)

    @property
    def capacity_factor(self) -> float:
        """Energy as a share of the turbines' own rated power all year, 0 to 1."""
        rated_mwh = self.turbine.rated_power_mw * HOURS_PER_YEAR * self.turbine_count
        return self.aep_mwh / rated_mwh


def annual_energy(
    x_m: ArrayLike, y_m: ArrayLike, *, turbine: Turbine, rose: WindRose, wake_expansion: float
) -> EnergyYield:
    """Return a wind farm's energy over a year.

    Args:
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        turbine: The turbine's type.
        rose: The wind.
        wake_expansion: ``k``, the growth of the wake's standard deviation per metre.

    Raises:
        WindError: A position is not finite, there is none, or there are too many at once.
    """
    x = np.asarray(x_m, dtype=np.float64)
    y = np.asarray(y_m, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not x.size:
        raise WindError("A wind farm needs at least one turbine, each with an x and a y in metres.")
    if x.size > MAX_TURBINES:
        raise WindError(f"The wind farm has {x.size} turbines; at most {MAX_TURBINES} are taken.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WindError("A turbine's position is not a finite number of metres.")
    if x.size**2 * len(rose.frequency) > MAX_PAIR_STATES:
        raise WindError(
            f"{x.size} turbines in {len(rose.frequency)} wind states are more than one simulation "
            "holds. Simulate fewer turbines or use fewer sectors."
        )
    deficit = _deficits(x, y, rose.direction_degrees, turbine, wake_expansion)
    speed = rose.wind_speed_m_per_s[:, np.newaxis] * (1.0 - deficit)
    hours = rose.frequency * HOURS_PER_YEAR
    return EnergyYield(
        turbine=turbine,
        net_mwh=hours[:, np.newaxis] * turbine.power_mw(speed),
        gross_mwh=hours * turbine.power_mw(rose.wind_speed_m_per_s),
    )


def _deficits(
    x: FloatArray, y: FloatArray, direction_degrees: FloatArray, turbine: Turbine, k: float
) -> FloatArray:
    """Return the share of the wind each turbine (column) loses in each direction (row)."""
    direction = np.radians(direction_degrees)[:, np.newaxis]
    # Wind from direction d blows towards (-sin d, -cos d).
    downwind = -x * np.sin(direction) - y * np.cos(direction)
    sideways = x * np.cos(direction) - y * np.sin(direction)
    # Axes: direction, the turbine that is hit, the turbine whose wake it is.
    dx = downwind[:, :, np.newaxis] - downwind[:, np.newaxis, :]
    dy = sideways[:, :, np.newaxis] - sideways[:, np.newaxis, :]
    behind = dx > 0.0
    diameter = turbine.rotor_diameter_m
    sigma = k * np.where(behind, dx, 0.0) + diameter / np.sqrt(8.0)
    radical = 1.0 - turbine.thrust_coefficient / (8.0 * sigma**2 / diameter**2)
    loss = (1.0 - np.sqrt(radical)) * np.exp(-0.5 * (dy / sigma) ** 2)
    return np.asarray(np.sqrt((np.where(behind, loss, 0.0) ** 2).sum(axis=2)))


def require_spacing(ids: Sequence[str], x_m: ArrayLike, y_m: ArrayLike, turbine: Turbine) -> None:
    """Refuse turbines nearer to each other than two rotor diameters, hub to hub.

    Raises:
        WindError: Two are; the message names them.
    """
    x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    distance_m = np.hypot(x[:, np.newaxis] - x, y[:, np.newaxis] - y)
    np.fill_diagonal(distance_m, np.inf)
    first, second = divmod(int(distance_m.argmin()), len(ids))
    nearest_m = float(distance_m[first, second])
    least_m = MIN_SPACING_DIAMETERS * turbine.rotor_diameter_m
    if nearest_m < least_m:
        raise WindError(
            f"Turbines {ids[first]} and {ids[second]} are {nearest_m:.1f} m apart; hubs need "
            f"{MIN_SPACING_DIAMETERS:g} rotor diameters, {least_m:g} m, at least."
        )


def _loss_percent(net_mwh: ArrayLike, gross_mwh: ArrayLike) -> FloatArray:
    net, gross = np.broadcast_arrays(np.asarray(net_mwh), np.asarray(gross_mwh))
    kept = np.divide(net, gross, out=np.ones(gross.shape), where=gross > 0.0)
    return np.asarray(100.0 * (1.0 - kept))
