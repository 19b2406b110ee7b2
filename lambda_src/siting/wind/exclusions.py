"""Where turbines may not stand, and what is left."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import acos, ceil, cos, isfinite, pi
from typing import Any, Final

import shapely
from shapely.geometry import MultiPolygon, shape
from shapely.geometry.base import BaseGeometry

from siting.wind.errors import WindError
from siting.wind.features import DEFAULT_SETBACKS_M, MAX_SETBACK_M, FeatureClass
from siting.wind.geojson import feature, feature_collection, in_one_piece, polygons_of
from siting.wind.site import BOUNDARY, Site

_M2_PER_KM2: Final = 1e6
#: A buffer's arcs are chords, each so short that it leaves the arc by less than this. Around a
#: thousand houses a circle's every corner counts.
_CHORD_TOLERANCE_M: Final = 0.5
_MIN_QUADRANT_SEGMENTS: Final = 4
_MAX_QUADRANT_SEGMENTS: Final = 32


@dataclass(frozen=True, slots=True)
class ExclusionZone:
    """The part of a site that one class of features takes.

    Attributes:
        feature_class: The class.
        setback_m: The distance kept from its features, in metres.
        feature_count: How many of the site's features are of this class.
        area_m: The zone within the boundary, in metres. Zones of different classes may overlap.
    """

    feature_class: FeatureClass
    setback_m: float
    feature_count: int
    area_m: MultiPolygon

    @property
    def area_km2(self) -> float:
        """The zone's area within the boundary."""
        return self.area_m.area / _M2_PER_KM2


@dataclass(frozen=True, slots=True)
class Exclusions:
    """A site, what is excluded from it and what remains.

    Attributes:
        site: The site.
        zones: One per class that has features, in the order of ``FeatureClass``.
        excluded_m: All zones together, within the boundary.
        buildable_m: The rest of the boundary.
    """

    site: Site
    zones: tuple[ExclusionZone, ...]
    excluded_m: MultiPolygon
    buildable_m: MultiPolygon

    @property
    def site_km2(self) -> float:
        """The area within the boundary."""
        return self.site.boundary_m.area / _M2_PER_KM2

    @property
    def excluded_km2(self) -> float:
        """The area of all zones together, counted once where they overlap."""
        return self.excluded_m.area / _M2_PER_KM2

    @property
    def buildable_km2(self) -> float:
        """The area that remains."""
        return self.buildable_m.area / _M2_PER_KM2

    @property
    def buildable_share(self) -> float:
        """The remainder as a share of the site, 0 to 1."""
        return self.buildable_m.area / self.site.boundary_m.area

    def zones_geojson(self) -> dict[str, Any]:
        """Write the zones as a FeatureCollection in WGS 84, one feature per class."""
        return feature_collection([self._zone_feature(zone) for zone in self.zones])

    def boundaries_geojson(self) -> dict[str, Any]:
        """Write everything that bounds the turbines as one FeatureCollection in WGS 84.

        The site's boundary, a zone per class, all zones together (``excluded``) and the rest
        (``buildable``).
        """
        excluded = feature(
            self.site.projection.to_degrees(self.excluded_m),
            {"class": "excluded", "area_km2": round(self.excluded_km2, 6)},
        )
        boundary = feature(
            self.site.boundary_deg, {"class": BOUNDARY, "area_km2": round(self.site_km2, 6)}
        )
        zones = self.zones_geojson()["features"]
        return feature_collection([boundary, *zones, excluded, self.buildable_geojson()])

    def buildable_geojson(self) -> dict[str, Any]:
        """Write the buildable area as a Feature in WGS 84, empty if nothing remains."""
        return feature(
            self.site.projection.to_degrees(self.buildable_m),
            {
                "class": "buildable",
                "site_km2": round(self.site_km2, 6),
                "excluded_km2": round(self.excluded_km2, 6),
                "buildable_km2": round(self.buildable_km2, 6),
                "buildable_share": round(self.buildable_share, 6),
            },
        )

    def _zone_feature(self, zone: ExclusionZone) -> dict[str, Any]:
        return feature(
            self.site.projection.to_degrees(zone.area_m),
            {
                "class": zone.feature_class.value,
                "setback_m": zone.setback_m,
                "feature_count": zone.feature_count,
                "area_km2": round(zone.area_km2, 6),
            },
        )


def find_exclusions(
    site: Site,
    setbacks_m: Mapping[FeatureClass, float],
    allowed_on: Collection[FeatureClass] = (),
) -> Exclusions:
    """Find a site's exclusion zones and its buildable remainder.

    Args:
        site: The site.
        setbacks_m: Metres to keep from each class; classes not named take their default.
        allowed_on: Classes that turbines may stand on; they exclude nothing.

    Raises:
        WindError: A setback is negative, not finite, or over ``MAX_SETBACK_M``.
    """
    setbacks = {**DEFAULT_SETBACKS_M, **setbacks_m}
    for kind, setback_m in setbacks.items():
        if not (isfinite(setback_m) and 0.0 <= setback_m <= MAX_SETBACK_M):
            raise WindError(
                f"The setback from class {kind} is {setback_m:g} m; give 0 to {MAX_SETBACK_M:g} m."
            )
    present = site.classes
    zones = tuple(
        _zone(site, kind, setbacks[kind])
        for kind in FeatureClass
        if kind in present and kind not in allowed_on
    )
    excluded = polygons_of(shapely.union_all([zone.area_m for zone in zones]))
    buildable = polygons_of(site.boundary_m.difference(excluded))
    return Exclusions(site, zones, excluded, buildable)


def inset(boundary_m: MultiPolygon, setback_m: float) -> MultiPolygon:
    """Return what lies within a boundary and at least so many metres from it."""
    if not setback_m:
        return boundary_m
    segments = _quadrant_segments(setback_m)
    # As in _zone: corners are cut by chords, which must not come nearer than the setback.
    margin = 1.0 / cos(pi / (4 * segments))
    return polygons_of(shapely.buffer(boundary_m, -setback_m * margin, quad_segs=segments))


def read_buildable(geojson: Mapping[str, Any], site: Site) -> MultiPolygon:
    """Read what ``Exclusions.buildable_geojson`` wrote, into the site's metres."""
    return polygons_of(site.projection.to_metres(in_one_piece(shape(geojson["geometry"]))))


def _zone(site: Site, kind: FeatureClass, setback_m: float) -> ExclusionZone:
    shapes: list[BaseGeometry] = [f.shape_m for f in site.features if f.feature_class is kind]
    segments = _quadrant_segments(setback_m)
    # Widened so that the polygon holds the whole circle: the setback is not short between corners.
    margin = 1.0 / cos(pi / (4 * segments))
    buffered = shapely.buffer(shapes, setback_m * margin, quad_segs=segments)
    within = shapely.union_all(buffered).intersection(site.boundary_m)
    return ExclusionZone(kind, setback_m, len(shapes), polygons_of(within))


def _quadrant_segments(radius_m: float) -> int:
    if radius_m <= _CHORD_TOLERANCE_M:
        return _MIN_QUADRANT_SEGMENTS
    segments = ceil(pi / (4.0 * acos(1.0 - _CHORD_TOLERANCE_M / radius_m)))
    return min(max(segments, _MIN_QUADRANT_SEGMENTS), _MAX_QUADRANT_SEGMENTS)
