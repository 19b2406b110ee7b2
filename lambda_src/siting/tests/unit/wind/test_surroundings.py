"""Which home is nearest to a turbine, and what stands on an island."""

from typing import Any

import numpy as np
import pytest
from pyproj import Geod
from shapely.geometry import LineString, box, mapping
from shapely.geometry.base import BaseGeometry

from siting.wind.site import read_boundary
from siting.wind.surroundings import surroundings_of

SITE = box(9.0, 54.0, 9.06, 54.03)
ISLAND = box(9.01, 54.01, 9.02, 54.02)
STRAIT = box(9.0, 54.0, 9.03, 54.03).difference(ISLAND)
HALVES = (box(9.0, 54.0, 9.03, 54.015), box(9.0, 54.015, 9.03, 54.03))
ON_THE_ISLAND, ON_THE_MAINLAND = (9.015, 54.015), (9.05, 54.015)
BRIDGE = LineString([(9.015, 54.015), (9.04, 54.015)])


def around(
    *features: tuple[str, BaseGeometry], turbines: Any = (ON_THE_ISLAND, ON_THE_MAINLAND)
) -> list[Any]:
    geojson = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"class": kind}, "geometry": mapping(shape)}
            for kind, shape in (("boundary", SITE), *features)
        ],
    }
    positions = read_boundary(geojson).projection.points_to_metres(np.array(turbines))
    return surroundings_of(geojson, positions)


@pytest.mark.parametrize(
    ("features", "across"),
    [
        ([], [False, False]),
        ([("water", STRAIT)], [True, False]),
        # Sea, as maps cut it up; and a creek, which nobody draws as an area.
        # As maps cut the sea up; and a creek, which is no area.
        ([("water", STRAIT.intersection(half)) for half in HALVES], [True, False]),
        ([("water", LineString([(9.03, 54.0), (9.03, 54.03)]))], [False, False]),
        ([("water", STRAIT), ("road", BRIDGE)], [False, False]),
        ([("water", STRAIT), ("power_line", BRIDGE)], [True, False]),
    ],
)  # fmt: skip
def test_what_stands_across_water(features: Any, across: list[bool]) -> None:
    assert [one.across_water for one in around(*features)] == across


def test_the_nearest_home_is_a_house_or_residential_land() -> None:
    house = box(9.025, 54.0149, 9.0252, 54.0151)
    village = box(9.055, 54.01, 9.058, 54.02)
    near, far = around(
        ("building", house),
        ("settlement", village),
        # People do not sleep there.
        ("outbuilding", box(9.0155, 54.015, 9.016, 54.0155)),
    )
    for found, turbine, wall in ((near, ON_THE_ISLAND, 9.025), (far, ON_THE_MAINLAND, 9.055)):
        *_, expected_m = Geod(ellps="WGS84").inv(*turbine, wall, turbine[1])
        assert found.nearest_home_m == pytest.approx(expected_m, rel=1e-3)
    assert [one.nearest_home_m for one in around()] == [None, None]
