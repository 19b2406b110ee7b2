import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from siting.wind.crs import SiteProjection, UtmZone
from siting.wind.errors import WindError


@pytest.mark.parametrize(
    ("longitude_deg", "latitude_deg", "epsg"),
    [
        (9.0, 54.7, 32632),
        (-123.1, 49.2, 32610),
        (-58.4, -34.6, 32721),
        (0.0, 51.5, 32631),
        (-0.1, 51.5, 32630),
        (179.9, -17.0, 32760),
        (-179.9, -17.0, 32701),
        (180.0, -17.0, 32701),
        (181.0, 10.0, 32601),
        (5.3, 60.4, 32632),  # Bergen lies in Norway's widened zone
        (15.6, 78.2, 32633),  # Svalbard has zones of its own
        (33.0, 72.0, 32637),
    ],
)
def test_a_site_gets_its_own_zone(longitude_deg: float, latitude_deg: float, epsg: int) -> None:
    assert UtmZone.containing(longitude_deg, latitude_deg).epsg == epsg


@pytest.mark.parametrize("latitude_deg", [-80.1, 84.1, 90.0])
def test_the_poles_have_no_zone(latitude_deg: float) -> None:
    with pytest.raises(WindError, match="between -80 and 84"):
        UtmZone.containing(10.0, latitude_deg)


@given(st.floats(-180, 180), st.floats(-79.9, 83.9), st.floats(-0.4, 0.4), st.floats(-0.1, 0.1))
def test_metres_and_degrees_undo_each_other(
    longitude_deg: float, latitude_deg: float, east_deg: float, north_deg: float
) -> None:
    projection = SiteProjection(longitude_deg, latitude_deg)
    there = np.array([[longitude_deg + east_deg, latitude_deg + north_deg]])

    back = projection.points_to_degrees(projection.points_to_metres(there))

    turns = (back - there)[0] / (360.0, 1.0)
    assert abs(turns[0] - round(turns[0])) * 360.0 < 1e-8
    assert abs(turns[1]) < 1e-8


def test_distances_are_metres_to_a_tenth_of_a_percent() -> None:
    # A degree of latitude at 54.5 N is 111,314 m on WGS 84.
    metres = SiteProjection(9.0, 54.5).points_to_metres(np.array([[9.0, 54.0], [9.0, 55.0]]))

    assert np.hypot(*(metres[1] - metres[0])) == pytest.approx(111_314, rel=1e-3)


def test_an_edge_keeps_its_course_from_degrees_to_metres() -> None:
    # 60 km along a parallel; the straight line between its ends in metres runs 120 m off it.
    projection = SiteProjection(10.0, 60.0)
    strip = Polygon([(9.5, 60.0), (10.5, 60.0), (10.5, 60.1), (9.5, 60.1)])
    strip_m = projection.to_metres(strip)

    for longitude_deg in (9.6, 9.87, 10.0, 10.23):
        for inside, latitude_deg in ((True, 60.0 + 1e-7), (False, 60.0 - 1e-7)):  # a centimetre
            point_m = projection.to_metres(Point(longitude_deg, latitude_deg))
            assert strip_m.contains(point_m) is inside


def test_an_edge_keeps_its_course_from_metres_to_degrees() -> None:
    projection = SiteProjection(10.0, 60.0)
    ((x, y),) = projection.points_to_metres(np.array([[10.0, 60.0]]))
    strip = projection.to_degrees(
        Polygon([(x - 30e3, y), (x + 30e3, y), (x + 30e3, y + 9e3), (x - 30e3, y + 9e3)])
    )

    for east_m in (-21_000.0, -7_770.0, 12_345.0):
        for inside, north_m in ((True, 0.01), (False, -0.01)):
            place = projection.points_to_degrees(np.array([[x + east_m, y + north_m]]))
            assert strip.contains(Point(place[0])) is inside


def test_what_cannot_be_projected_is_refused() -> None:
    with pytest.raises(WindError, match="too far from the site"):
        SiteProjection(9.0, 54.0).points_to_metres(np.array([[np.inf, 54.0]]))
