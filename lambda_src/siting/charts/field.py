"""The wind in and around a farm, for maps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from siting.wind.turbines import (
    STANDARD_DENSITY_KG_PER_M3,
    FloatArray,
    Turbine,
    turbine_from,
    turbine_of,
)
from siting.wind.wake.flow import speeds_at
from siting.wind.wake.library import model_of
from siting.wind.wake.mixed import TurbineMix, mixed_speeds_at
from siting.wind.wake.models import WakeModel


@dataclass(frozen=True)
class WindField:
    """The turbines, their wakes, and the free wind at each hub.

    Attributes:
        east_m: Of each turbine.
        north_m: Likewise.
        mix: Their types, the lowest hub first, in the air they stand in.
        ratio: Of several types, by sector and type: the free speed at its hub as a multiple of the
            lowest's. None of one type.
        model: The wakes.
        north_degrees: Where the turbines' metres have their north, clockwise from true north.
    """

    east_m: FloatArray
    north_m: FloatArray
    mix: TurbineMix
    ratio: FloatArray | None
    model: WakeModel
    north_degrees: float = 0.0

    @classmethod
    def of(cls, energy: Mapping[str, Any], setup: Mapping[str, Any]) -> "WindField":
        """Take what a simulation saved: ``energy.json`` and ``simulation.json``."""
        rows = energy["per_turbine"]
        types = _types(setup)
        ratio = setup.get("free_speed_ratio")
        return cls(
            east_m=np.array([one["x_m"] for one in rows], dtype=np.float64),
            north_m=np.array([one["y_m"] for one in rows], dtype=np.float64),
            mix=TurbineMix.of(
                [types[one["turbine_model"]] for one in rows]
                if len(types) > 1
                else [*types.values()] * len(rows)
            ),
            ratio=None if ratio is None else np.array(ratio),
            # A model without turbulence does not look at it.
            model=model_of(setup["wake_model"], setup["turbulence_intensity"] or 0.0),
            # Simulated before grids were told from the earth.
            north_degrees=setup.get("grid_north_degrees", 0.0),
        )

    @property
    def types(self) -> tuple[Turbine, ...]:
        """The turbines' types, the lowest hub first."""
        return self.mix.types

    @property
    def largest_rotor_m(self) -> float:
        """The largest rotor's diameter."""
        return max(one.rotor_diameter_m for one in self.types)

    @property
    def height(self) -> str:
        """At which height the speeds are, in words."""
        if len(self.types) == 1:
            return "hub height"
        return f"the lowest hub, {self.types[0].hub_height_m:g} m over ground"

    def speeds_at(
        self, points_m: FloatArray, sector: int, direction_degrees: float, free_m_per_s: float
    ) -> FloatArray:
        """Return the wind speed at points at the hub's height; of several types, the lowest's.

        Args:
            points_m: (east, north) of each point.
            sector: The number of the wind's sector.
            direction_degrees: Where the wind comes from, from true north.
            free_m_per_s: Its speed at that height.
        """
        direction_degrees -= self.north_degrees
        if self.ratio is None:
            return speeds_at(
                points_m,
                self.east_m,
                self.north_m,
                direction_degrees=direction_degrees,
                speed_m_per_s=free_m_per_s,
                turbine=self.types[0],
                model=self.model,
            )
        return mixed_speeds_at(
            points_m,
            self.types[0].hub_height_m,
            self.east_m,
            self.north_m,
            direction_degrees=direction_degrees,
            free_m_per_s=free_m_per_s * self.ratio[sector],
            mix=self.mix,
            model=self.model,
        )


def _types(setup: Mapping[str, Any]) -> dict[str, Turbine]:
    # Simulated before the air was looked at.
    density = setup.get("air_density_kg_per_m3", STANDARD_DENSITY_KG_PER_M3)
    if "turbine_types" not in setup:  # simulated before turbines carried their types
        only = turbine_of(setup["turbine"]["turbine_model"])
        return {only.key: only.in_air(density)}
    return {
        key: turbine_from(key, data).in_air(density) for key, data in setup["turbine_types"].items()
    }
