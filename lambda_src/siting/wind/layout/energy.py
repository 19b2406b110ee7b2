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

#: How far from its axis, in sigma, a wake counts when layouts are searched for.
_REACH_SIGMA: Final = 4.0

BoolArray = NDArray[np.bool_]
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
        thrust = min(_MAX_THRUST, _mean_thrust(turbine, rose))
        self._width_m = self._diameter_m / np.sqrt(8.0)
        self._blockage = thrust * self._diameter_m**2 / 8.0
        tables = _tables(turbine, rose)
        axes = np.unique(np.round(np.array(list(tables)) % 180.0, 9))
        self._sine = np.sin(np.radians(axes))[:, np.newaxis]
        self._cosine = np.cos(np.radians(axes))[:, np.newaxis]
        nothing = np.zeros(_STEPS + 1)
        # First the directions as they are, then their opposites.
        table = np.array(
            [
                tables.get(round(float(axis + half), 9), nothing)
                for half in (0, 180)
                for axis in axes
            ]
        )
        self._table = table.ravel()
        self._slope = np.gradient(table, 1.0 / _STEPS, axis=1).ravel()
        self.directions = len(table)
        self._first = np.arange(self.directions)[:, np.newaxis] * (_STEPS + 1)

    def mwh(self, positions_m: FloatArray) -> float:
        """Return the annual energy of a layout: rows of (east, north) in metres."""
        return float(self.turbine_mwh(positions_m).sum())

    def turbine_mwh(self, positions_m: FloatArray) -> FloatArray:
        """Return the annual energy of each of a layout's turbines."""
        return np.asarray(self._looked_up(self._squares(positions_m))[0].sum(axis=0))

    def landscape(self, widening: float, skin_m: float) -> "Landscape":
        """Return what is climbed.

        Args:
            widening: Wakes are made so many times as wide, and so the slope smoother: a way to
                leave poor local optima. 1 is the truth.
            skin_m: How far turbines may move, in metres, before it is looked up anew whose wake
                reaches whom.
        """
        return Landscape(self, widening, skin_m)

    def _squares(self, positions_m: FloatArray) -> FloatArray:
        """Return the summed squares of losses, by direction and turbine."""
        down, side = self._rotated(positions_m)
        along = down[:, :, np.newaxis] - down[:, np.newaxis, :]
        behind = along > 0.0
        across = side[:, :, np.newaxis] - side[:, np.newaxis, :]
        loss = self._loss(np.abs(along, out=along), across) * behind
        return np.concatenate((loss.sum(axis=2), loss.sum(axis=1)))

    def _loss(self, along: FloatArray, across: FloatArray) -> FloatArray:
        """Return the square of a wake's loss."""
        inverse = 1.0 / (along * self._expansion + self._width_m)
        exponent = -np.square(across * inverse)
        np.maximum(exponent, LEAST_EXPONENT, out=exponent)
        depth = 1.0 - np.sqrt(1.0 - self._blockage * np.square(inverse))
        return np.asarray(np.exp(exponent) * np.square(depth))

    def _rotated(self, positions_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far down and to the side of each axis (row) each turbine stands."""
        east, north = positions_m[:, 0], positions_m[:, 1]
        return -self._sine * east - self._cosine * north, self._cosine * east - self._sine * north

    def _looked_up(
        self, squares: FloatArray, first: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
        """Return energies by the squared loss, and what their slopes are looked up by.

        Args:
            squares: (directions, turbines); or of any shape, with ``first``.
            first: Where the table of each one's direction begins.
        """
        loss = np.sqrt(squares)
        part = np.minimum(loss, 1.0)
        part *= _STEPS
        at: IntArray = part.astype(np.int64)
        np.minimum(at, _STEPS - 1, out=at)
        part -= at
        at += self._first if first is None else first
        low = self._table[at]
        return low + part * (self._table[at + 1] - low), loss, at, part

    def _energy_and_slope(self, squares: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return energies, and their slopes by the squared loss, by direction and turbine."""
        energy, loss, at, part = self._looked_up(squares)
        low = self._slope[at]
        slope = low + part * (self._slope[at + 1] - low)
        slope /= 2.0 * np.maximum(loss, _LEAST_LOSS)
        return energy, slope


class Standing:
    """Turbines that stand, and what one more would make of them.

    Attributes:
        mwh: Annual energy of those that stand.
    """

    def __init__(self, energy: LayoutEnergy, positions_m: FloatArray) -> None:
        """Take the turbines: rows of (east, north) in metres."""
        self._energy = energy
        self._down, self._side = energy._rotated(positions_m)
        self._squares = energy._squares(positions_m)
        self._look()

    def _look(self) -> None:
        self._each = self._energy._looked_up(self._squares)[0]
        self.mwh = float(self._each.sum())

    def with_one_at(self, places_m: FloatArray) -> FloatArray:
        """Return the annual energy with one more turbine, for each place (row) it may take."""
        e = self._energy
        shape, at, loss, is_behind = self._met(places_m)
        half, places, turbines = shape
        axis, place, other = np.unravel_index(at, shape)
        # Whoever is behind is hit; with the wind turned round, the other one.
        mine = axis + half * ~is_behind
        new = np.bincount(mine * places + place, loss, 2 * half * places)
        theirs = axis + half * is_behind
        hurt = theirs * turbines + other
        squares = self._squares.ravel()[hurt] + loss
        change = e._looked_up(squares, e._first[theirs, 0])[0] - self._each.ravel()[hurt]
        added = e._looked_up(new.reshape(2 * half, places))[0].sum(axis=0)
        return np.asarray(self.mwh + added + np.bincount(place, change, places))

    def add(self, place_m: FloatArray) -> None:
        """Let one more turbine stand: (1, 2), in metres."""
        (half, _, turbines), at, loss, is_behind = self._met(place_m)
        axis, other = np.divmod(at, turbines)
        own = np.bincount(axis + half * ~is_behind, loss, 2 * half)
        hurt = (axis + half * is_behind) * turbines + other
        self._squares += np.bincount(hurt, loss, self._squares.size).reshape(self._squares.shape)
        self._squares = np.column_stack((self._squares, own))
        down, side = self._energy._rotated(place_m)
        self._down = np.column_stack((self._down, down))
        self._side = np.column_stack((self._side, side))
        self._look()

    def _met(
        self, places_m: FloatArray
    ) -> tuple[tuple[int, int, int], IntArray, FloatArray, BoolArray]:
        """Return whom places' wakes meet, or who meets them.

        Returns:
            The numbers of axes, places and turbines; of those that meet, which they are, counted
            through these; the squared losses; and whether the place is the one behind.
        """
        e = self._energy
        down, side = e._rotated(places_m)
        along = down[:, :, np.newaxis] - self._down[:, np.newaxis, :]
        across = side[:, :, np.newaxis] - self._side[:, np.newaxis, :]
        apart = np.abs(along)
        room = apart * (_REACH_SIGMA * e._expansion) + _REACH_SIGMA * e._width_m
        at = np.flatnonzero((np.abs(across) < room) & (apart > 0.0))
        loss = e._loss(apart.take(at), across.take(at))
        half, places, turbines = along.shape
        return (half, places, turbines), at, loss, along.take(at) > 0.0


class Landscape:
    """The energy and its slope, with wakes made wider, of a layout that moves little by little.

    Most pairs of turbines are out of each other's wakes in most directions, and stay so for many
    steps: they are left out until some turbine has moved far enough to change that. What a wake
    does beyond four sigma is left out too.
    """

    def __init__(self, energy: LayoutEnergy, widening: float, skin_m: float) -> None:
        self._energy = energy
        self._widening = widening
        self._skin_m = skin_m
        self._looked_at: FloatArray | None = None
        self._hit = self._by = np.empty(0, dtype=np.int64)

    def __call__(self, positions_m: FloatArray) -> tuple[float, FloatArray]:
        """Return the annual energy in MWh and its slope by each coordinate, in MWh per metre.

        Args:
            positions_m: Rows of (east, north) in metres, as many every time.
        """
        e = self._energy
        down, side = e._rotated(positions_m)
        moved = self._looked_at is None or (
            np.square(positions_m - self._looked_at).sum(axis=1).max() > (self._skin_m / 2.0) ** 2
        )
        if moved:
            self._look(down, side)
            self._looked_at = positions_m.copy()
        hit, by = self._hit, self._by
        along = down.ravel()[hit] - down.ravel()[by]
        across = side.ravel()[hit] - side.ravel()[by]
        loss, along_slope, across_slope = self._loss(along, across)
        half, count = down.shape
        size = half * count
        squares = np.concatenate(
            (np.bincount(hit, loss, size), np.bincount(by, loss, size))
        ).reshape(2 * half, count)
        energy, slopes = e._energy_and_slope(squares)
        # With the wind turned round, who is hit and whose wake it is change places.
        loss *= slopes[:half].ravel()[hit] + slopes[half:].ravel()[by]
        along_slope *= loss
        across_slope *= loss
        pull_down = np.bincount(hit, along_slope, size) - np.bincount(by, along_slope, size)
        pull_side = np.bincount(hit, across_slope, size) - np.bincount(by, across_slope, size)
        pull_down, pull_side = pull_down.reshape(half, count), pull_side.reshape(half, count)
        east = (e._cosine * pull_side - e._sine * pull_down).sum(axis=0)
        north = (-e._sine * pull_side - e._cosine * pull_down).sum(axis=0)
        return float(energy.sum()), np.column_stack((east, north))

    def _look(self, down: FloatArray, side: FloatArray) -> None:
        """Note, by axis, the pairs where one may come into the other's wake until the next look."""
        e = self._energy
        count = down.shape[1]
        along = down[:, :, np.newaxis] - down[:, np.newaxis, :]
        across = np.abs(side[:, :, np.newaxis] - side[:, np.newaxis, :])
        sigma = along * e._expansion + e._width_m
        room = _REACH_SIGMA * self._widening * sigma
        room += self._skin_m * (1.0 + _REACH_SIGMA * self._widening * e._expansion)
        near = (across < room) & (along > -self._skin_m)
        near &= ~np.eye(count, dtype=np.bool_)
        axis, hit, by = np.nonzero(near)
        self._hit, self._by = axis * count + hit, axis * count + by

    def _loss(
        self, along: FloatArray, across: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the square of a loss, and the slopes of its logarithm."""
        e = self._energy
        inverse = 1.0 / (np.maximum(along, 0.0) * e._expansion + e._width_m)
        square = np.square(inverse)
        across_slope = across * square
        across_slope *= -2.0 / self._widening**2
        exponent = across_slope * across
        exponent *= 0.5
        np.maximum(exponent, LEAST_EXPONENT, out=exponent)
        square *= e._blockage
        root = np.sqrt(1.0 - square)
        depth = 1.0 - root
        loss = np.exp(exponent)
        loss *= depth
        loss *= depth
        loss *= along > 0.0
        # d ln(loss) / d along, of the depth and of the width.
        root *= depth
        square /= root
        square += exponent
        square *= inverse
        square *= -2.0 * e._expansion
        return loss, square, across_slope


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
