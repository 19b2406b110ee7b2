"""OpenStreetMap elements, as Overpass writes them with ``out geom``, to valid shapes.

The map is made by hand and its outlines are sometimes wrong: they cross themselves, touch, or are
left open. Here a shape is mended where it is read, always so that it covers at least what the
outline encloses; and nothing that was found is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from siting.geodata.coast import sea_within
from siting.geodata.taxonomy import classes_of
from siting.wind.crs import FloatArray, GeometryArray, unwrap
from siting.wind.features import PLACE_KINDS, FeatureClass
from siting.wind.geojson import MAX_VERTICES
from siting.wind.site import MAX_NAME_LENGTH, MapFeature, NamedPlace
from tradewind.contracts.errors import DataSourceInvalid

_SERVICE: Final = "The Overpass API"
_MAX_LONGITUDE_DEG: Final = 180.0
_MAX_LATITUDE_DEG: Final = 90.0
#: A ring has at least three corners, the first of them twice.
_RING: Final = 4

#: Each an array of longitude and latitude.
Lines = tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the map.

    Attributes:
        kind: Node, way or relation.
        tags: What it is.
        lines: Its geometry: one point of a node, the line of a way, each member of a relation. A
            relation may have none, such as one of other relations only.
        holes: Members of a relation that bound what is not part of it.
    """

    kind: str
    tags: Mapping[str, str]
    lines: Lines
    holes: Lines = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Features, and how many areas had an open outline or none."""

    features: list[MapFeature]
    incomplete_areas: int


def read_element(one: object) -> Element:
    """Check an element and read its geometry.

    Raises:
        DataSourceInvalid: It is no element with a geometry.
    """
    if not isinstance(one, Mapping):
        raise _malformed("an element that is no object")
    tags = one.get("tags", {})
    if not isinstance(tags, Mapping):
        raise _malformed("an element whose tags are no object")
    lines: Lines
    holes: Lines = ()
    match kind := one.get("type"):
        case "node":
            lines = (_points([one]),)
        case "way":
            lines = (_points(one.get("geometry")),)
        case "relation":
            lines, holes = _members(one.get("members"))
        case _:
            raise _malformed(f"an element of type {str(kind)[:20]}")
    words = {k: v for k, v in tags.items() if isinstance(v, str)}
    return Element(str(kind), words, lines, holes)


def map_features(
    elements: Iterable[Element],
    sea_window_deg: Polygon | None,
    centre_longitude_deg: float,
) -> Found:
    """Turn elements into features.

    Args:
        elements: What the map shows.
        sea_window_deg: Where every piece of the coast was asked for, so that it is known what is
            sea; None where nobody asked.
        centre_longitude_deg: Longitudes come back within 180 degrees of it.

    Raises:
        DataSourceInvalid: There is more of it than can be handled.
    """
    owners: list[tuple[FeatureClass, str]] = []
    shapes: list[list[BaseGeometry]] = []
    rings: list[tuple[int, FloatArray]] = []
    coast: list[FloatArray] = []
    incomplete, vertices = 0, 0
    for element in elements:
        lines = [_near(line, centre_longitude_deg) for line in element.lines]
        vertices += sum(len(line) for line in (*lines, *element.holes))
        if vertices > MAX_VERTICES:
            raise DataSourceInvalid(
                f"The map has more than {MAX_VERTICES} vertices here. Ask for a smaller radius."
            )
        if element.tags.get("natural") == "coastline":
            coast += lines
        if not lines:
            incomplete += 1
            continue
        for kind, area in classes_of(element.kind, element.tags).items():
            owners.append((kind, element.tags.get("name", "")[:MAX_NAME_LENGTH]))
            if area and len(lines) == 1 and _is_ring(lines[0]) and not element.holes:
                # Most of a map: buildings. They are made in one go below.
                rings.append((len(shapes), lines[0]))
                shapes.append([])
                continue
            holes = [_near(hole, centre_longitude_deg) for hole in element.holes]
            geometries, open_ended = _shapes(lines, holes, area=area)
            shapes.append(geometries)
            incomplete += open_ended
    for (at, _), geometries in zip(rings, _polygons([ring for _, ring in rings]), strict=True):
        shapes[at] = geometries
    features = [
        MapFeature(*owner, shape)
        for owner, geometries in zip(owners, shapes, strict=True)
        for shape in geometries
    ]
    if coast and sea_window_deg is not None:
        sea = sea_within(sea_window_deg, coast)
        features += [MapFeature(FeatureClass.WATER, "", part) for part in sea]
    return Found(features, incomplete)


def named_places(elements: Iterable[Element], centre_longitude_deg: float) -> list[NamedPlace]:
    """Return the places that the map has names for, each in its middle.

    Args:
        elements: What the map shows.
        centre_longitude_deg: Longitudes come back within 180 degrees of it.
    """
    found = []
    for element in elements:
        kind, name = element.tags.get("place", ""), element.tags.get("name", "").strip()
        if element.kind == "node" and kind in PLACE_KINDS and name:
            ((longitude_deg, latitude_deg),) = _near(element.lines[0], centre_longitude_deg)
            found.append(
                NamedPlace(kind, name[:MAX_NAME_LENGTH], float(longitude_deg), float(latitude_deg))
            )
    return found


def _shapes(
    lines: Sequence[FloatArray], holes: Sequence[FloatArray], *, area: bool
) -> tuple[list[BaseGeometry], bool]:
    """Return the shapes of an element, and whether an area's outline was open somewhere.

    Areas, lines and points come apart: a shape of several kinds is more than GeoJSON's readers
    take.
    """
    given = _lines(lines)
    dimensions = shapely.get_dimensions(given)
    points, traces = given[dimensions == 0], given[dimensions > 0]
    if not area:
        return _present(shapely.union_all(traces), shapely.union_all(points)), False
    faces, open_ends = _enclosed(traces)
    cut_out, _ = _enclosed(_lines(holes))
    # Open ends stay as lines: a setback from the outline is better than none.
    shapes = _present(_nested(faces, cut_out), open_ends, shapely.union_all(points))
    return shapes, not open_ends.is_empty


def _enclosed(lines: GeometryArray) -> tuple[GeometryArray, BaseGeometry]:
    """Return the faces that lines enclose, however they are cut and turned, and what is left over.

    Lines are first split where they meet, so that outlines may touch and cross.
    """
    noded = shapely.union_all(lines)
    polygons, *others = shapely.polygonize_full(shapely.get_parts(noded))
    faces = shapely.get_parts(polygons)
    cuts, dangles, _ = (shapely.union_all(shapely.get_parts(part)) for part in others)
    return faces, cuts.union(dangles).difference(shapely.union_all(faces))


def _nested(faces: GeometryArray, holes: GeometryArray) -> BaseGeometry:
    """Return what faces cover without their holes, but with what lies within a hole again.

    A pond on an island in a lake is water: its outline is an outer one within an inner one, and so
    on inwards.
    """
    outside = shapely.union_all(holes)
    covered = shapely.union_all(faces).difference(outside)
    shapely.prepare(outside)
    enclaves = faces[shapely.covers(outside, faces)]
    if not len(enclaves):
        return covered
    within = shapely.union_all(enclaves)
    inner = holes[shapely.covers(within, holes)]
    # An outline that is both, an outer and an inner one, would go on for ever; it is kept.
    return covered.union(_nested(enclaves, inner) if len(inner) < len(holes) else within)


def _polygons(rings: Sequence[FloatArray]) -> list[list[BaseGeometry]]:
    """Return a valid polygon for each closed outline; for a faulty one, its parts."""
    if not rings:
        return []
    owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    polygons = shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=owner))
    valid = np.asarray(shapely.is_valid(polygons))
    return [
        [polygon] if whole else _shapes([ring], [], area=True)[0]
        for polygon, whole, ring in zip(np.asarray(polygons), valid, rings, strict=True)
    ]


def _present(*shapes: BaseGeometry) -> list[BaseGeometry]:
    return [shape for shape in shapes if not shape.is_empty]


def _lines(lines: Sequence[FloatArray]) -> GeometryArray:
    return np.array([_line(line) for line in lines], dtype=object)


def _line(points: FloatArray) -> BaseGeometry:
    """Draw a line; one that never leaves its first point is that point."""
    if (points == points[0]).all():
        return shapely.Point(points[0])
    return shapely.LineString(points)


def _is_ring(line: FloatArray) -> bool:
    return len(line) >= _RING and bool((line[0] == line[-1]).all())


def _near(line: FloatArray, centre_longitude_deg: float) -> FloatArray:
    return np.column_stack((unwrap(line[:, 0], centre_longitude_deg), line[:, 1]))


def _members(members: object) -> tuple[Lines, Lines]:
    """Return a relation's lines, and those of its holes. Points, such as labels, are no outline."""
    if not isinstance(members, list):
        raise _malformed("a relation without members")
    lines: list[FloatArray] = []
    holes: list[FloatArray] = []
    for member in members:
        if not isinstance(member, Mapping):
            raise _malformed("a relation's member that is no object")
        # A member that the map has lost comes without a geometry; the outline is open there.
        if member.get("type") != "way" or "geometry" not in member:
            continue
        line = _points(member.get("geometry"))
        (holes if member.get("role") == "inner" else lines).append(line)
    return tuple(lines), tuple(holes)


def _points(positions: object) -> FloatArray:
    """Read positions; those that the map has lost come as null and are left out.

    Raises:
        DataSourceInvalid: One is no position on the globe, or there is none.
    """
    if not isinstance(positions, list):
        raise _malformed("a way without a geometry")
    kept = [one for one in positions if one is not None]
    try:
        points = np.array([(one["lon"], one["lat"]) for one in kept], dtype=np.float64)
    except (TypeError, KeyError, ValueError, OverflowError) as wrong:
        raise _malformed("a position that is not lat and lon in numbers") from wrong
    if not len(points):
        raise _malformed("a way without a single position")
    # Comparisons refuse infinity and what is too large too.
    limits = np.array([_MAX_LONGITUDE_DEG, _MAX_LATITUDE_DEG])
    if not (np.abs(points) <= limits).all():
        raise _malformed("a position that is not on the globe")
    return points


def _malformed(what: str) -> DataSourceInvalid:
    return DataSourceInvalid(f"{_SERVICE} answered {what}.")
