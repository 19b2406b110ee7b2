from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from siting.geodata import osm
from siting.geodata.osm import Found, map_features, read_element
from siting.tests.unit.geodata.elements import (
    LATITUDE,
    LONGITUDE,
    node,
    position,
    relation,
    square,
    way,
)
from siting.wind.crs import SiteProjection
from siting.wind.features import FeatureClass
from siting.wind.site import MapFeature
from tradewind.contracts.errors import DataSourceInvalid

PROJECTION = SiteProjection(LONGITUDE, LATITUDE)


def found(*elements: dict[str, Any]) -> Found:
    return map_features([read_element(one) for one in elements], None, LONGITUDE)


def only(*elements: dict[str, Any]) -> MapFeature:
    (feature,) = found(*elements).features
    assert feature.shape_deg.is_valid
    return feature


def point_at(x: float, y: float) -> shapely.Point:
    at = position(x, y)
    return shapely.Point(at["lon"], at["lat"])


def area_m2(feature: MapFeature) -> float:
    return float(PROJECTION.to_metres(feature.shape_deg).area)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"building": "house"}, FeatureClass.BUILDING),
        ({"highway": "primary"}, FeatureClass.ROAD),
        ({"railway": "rail"}, FeatureClass.ROAD),
        ({"power": "minor_line"}, FeatureClass.POWER_LINE),
        ({"natural": "water"}, FeatureClass.WATER),
        ({"landuse": "reservoir"}, FeatureClass.WATER),
        ({"waterway": "stream"}, FeatureClass.WATER),
        ({"natural": "coastline"}, FeatureClass.WATER),
        ({"boundary": "national_park"}, FeatureClass.PROTECTED_AREA),
        ({"leisure": "nature_reserve"}, FeatureClass.PROTECTED_AREA),
        ({"aeroway": "runway"}, FeatureClass.AIRFIELD),
    ],
)
def test_tags_tell_the_class(tags: dict[str, str], kind: FeatureClass) -> None:
    assert only(way(square(0, 0, 100), **tags)).feature_class is kind


def test_what_is_two_things_keeps_turbines_away_twice() -> None:
    both = found(way(square(0, 0, 900), natural="water", leisure="nature_reserve"))

    assert {one.feature_class for one in both.features} == {
        FeatureClass.WATER,
        FeatureClass.PROTECTED_AREA,
    }


def test_a_closed_outline_is_an_area_and_an_open_one_a_line() -> None:
    closed = only(way(square(0, 0, 20), building="yes", name="Hof"))
    opened = only(way(square(0, 0, 20)[:-1], building="yes"))

    assert area_m2(closed) == pytest.approx(400.0, rel=0.01)
    assert closed.name == "Hof"
    assert opened.shape_deg.geom_type == "LineString"


@pytest.mark.parametrize(
    "tags", [{"highway": "tertiary"}, {"waterway": "river"}, {"power": "line"}]
)
def test_a_line_that_closes_is_no_area(tags: dict[str, str]) -> None:
    assert only(way(square(0, 0, 20), **tags)).shape_deg.geom_type == "LineString"


def test_a_node_is_a_point() -> None:
    assert only(node(0, 0, building="yes")).shape_deg.geom_type == "Point"


def test_a_relation_is_put_together_from_open_pieces_whatever_their_direction() -> None:
    ring = square(0, 0, 1000)
    pieces = ring[:3], list(reversed(ring[2:]))

    lake = only(
        relation(("outer", pieces[0]), ("outer", pieces[1]), natural="water", type="multipolygon")
    )

    assert area_m2(lake) == pytest.approx(1e6, rel=0.01)


def test_an_island_is_no_water_and_a_pond_on_it_is() -> None:
    lake = only(
        relation(
            ("outer", square(0, 0, 1000)),
            ("inner", square(200, 200, 600)),
            ("outer", square(400, 400, 200)),
            natural="water",
        )
    )

    # The pond lies in the hole of the lake; its outline is an outer one again.
    assert area_m2(lake) == pytest.approx(1e6 - 36e4 + 4e4, rel=0.01)
    assert lake.shape_deg.covers(point_at(500, 500))
    assert not lake.shape_deg.covers(shapely.Point(*position(300, 300).values()))


@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_however_deep_they_are_nested_every_second_one_is_water(depth: int, order: Random) -> None:
    nested = [
        ("outer" if level % 2 == 0 else "inner", square(50 * level, 50 * level, 1000 - 100 * level))
        for level in range(depth)
    ]
    order.shuffle(nested)

    lake = only(relation(*nested, natural="water"))

    for level in range(depth):
        in_the_ring = point_at(50 * level + 25, 500)
        assert lake.shape_deg.covers(in_the_ring) == (level % 2 == 0)


def test_an_outline_that_is_both_outer_and_inner_is_kept() -> None:
    twice = square(200, 200, 100)
    lake = only(
        relation(("outer", square(0, 0, 1000)), ("outer", twice), ("inner", twice), natural="water")
    )

    assert lake.shape_deg.covers(point_at(250, 250))


def test_islands_drawn_in_pieces_and_two_that_touch_are_holes() -> None:
    island = square(200, 200, 100)
    lake = only(
        relation(
            ("outer", square(0, 0, 1000)),
            ("inner", island[:2]),
            ("inner", island[1:]),
            ("inner", square(300, 300, 100)),
            natural="water",
        )
    )

    assert area_m2(lake) == pytest.approx(1e6 - 2e4, rel=0.01)


def test_two_outlines_that_share_an_edge_are_one_area() -> None:
    park = only(
        relation(("outer", square(0, 0, 100)), ("", square(100, 0, 100)), boundary="protected_area")
    )

    assert area_m2(park) == pytest.approx(2e4, rel=0.01)


def test_an_open_outline_keeps_its_line_and_is_counted() -> None:
    result = found(relation(("outer", square(0, 0, 1000)[:-1]), natural="water"))

    (lake,) = result.features
    assert result.incomplete_areas == 1
    assert shapely.get_dimensions(lake.shape_deg) == 1
    assert PROJECTION.to_metres(lake.shape_deg).length == pytest.approx(3000, rel=0.01)


def test_a_relation_without_lines_is_counted() -> None:
    nested = {"type": "relation", "tags": {"aeroway": "aerodrome"}, "members": [{"type": "node"}]}

    assert found(nested) == Found([], 1)


def test_a_member_that_the_map_lost_leaves_the_outline_open() -> None:
    lake = relation(("outer", square(0, 0, 1000)[:-1]), natural="water")
    lake["members"].append({"type": "way", "ref": 2, "role": "outer"})

    assert found(lake).incomplete_areas == 1


def test_an_outline_that_crosses_itself_covers_both_its_sides() -> None:
    bow = only(way([(0, 0), (100, 100), (100, 0), (0, 100), (0, 0)], building="yes"))

    assert area_m2(bow) == pytest.approx(5000.0, rel=0.01)


def test_an_outline_there_and_back_is_a_line() -> None:
    assert only(way([(0, 0), (50, 0), (100, 0), (50, 0), (0, 0)], building="yes")).shape_deg.length


corners = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=3, max_size=12)


@given(corners)
def test_whatever_the_outline_it_is_a_valid_shape_that_holds_its_corners(
    drawn: list[tuple[int, int]],
) -> None:
    outline = [*drawn, drawn[0]]

    for element in (way(outline, building="yes"), relation(("outer", outline), building="yes")):
        shapes = [one.shape_deg for one in found(element).features]
        assert shapes
        assert all(shape.is_valid and not shape.is_empty for shape in shapes)
        # GeoJSON readers, ours included, take no shape of several kinds.
        assert all(shape.geom_type != "GeometryCollection" for shape in shapes)
        for x, y in drawn:
            at = shapely.Point(position(x, y)["lon"], position(x, y)["lat"])
            assert min(shape.distance(at) for shape in shapes) < 1e-9


def test_longitudes_come_back_on_the_sites_side_of_the_antimeridian() -> None:
    far = {"lat": 0.0, "lon": -179.99}
    road = {
        "type": "way",
        "tags": {"highway": "primary"},
        "geometry": [{"lat": 0.0, "lon": 179.99}, far],
    }

    (feature,) = map_features([read_element(road)], None, 179.995).features

    assert feature.shape_deg.bounds[2] == pytest.approx(180.01)
    assert feature.shape_deg.length == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("way", "no object"),
        ({"type": "area", "tags": {}}, "type area"),
        ({"type": "way", "tags": {"building": "yes"}}, "way without a geometry"),
        ({"type": "way", "tags": [], "geometry": []}, "tags are no object"),
        ({"type": "way", "tags": {}, "geometry": []}, "without a single position"),
        ({"type": "way", "tags": {}, "geometry": [None]}, "without a single position"),
        ({"type": "way", "tags": {}, "geometry": [{"lat": 1}]}, "not lat and lon"),
        ({"type": "way", "tags": {}, "geometry": ["8,54"]}, "not lat and lon"),
        ({"type": "way", "tags": {}, "geometry": [{"lat": "x", "lon": 1}]}, "not lat and lon"),
        ({"type": "node", "lat": 1e400, "lon": 0}, "not on the globe"),
        ({"type": "node", "lat": 10**400, "lon": 0}, "not lat and lon"),
        ({"type": "node", "lat": float("nan"), "lon": 0}, "not on the globe"),
        ({"type": "node", "lat": 91, "lon": 0}, "not on the globe"),
        ({"type": "relation", "tags": {}}, "relation without members"),
        ({"type": "relation", "tags": {}, "members": [3]}, "member that is no object"),
    ],
)
def test_what_is_no_element_is_refused(element: Any, message: str) -> None:
    with pytest.raises(DataSourceInvalid, match=message):
        read_element(element)


def test_positions_that_the_map_lost_are_left_out() -> None:
    torn = way([(0, 0), (100, 0)], highway="primary")
    torn["geometry"].insert(1, None)

    assert len(shapely.get_coordinates(only(torn).shape_deg)) == 2


def test_too_many_vertices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osm, "MAX_VERTICES", 4)

    with pytest.raises(DataSourceInvalid, match="more than 4 vertices"):
        found(way(square(0, 0, 10), building="yes"))


def test_twenty_thousand_buildings_are_all_there() -> None:
    places = np.random.default_rng(2).uniform(-4000, 4000, (20_000, 2))

    buildings = found(*(way(square(x, y, 12), building="yes") for x, y in places)).features

    assert len(buildings) == 20_000
    total = sum(float(one.shape_deg.area) for one in buildings)
    assert total == pytest.approx(20_000 * float(buildings[0].shape_deg.area), rel=0.001)
