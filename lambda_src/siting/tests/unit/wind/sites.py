"""Sites to test with, built from metres and written as GeoJSON in degrees."""

from typing import Any

from pyproj import Transformer

#: The lower left corner of the test sites, in UTM zone 32N.
EAST_M, NORTH_M = 495_000.0, 6_063_000.0

Ring = list[tuple[float, float]]


def square(x: float, y: float, side: float) -> Ring:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


_TO_DEGREES = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)


def position(x: float, y: float) -> list[float]:
    """Metres east and north of the corner, as longitude and latitude."""
    return list(_TO_DEGREES.transform(EAST_M + x, NORTH_M + y))


def polygon(ring: Ring) -> dict[str, Any]:
    positions = [position(*point) for point in ring]
    return {"type": "Polygon", "coordinates": [[*positions, positions[0]]]}


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": position(x, y)}


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [position(*one) for one in points]}


def feature(kind: str, geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"class": kind}, "geometry": geometry}


def site(ring: Ring, *features: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A site with a boundary and features, as GeoJSON."""
    return {
        "type": "FeatureCollection",
        "features": [
            feature("boundary", polygon(ring)),
            *(feature(kind, geometry) for kind, geometry in features),
        ],
    }
