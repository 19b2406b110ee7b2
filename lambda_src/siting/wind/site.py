"""A site: its boundary and the features that keep turbines away, in metres of its own UTM zone."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from siting.wind.crs import GeometryArray, SiteProjection
from siting.wind.errors import WindError
from siting.wind.features import MAX_SETBACK_M, PLACE, PLACE_KINDS, FeatureClass
from siting.wind.geojson import (
    MAX_FEATURES,
    POLYGONS,
    GeometryReader,
    all_to_geojson,
    feature,
    feature_collection,
    polygons_of,
)

#: The ``class`` of the one feature that is the site's boundary.
BOUNDARY: Final = "boundary"
#: One wind farm's site; a wider one would leave its UTM zone.
MAX_SPAN_KM: Final = 100.0
_METRES_PER_KM: Final = 1000.0
#: A degree of latitude is at least this long.
_METRES_PER_DEGREE: Final = 110_500.0
#: What is cut off at this distance from the boundary is out of every setback's reach.
_REACH_M: Final = MAX_SETBACK_M + 1000.0
MAX_NAME_LENGTH: Final = 80
_CIRCLE_QUADRANT_SEGMENTS: Final = 32


class MapFeature(NamedTuple):
    """Something a map shows that keeps turbines away.

    Attributes:
        feature_class: What it is.
        name: Its name, or an empty string.
        shape_deg: Where it is: longitude and latitude, a valid geometry.
    """

    feature_class: FeatureClass
    name: str
    shape_deg: BaseGeometry


class NamedPlace(NamedTuple):
    """A place with a name, for maps alone.

    Attributes:
        kind: One of ``PLACE_KINDS``.
        name: Its name.
        longitude_deg: Where it is, within 180 degrees of the site's.
        latitude_deg: The same.
    """

    kind: str
    name: str
    longitude_deg: float
    latitude_deg: float


@dataclass(frozen=True, slots=True)
class SiteFeature:
    """Something on or near the site that keeps turbines away.

    Attributes:
        feature_class: What it is.
        name: Its name, or an empty string.
        shape_deg: The part of it near the site, in degrees.
        shape_m: The same in metres.
    """

    feature_class: FeatureClass
    name: str
    shape_deg: BaseGeometry
    shape_m: BaseGeometry


@dataclass(frozen=True, slots=True)
class Site:
    """A site, in degrees as given and in metres to plan in.

    Attributes:
        projection: The way between its metres and degrees.
        boundary_deg: The land on which turbines may be considered at all.
        boundary_m: The same in metres.
        features: What keeps turbines away, as far as any setback reaches.
        features_out_of_reach: How many features were too far away to matter.
        places: Names for maps.
    """

    projection: SiteProjection
    boundary_deg: BaseGeometry
    boundary_m: MultiPolygon
    features: tuple[SiteFeature, ...]
    features_out_of_reach: int
    places: tuple[NamedPlace, ...] = ()

    @property
    def classes(self) -> frozenset[FeatureClass]:
        """The classes that the site has features of."""
        return frozenset(one.feature_class for one in self.features)

    def to_geojson(self) -> dict[str, Any]:
        """Write the site as the FeatureCollection ``read_site`` takes."""
        boundary = feature(
            self.boundary_deg,
            {"class": BOUNDARY, "utm_epsg": self.projection.zone.epsg},
        )
        shapes = all_to_geojson([one.shape_deg for one in self.features])
        others = [
            {
                "type": "Feature",
                "properties": {"class": one.feature_class.value, "name": one.name},
                "geometry": geometry,
            }
            for one, geometry in zip(self.features, shapes, strict=True)
        ]
        places = [
            feature(
                Point(one.longitude_deg, one.latitude_deg),
                {"class": PLACE, "kind": one.kind, "name": one.name},
            )
            for one in self.places
        ]
        return feature_collection([boundary, *others, *places])


def read_site(geojson: object) -> Site:
    """Read a site from GeoJSON in WGS 84.

    Args:
        geojson: A FeatureCollection of one polygon whose property ``class`` is ``boundary`` and
            any number of features of the classes in ``FeatureClass``, and points of the class
            ``place`` with a name and a kind; or one polygon Feature, which then is the boundary.

    Raises:
        WindError: It is no such thing; the message says which feature and what is wrong.
    """
    boundary, others = _split(geojson)
    reader = GeometryReader()
    boundary_deg = reader.read(boundary.get("geometry"), "The boundary", allowed=POLYGONS)
    centre = boundary_deg.centroid
    projection = SiteProjection(centre.x, centre.y)
    boundary_m = polygons_of(projection.to_metres(boundary_deg))
    west, south, east, north = boundary_m.bounds
    span_km = max(east - west, north - south) / _METRES_PER_KM
    if span_km > MAX_SPAN_KM:
        raise WindError(
            f"The boundary spans {span_km:.0f} km; one site spans at most {MAX_SPAN_KM:.0f} km. "
            "Check the coordinates, or split the site."
        )
    found = [_read_feature(one, at, reader) for at, one in others if _class_of(one) != PLACE]
    places = [_read_place(one, at, reader) for at, one in others if _class_of(one) == PLACE]
    return replace(_site(projection, boundary_deg, boundary_m, found), places=tuple(places))


def site_around(
    longitude_deg: float,
    latitude_deg: float,
    radius_m: float,
    found: Iterable[MapFeature] = (),
    places: Iterable[NamedPlace] = (),
) -> Site:
    """Return the site within a radius of a point.

    Args:
        longitude_deg: Of the point.
        latitude_deg: Of the point.
        radius_m: How far the site reaches, in metres of the point's UTM zone.
        found: What a map shows around the point.
        places: Names around it.

    Raises:
        WindError: The point is out of UTM's reach, or a feature cannot be projected.
    """
    projection = SiteProjection(longitude_deg, latitude_deg)
    ((east_m, north_m),) = projection.points_to_metres(np.array([[longitude_deg, latitude_deg]]))
    boundary_m = Point(east_m, north_m).buffer(radius_m, quad_segs=_CIRCLE_QUADRANT_SEGMENTS)
    boundary_deg = projection.to_degrees(boundary_m)
    site = _site(projection, boundary_deg, MultiPolygon([boundary_m]), list(found))
    return replace(site, places=tuple(places))


def _site(
    projection: SiteProjection,
    boundary_deg: BaseGeometry,
    boundary_m: MultiPolygon,
    found: Sequence[MapFeature],
) -> Site:
    shapes_deg = _parts_within([one.shape_deg for one in found], _reach_of(boundary_deg))
    near = [at for at, shape_deg in enumerate(shapes_deg) if shape_deg is not None]
    shapes_m = projection.all_to_metres(shapes_deg[near])
    features = tuple(
        SiteFeature(found[at].feature_class, found[at].name, shapes_deg[at], shape_m)
        for at, shape_m in zip(near, shapes_m, strict=True)
    )
    return Site(projection, boundary_deg, boundary_m, features, len(found) - len(near))


def read_boundary(geojson: object) -> Site:
    """Read a site's boundary only, and no features.

    Raises:
        WindError: As ``read_site`` does.
    """
    return read_site(_split(geojson)[0])


def _split(
    geojson: object,
) -> tuple[Mapping[str, Any], Sequence[tuple[int, Mapping[str, Any]]]]:
    if not isinstance(geojson, Mapping):
        raise WindError("The site is not a GeoJSON object.")
    if geojson.get("type") == "Feature":
        return geojson, ()
    features = geojson.get("features")
    if geojson.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise WindError(
            "The site must be a GeoJSON FeatureCollection, or a Feature that is its boundary."
        )
    if len(features) > MAX_FEATURES:
        raise WindError(
            f"The site has {len(features)} features; at most {MAX_FEATURES} are taken. "
            "Leave out those far from the boundary."
        )
    for at, one in enumerate(features):
        if not isinstance(one, Mapping) or one.get("type") != "Feature":
            raise WindError(f"Feature {at} of the site is not a GeoJSON Feature.")
    boundaries = [one for one in features if _class_of(one) == BOUNDARY]
    if len(boundaries) != 1:
        raise WindError(
            f"The site has {len(boundaries)} features of class {BOUNDARY!r}; it needs exactly one: "
            'the polygon of the site, with the property "class": "boundary".'
        )
    others = [(at, one) for at, one in enumerate(features) if _class_of(one) != BOUNDARY]
    return boundaries[0], others


def _class_of(one: Mapping[str, Any]) -> object:
    properties = one.get("properties")
    return properties.get("class") if isinstance(properties, Mapping) else None


def _read_feature(one: Mapping[str, Any], at: int, reader: GeometryReader) -> MapFeature:
    kind = _class_of(one)
    # An unknown class has no setback; leaving it out would let turbines onto it.
    if not isinstance(kind, str) or kind not in tuple(FeatureClass):
        raise WindError(
            f"Feature {at} of the site has the class {str(kind)[:MAX_NAME_LENGTH]!r}; known are "
            f"{BOUNDARY}, {', '.join(FeatureClass)}, and {PLACE} for a name."
        )
    shape_deg = reader.read(one.get("geometry"), f"Feature {at} of the site ({kind})")
    name = one["properties"].get("name")
    return MapFeature(
        FeatureClass(kind), name[:MAX_NAME_LENGTH] if isinstance(name, str) else "", shape_deg
    )


def _read_place(one: Mapping[str, Any], at: int, reader: GeometryReader) -> NamedPlace:
    point = reader.read(
        one.get("geometry"), f"Feature {at} of the site (place)", allowed=("Point",)
    )
    kind, name = one["properties"].get("kind"), one["properties"].get("name")
    if kind not in PLACE_KINDS or not isinstance(name, str) or not name.strip():
        raise WindError(
            f"Feature {at} of the site is a place, which needs a name, and a kind of: "
            f"{', '.join(PLACE_KINDS)}."
        )
    ((longitude_deg, latitude_deg),) = shapely.get_coordinates(point).tolist()
    return NamedPlace(kind, name[:MAX_NAME_LENGTH], longitude_deg, latitude_deg)


def _reach_of(boundary_deg: BaseGeometry) -> Polygon:
    """Return the rectangle in degrees outside of which nothing can matter to the site."""
    west, south, east, north = boundary_deg.bounds
    margin_deg = _REACH_M / _METRES_PER_DEGREE
    farthest_deg = min(max(abs(south), abs(north)) + margin_deg, 89.0)
    sideways_deg = margin_deg / math.cos(math.radians(farthest_deg))
    return box(west - sideways_deg, south - margin_deg, east + sideways_deg, north + margin_deg)


def _parts_within(shapes_deg: Sequence[BaseGeometry], window_deg: BaseGeometry) -> GeometryArray:
    """Return the part of each shape in the window, None where there is none."""
    shapes = np.empty(len(shapes_deg), dtype=object)
    shapes[:] = shapes_deg
    west, south, east, north = window_deg.bounds
    lows, highs = shapely.bounds(shapes)[:, :2], shapely.bounds(shapes)[:, 2:]
    # Most shapes lie inside as they are; the others are worth a closer look.
    inside = np.all((lows >= (west, south)) & (highs <= (east, north)), axis=1)
    for at in np.flatnonzero(~inside):
        shapes[at] = _part_within(shapes[at], window_deg)
    return shapes


def _part_within(shape_deg: BaseGeometry, window_deg: BaseGeometry) -> BaseGeometry | None:
    # A neighbour across the antimeridian is written a whole turn away.
    for turn_deg in (0.0, 360.0, -360.0):
        turned = translate(shape_deg, xoff=turn_deg) if turn_deg else shape_deg
        if turned.intersects(window_deg):
            return turned if window_deg.covers(turned) else _clipped(turned, window_deg)
    return None


def _clipped(shape_deg: BaseGeometry, window_deg: BaseGeometry) -> BaseGeometry | None:
    """Cut a shape off at the window. What only touches the window from outside goes."""
    dimension = shapely.get_dimensions(shape_deg)
    parts = shapely.get_parts(shape_deg.intersection(window_deg))
    kept = parts[shapely.get_dimensions(parts) == dimension]
    return shapely.union_all(kept) if len(kept) else None
