"""Map elements to test with, in metres around a place."""

from collections.abc import Iterable
from math import cos, radians
from typing import Any

LONGITUDE, LATITUDE = 8.972, 54.7365
_METRES = 111_195.0

Points = Iterable[tuple[float, float]]


def position(x: float, y: float, at: tuple[float, float] = (LONGITUDE, LATITUDE)) -> dict[str, Any]:
    longitude, latitude = at
    return {
        "lat": latitude + y / _METRES,
        "lon": longitude + x / (_METRES * cos(radians(latitude))),
    }


def geometry(points: Points) -> list[dict[str, Any]]:
    return [position(*point) for point in points]


def node(x: float, y: float, **tags: str) -> dict[str, Any]:
    return {"type": "node", "id": 1, **position(x, y), "tags": tags}


def way(points: Points, **tags: str) -> dict[str, Any]:
    return {"type": "way", "id": 1, "geometry": geometry(points), "tags": tags}


def relation(*members: tuple[str, Points], **tags: str) -> dict[str, Any]:
    return {
        "type": "relation",
        "id": 1,
        "tags": tags,
        "members": [
            {"type": "way", "ref": 1, "role": role, "geometry": geometry(points)}
            for role, points in members
        ],
    }


def square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
