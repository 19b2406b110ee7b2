"""Wind farms' energy over a year, wakes included.

Directions are where the wind comes from, in degrees from north, clockwise; positions are metres
east and north. The wakes themselves are in ``wake_models``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from siting.wind.errors import WindError
from siting.wind.shares import shares_of_year
from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.flow import follow, geometric_losses
from siting.wind.wake.models import Iea37Gaussian, WakeModel

HOURS_PER_YEAR: Final = 8760.0
MAX_TURBINES: Final = 300
#: Hubs nearer than this are refused: wake models do not hold there, and makers do not allow it.
MIN_SPACING_DIAMETERS: Final = 2.0
#: Turbines times turbines times wind states that one evaluation may take; some ten seconds.
MAX_PAIR_STATES: Final = 400_000_000


@dataclass(frozen=True, slots=True)
class WindRose:
    """Wind states: each a direction, a speed and the share of the year it holds.

    Attributes:
        direction_degrees: Where the wind comes from, clockwise from north.
        frequency: Share of the year, 0 to 1; together 1, as ``shares_of_year`` makes them.
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
        # What is left of rounding is nobody's hour: it would be missing from every energy.
        object.__setattr__(self, "frequency", shares_of_year(self.frequency))
        if (self.wind_speed_m_per_s < 0.0).any():
            raise WindError("The wind rose has a negative wind speed.")

    def on_grid(self, north_degrees: float) -> "WindRose":
        """Return the same wind as it blows over a grid.

        Args:
            north_degrees: Where the grid's north points, clockwise from true north.
        """
        turned = (self.direction_degrees - north_degrees) % 360.0
        return replace(self, direction_degrees=turned)


@dataclass(frozen=True, slots=True)
class EnergyYield:
    """A year's energy of a wind farm.

    Attributes:
        rated_power_mw: Of each turbine.
        net_mwh: Energy by wind state and turbine, wakes included, in MWh.
        gross_mwh: The same without wakes.
    """

    rated_power_mw: FloatArray
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
        return float(self.gross_mwh.sum())

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
        return float(loss_percent(self.aep_mwh, self.gross_aep_mwh))

    @property
    def turbine_wake_loss_percent(self) -> FloatArray:
        """What the wakes take from each turbine."""
        return loss_percent(self.turbine_aep_mwh, self.gross_mwh.sum(axis=0))

    @property
    def state_wake_loss_percent(self) -> FloatArray:
        """What the wakes take in each wind state."""
        return loss_percent(self.state_aep_mwh, self.gross_mwh.sum(axis=1))

    @property
    def capacity_factor(self) -> float:
        """Energy as a share of the turbines' own rated power all year, 0 to 1."""
        return self.aep_mwh / float(self.rated_mwh.sum())

    @property
    def rated_mwh(self) -> FloatArray:
        """Energy of each turbine if it gave its rated power all year."""
        return self.rated_power_mw * HOURS_PER_YEAR


def annual_energy(
    x_m: ArrayLike, y_m: ArrayLike, *, turbine: Turbine, rose: WindRose, model: WakeModel
) -> EnergyYield:
    """Return a wind farm's energy over a year.

    Args:
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        turbine: The turbine's type.
        rose: The wind.
        model: The wake.

    Raises:
        WindError: A position is not finite, there is none, or there are too many at once.
    """
    x, y = positions(x_m, y_m)
    require_affordable(x.size, len(rose.frequency))
    free = rose.wind_speed_m_per_s
    if isinstance(model, Iea37Gaussian) and turbine.constant_thrust is not None:
        losses = geometric_losses(x, y, rose.direction_degrees, turbine, model.expansion)
        # Above cut-out every turbine stands still, and no wake slows the wind.
        losses[free > turbine.cut_out_m_per_s] = 0.0
        speed = free[:, np.newaxis] * np.maximum(1.0 - losses, 0.0)
    else:
        speed = follow(
            x,
            y,
            direction_degrees=rose.direction_degrees,
            speed_m_per_s=free,
            turbine=turbine,
            model=model,
        ).speed_m_per_s
    hours = rose.frequency * HOURS_PER_YEAR
    return EnergyYield(
        rated_power_mw=np.full(x.size, turbine.rated_power_mw),
        net_mwh=hours[:, np.newaxis] * turbine.power_mw(speed),
        gross_mwh=np.broadcast_to((hours * turbine.power_mw(free))[:, np.newaxis], speed.shape),
    )


def require_affordable(turbines: int, states: int) -> None:
    """Refuse a farm and a wind that would take too long together.

    Raises:
        WindError: They would.
    """
    if turbines**2 * states > MAX_PAIR_STATES:
        raise WindError(
            f"{turbines} turbines in {states} wind states are more than one simulation takes. "
            "Simulate fewer turbines or use fewer sectors."
        )


def positions(x_m: ArrayLike, y_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return a farm's positions as arrays.

    Raises:
        WindError: A position is not finite, there is none, or there are too many.
    """
    x = np.asarray(x_m, dtype=np.float64)
    y = np.asarray(y_m, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not x.size:
        raise WindError("A wind farm needs at least one turbine, each with an x and a y in metres.")
    if x.size > MAX_TURBINES:
        raise WindError(f"The wind farm has {x.size} turbines; at most {MAX_TURBINES} are taken.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WindError("A turbine's position is not a finite number of metres.")
    return x, y


def require_spacing(
    ids: Sequence[str], x_m: ArrayLike, y_m: ArrayLike, rotor_diameter_m: ArrayLike
) -> None:
    """Refuse turbines nearer to each other than two diameters of the larger rotor, hub to hub.

    Args:
        ids: The turbines' names.
        x_m: Metres east of each.
        y_m: Metres north of each.
        rotor_diameter_m: Of each, or of all.

    Raises:
        WindError: Two are; the message names them.
    """
    x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    distance_m = np.hypot(x[:, np.newaxis] - x, y[:, np.newaxis] - y)
    np.fill_diagonal(distance_m, np.inf)
    rotors = np.broadcast_to(np.asarray(rotor_diameter_m, dtype=np.float64), x.shape)
    least = MIN_SPACING_DIAMETERS * np.maximum(rotors[:, np.newaxis], rotors)
    first, second = divmod(int((distance_m - least).argmin()), len(ids))
    nearest_m, least_m = float(distance_m[first, second]), float(least[first, second])
    if nearest_m < least_m:
        raise WindError(
            f"Turbines {ids[first]} and {ids[second]} are {nearest_m:.1f} m apart; hubs need "
            f"{MIN_SPACING_DIAMETERS:g} rotor diameters, {least_m:g} m, at least."
        )


def loss_percent(net_mwh: ArrayLike, gross_mwh: ArrayLike) -> FloatArray:
    """Return what is missing from gross to net, in percent; 0 where there is nothing to take."""
    net, gross = np.broadcast_arrays(np.asarray(net_mwh), np.asarray(gross_mwh))
    kept = np.divide(net, gross, out=np.ones(gross.shape), where=gross > 0.0)
    return np.asarray(100.0 * (1.0 - kept))
