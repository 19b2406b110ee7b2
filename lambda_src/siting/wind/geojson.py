"""GeoJSON in and out, read as if it came from a stranger."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry

from siting.wind.crs import FloatArray, mended, unwrap
from siting.wind.errors import WindError

#: Over a whole site: a town's worth, as a map service returns it. Far less fits a request.
MAX_VERTICES: Final = 1_000_000
MAX_FEATURES: Final = 60_000

#: How deep the positions lie in a geometry's coordinates.
_DEPTHS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
POLYGONS: Final = ("Polygon", "MultiPolygon")

_MAX_LONGITUDE_DEG: Final = 180.0
_MAX_LATITUDE_DEG: Final = 90.0
_MAX_DIMENSIONS: Final = 4
#: Characters of foreign text that a message repeats.
_SHOWN: Final = 40
#: Degrees: a tenth of a millimetre on the ground.
_OUTPUT_GRID_DEG: Final = 1e-9


class GeometryReader:
    """Reads the geometries of one site, counting their vertices together."""

    def __init__(self) -> None:
        self._vertices = 0

    def read(
        self, geometry: object, where: str, *, allowed: Sequence[str] = tuple(_DEPTHS)
    ) -> BaseGeometry:
        """Check a GeoJSON geometry and return it in degrees.

        A polygon across the antimeridian, given in two parts or running over it, comes back in one
        piece with longitudes past 180.

        Args:
            geometry: The geometry object, as decoded from JSON.
            where: How messages name it, such as ``feature 3 (road)``.
            allowed: The geometry types that will do.

        Raises:
            WindError: It is malformed, out of range, too large, or crosses itself.
        """
        if not isinstance(geometry, Mapping):
            raise WindError(f"{where} has no geometry object.")
        kind = geometry.get("type")
        if not isinstance(kind, str) or kind not in allowed:
            raise WindError(
                f"{where} is of type {str(kind)[:_SHOWN]}; allowed here: {', '.join(allowed)}."
            )
        coordinates = self._checked(geometry.get("coordinates"), _DEPTHS[kind], where)
        try:
            parsed = shape({"type": kind, "coordinates": coordinates})
        # Shapely raises its own error, or a plain one, depending on what is malformed.
        except (shapely.errors.ShapelyError, ValueError, TypeError, IndexError) as malformed:
            raise WindError(f"{where} is no proper {kind}: {malformed}") from malformed
        if parsed.is_empty:
            raise WindError(f"{where} is an empty {kind}.")
        _require_valid(_unwrapped(parsed), where)
        return in_one_piece(parsed)

    def _checked(self, coordinates: object, depth: int, where: str) -> Any:
        if not isinstance(coordinates, list | tuple):
            raise WindError(f"{where} has coordinates that are not nested as its type asks.")
        if depth > 0:
            return [self._checked(part, depth - 1, where) for part in coordinates]
        self._vertices += 1
        if self._vertices > MAX_VERTICES:
            raise WindError(
                f"The site has more than {MAX_VERTICES} vertices. "
                "Simplify it, or leave out features far from the boundary."
            )
        return _position(coordinates, where)


def _position(position: Sequence[object], where: str) -> tuple[float, float]:
    """Return longitude and latitude; heights, which GeoJSON allows, are left out."""
    numbers = [n for n in position if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != len(position) or not 2 <= len(position) <= _MAX_DIMENSIONS:  # noqa: PLR2004
        raise WindError(f"{where} has a position that is not [longitude, latitude] in numbers.")
    longitude_deg, latitude_deg = numbers[:2]
    # Comparisons refuse NaN and infinity too, and integers too large to be a float.
    if not (abs(longitude_deg) <= _MAX_LONGITUDE_DEG and abs(latitude_deg) <= _MAX_LATITUDE_DEG):
        raise WindError(
            f"{where} has the position [{_shown(longitude_deg)}, {_shown(latitude_deg)}]; GeoJSON "
            "is [longitude, latitude] in degrees, finite and within 180 and 90."
        )
    return float(longitude_deg), float(latitude_deg)


def _shown(number: float) -> str:
    return f"{number:.10g}" if isinstance(number, float) else str(number)[:_SHOWN]


def _require_valid(geometry: BaseGeometry, where: str) -> None:
    # Parts of a MultiPolygon may share an edge, as the antimeridian makes them do, so each is
    # checked by itself.
    for part in getattr(geometry, "geoms", (geometry,)):
        if not part.is_valid:
            reason = shapely.is_valid_reason(part)
            raise WindError(f"{where} is not valid: {reason} (longitude latitude). Mend the shape.")


def in_one_piece(geometry_deg: BaseGeometry) -> BaseGeometry:
    """Undo the antimeridian: longitudes run on past 180, and parts that touch become one."""
    if geometry_deg.is_empty:
        return geometry_deg
    unwrapped = _unwrapped(geometry_deg)
    return shapely.union_all([unwrapped]) if isinstance(unwrapped, MultiPolygon) else unwrapped


def _unwrapped(geometry_deg: BaseGeometry) -> BaseGeometry:
    first_longitude_deg = float(shapely.get_coordinates(geometry_deg)[0, 0])

    def shifted(points: FloatArray) -> FloatArray:
        return np.column_stack((unwrap(points[:, 0], first_longitude_deg), points[:, 1]))

    return shapely.transform(geometry_deg, shifted)


def polygons_of(geometry: BaseGeometry) -> MultiPolygon:
    """Keep a geometry's polygons; lines and points that an overlay left behind go."""
    parts = [part for part in shapely.get_parts(geometry).tolist() if not part.is_empty]
    flat = [inner for part in parts for inner in getattr(part, "geoms", (part,))]
    return MultiPolygon([part for part in flat if isinstance(part, Polygon)])


def to_geojson(geometry_deg: BaseGeometry) -> dict[str, Any]:
    """Write a geometry in degrees as RFC 7946 has it.

    Exterior rings run counter-clockwise, and what crosses the antimeridian is cut there.
    """
    rounded = _rounded(geometry_deg)
    west, _, east, _ = rounded.bounds
    if west < -_MAX_LONGITUDE_DEG or east > _MAX_LONGITUDE_DEG:
        rounded = _rounded(_cut_at_antimeridian(rounded))
    return dict(mapping(shapely.orient_polygons(rounded)))


def all_to_geojson(geometries_deg: Sequence[BaseGeometry]) -> list[dict[str, Any]]:
    """Write many geometries as ``to_geojson`` does, those that need no care in one go."""
    shapes = np.array(geometries_deg, dtype=object)
    bounds = shapely.bounds(shapes)
    rounded = shapely.set_precision(shapes, _OUTPUT_GRID_DEG, mode="pointwise")
    plain = (
        (bounds[:, 0] >= -_MAX_LONGITUDE_DEG)
        & (bounds[:, 2] <= _MAX_LONGITUDE_DEG)
        & shapely.is_valid(rounded)
    )
    oriented = shapely.orient_polygons(rounded)
    return [
        dict(mapping(oriented[at])) if plain[at] else to_geojson(shape_deg)
        for at, shape_deg in enumerate(geometries_deg)
    ]


def _rounded(geometry_deg: BaseGeometry) -> BaseGeometry:
    """Round to what is written, and leave out what is too thin to keep its kind, as cuts leave it.

    A mixture of areas, lines and points is no geometry that a site may have.
    """
    rounded = mended(shapely.set_precision(geometry_deg, _OUTPUT_GRID_DEG, mode="pointwise"))
    if rounded.geom_type != "GeometryCollection":
        return rounded
    parts = shapely.get_parts(shapely.get_parts(rounded))
    dimensions = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimensions == dimensions.max(initial=0)])


def _cut_at_antimeridian(geometry_deg: BaseGeometry) -> BaseGeometry:
    dimension = shapely.get_dimensions(geometry_deg)
    pieces: list[BaseGeometry] = []
    for turn_deg in (-360.0, 0.0, 360.0):
        window = box(turn_deg - 180.0, -90.0, turn_deg + 180.0, 90.0)
        within = translate(geometry_deg.intersection(window), xoff=-turn_deg)
        pieces += getattr(within, "geoms", (within,))
    # A part that only touches the line leaves a point or an edge behind it.
    return shapely.union_all([p for p in pieces if shapely.get_dimensions(p) == dimension])


def feature(geometry_deg: BaseGeometry, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Write a GeoJSON Feature."""
    return {
        "type": "Feature",
        "properties": dict(properties),
        "geometry": to_geojson(geometry_deg),
    }


def feature_collection(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Write a GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}
