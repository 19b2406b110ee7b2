"""Lines of equal longitude and latitude on a map. Standard library only.

Over one site degrees are a linear function of a map's coordinates, whatever it is drawn in: 20 km
from its middle the lines are then some tens of metres off, less than they are wide.
"""

from collections.abc import Mapping
from math import atan2, ceil, cos, degrees, floor, log10, radians
from typing import Any, Final, NamedTuple

#: A map has about so many lines each way.
_LINES: Final = 7
_HALF_TURN_DEG: Final = 180.0
Pair = tuple[float, float]
#: Left, right, and the two ends of the other axis, the lower number first.
Box = tuple[float, float, float, float]


class Plane(NamedTuple):
    """How the coordinates of a map become degrees.

    Attributes:
        origin: The point that ``origin_deg`` is at, in the map's own unit.
        origin_deg: Its longitude and latitude.
        x_deg: Longitude and latitude gained by one unit along the map's first axis.
        y_deg: And along its second.
    """

    origin: Pair
    origin_deg: Pair
    x_deg: Pair
    y_deg: Pair

    @classmethod
    def of_layout(cls, layout: Mapping[str, Any]) -> "Plane":
        """Return the plane of a layout's UTM metres, as ``layout.json`` has it."""
        grid = layout["grid"]
        east, north = grid["degrees_per_metre"]
        return cls(
            (grid["origin_m"][0], grid["origin_m"][1]),
            (grid["origin_deg"][0], grid["origin_deg"][1]),
            (east[0], east[1]),
            (north[0], north[1]),
        )

    @property
    def north_degrees(self) -> float:
        """Where the second axis points, clockwise from true north.

        Of UTM's metres that is the meridians' convergence: up to some three degrees at a zone's
        edge, and more in the wide zones of the far north.
        """
        east, north = self.y_deg
        return degrees(atan2(east * cos(radians(self.origin_deg[1])), north))

    def to_degrees(self, x: float, y: float) -> Pair:
        """Return longitude and latitude of a point, the longitude perhaps past 180."""
        x, y = x - self.origin[0], y - self.origin[1]
        return (
            self.origin_deg[0] + self.x_deg[0] * x + self.y_deg[0] * y,
            self.origin_deg[1] + self.x_deg[1] * x + self.y_deg[1] * y,
        )

    def to_plane(self, longitude_deg: float, latitude_deg: float) -> Pair:
        """Return where a point lies, its longitude taken on the map's side of the antimeridian."""
        east = longitude_deg - self.origin_deg[0]
        east = (east + _HALF_TURN_DEG) % (2 * _HALF_TURN_DEG) - _HALF_TURN_DEG
        north = latitude_deg - self.origin_deg[1]
        (a, b), (c, d) = self.x_deg, self.y_deg
        size = a * d - b * c
        return (
            self.origin[0] + (d * east - c * north) / size,
            self.origin[1] + (a * north - b * east) / size,
        )


class GridLine(NamedTuple):
    """A line of equal longitude or latitude.

    Attributes:
        label: Such as ``8.95° E``.
        is_meridian: Whether it is of equal longitude, and so runs along the second axis.
        start: Where it enters the map's box.
        end: Where it leaves it.
    """

    label: str
    is_meridian: bool
    start: Pair
    end: Pair


def graticule(plane: Plane, box: Box) -> tuple[GridLine, ...]:
    """Return the lines of a map whose axes are about east and north (or south).

    Args:
        plane: How its coordinates become degrees.
        box: What it shows.
    """
    left, right, low, high = box
    corners = [plane.to_degrees(x, y) for x in (left, right) for y in (low, high)]
    lines = []
    for at, is_meridian in ((0, True), (1, False)):
        values = [corner[at] for corner in corners]
        step, digits = _step((max(values) - min(values)) / _LINES)
        for count in range(ceil(min(values) / step), floor(max(values) / step) + 1):
            value = count * step
            ends = (
                ((_x_of(plane, value, low), low), (_x_of(plane, value, high), high))
                if is_meridian
                else ((left, _y_of(plane, value, left)), (right, _y_of(plane, value, right)))
            )
            lines.append(GridLine(_label(value, digits, is_meridian), is_meridian, *ends))
    return tuple(lines)


def _x_of(plane: Plane, longitude_deg: float, y: float) -> float:
    there = plane.to_degrees(plane.origin[0], y)[0]
    return plane.origin[0] + (longitude_deg - there) / plane.x_deg[0]


def _y_of(plane: Plane, latitude_deg: float, x: float) -> float:
    there = plane.to_degrees(x, plane.origin[1])[1]
    return plane.origin[1] + (latitude_deg - there) / plane.y_deg[1]


def _step(least: float) -> tuple[float, int]:
    """Return the next 1, 2 or 5 of a power of ten, and the digits that it needs."""
    power = floor(log10(least))
    step: float = next(one * 10.0**power for one in (1, 2, 5, 10) if one * 10.0**power >= least)
    return step, max(0, -floor(log10(step) + 1e-9))


def _label(value: float, digits: int, is_meridian: bool) -> str:
    if is_meridian:
        value = (value + _HALF_TURN_DEG) % (2 * _HALF_TURN_DEG) - _HALF_TURN_DEG
    side = ("E", "W") if is_meridian else ("N", "S")
    return f"{abs(value):.{digits}f}° {side[value < 0]}"
