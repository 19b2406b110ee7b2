"""What a layout has to keep: its land and its spacing, and how both are measured.

Hubs are spaced by an ellipse that follows the main wind: two hubs ``a`` metres apart along the wind
and ``b`` across it are far enough apart when (a / A)^2 + (b / B)^2 >= 1, with A and B the spacings
asked for. Along the wind that is A, across it B, and in between a value between the two. As A and B
are two rotor diameters at least, so is every distance. A grid with A from row to row and B within a
row keeps it; other layouts may come closer to it.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot, radians, sqrt
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon
from shapely.geometry.base import BaseGeometry

from siting.wind.errors import WindError, require_within
from siting.wind.exclusions import inset
from siting.wind.geojson import polygons_of
from siting.wind.turbines import FloatArray
from siting.wind.wake.energy import MAX_TURBINES, MIN_SPACING_DIAMETERS

MAX_SPACING_DIAMETERS: Final = 30.0
MIN_ROTOR_DIAMETER_M: Final = 10.0
MAX_ROTOR_DIAMETER_M: Final = 300.0

#: Positions are whole centimetres, so that what is written is what was tested.
POSITION_DECIMALS: Final = 2
#: The most by which rounding two positions can bring them together (0.71 cm each way), and some.
ROUNDING_M: Final = 0.02
#: Kept from every edge, so that no rounding, here or in degrees, takes a turbine across it.
EDGE_CLEARANCE_M: Final = 0.05

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LayoutSpec:
    """What is asked of a layout.

    Attributes:
        turbine_count: How many turbines are wanted, 1 to ``MAX_TURBINES``.
        rotor_diameter_m: The rotor's diameter, in metres.
        spacing_along_wind_diameters: Along the main wind, in rotor diameters, hub to hub.
        spacing_across_wind_diameters: Across the main wind, in rotor diameters, hub to hub.
        wind_direction_degrees: Where the main wind comes from, clockwise from true north, or from
            the grid's: see ``on_grid``.
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
        require_within(
            "rotor_diameter_m", self.rotor_diameter_m, MIN_ROTOR_DIAMETER_M, MAX_ROTOR_DIAMETER_M
        )
        for name in ("spacing_along_wind_diameters", "spacing_across_wind_diameters"):
            require_within(name, getattr(self, name), MIN_SPACING_DIAMETERS, MAX_SPACING_DIAMETERS)
        require_within("wind_direction_degrees", self.wind_direction_degrees, 0.0, 360.0)

    def on_grid(self, north_degrees: float) -> "LayoutSpec":
        """Return the same with its direction from a grid's north, as positions are.

        Args:
            north_degrees: Where the grid's north points, clockwise from true north.
        """
        turned = (self.wind_direction_degrees - north_degrees) % 360.0
        return replace(self, wind_direction_degrees=turned)

    @property
    def spacing_along_wind_m(self) -> float:
        """Along the main wind, in metres."""
        return self.spacing_along_wind_diameters * self.rotor_diameter_m

    @property
    def spacing_across_wind_m(self) -> float:
        """Across the main wind, in metres."""
        return self.spacing_across_wind_diameters * self.rotor_diameter_m

    def to_spacings(self, points_m: FloatArray, *, with_room: bool = True) -> FloatArray:
        """Turn and scale metres so that hubs have to be 1 apart, whatever the direction.

        Args:
            points_m: Rows, or more, of (east, north).
            with_room: Keep the hair that rounding positions may take.

        Returns:
            The same shape: (along, across) in spacings, along growing downwind.
        """
        return points_m @ self._to_spacings(with_room=with_room)

    def from_spacings(self, points: FloatArray) -> FloatArray:
        """Undo ``to_spacings``."""
        return points @ np.linalg.inv(self._to_spacings(with_room=True))

    def _to_spacings(self, *, with_room: bool) -> FloatArray:
        along_m, across_m = self.spacing_along_wind_m, self.spacing_across_wind_m
        # A relative room, or the ellipse would lose its shape to it.
        room = 1.0 + (ROUNDING_M / min(along_m, across_m) if with_room else 0.0)
        direction = radians(self.wind_direction_degrees)
        sine, cosine = np.sin(direction), np.cos(direction)
        # Wind from direction d blows towards (-sin d, -cos d).
        return np.array(
            ((-sine / along_m, cosine / across_m), (-cosine / along_m, -sine / across_m))
        ) / np.float64(room)


class Land:
    """Where turbines may stand.

    Attributes:
        boundary_m: The site's boundary, in metres.
        inset_m: What is left of the boundary within its setback, in metres.
        buildable_m: What of it is not excluded, in metres.
        allowed_m: The buildable area without a hair along its edges.
    """

    def __init__(
        self,
        boundary_m: MultiPolygon,
        buildable_m: MultiPolygon,
        boundary_setback_m: float = 0.0,
    ) -> None:
        self._made_from = (boundary_m, buildable_m, boundary_setback_m)
        self.boundary_m = boundary_m
        self.inset_m = inset(boundary_m, boundary_setback_m)
        self.buildable_m = polygons_of(buildable_m.intersection(self.inset_m))
        self.allowed_m: BaseGeometry = shapely.buffer(self.buildable_m, -EDGE_CLEARANCE_M)
        # What rounds to an allowed position.
        self._core_m: BaseGeometry = shapely.buffer(self.allowed_m, -ROUNDING_M)
        for area in (self.allowed_m, self._core_m, self.boundary_m, self.inset_m):
            shapely.prepare(area)

    def __reduce__(self) -> tuple[type["Land"], tuple[MultiPolygon, MultiPolygon, float]]:
        """Travel to other processes as what it is made from."""
        return Land, self._made_from

    def allows(self, points_m: FloatArray) -> BoolArray:
        """Say which points a turbine may stand on."""
        return np.asarray(shapely.contains_xy(self.allowed_m, points_m))

    def encloses(self, points_m: FloatArray) -> BoolArray:
        """Say which points lie within the boundary, buildable or not."""
        return np.asarray(shapely.contains_xy(self.boundary_m, points_m))

    def keeps_boundary(self, points_m: FloatArray) -> BoolArray:
        """Say which points keep the setback from the boundary."""
        return np.asarray(shapely.contains_xy(self.inset_m, points_m))

    def on_the_edge(self, points_m: FloatArray) -> BoolArray:
        """Say which points are so near to an edge of the buildable area that rounding decides."""
        away_m = shapely.distance(self.buildable_m.boundary, shapely.points(points_m))
        return np.asarray(away_m <= EDGE_CLEARANCE_M)

    def nearest(self, points_m: FloatArray) -> FloatArray:
        """Return each point, or the nearest one to it that is allowed and stays so when rounded.

        The land must not be empty.
        """
        moved = points_m.copy()
        outside = ~np.asarray(shapely.contains_xy(self._core_m, points_m))
        if outside.any():
            moved[outside] = self._nearest_on_edge(points_m[outside])
        return moved

    def _nearest_on_edge(self, points_m: FloatArray) -> FloatArray:
        index, begin, way, length = self._edges
        at = index.nearest(shapely.points(points_m))
        begin, way, length = begin[at], way[at], length[at]
        part = ((points_m - begin) * way).sum(axis=1) / length
        return np.asarray(begin + np.clip(part, 0.0, 1.0)[:, np.newaxis] * way)

    @cached_property
    def _edges(self) -> tuple[shapely.STRtree, FloatArray, FloatArray, FloatArray]:
        """An index of the edges, and of each where it begins, its way and that one's square."""
        area = self.allowed_m if self._core_m.is_empty else self._core_m
        points, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(area)), return_index=True
        )
        begin = np.flatnonzero((ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1))
        lines = [LineString(points[at : at + 2]) for at in begin]
        way = points[begin + 1] - points[begin]
        return shapely.STRtree(lines), points[begin], way, np.square(way).sum(axis=1)

    @cached_property
    def is_empty(self) -> bool:
        """Whether no turbine may stand anywhere."""
        return bool(self.allowed_m.is_empty)

    @property
    def buildable_km2(self) -> float:
        """The buildable area within the boundary's setback."""
        return self.buildable_m.area / 1e6

    def lattice(self, count: int) -> FloatArray:
        """Return about ``count`` allowed points, evenly spread, the same every time."""
        if self.is_empty:
            return np.empty((0, 2))
        west, south, east, north = self.allowed_m.bounds
        step = sqrt(self.allowed_m.area / count)
        columns = np.arange(west + step / 2, east, step)
        rows = np.arange(south + step / 2, north, step)
        points = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        inside = points[self.allows(points)]
        # Land of slivers has room between the points of a lattice.
        return (
            inside if len(inside) else np.array([self.allowed_m.representative_point().coords[0]])
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Turbines that stand.

    Attributes:
        spec: What was asked for.
        strategy: How they were placed.
        positions_m: (east, north) of each turbine in metres.
        places_in_boundary: How many places of the pattern lie within the boundary.
        places_buildable: How many of those lie on allowed land.
    """

    spec: LayoutSpec
    strategy: str
    positions_m: FloatArray
    places_in_boundary: int
    places_buildable: int

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
        excluded = self.places_in_boundary - self.places_buildable
        return (
            f"{self.turbines_not_placed} of {spec.turbine_count} turbines did not fit: at "
            f"{spec.spacing_along_wind_m:.0f} m along and {spec.spacing_across_wind_m:.0f} m "
            f"across the wind, the {self.strategy} pattern has {self.places_in_boundary} places "
            f"within the boundary, of which {excluded} lie in exclusion zones or too near to "
            f"the boundary, and "
            f"{self.places_buildable} in the {buildable_km2:.2f} km2 of buildable area, with room "
            f"for {self.turbines_placed} turbines. A closer spacing (2 rotor diameters at least), "
            "smaller setbacks or a larger site would take more."
        )


def rounded(positions_m: FloatArray) -> FloatArray:
    """Return positions as they are written."""
    return np.round(positions_m, POSITION_DECIMALS)


def nearest_spacing(positions_m: FloatArray, spec: LayoutSpec) -> FloatArray:
    """Return each turbine's distance to its nearest neighbour in spacings; infinity for one alone.

    Positions are taken as written: 1 is enough, no room for rounding is needed any more.
    """
    scaled = spec.to_spacings(positions_m, with_room=False)
    apart = np.hypot(*(scaled[:, np.newaxis] - scaled).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.min(axis=1, initial=np.inf))


def broken_rules(positions_m: FloatArray, land: Land, spec: LayoutSpec) -> list[str]:
    """Say for each turbine which rule its place breaks; an empty text for none."""
    allowed = land.allows(positions_m)
    enclosed = land.encloses(positions_m)
    inset_kept = land.keeps_boundary(positions_m)
    on_edge = land.on_the_edge(positions_m)
    spaced = nearest_spacing(positions_m, spec) >= 1.0 - _TOLERANCE
    return [
        _ON_THE_EDGE
        if edge and not free
        else "outside the boundary"
        if not within
        else "too near to the boundary"
        if not inside
        else "in an exclusion zone"
        if not free
        else ""
        if apart
        else "too near to another turbine"
        for within, inside, free, edge, apart in zip(
            enclosed, inset_kept, allowed, on_edge, spaced, strict=True
        )
    ]


_ON_THE_EDGE: Final = f"within {100 * EDGE_CLEARANCE_M:.0f} cm of the buildable area's edge"


def is_feasible(positions_m: FloatArray, land: Land, spec: LayoutSpec) -> bool:
    """Say whether every turbine stands on allowed land and keeps the spacing."""
    return bool(
        land.allows(positions_m).all()
        and (nearest_spacing(positions_m, spec) >= 1.0 - _TOLERANCE).all()
    )


#: A billionth of a spacing: the rounding of the arithmetic, not of positions.
_TOLERANCE: Final = 1e-9


def diagonal_m(land: Land) -> float:
    """Return the length of the diagonal of the boundary's box."""
    west, south, east, north = land.boundary_m.bounds
    return hypot(east - west, north - south)
