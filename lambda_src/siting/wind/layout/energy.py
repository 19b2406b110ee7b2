"""A layout's energy and its slope, fast enough to search with.

With the case study's wake and one thrust coefficient, the share of the wind that a turbine loses
depends on the direction alone. So for each direction the year's energy is a function of that share,
tabulated once, however many wind speeds there are; what is left per layout is geometry. For the
case study itself this is exact; for other turbines it stands in for the full simulation, which has
the last word (see ``optimise``).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.energy import HOURS_PER_YEAR, WindRose
from siting.wind.wake.models import LEAST_EXPONENT, WakeModel

#: Steps of the tables, from no loss to all of the wind.
_STEPS: Final = 1024
#: Losses smaller than this have no slope worth following, and would divide by nothing.
_LEAST_LOSS: Final = 1e-7
#: CT of the stand-in stays where the formula holds at the rotor, too.
_MAX_THRUST: Final = 0.96

IntArray = NDArray[np.int64]


class LayoutEnergy:
    """The energy of layouts of one turbine in one wind.

    Of the wake model the expansion in the free wind is taken, in the case study's formula.

    Attributes:
        directions: How many directions the wind has.
    """

    def __init__(self, turbine: Turbine, rose: WindRose, model: WakeModel) -> None:
        self._diameter_m = turbine.rotor_diameter_m
        self._expansion = float(model.growth(np.array(model.ambient_turbulence or 0.0)))
        self._thrust = min(_MAX_THRUST, _mean_thrust(turbine, rose))
        tables = _tables(turbine, rose)
        axes = np.unique(np.round(np.array(list(tables)) % 180.0, 9))
        self._sine = np.sin(np.radians(axes))[:, np.newaxis]
        self._cosine = np.cos(np.radians(axes))[:, np.newaxis]
        nothing = np.zeros(_STEPS + 1)
        # First the directions as they are, then their opposites.
        self._table = np.array(
            [
                tables.get(round(float(axis + half), 9), nothing)
                for half in (0, 180)
                for axis in axes
            ]
        )
        self._slope = np.gradient(self._table, 1.0 / _STEPS, axis=1)
        self.directions = len(self._table)

    def mwh(self, positions_m: FloatArray) -> float:
        """Return the annual energy of a layout: rows of (east, north) in metres."""
        return float(self.turbine_mwh(positions_m).sum())

    def turbine_mwh(self, positions_m: FloatArray) -> FloatArray:
        """Return the annual energy of each of a layout's turbines."""
        squares, *_ = self._pairs(positions_m, 1.0)
        energy, _ = self._looked_up(squares, slopes=False)
        return np.asarray(energy.sum(axis=0))

    def mwh_and_slope(self, positions_m: FloatArray, widening: float) -> tuple[float, FloatArray]:
        """Return the annual energy of a layout and its slope by each coordinate, in MWh per metre.

        Args:
            positions_m: Rows of (east, north) in metres.
            widening: Wakes are made so many times as wide, and so the slope smoother: a way to
                leave poor local optima. 1 is the truth.
        """
        squares, loss, along_slope, across_slope = self._pairs(positions_m, widening)
        energy, slopes = self._looked_up(squares, slopes=True)
        half = self.directions // 2
        # Axes: direction, the turbine that is hit, the turbine whose wake it is. With the wind
        # turned round, the two change places.
        loss *= slopes[:half, :, np.newaxis] + slopes[half:, np.newaxis, :]
        along_slope *= loss
        across_slope *= loss
        down = along_slope.sum(axis=2) - along_slope.sum(axis=1)
        side = across_slope.sum(axis=2) - across_slope.sum(axis=1)
        east = (self._cosine * side - self._sine * down).sum(axis=0)
        north = (-self._sine * side - self._cosine * down).sum(axis=0)
        return float(energy.sum()), np.column_stack((east, north))

    def mwh_with_one_at(self, others_m: FloatArray, candidates_m: FloatArray) -> FloatArray:
        """Return the annual energy of a layout with one more turbine, for each place it may take.

        Args:
            others_m: (turbines, 2) of those that stand, in metres.
            candidates_m: (places, 2) for the one more.
        """
        standing, *_ = self._pairs(others_m, 1.0)
        gap = candidates_m[:, np.newaxis] - others_m
        along = -self._sine * gap[:, np.newaxis, :, 0] - self._cosine * gap[:, np.newaxis, :, 1]
        across = self._cosine * gap[:, np.newaxis, :, 0] - self._sine * gap[:, np.newaxis, :, 1]
        loss, _, _ = self._loss(np.abs(along), across, 1.0)
        on_new, on_others = loss * (along > 0.0), loss * (along < 0.0)
        new = np.concatenate((on_new.sum(axis=2), on_others.sum(axis=2)), axis=1)
        rest = standing + np.concatenate((on_others, on_new), axis=1)
        mine, _ = self._looked_up(new[:, :, np.newaxis], slopes=False)
        theirs, _ = self._looked_up(rest, slopes=False)
        return np.asarray(mine.sum(axis=(1, 2)) + theirs.sum(axis=(1, 2)))

    def _pairs(
        self, positions_m: FloatArray, widening: float
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return summed squares by direction and turbine; squares by pair; their log slopes."""
        east, north = positions_m[:, 0], positions_m[:, 1]
        down = -self._sine * east - self._cosine * north
        side = self._cosine * east - self._sine * north
        along = down[:, :, np.newaxis] - down[:, np.newaxis, :]
        across = side[:, :, np.newaxis] - side[:, np.newaxis, :]
        behind = along > 0.0
        loss, along_slope, across_slope = self._loss(np.abs(along, out=along), across, widening)
        loss *= behind
        squares = np.concatenate((loss.sum(axis=2), loss.sum(axis=1)))
        return squares, loss, along_slope, across_slope

    def _loss(
        self, along: FloatArray, across: FloatArray, widening: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the square of a loss, and the slopes of its logarithm. Takes ``along`` over."""
        sigma = np.multiply(along, self._expansion, out=along)
        sigma += self._diameter_m / np.sqrt(8.0)
        inverse = np.reciprocal(sigma, out=sigma)
        blocked = inverse * inverse
        across_slope = across * blocked
        across_slope *= -2.0 / widening**2
        exponent = across_slope * across
        exponent *= 0.5
        np.maximum(exponent, LEAST_EXPONENT, out=exponent)
        blocked *= self._thrust * self._diameter_m**2 / 8.0
        root = np.sqrt(1.0 - blocked)
        depth = 1.0 - root
        loss = np.exp(exponent)
        loss *= depth
        loss *= depth
        # d ln(loss) / d along, of the depth and of the width.
        root *= depth
        along_slope = np.divide(blocked, root, out=blocked)
        along_slope += exponent
        along_slope *= inverse
        along_slope *= -2.0 * self._expansion
        return loss, along_slope, across_slope

    def _looked_up(self, squares: FloatArray, *, slopes: bool) -> tuple[FloatArray, FloatArray]:
        """Return energies, and their slopes by the squared loss, of (..., direction, turbine)."""
        loss = np.sqrt(squares)
        place = np.minimum(loss, 1.0) * _STEPS
        step: IntArray = np.minimum(place.astype(np.int64), _STEPS - 1)
        part = place - step
        flat = step + (np.arange(self.directions) * (_STEPS + 1))[:, np.newaxis]
        table = self._table.ravel()
        low = table[flat]
        energy = low + part * (table[flat + 1] - low)
        if not slopes:
            return energy, energy
        slope_table = self._slope.ravel()
        low = slope_table[flat]
        slope = low + part * (slope_table[flat + 1] - low)
        slope /= 2.0 * np.maximum(loss, _LEAST_LOSS)
        return energy, slope


def _tables(turbine: Turbine, rose: WindRose) -> dict[float, FloatArray]:
    """Return, by direction, the annual energy of one turbine by the share of wind it loses."""
    kept = 1.0 - np.arange(_STEPS + 1) / _STEPS
    tables: dict[float, FloatArray] = {}
    states = zip(rose.direction_degrees, rose.frequency, rose.wind_speed_m_per_s, strict=True)
    for direction, share, speed in states:
        at = round(float(direction) % 360.0, 9)
        # Above cut-out every turbine stands still, in a wake too.
        runs = speed <= turbine.cut_out_m_per_s
        energy = HOURS_PER_YEAR * share * turbine.power_mw(speed * kept) * runs
        tables[at] = tables.get(at, np.zeros(_STEPS + 1)) + energy
    return tables


def _mean_thrust(turbine: Turbine, rose: WindRose) -> float:
    """Return the thrust coefficient in winds whose loss costs energy."""
    if turbine.constant_thrust is not None:
        return turbine.constant_thrust
    speed = rose.wind_speed_m_per_s
    cost = turbine.power_mw(speed) - turbine.power_mw(0.95 * speed)
    weight = rose.frequency * np.maximum(cost, 0.0) * (speed <= turbine.cut_out_m_per_s)
    if not weight.sum():
        return float(turbine.thrust(np.array([turbine.rated_m_per_s]))[0])
    return float((weight * turbine.thrust(speed)).sum() / weight.sum())
