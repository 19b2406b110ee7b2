"""Farms of several types of turbine: each with its own curve, rotor, hub height and free wind.

A Gaussian wake has the same shape to the side and upwards, so that hubs of different heights lie
off each other's axis by the square root of both distances' squares. Nothing holds a wake off the
ground: mirrored wakes are left out, as in the farms of one type. The free wind at each hub is that
of the rose's height, taken there by the shear of the sector.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siting.wind.errors import WindError
from siting.wind.rose import MAX_SHEAR_EXPONENT
from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.energy import (
    HOURS_PER_YEAR,
    EnergyYield,
    WindRose,
    positions,
    require_affordable,
)
from siting.wind.wake.flow import CHUNK, EDGE_SIGMA, rotated
from siting.wind.wake.library import MODELS_OF_SEVERAL_TYPES
from siting.wind.wake.models import WakeModel, gaussian_at_hub
from siting.wind.wake.rotors import overlap

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class TurbineMix:
    """The types of a farm.

    Attributes:
        types: Each once, the lowest hub first: the rose is of its height.
        which: By turbine, the number of its type.
    """

    types: tuple[Turbine, ...]
    which: IntArray

    @classmethod
    def of(cls, turbines: Sequence[Turbine]) -> "TurbineMix":
        """Sort the types of a farm's turbines."""
        by_key = {one.key: one for one in turbines}
        types = tuple(sorted(by_key.values(), key=lambda one: (one.hub_height_m, one.key)))
        numbers = {one.key: number for number, one in enumerate(types)}
        return cls(types, np.array([numbers[one.key] for one in turbines], dtype=np.int64))

    @property
    def rotor_diameter_m(self) -> FloatArray:
        """By turbine."""
        return np.array([one.rotor_diameter_m for one in self.types])[self.which]

    @property
    def hub_height_m(self) -> FloatArray:
        """By turbine."""
        return np.array([one.hub_height_m for one in self.types])[self.which]

    @property
    def rated_power_mw(self) -> FloatArray:
        """By turbine."""
        return np.array([one.rated_power_mw for one in self.types])[self.which]

    def in_air(self, density_kg_per_m3: float) -> "TurbineMix":
        """Return the types as they work in air of another density."""
        return replace(self, types=tuple(one.in_air(density_kg_per_m3) for one in self.types))

    def envelope(self) -> Turbine:
        """A turbine of the lowest hub that runs whenever any of them does, to lay out states by."""
        lowest = self.types[0]
        heights = max(one.hub_height_m for one in self.types) / lowest.hub_height_m
        cut_in = min(one.cut_in_m_per_s for one in self.types)
        return replace(
            lowest,
            cut_in_m_per_s=cut_in / heights**MAX_SHEAR_EXPONENT,
            cut_out_m_per_s=max(one.cut_out_m_per_s for one in self.types),
        )

    def free_wind(self, shear_exponent: ArrayLike) -> "MixInWind":
        """Say how much faster the wind is at each type's hub.

        Args:
            shear_exponent: By wind state; 0 for a wind that is the same at every hub.
        """
        heights = np.array([one.hub_height_m for one in self.types]) / self.types[0].hub_height_m
        return MixInWind(self, heights ** np.asarray(shear_exponent)[..., np.newaxis])


@dataclass(frozen=True)
class MixInWind:
    """A mix and its free wind.

    Attributes:
        mix: The types.
        ratio: Free speed at each type's hub, by wind state and type, as a multiple of the rose's.
    """

    mix: TurbineMix
    ratio: FloatArray

    def power_mw(self, rose_speed_m_per_s: FloatArray) -> FloatArray:
        """All turbines' power without wakes, by wind state, in megawatts."""
        counts = np.bincount(self.mix.which, minlength=len(self.mix.types))
        free = rose_speed_m_per_s[:, np.newaxis] * self.ratio
        columns = [one.power_mw(free[:, at]) for at, one in enumerate(self.mix.types)]
        return np.asarray(np.column_stack(columns) @ counts)

    def in_air(self, density_kg_per_m3: float) -> "MixInWind":
        """Return the same turbines in the same wind, in air of another density."""
        return replace(self, mix=self.mix.in_air(density_kg_per_m3))


def mixed_energy(
    x_m: ArrayLike, y_m: ArrayLike, *, turbines: MixInWind, rose: WindRose, model: WakeModel
) -> EnergyYield:
    """Return the energy over a year of a farm of several types.

    Args:
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        turbines: Their types, and their free wind in each of the rose's states.
        rose: The wind at the lowest hub.
        model: The wake.

    Raises:
        WindError: As ``annual_energy`` does; or the model is not Gaussian.
    """
    if model.key not in MODELS_OF_SEVERAL_TYPES:
        raise WindError(
            f"Farms of several types of turbine are not simulated with {model.key}, which does "
            "not say how wakes meet rotors of other heights. Take bastankhah_gaussian."
        )
    x, y = positions(x_m, y_m)
    require_affordable(x.size, len(rose.frequency))
    mix = turbines.mix
    free = rose.wind_speed_m_per_s[:, np.newaxis] * np.broadcast_to(
        turbines.ratio, (len(rose.frequency), len(mix.types))
    )
    step = max(1, CHUNK // x.size)
    parts = [
        _follow(
            *rotated(x, y, np.radians(rose.direction_degrees[at : at + step])),
            free[at : at + step],
            mix,
            model,
        )
        for at in range(0, len(free), step)
    ]
    hours = (rose.frequency * HOURS_PER_YEAR)[:, np.newaxis]
    speed = np.concatenate([part[0] for part in parts])
    return EnergyYield(
        rated_power_mw=mix.rated_power_mw,
        net_mwh=hours * _power_mw(mix, speed),
        gross_mwh=hours * _power_mw(mix, free[:, mix.which]),
    )


def mixed_speeds_at(
    points_m: FloatArray,
    height_m: float,
    x_m: FloatArray,
    y_m: FloatArray,
    *,
    direction_degrees: float,
    free_m_per_s: FloatArray,
    mix: TurbineMix,
    model: WakeModel,
) -> FloatArray:
    """Return the wind speed at points over ground, in one wind state.

    Args:
        points_m: (east, north) of each point.
        height_m: Of all points, over ground.
        x_m: Metres east of each turbine.
        y_m: Metres north of each turbine.
        direction_degrees: Where the wind comes from.
        free_m_per_s: Free wind speed at each type's hub; the first is also the points'.
        mix: The turbines' types.
        model: The wake.
    """
    direction = np.radians(np.array([direction_degrees]))
    place = rotated(x_m, y_m, direction)
    speed, thrust, turbulence = (
        one[0] for one in _follow(*place, free_m_per_s[np.newaxis], mix, model)
    )
    diameter = mix.rotor_diameter_m
    downwind, sideways = (one[0] for one in place)
    seen = speed if model.adds_linearly else free_m_per_s[mix.which]
    made = model.made(thrust, turbulence, diameter)
    step = max(1, CHUNK // len(x_m))
    speeds = []
    for at in range(0, len(points_m), step):
        part = points_m[at : at + step]
        down, side = (one[0] for one in rotated(part[:, 0], part[:, 1], direction))
        along = down[:, np.newaxis] - downwind
        across = np.hypot(side[:, np.newaxis] - sideways, height_m - mix.hub_height_m)
        sigma = model.width(np.maximum(along, 0.0), made)
        lost = seen * gaussian_at_hub(sigma, across, made[-1]) * (along > 0.0)
        total = lost.sum(axis=1) if model.adds_linearly else np.sqrt((lost**2).sum(axis=1))
        speeds.append(np.maximum(free_m_per_s[0] - total, 0.0))
    return np.concatenate(speeds)


def _follow(
    downwind: FloatArray,
    sideways: FloatArray,
    free_by_type: FloatArray,
    mix: TurbineMix,
    model: WakeModel,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return speed, thrust and turbulence, by wind state and turbine: see ``flow``."""
    order = np.argsort(downwind, axis=1, kind="stable")
    downwind = np.take_along_axis(downwind, order, axis=1).T.copy()
    sideways = np.take_along_axis(sideways, order, axis=1).T.copy()
    count, states = downwind.shape
    which = mix.which[order].T
    diameter, hub = mix.rotor_diameter_m[order].T, mix.hub_height_m[order].T
    free = np.take_along_axis(free_by_type, which.T, axis=1).T
    ambient = model.ambient_turbulence or 0.0
    lost, added = np.zeros((count, states)), np.zeros((count, states))
    speed, thrust, turbulence = (np.empty((count, states)) for _ in range(3))
    for at in range(count):
        share = lost[at] if model.adds_linearly else np.sqrt(lost[at])
        speed[at] = np.maximum(free[at] - share, 0.0)
        for number, one in enumerate(mix.types):
            mine = which[at] == number
            thrust[at, mine] = one.thrust(speed[at, mine])
        turbulence[at] = np.sqrt(ambient**2 + added[at])
        along = downwind[at + 1 :] - downwind[at]
        across = np.hypot(sideways[at + 1 :] - sideways[at], hub[at + 1 :] - hub[at])
        behind = along > 0.0
        made = model.made(thrust[at], turbulence[at], diameter[at])
        sigma = model.width(along, made)
        loss = gaussian_at_hub(sigma, across, made[-1]) * behind
        if model.adds_linearly:
            lost[at + 1 :] += speed[at] * loss
        else:
            lost[at + 1 :] += (free[at] * loss) ** 2
        if model.adds_turbulence:
            edge = EDGE_SIGMA * sigma
            hit = behind & (across < edge + diameter[at + 1 :] / 2.0)
            state = np.nonzero(hit)[1]
            more = model.stirred(thrust[at])[state]
            more *= model.calmed(along[hit] / diameter[at][state])
            more *= overlap(edge[hit], diameter[at + 1 :][hit] / 2.0, across[hit])
            rest = added[at + 1 :]
            rest[hit] = np.maximum(rest[hit], more**2)
    placed = np.empty_like(order)
    np.put_along_axis(placed, order, np.broadcast_to(np.arange(count), order.shape), axis=1)

    def by_turbine(rows: FloatArray) -> FloatArray:
        return np.take_along_axis(rows.T, placed, axis=1)

    return by_turbine(speed), by_turbine(thrust), by_turbine(turbulence)


def _power_mw(mix: TurbineMix, speed: FloatArray) -> FloatArray:
    """Each turbine's power at its speed, by wind state, in megawatts."""
    power = np.empty_like(speed)
    for number, one in enumerate(mix.types):
        mine = mix.which == number
        power[:, mine] = one.power_mw(speed[:, mine])
    return power
