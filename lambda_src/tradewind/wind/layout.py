"""Turbines on a grid that follows the prevailing wind."""

from dataclasses import dataclass
from math import ceil, cos, hypot, isfinite, radians, sin
from typing import Final

import numpy as np
import shapely
from shapely.geometry import MultiPolygon

from tradewind.wind.crs import FloatArray
from tradewind.wind.errors import WindError
from tradewind.wind.wake import MAX_TURBINES, MIN_SPACING_DIAMETERS

MAX_SPACING_DIAMETERS: Final = 30.0
MIN_ROTOR_DIAMETER_M: Final = 10.0
MAX_ROTOR_DIAMETER_M: Final = 300.0
MAX_GRID_POSITIONS: Final = 100_000

#: Positions are whole centimetres, so that what is written is what was tested.
_POSITION_DECIMALS: Final = 2
#: The most by which rounding two positions can bring them together (0.71 cm each way).
_ROUNDING_M: Final = 0.02
#: Kept from every edge, so that no rounding, here or in degrees, takes a turbine across it.
_EDGE_CLEARANCE_M: Final = 0.05
#: The grid is tried at this many offsets along the wind, times as many across.
_OFFSETS: Final = 8


@dataclass(frozen=True, slots=True)
class GridSpec:
    """How a grid is to be laid.

    Attributes:
        turbine_count: How many turbines are wanted, 1 to ``MAX_TURBINES``.
        rotor_diameter_m: The rotor's diameter, in metres.
        spacing_along_wind_diameters: From row to row, in rotor diameters, hub to hub.
        spacing_across_wind_diameters: Within a row, in rotor diameters, hub to hub.
        wind_direction_degrees: Where the prevailing wind comes from, clockwise from north.
    """

    turbine_count: int
    rotor_diameter_m: float
    spacing_along_wind_diameters: float
    spacing_across_wind_diameters: float
    wind_direction_degrees: float

    def __post_init__(self) -> None:
        if not 1 <= self.turbine_count <= MAX_TURBINES:
            raise WindError(
                f"turbine_count is {self.turbine_count}; give a whole number from 1 to "
                f"{MAX_TURBINES}."
            )
        _require(
            "rotor_diameter_m", self.rotor_diameter_m, MIN_ROTOR_DIAMETER_M, MAX_ROTOR_DIAMETER_M
        )
        for name in ("spacing_along_wind_diameters", "spacing_across_wind_diameters"):
            _require(name, getattr(self, name), MIN_SPACING_DIAMETERS, MAX_SPACING_DIAMETERS)
        _require("wind_direction_degrees", self.wind_direction_degrees, 0.0, 360.0)

    @property
    def spacing_along_wind_m(self) -> float:
        """From row to row, in metres."""
        return self.spacing_along_wind_diameters * self.rotor_diameter_m

    @property
    def spacing_across_wind_m(self) -> float:
        """Within a row, in metres."""
        return self.spacing_across_wind_diameters * self.rotor_diameter_m


@dataclass(frozen=True, slots=True)
class GridLayout:
    """A grid of turbines.

    Attributes:
        spec: What was asked for.
        positions_m: (east, north) of each turbine in metres, row by row from the upwind side.
        grid_positions_in_boundary: How many positions of this grid lie within the boundary.
        grid_positions_buildable: How many of those lie in the buildable area.
    """

    spec: GridSpec
    positions_m: FloatArray
    grid_positions_in_boundary: int
    grid_positions_buildable: int

    @property
    def turbines_placed(self) -> int:
        """How many turbines stand."""
        return len(self.positions_m)

    @property
    def turbines_not_placed(self) -> int:
        """How many of the turbines asked for did not fit."""
        return self.spec.turbine_count - self.turbines_placed

    def why_not_placed(self, buildable_km2: float) -> str:
        """Say why some turbines did not fit; empty when all did."""
        if not self.turbines_not_placed:
            return ""
        spec = self.spec
        in_exclusions = self.grid_positions_in_boundary - self.grid_positions_buildable
        return (
            f"{self.turbines_not_placed} of {spec.turbine_count} turbines did not fit: at "
            f"{spec.spacing_along_wind_m:.0f} m along and {spec.spacing_across_wind_m:.0f} m "
            f"across the wind, the grid has {self.grid_positions_in_boundary} positions within "
            f"the boundary, of which {in_exclusions} lie in exclusion zones and "
            f"{self.grid_positions_buildable} in the {buildable_km2:.2f} km2 of buildable area. "
            "A closer spacing (2 rotor diameters at least), smaller setbacks or a larger site "
            "would take more."
        )


def grid_layout(boundary_m: MultiPolygon, buildable_m: MultiPolygon, spec: GridSpec) -> GridLayout:
    """Place turbines on the grid offset that holds the most of them.

    Of equally good offsets the first is taken, and turbines fill the grid from the upwind side, so
    the same input gives the same layout.

    Args:
        boundary_m: The site's boundary, in metres.
        buildable_m: Where turbines may stand, in metres.
        spec: The grid.

    Raises:
        WindError: The grid would be too fine for so large a site.
    """
    allowed = shapely.buffer(buildable_m.intersection(boundary_m), -_EDGE_CLEARANCE_M)
    shapely.prepare(allowed)
    grid, offsets = _grid_over(boundary_m, spec)
    best = grid
    best_inside = np.zeros(len(grid), dtype=np.bool_)
    for offset in offsets:
        positions = np.round(grid + offset, _POSITION_DECIMALS)
        inside = shapely.contains_xy(allowed, positions)
        if inside.sum() > best_inside.sum():
            best, best_inside = positions, inside
    return GridLayout(
        spec=spec,
        positions_m=best[best_inside][: spec.turbine_count],
        grid_positions_in_boundary=int(shapely.contains_xy(boundary_m, best).sum()),
        grid_positions_buildable=int(best_inside.sum()),
    )


def _grid_over(boundary_m: MultiPolygon, spec: GridSpec) -> tuple[FloatArray, list[FloatArray]]:
    """Return a grid that covers the boundary at every offset, and the offsets to try."""
    west, south, east, north = boundary_m.bounds
    radius_m = hypot(east - west, north - south) / 2
    # Wind from direction d blows towards (-sin d, -cos d); rows are at right angles to that.
    direction = radians(spec.wind_direction_degrees)
    along = np.array((-sin(direction), -cos(direction))) * (spec.spacing_along_wind_m + _ROUNDING_M)
    across = np.array((cos(direction), -sin(direction))) * (
        spec.spacing_across_wind_m + _ROUNDING_M
    )
    rows = ceil(radius_m / spec.spacing_along_wind_m) + 1
    columns = ceil(radius_m / spec.spacing_across_wind_m) + 1
    if (2 * rows + 1) * (2 * columns + 1) > MAX_GRID_POSITIONS:
        raise WindError(
            f"At this spacing the grid over the site has more than {MAX_GRID_POSITIONS} positions. "
            "Ask for a wider spacing, or a smaller site."
        )
    row, column = np.mgrid[-rows : rows + 1, -columns : columns + 1].reshape(2, -1, 1)
    centre = np.array(((west + east) / 2, (south + north) / 2))
    shares = [step / _OFFSETS for step in range(_OFFSETS)]
    offsets = [a * along + b * across for a in shares for b in shares]
    return centre + row * along + column * across, offsets


def _require(name: str, value: float, low: float, high: float) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise WindError(f"{name} is {value:g}; give {low:g} to {high:g}.")
