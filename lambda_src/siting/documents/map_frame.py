"""From degrees to a drawing's pixels, and shapes as SVG paths. Standard library only.

Degrees become pixels by an equirectangular projection about the site's middle, north up: over one
site its scale differs by less than a line's width.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, floor, hypot, log10, radians
from typing import Any, Final

from siting.charts.graticule import GridLine, Plane, graticule
from siting.documents.map_labels import class_label, zone_label
from siting.wind.features import SETBACK_RULES

_WIDTH_PX: Final = 900.0
_MAX_HEIGHT_PX: Final = 760.0
_MIN_HEIGHT_PX: Final = 320.0
#: Around the boundary, as a share of the map's width.
_PADDING: Final = 0.05
_METRES_PER_DEGREE: Final = 111_195.0
#: The scale bar is about this share of the map's width.
_SCALE_BAR: Final = 0.2
#: Points nearer to each other than this are one, in pixels.
_THINNEST_PX: Final = 0.5
_DOT_PX: Final = 0.1
_HALF_TURN_DEG: Final = 180.0

Point = tuple[float, float]
#: Of an SVG's ``matrix()``.
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A drawn shape.

    Attributes:
        kind: The class it is drawn as, such as ``road``.
        label: What it is called in a legend; empty of what is no class of features.
        path: The ``d`` of an SVG path, areas closed.
        is_line: Whether it is a line, which is not to be filled.
    """

    kind: str
    label: str
    path: str
    is_line: bool


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A round distance and how long it is on the map, in pixels."""

    label: str
    length: float


@dataclass(frozen=True, slots=True)
class Frame:
    """What a map shows of the earth, and how large."""

    west_deg: float
    north_deg: float
    pixels_per_metre: float
    metres_per_longitude: float
    left_px: float
    top_px: float
    width: float
    height: float

    @classmethod
    def around(cls, geometry: Mapping[str, Any]) -> "Frame":
        """Return the frame that a site's boundary fits in."""
        points = [point for part in _parts(geometry) for point in part]
        west_first = points[0][0]
        longitudes = [_near(point[0], west_first) for point in points]
        latitudes = [point[1] for point in points]
        middle_deg = (min(latitudes) + max(latitudes)) / 2
        metres_per_longitude = _METRES_PER_DEGREE * cos(radians(middle_deg))
        wide_m = (max(longitudes) - min(longitudes)) * metres_per_longitude
        high_m = (max(latitudes) - min(latitudes)) * _METRES_PER_DEGREE
        padding_px = _WIDTH_PX * _PADDING
        scale = min(
            (_WIDTH_PX - 2 * padding_px) / wide_m, (_MAX_HEIGHT_PX - 2 * padding_px) / high_m
        )
        height = max(_MIN_HEIGHT_PX, high_m * scale + 2 * padding_px)
        return cls(
            west_deg=min(longitudes),
            north_deg=max(latitudes),
            pixels_per_metre=scale,
            metres_per_longitude=metres_per_longitude,
            left_px=(_WIDTH_PX - wide_m * scale) / 2,
            top_px=(height - high_m * scale) / 2,
            width=_WIDTH_PX,
            height=round(height, 1),
        )

    @property
    def plane(self) -> Plane:
        """How pixels become degrees."""
        return Plane(
            (self.left_px, self.top_px),
            (self.west_deg, self.north_deg),
            (1.0 / (self.pixels_per_metre * self.metres_per_longitude), 0.0),
            (0.0, -1.0 / (self.pixels_per_metre * _METRES_PER_DEGREE)),
        )

    def graticule(self) -> tuple[GridLine, ...]:
        """Lines of equal longitude and latitude, in pixels."""
        return graticule(self.plane, (0.0, self.width, 0.0, self.height))

    def to_pixels(self, point: Sequence[float]) -> Point:
        """Return where a position lies, to a tenth."""
        x, y = self._at(point)
        return round(x, 1), round(y, 1)

    def _at(self, point: Sequence[float]) -> Point:
        east_m = (_near(point[0], self.west_deg) - self.west_deg) * self.metres_per_longitude
        south_m = (self.north_deg - point[1]) * _METRES_PER_DEGREE
        return (
            self.left_px + east_m * self.pixels_per_metre,
            self.top_px + south_m * self.pixels_per_metre,
        )

    def matrix_of(self, plane: Plane, bounds: Sequence[float], size: tuple[int, int]) -> Matrix:
        """Return what puts a picture where it belongs.

        Args:
            plane: How the metres that the picture is drawn in become degrees.
            bounds: Its west, south, east and north edge, in those metres.
            size: Its width and height in pixels of its own.
        """
        west, south, east, north = bounds
        (x, y), (x_right, y_right), (x_down, y_down) = (
            self._at(plane.to_degrees(*corner))
            for corner in ((west, north), (east, north), (west, south))
        )
        wide, high = size
        return (
            (x_right - x) / wide, (y_right - y) / wide,
            (x_down - x) / high, (y_down - y) / high,
            x, y,
        )  # fmt: skip

    def shapes(self, features: Sequence[Mapping[str, Any]]) -> tuple[Shape, ...]:
        """Draw those features that show: the others would be in the legend only."""
        return tuple(self.shape(one) for one in features if self._shows(one["geometry"]))

    def shape(self, feature: Mapping[str, Any]) -> Shape:
        """Draw a feature."""
        geometry = feature["geometry"]
        is_line = geometry["type"].endswith("LineString")
        close = "" if is_line else "Z"
        paths = []
        for part in _parts(geometry):
            pixels = _thinned([self.to_pixels(point) for point in part])
            # A path of a single point is drawn by its round line caps, if it has any length.
            if len(pixels) == 1:
                pixels.append((pixels[0][0] + _DOT_PX, pixels[0][1]))
            paths.append("M" + "L".join(f"{x:g} {y:g}" for x, y in pixels) + close)
        kind, path = feature["properties"]["class"], "".join(paths)
        return Shape(kind, _label(feature["properties"]), path, is_line)

    def middle_of(self, geometry: Mapping[str, Any]) -> Point | None:
        """Return a place for a name: the middle of what the map shows of a geometry, if any."""
        pixels = [self.to_pixels(point) for part in _parts(geometry) for point in part]
        if not pixels or not self._shows(geometry):
            return None
        xs = [min(max(x, 0.0), self.width) for x, _ in pixels]
        ys = [min(max(y, 0.0), self.height) for _, y in pixels]
        return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def _shows(self, geometry: Mapping[str, Any]) -> bool:
        pixels = [self.to_pixels(point) for part in _parts(geometry) for point in part]
        if not pixels:
            return False
        xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
        return min(xs) < self.width and max(xs) > 0 and min(ys) < self.height and max(ys) > 0

    def scale_bar(self) -> ScaleBar:
        """Return a round distance that fits."""
        longest_m = _WIDTH_PX * _SCALE_BAR / self.pixels_per_metre
        power = 10.0 ** floor(log10(longest_m))
        length_m = max(step * power for step in (1, 2, 5) if step * power <= longest_m)
        label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"  # noqa: PLR2004
        return ScaleBar(label, round(length_m * self.pixels_per_metre, 1))


def _label(properties: Mapping[str, Any]) -> str:
    kind = properties["class"]
    if kind not in SETBACK_RULES:
        return ""
    if "setback_m" in properties:
        return zone_label(kind, properties["setback_m"])
    return class_label(kind)


def _thinned(pixels: Sequence[Point]) -> list[Point]:
    """Leave out points that would fall onto the one before: a survey has more than a map shows."""
    kept = list(pixels[:1])
    for point in pixels[1:]:
        if hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= _THINNEST_PX:
            kept.append(point)
    return kept


def _near(longitude_deg: float, other_deg: float) -> float:
    """Shift a longitude by a whole turn to the side of the antimeridian ``other_deg`` is on."""
    if longitude_deg - other_deg > _HALF_TURN_DEG:
        return longitude_deg - 360.0
    return longitude_deg + 360.0 if longitude_deg - other_deg < -_HALF_TURN_DEG else longitude_deg


def _parts(geometry: Mapping[str, Any]) -> Iterator[Sequence[Sequence[float]]]:
    """Yield a geometry's points, lines or rings, each as a list of positions."""
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Point":
            yield [coordinates]
        case "MultiPoint":
            yield from ([point] for point in coordinates)
        case "LineString":
            yield coordinates
        case "MultiLineString" | "Polygon":
            yield from coordinates
        case _:  # MultiPolygon
            yield from (ring for polygon in coordinates for ring in polygon)
