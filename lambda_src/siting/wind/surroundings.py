"""What lies around each turbine: the nearest home, and water without a way across."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from siting.wind.crs import FloatArray
from siting.wind.features import FeatureClass
from siting.wind.site import BOUNDARY, Site, read_site

#: Where people sleep: houses, and the land on which maps show no single ones.
HOMES: Final = (FeatureClass.BUILDING, FeatureClass.SETTLEMENT)
_WAY_HALF_WIDTH_M: Final = 1.0
_AREA: Final = 2


class Surroundings(NamedTuple):
    """What is near a turbine.

    Attributes:
        nearest_home_m: From the tower to the nearest home or residential land; None where the map
            has none within any setback's reach.
        across_water: Whether neither land nor a road leads to it from the largest piece of land.
    """

    nearest_home_m: float | None
    across_water: bool


def surroundings_of(geojson: Mapping[str, Any], positions_m: FloatArray) -> list[Surroundings]:
    """Return what is near each of a site's turbines.

    Args:
        geojson: The site, as ``read_site`` takes it.
        positions_m: (east, north) of each turbine, in metres of the site's zone.
    """
    asked = (BOUNDARY, *HOMES, FeatureClass.WATER, FeatureClass.ROAD)
    near = [one for one in geojson["features"] if one["properties"]["class"] in asked]
    site = read_site({**geojson, "features": near})
    points = [Point(*each) for each in positions_m.tolist()]
    away_m: Sequence[float | None] = [None] * len(points)
    homes = _shapes(site, *HOMES)
    if homes.size:
        _, found_m = shapely.STRtree(homes).query_nearest(
            points, return_distance=True, all_matches=False
        )
        away_m = found_m.tolist()
    mainland = _mainland(site)
    across = [mainland is not None and not mainland.intersects(point) for point in points]
    return [Surroundings(*each) for each in zip(away_m, across, strict=True)]


def _mainland(site: Site) -> BaseGeometry | None:
    """The largest piece of land with all that roads join to it; None where there is no water."""
    shapes = _shapes(site, FeatureClass.WATER)
    areas = shapes[shapely.get_dimensions(shapes) == _AREA]
    if not areas.size:
        return None
    water = shapely.union_all(areas)
    shapely.prepare(water)
    roads = _shapes(site, FeatureClass.ROAD)
    bridges = shapely.buffer(roads[shapely.intersects(roads, water)], _WAY_HALF_WIDTH_M)
    # Farther out nobody may have asked the map for the sea.
    land = box(*site.boundary_m.bounds).difference(water)
    pieces = shapely.get_parts(shapely.union_all([land, *bridges]))
    largest: BaseGeometry = max(pieces, key=lambda piece: piece.area, default=Point())
    return largest


def _shapes(site: Site, *classes: FeatureClass) -> "np.ndarray[Any, np.dtype[np.object_]]":
    found = [one.shape_m for one in site.features if one.feature_class in classes]
    shapes = np.empty(len(found), dtype=object)
    shapes[:] = found
    return shapes
