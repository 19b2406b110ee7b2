"""A site's own UTM zone, and the way between degrees and metres.

Distances on the ground and in the zone differ by at most 0.1 % (the projection's scale factor,
0.9996 at the zone's middle). Zones follow the civil grid, with Norway's and Svalbard's exceptions.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from siting.wind.errors import WindError

#: UTM's own limits; beyond them maps use polar projections.
MIN_LATITUDE_DEG: Final = -80.0
MAX_LATITUDE_DEG: Final = 84.0

#: (west, east, south, north, zone) in degrees, where the civil grid departs from six-degree bands.
_EXCEPTIONS: Final = (
    (3.0, 12.0, 56.0, 64.0, 32),
    (0.0, 9.0, 72.0, 84.0, 31),
    (9.0, 21.0, 72.0, 84.0, 33),
    (21.0, 33.0, 72.0, 84.0, 35),
    (33.0, 42.0, 72.0, 84.0, 37),
)

#: An edge that is straight in degrees bends in metres, and the other way round; edges are split
#: into pieces this short first, which keeps both descriptions within 2 mm of each other.
_PIECE_DEG: Final = 0.001
_PIECE_M: Final = 100.0
_HALF_TURN_DEG: Final = 180.0
#: The dimension of polygons.
_AREA: Final = 2

FloatArray = NDArray[np.float64]
#: Of Shapely geometries.
GeometryArray = NDArray[np.object_]


def wrap_longitude(longitude_deg: float) -> float:
    """Bring a longitude into -180 (included) to 180 degrees."""
    return (longitude_deg + 180.0) % 360.0 - 180.0


@dataclass(frozen=True, slots=True)
class UtmZone:
    """One zone of the UTM grid on WGS 84.

    Attributes:
        number: 1 to 60.
        south: Whether it is the southern half.
    """

    number: int
    south: bool

    @classmethod
    def containing(cls, longitude_deg: float, latitude_deg: float) -> "UtmZone":
        """Return the zone a point lies in.

        Raises:
            WindError: The point is nearer to a pole than UTM reaches.
        """
        if not MIN_LATITUDE_DEG <= latitude_deg <= MAX_LATITUDE_DEG:
            raise WindError(
                f"The site lies at latitude {latitude_deg:.3f}; sites are planned between "
                f"{MIN_LATITUDE_DEG:g} and {MAX_LATITUDE_DEG:g} degrees, where UTM zones exist."
            )
        longitude_deg = wrap_longitude(longitude_deg)
        number = int((longitude_deg + 180.0) // 6.0) + 1
        for west, east, south, north, zone in _EXCEPTIONS:
            if west <= longitude_deg < east and south <= latitude_deg < north:
                number = zone
        return cls(number=number, south=latitude_deg < 0.0)

    @property
    def epsg(self) -> int:
        """The EPSG code of the zone."""
        return (32700 if self.south else 32600) + self.number


class SiteProjection:
    """Takes geometries from degrees (longitude first) to metres in one UTM zone, and back.

    Longitudes may run past 180 degrees on the way in; on the way out they stay within 180 degrees
    of the site's centre, so that a site across the antimeridian keeps its shape.
    """

    def __init__(self, longitude_deg: float, latitude_deg: float) -> None:
        self.zone = UtmZone.containing(longitude_deg, latitude_deg)
        self._centre_longitude_deg = wrap_longitude(longitude_deg)
        self._transformer = Transformer.from_crs(
            "EPSG:4326", f"EPSG:{self.zone.epsg}", always_xy=True
        )

    def to_metres(self, geometry_deg: BaseGeometry) -> BaseGeometry:
        """Project a geometry: x metres east, y metres north.

        Raises:
            WindError: It lies too far from the site to be projected.
        """
        pieces = _split_edges(geometry_deg, _PIECE_DEG)
        return mended(shapely.transform(pieces, self.points_to_metres))

    def all_to_metres(self, geometries_deg: GeometryArray) -> GeometryArray:
        """Project many geometries: those too small to bend, in one go.

        Raises:
            WindError: One lies too far from the site to be projected.
        """
        bounds = shapely.bounds(geometries_deg)
        small = np.all(bounds[:, 2:] - bounds[:, :2] <= _PIECE_DEG, axis=1)
        projected = np.empty(len(geometries_deg), dtype=object)
        projected[small] = shapely.transform(geometries_deg[small], self.points_to_metres)
        for at in np.flatnonzero(~small | ~shapely.is_valid(projected)):
            projected[at] = self.to_metres(geometries_deg[at])
        return projected

    def to_degrees(self, geometry_m: BaseGeometry) -> BaseGeometry:
        """Bring a projected geometry back to longitude and latitude."""
        pieces = _split_edges(geometry_m, _PIECE_M)
        return mended(shapely.transform(pieces, self.points_to_degrees))

    def points_to_metres(self, points_deg: FloatArray) -> FloatArray:
        """Project an array of (longitude, latitude) rows.

        Raises:
            WindError: A point lies too far from the site to be projected.
        """
        points_m = np.column_stack(
            self._transformer.transform(points_deg[:, 0], points_deg[:, 1])
        ).astype(np.float64)
        if not np.isfinite(points_m).all():
            raise WindError("A coordinate lies too far from the site to be projected to metres.")
        return points_m

    def points_to_degrees(self, points_m: FloatArray) -> FloatArray:
        """Bring an array of (east, north) rows back to longitude and latitude."""
        longitudes, latitudes = self._transformer.transform(
            points_m[:, 0], points_m[:, 1], direction="INVERSE"
        )
        return np.column_stack((unwrap(longitudes, self._centre_longitude_deg), latitudes))


def unwrap(longitudes_deg: FloatArray, centre_deg: float) -> FloatArray:
    """Shift longitudes by whole turns so that each is within 180 degrees of ``centre_deg``.

    Values that need no shift come back bit for bit.
    """
    lowered = np.where(
        longitudes_deg - centre_deg > _HALF_TURN_DEG, longitudes_deg - 360.0, longitudes_deg
    )
    return np.where(lowered - centre_deg < -_HALF_TURN_DEG, lowered + 360.0, lowered)


def mended(geometry: BaseGeometry) -> BaseGeometry:
    """Make a geometry valid again whose vertices were moved by a hair.

    Edges that all but touch may then cross. Each of GEOS's two ways to mend has been seen to fail:
    one to fill a hole, the other to raise, or to leave a crossing. A hair moves next to no area,
    so the result that kept the area is the right one.
    """
    if geometry.is_valid:
        return geometry
    results = [shapely.make_valid(geometry)]
    if shapely.get_dimensions(geometry) < _AREA:
        return results[0]
    with suppress(shapely.GEOSException):
        results.append(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    areas = [_areas_of(result) for result in results if result.is_valid]
    return min(areas, key=lambda result: abs(result.area - geometry.area))


def _areas_of(geometry: BaseGeometry) -> BaseGeometry:
    """Leave out the lines and points to which slivers were mended."""
    parts = shapely.get_parts(geometry)
    flat = shapely.get_parts(parts)
    return shapely.union_all(flat[shapely.get_dimensions(flat) == _AREA])


def _split_edges(geometry: BaseGeometry, longest: float) -> BaseGeometry:
    # Ring by ring: given a polygon, segmentize also "repairs" it, and has been seen to drop parts
    # that touch each other in a point.
    if isinstance(geometry, MultiPolygon):
        return MultiPolygon([_split_polygon(part, longest) for part in geometry.geoms])
    if isinstance(geometry, Polygon):
        return _split_polygon(geometry, longest)
    return shapely.segmentize(geometry, longest)


def _split_polygon(polygon: Polygon, longest: float) -> Polygon:
    return Polygon(
        shapely.segmentize(polygon.exterior, longest),
        [shapely.segmentize(hole, longest) for hole in polygon.interiors],
    )
