"""Draws elements as Overpass writes them with ``out geom``, from metres around a place."""

from collections.abc import Iterable, Sequence
from itertools import count
from math import cos, pi, radians, sin
from typing import Any, Final

Element = dict[str, Any]
Point = tuple[float, float]

_METRES_PER_DEGREE: Final = 111_195.0


class Pen:
    """Draws elements from metres east and north of a place."""

    def __init__(self, latitude: float, longitude: float) -> None:
        self._latitude = latitude
        self._longitude = longitude
        self._ids = count(1)

    def position(self, point: Point) -> dict[str, float]:
        """A point as Overpass writes it."""
        east, north = point
        longitude = self._longitude + east / (_METRES_PER_DEGREE * cos(radians(self._latitude)))
        return {
            "lat": round(self._latitude + north / _METRES_PER_DEGREE, 7),
            "lon": round((longitude + 180.0) % 360.0 - 180.0, 7),
        }

    def node(self, point: Point, **tags: str) -> Element:
        """Draw a point."""
        return {"type": "node", "id": next(self._ids), **self.position(point), "tags": tags}

    def way(self, points: Iterable[Point], **tags: str) -> Element:
        """Draw a line; one that ends where it began may be an area."""
        geometry = [self.position(point) for point in points]
        return {
            "type": "way",
            "id": next(self._ids),
            "bounds": _bounds(geometry),
            "geometry": geometry,
            "tags": tags,
        }

    def relation(self, members: Sequence[tuple[str, Iterable[Point]]], **tags: str) -> Element:
        """Draw an area of lines, each with its role."""
        drawn = [
            {
                "type": "way",
                "ref": next(self._ids),
                "role": role,
                "geometry": [self.position(point) for point in points],
            }
            for role, points in members
        ]
        corners = [position for member in drawn for position in member["geometry"]]  # type: ignore[attr-defined]
        return {
            "type": "relation",
            "id": next(self._ids),
            "bounds": _bounds(corners),
            "members": drawn,
            "tags": tags,
        }


def square(middle: Point, width: float, height: float) -> list[Point]:
    """Return the closed outline of a rectangle."""
    x, y = middle[0] - width / 2, middle[1] - height / 2
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]


def circle(middle: Point, radius: float, corners: int) -> list[Point]:
    """Return the closed outline of a circle, counter-clockwise."""
    turns = [2 * pi * (at % corners) / corners for at in range(corners + 1)]
    return [(middle[0] + radius * cos(turn), middle[1] + radius * sin(turn)) for turn in turns]


def _bounds(geometry: Sequence[dict[str, float]]) -> dict[str, float]:
    latitudes = [position["lat"] for position in geometry]
    longitudes = [position["lon"] for position in geometry]
    return {
        "minlat": min(latitudes),
        "minlon": min(longitudes),
        "maxlat": max(latitudes),
        "maxlon": max(longitudes),
    }
