"""The sea beyond a site's boundary, by a map that shows its coast."""

from shapely.geometry import Point

from agents.terrain.tools import areas
from devtools.localcloud.geodata.pen import Element, Pen
from siting.geodata.overpass import Surroundings
from siting.tests.landscapes.landscape import Landscape, Weather
from siting.tests.landscapes.services import served
from siting.wind.features import FeatureClass

LATITUDE, LONGITUDE, RADIUS_M = 54.0, 8.0, 2000.0
PEN = Pen(LATITUDE, LONGITUDE)
METRE_DEG = 1.0 / 111_195.0


def around(*elements: Element) -> Surroundings:
    weather = Weather(240.0, 50.0, 8.0, 2.0, 0.2, 9.0, 101.0, 0.0)
    land = Landscape("sea", "Sea", LATITUDE, LONGITUDE, elements, weather, land={}, layout={})
    with served(land):
        client = vars(areas)["overpass"]()
        reach = {FeatureClass.WATER: 50.0, FeatureClass.BUILDING: 500.0}
        found: Surroundings = client.features_around(LONGITUDE, LATITUDE, RADIUS_M, reach)
    return found


def coast(north_m: float) -> Element:
    """A coast along a parallel, with the sea on its northern side."""
    return PEN.way(((9000.0, north_m), (-9000.0, north_m)), natural="coastline")


def house() -> Element:
    return PEN.node((100.0, 100.0), building="house")


def sea_at(found: Surroundings, north_m: float) -> bool:
    place = Point(LONGITUDE, LATITUDE + north_m * METRE_DEG)
    return any(one.shape_deg.contains(place) for one in found.features)


def test_the_sea_is_known_as_far_as_a_map_shows_it() -> None:
    # A coast off the site, and one across it whose sea goes on beyond the boundary.
    for shore_m in (2400.0, 500.0):
        found = around(coast(shore_m), house())
        assert sea_at(found, 3500.0)
        assert not sea_at(found, shore_m - 100.0)


def test_a_coast_off_the_site_does_not_say_that_somebody_mapped_it() -> None:
    assert around(coast(2400.0)).features == ()
    assert around(coast(-2400.0)).features != ()  # all of the site is sea
