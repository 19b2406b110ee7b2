"""A site: its boundary and the features that keep turbines away, in metres of its own UTM zone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shapely.affinity import translate
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from tradewind.wind.crs import SiteProjection
from tradewind.wind.errors import WindError
from tradewind.wind.features import MAX_SETBACK_M, FeatureClass
from tradewind.wind.geojson import (
    MAX_FEATURES,
    POLYGONS,
    GeometryReader,
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
_MAX_NAME_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class SiteFeature:
    """Something on or near the site that keeps turbines away.

    Attributes:
        feature_class: What it is.
        name: Its name, or an empty string.
        shape_deg: Where it is, in degrees, as given.
        shape_m: The part of it near the site, in metres.
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
    """

    projection: SiteProjection
    boundary_deg: BaseGeometry
    boundary_m: MultiPolygon
    features: tuple[SiteFeature, ...]
    features_out_of_reach: int

    def to_geojson(self) -> dict[str, Any]:
        """Write the site as the FeatureCollection ``read_site`` takes."""
        boundary = feature(
            self.boundary_deg,
            {"class": BOUNDARY, "utm_epsg": self.projection.zone.epsg},
        )
        others = [
            feature(one.shape_deg, {"class": one.feature_class.value, "name": one.name})
            for one in self.features
        ]
        return feature_collection([boundary, *others])


def read_site(geojson: object) -> Site:
    """Read a site from GeoJSON in WGS 84.

    Args:
        geojson: A FeatureCollection of one polygon whose property ``class`` is ``boundary`` and
            any number of features of the classes in ``FeatureClass``; or one polygon Feature,
            which then is the boundary.

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
    window_deg = _reach_of(boundary_deg)
    found = [_read_feature(one, at, reader, projection, window_deg) for at, one in others]
    near = tuple(one for one in found if one is not None)
    return Site(projection, boundary_deg, boundary_m, near, len(found) - len(near))


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


def _read_feature(
    one: Mapping[str, Any],
    at: int,
    reader: GeometryReader,
    projection: SiteProjection,
    window_deg: BaseGeometry,
) -> SiteFeature | None:
    kind = _class_of(one)
    # An unknown class has no setback; leaving it out would let turbines onto it.
    if not isinstance(kind, str) or kind not in tuple(FeatureClass):
        raise WindError(
            f"Feature {at} of the site has the class {str(kind)[:_MAX_NAME_LENGTH]!r}; known are "
            f"{BOUNDARY}, {', '.join(FeatureClass)}."
        )
    shape_deg = reader.read(one.get("geometry"), f"Feature {at} of the site ({kind})")
    near_deg = _part_within(shape_deg, window_deg)
    if near_deg is None:
        return None
    name = one["properties"].get("name")
    return SiteFeature(
        feature_class=FeatureClass(kind),
        name=name[:_MAX_NAME_LENGTH] if isinstance(name, str) else "",
        shape_deg=shape_deg,
        shape_m=projection.to_metres(near_deg),
    )


def _reach_of(boundary_deg: BaseGeometry) -> BaseGeometry:
    """Return the rectangle in degrees outside of which nothing can matter to the site."""
    west, south, east, north = boundary_deg.bounds
    margin_deg = _REACH_M / _METRES_PER_DEGREE
    farthest_deg = min(max(abs(south), abs(north)) + margin_deg, 89.0)
    sideways_deg = margin_deg / math.cos(math.radians(farthest_deg))
    return box(west - sideways_deg, south - margin_deg, east + sideways_deg, north + margin_deg)


def _part_within(shape_deg: BaseGeometry, window_deg: BaseGeometry) -> BaseGeometry | None:
    # A neighbour across the antimeridian is written a whole turn away.
    for turn_deg in (0.0, 360.0, -360.0):
        turned = translate(shape_deg, xoff=turn_deg) if turn_deg else shape_deg
        if turned.intersects(window_deg):
            return turned if window_deg.covers(turned) else turned.intersection(window_deg)
    return None
