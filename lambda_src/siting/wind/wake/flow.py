"""How much wind each turbine gets: two ways to the same answer, in vectorised NumPy.

Where a wake depends on nothing but geometry (constant thrust, no turbulence), all pairs of turbines
are worked out at once. Otherwise the wind is followed from the first turbine it meets to the last,
in all wind states together: what a turbine's wake is like is known only once its own wind is.

Wind from direction d blows towards (-sin d, -cos d); "downwind" is measured along that, "sideways"
across it. Nothing here checks its input; ``wake`` does.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.models import LEAST_EXPONENT, Hit, WakeModel
from siting.wind.wake.rotors import overlap

#: Numbers in a temporary array. Small enough to stay in a processor's cache.
CHUNK: Final = 48_000
#: Turbines times states that are followed together. Fewer would cost more calls than they save.
_FOLLOWED: Final = 150_000
_HALF_TURN_DEGREES: Final = 180.0
#: Directions nearer than this are one.
_DIRECTION_DECIMALS: Final = 9
#: A wake's edge, in sigma, for the turbulence it adds.
EDGE_SIGMA: Final = 2.0


class Flow(NamedTuple):
    """The wind at every turbine: arrays of wind states times turbines.

    Attributes:
        speed_m_per_s: Wind speed at the hub.
        turbulence: Turbulence intensity at the rotor; 0 in models without it.
    """

    speed_m_per_s: FloatArray
    turbulence: FloatArray


def geometric_losses(
    x_m: FloatArray, y_m: FloatArray, direction_degrees: FloatArray, turbine: Turbine, k: float
) -> FloatArray:
    """Return the share of the free wind that each turbine (column) loses in each direction (row).

    For the case study's wake and a constant thrust coefficient.

    Args:
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        direction_degrees: Where the wind comes from.
        turbine: A turbine with a constant thrust coefficient.
        k: Growth of the wake's standard deviation per metre.
    """
    # Wind from the opposite side crosses the same pairs the other way round: worked out once.
    axes, at_axis = np.unique(
        np.round(direction_degrees % _HALF_TURN_DEGREES, _DIRECTION_DECIMALS), return_inverse=True
    )
    turned = (direction_degrees % (2.0 * _HALF_TURN_DEGREES)) >= _HALF_TURN_DEGREES
    step = max(1, CHUNK // len(x_m) ** 2)
    both = [
        _axis_losses(x_m, y_m, np.radians(axes[at : at + step]), turbine, k)
        for at in range(0, len(axes), step)
    ]
    ahead = np.concatenate([forth for forth, _ in both])
    opposite = np.concatenate([back for _, back in both])
    return np.where(turned[:, np.newaxis], opposite[at_axis], ahead[at_axis])


def _axis_losses(
    x_m: FloatArray, y_m: FloatArray, axes: FloatArray, turbine: Turbine, k: float
) -> tuple[FloatArray, FloatArray]:
    downwind, sideways = rotated(x_m, y_m, axes)
    # Axes of the arrays: direction, the turbine that is hit, the turbine whose wake it is.
    along = downwind[:, :, np.newaxis] - downwind[:, np.newaxis, :]
    across = sideways[:, :, np.newaxis] - sideways[:, np.newaxis, :]
    behind = along > 0.0
    # In place: the time goes into memory, not into arithmetic.
    diameter = turbine.rotor_diameter_m
    variance = np.abs(along, out=along)
    variance *= k
    variance += diameter / np.sqrt(8.0)
    np.square(variance, out=variance)
    shape = np.square(across, out=across)
    shape /= variance
    np.negative(shape, out=shape)
    np.maximum(shape, LEAST_EXPONENT, out=shape)
    np.exp(shape, out=shape)  # the square of exp(-r^2 / (2 sigma^2))
    loss = np.divide(-(turbine.constant_thrust or 0.0) * diameter**2 / 8.0, variance, out=variance)
    loss += 1.0
    np.sqrt(loss, out=loss)
    np.subtract(1.0, loss, out=loss)
    np.square(loss, out=loss)
    loss *= shape
    # Where a turbine is not behind the other it is before it, or abreast, where the loss is nil
    # for lack of width. With the wind turned round, the sums change places.
    np.multiply(loss, behind, out=loss)
    return np.sqrt(loss.sum(axis=2)), np.sqrt(loss.sum(axis=1))


def follow(
    x_m: FloatArray,
    y_m: FloatArray,
    *,
    direction_degrees: FloatArray,
    speed_m_per_s: FloatArray,
    turbine: Turbine,
    model: WakeModel,
) -> Flow:
    """Follow the wind through the farm, in every wind state.

    Args:
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        direction_degrees: Where the wind comes from, by state.
        speed_m_per_s: Free wind speed, by state.
        turbine: The turbine's type.
        model: The wake.
    """
    states = _by_direction(direction_degrees)
    step = max(1, _FOLLOWED // (len(x_m) * states.shape[1]))
    rows = np.arange(len(x_m) * len(states)).reshape(len(x_m), -1)
    found = Flow(*(np.empty((rows.size, states.shape[1])) for _ in range(2)))
    found.turbulence[:] = model.ambient_turbulence or 0.0
    for at in range(0, len(states), step):
        some = slice(at, at + step)
        _follow(
            rotated(x_m, y_m, np.radians(direction_degrees[states[some, 0]])),
            speed_m_per_s[states[some]],
            turbine,
            model,
            into=found,
            rows=rows[:, some].T,
        )
    placed = np.argsort(states, axis=None)
    return Flow(*(one.reshape(len(x_m), -1).take(placed, axis=1).T for one in found))


def _by_direction(direction_degrees: FloatArray) -> NDArray[np.int64]:
    """Return the numbers of the states of each direction (row); geometry is theirs in common.

    Where directions have different numbers of states, each state is a row of its own.
    """
    directions, at = np.unique(
        np.round(direction_degrees, _DIRECTION_DECIMALS), return_inverse=True
    )
    states = np.argsort(at, kind="stable")
    is_even = (np.bincount(at) * len(directions) == len(states)).all()
    return states.reshape(len(directions) if is_even else len(states), -1)


def _follow(
    place: tuple[FloatArray, FloatArray],
    free: FloatArray,
    turbine: Turbine,
    model: WakeModel,
    *,
    into: Flow,
    rows: NDArray[np.int64],
) -> None:
    """Follow some directions' wind.

    Args:
        place: How far downwind and sideways turbines stand, by direction (row) and turbine.
        free: Free wind speed, by direction and speed.
        turbine: The turbine's type.
        model: The wake.
        into: What is found goes here: in columns by speed.
        rows: Of ``into``, by direction and turbine.
    """
    downwind, sideways = place
    order = np.argsort(downwind, axis=1, kind="stable")
    # Turbines as rows from here on, so that "all those farther down" is one block of memory.
    downwind = np.take_along_axis(downwind, order, axis=1).T.copy()
    sideways = np.take_along_axis(sideways, order, axis=1).T.copy()
    count, (directions, speeds) = len(downwind), free.shape
    rows = np.take_along_axis(rows, order, axis=1)
    diameter = turbine.rotor_diameter_m
    hit = Hit(diameter / 2.0, turbine.hub_height_m)
    ambient = model.ambient_turbulence or 0.0
    turbulence = np.full(free.shape, ambient)
    # Rows are turbines and, within each, directions.
    lost, added = (np.zeros((count * directions, speeds)) for _ in range(2))
    for at in range(count):
        mine = slice(at * directions, (at + 1) * directions)
        share = lost[mine] if model.adds_linearly else free * np.sqrt(lost[mine])
        speed = np.maximum(free - share, 0.0)
        thrust = turbine.thrust(speed)
        into.speed_m_per_s[rows[:, at]] = speed
        if model.adds_turbulence:
            turbulence = np.sqrt(ambient**2 + added[mine])
            into.turbulence[rows[:, at]] = turbulence
        along = downwind[at + 1 :] - downwind[at]
        across = np.abs(sideways[at + 1 :] - sideways[at])
        # Only rotors that the wake reaches, at whatever speed: the rest is most of them.
        made = model.made(thrust, turbulence, diameter)
        widest = model.width(along, model.widest(made))
        reached = np.flatnonzero((along > 0.0) & (across < model.reach(widest, hit)))
        direction = reached % directions
        along, across = (one.take(reached)[:, np.newaxis] for one in (along, across))
        made = tuple(one.take(direction, axis=0) for one in made)
        width = model.width(along, made)
        loss = model.loss(width, across, made, hit)
        loss *= speed.take(direction, axis=0) if model.adds_linearly else loss
        row = reached + mine.stop
        loss += lost.take(row, axis=0)
        lost[row] = loss
        if model.adds_turbulence:
            edge = EDGE_SIGMA * widest.take(reached) + diameter / 2.0
            within = np.flatnonzero(across[:, 0] < edge)
            row = row.take(within)
            more = model.stirred(thrust).take(direction.take(within), axis=0)
            more *= model.calmed(along.take(within, axis=0) / diameter)
            edge = EDGE_SIGMA * width.take(within, axis=0)
            more *= overlap(edge, diameter / 2.0, across.take(within, axis=0))
            np.square(more, out=more)
            added[row] = np.maximum(added.take(row, axis=0), more, out=more)


def speeds_at(
    points_m: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    *,
    direction_degrees: float,
    speed_m_per_s: float,
    turbine: Turbine,
    model: WakeModel,
) -> FloatArray:
    """Return the wind speed at points at hub height, in one wind state.

    Args:
        points_m: (east, north) of each point, in metres.
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        direction_degrees: Where the wind comes from.
        speed_m_per_s: Free wind speed.
        turbine: The turbine's type.
        model: The wake.
    """
    direction = np.array([direction_degrees])
    flow = follow(
        x_m,
        y_m,
        direction_degrees=direction,
        speed_m_per_s=np.array([speed_m_per_s]),
        turbine=turbine,
        model=model,
    )
    downwind, sideways = (one[0] for one in rotated(x_m, y_m, np.radians(direction)))
    made = model.made(
        turbine.thrust(flow.speed_m_per_s[0]), flow.turbulence[0], turbine.rotor_diameter_m
    )
    # A point has no disc to average over.
    points = Hit(0.0, turbine.hub_height_m)
    seen = flow.speed_m_per_s[0]
    step = max(1, CHUNK // len(x_m))
    speeds = []
    for at in range(0, len(points_m), step):
        part = points_m[at : at + step]
        part_down, part_side = (
            one[0] for one in rotated(part[:, 0], part[:, 1], np.radians(direction))
        )
        along = part_down[:, np.newaxis] - downwind
        behind = along > 0.0
        across = np.abs(part_side[:, np.newaxis] - sideways)
        width = model.width(np.where(behind, along, 0.0), made)
        loss = model.loss(width, across, made, points) * behind
        if model.adds_linearly:
            lost = (seen * loss).sum(axis=1)
        else:
            lost = speed_m_per_s * np.sqrt((loss**2).sum(axis=1))
        speeds.append(np.maximum(speed_m_per_s - lost, 0.0))
    return np.concatenate(speeds)


def rotated(
    x_m: FloatArray, y_m: FloatArray, directions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return how far downwind and how far sideways places lie.

    Args:
        x_m: Metres east.
        y_m: Metres north.
        directions: Where the wind comes from, in radians.

    Returns:
        Both in metres, by direction (row) and place (column).
    """
    sine, cosine = np.sin(directions)[:, np.newaxis], np.cos(directions)[:, np.newaxis]
    return -x_m * sine - y_m * cosine, x_m * cosine - y_m * sine
