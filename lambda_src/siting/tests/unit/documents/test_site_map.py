import re
from itertools import pairwise
from typing import Any

import pytest

from siting.charts.graticule import Plane
from siting.documents.map_labels import place_name
from siting.documents.site_map import SiteMap, draw_site, with_energy


def square(west: float, south: float, side: float) -> dict[str, Any]:
    ring = [[west, south], [west + side, south], [west + side, south + side], [west, south + side]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def feature(kind: str, geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"class": kind}, "geometry": geometry}


def draw(
    *features: dict[str, Any],
    boundary: dict[str, Any] | None = None,
    zones: tuple[dict[str, Any], ...] = (),
    turbines: tuple[tuple[float, float], ...] = (),
) -> SiteMap:
    return draw_site(
        {"features": [feature("boundary", boundary or square(9.0, 54.0, 0.04)), *features]},
        {"features": list(zones)},
        [
            {"id": f"T{at}", "longitude_deg": longitude_deg, "latitude_deg": latitude_deg}
            for at, (longitude_deg, latitude_deg) in enumerate(turbines)
        ],
        square(9.01, 54.01, 0.02),
    )


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def test_north_is_up_and_east_is_right() -> None:
    south_west, north_east = draw(turbines=((9.0, 54.0), (9.04, 54.04))).turbines

    assert south_west.x < north_east.x
    assert south_west.y > north_east.y


def test_a_metre_east_is_as_long_as_a_metre_north() -> None:
    # 0.04 degrees are 4,448 m north and, at 54.02 N, 2,613 m east.
    drawn = draw(turbines=((9.0, 54.0), (9.04, 54.0), (9.0, 54.04)))
    corner, east, north = drawn.turbines

    assert (corner.y - north.y) / (east.x - corner.x) == pytest.approx(4448 / 2613, rel=0.002)
    assert corner.y == east.y


def test_the_boundary_fits_the_frame() -> None:
    for boundary in (
        square(9.0, 54.0, 0.04),
        {"type": "LineString", "coordinates": [[9.0, 54.0], [9.9, 54.01]]},
        {"type": "LineString", "coordinates": [[9.0, 54.0], [9.01, 54.9]]},
    ):
        drawn = draw(boundary=boundary)
        for x, y in numbers(drawn.boundary.path):
            assert 0 < x < drawn.width
            assert 0 < y < drawn.height
        assert 320 <= drawn.height <= 760


def test_the_scale_bar_is_a_round_length() -> None:
    drawn = draw(turbines=((9.0, 54.0), (9.0, 54.04)))
    high_px = drawn.turbines[0].y - drawn.turbines[1].y

    assert drawn.scale_bar.label == "1 km"
    assert drawn.scale_bar.length == pytest.approx(high_px * 1000 / 4448, rel=0.01)
    small = draw(boundary=square(9.0, 54.0, 0.001)).scale_bar
    assert small.label.endswith(" m")


@pytest.mark.parametrize(
    ("geometry", "is_line", "parts"),
    [
        ({"type": "Point", "coordinates": [9.01, 54.01]}, False, 1),
        ({"type": "MultiPoint", "coordinates": [[9.01, 54.01], [9.02, 54.01]]}, False, 2),
        ({"type": "LineString", "coordinates": [[9.01, 54.01], [9.02, 54.01]]}, True, 1),
        ({"type": "MultiLineString", "coordinates": [[[9.01, 54.01], [9.02, 54.01]]] * 2}, True, 2),
        (square(9.01, 54.01, 0.01), False, 1),
        (
            {
                "type": "MultiPolygon",
                "coordinates": [square(9.01, 54.01, 0.01)["coordinates"]] * 2,
            },
            False,
            2,
        ),
    ],
)
def test_every_kind_of_geometry_is_drawn(
    geometry: dict[str, Any], is_line: bool, parts: int
) -> None:
    (drawn,) = draw(feature("water", geometry)).features

    assert drawn.is_line is is_line
    assert drawn.path.count("M") == parts
    assert drawn.path.endswith("Z") is not is_line


def test_what_lies_off_the_map_is_not_in_the_legend() -> None:
    far = feature("airfield", {"type": "Point", "coordinates": [9.3, 54.0]})
    near = feature("road", {"type": "LineString", "coordinates": [[8.0, 54.01], [10.0, 54.01]]})
    empty = feature("water", {"type": "MultiPolygon", "coordinates": []})

    drawn = draw(far, near, near, zones=(empty,))

    assert [one.label for one in drawn.feature_kinds] == ["Roads and railways"]
    assert drawn.zones == ()


def boxes(drawn: SiteMap) -> list[tuple[float, float, float, float]]:
    """What each turbine's name covers, its letters taken for a bit narrower than they are."""
    size = drawn.label_size
    return [
        (x - 0.28 * size * len(text), y - size / 2, x + 0.28 * size * len(text), y + size / 2)
        for text, x, y in ((one.label.text, one.label.x, one.label.y) for one in drawn.turbines)
    ]


@pytest.mark.parametrize(("rows", "size"), [(3, 11.0), (10, 9.0), (17, 7.5)])
def test_every_turbine_has_its_name_on_the_map_and_none_is_on_another(
    rows: int, size: float
) -> None:
    places = tuple(
        (9.0005 + 0.039 * x / (rows - 1), 54.0005 + 0.039 * y / (rows - 1))
        for x in range(rows)
        for y in range(rows)
    )
    # Two that are so close that their names cannot both stand above them.
    places = (*places[:-1], (places[0][0] + 0.0014, places[0][1]))
    drawn = draw(turbines=places)

    assert [one.label.text for one in drawn.turbines] == [f"T{at}" for at in range(rows**2)]
    assert drawn.label_size == size
    covered = boxes(drawn)
    for at, (left, top, right, bottom) in enumerate(covered):
        assert 0 <= left < right <= drawn.width
        assert 0 <= top < bottom <= drawn.height
        for other in covered[:at]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
        for one in drawn.turbines:
            assert not (left < one.x < right and top < one.y < bottom)


def test_places_are_named_once_and_not_over_a_turbine() -> None:
    def named(kind: str, name: str, west: float) -> dict[str, Any]:
        one = feature(kind, square(west, 54.01, 0.004))
        one["properties"]["name"] = name
        return one

    drawn = draw(
        named("water", "Moorsee", 9.01),
        named("water", "Moorsee", 9.02),
        named("settlement", "Koog\u202e", 9.03),
        named("forest", "Under a turbine", 9.0),
        named("road", "A road's name says little", 9.02),
        named("water", "Off the map", 9.3),
        feature("water", square(9.02, 54.02, 0.004)),
        turbines=((9.002, 54.012),),
    )

    assert [one.text for one in drawn.places] == ["Koog", "Moorsee", "Under a turbine"]
    # A name that has no room where it belongs stands a line above or below.
    (turbine,) = drawn.turbines
    assert 14.0 < abs(drawn.places[2].y - turbine.y) < 60.0
    assert drawn.places[1].x < drawn.places[0].x


def test_a_legend_calls_classes_what_tables_do_and_tells_each_setback() -> None:
    zones = [feature(kind, square(9.01, 54.01, 0.01)) for kind in ("road", "forest")]
    for zone, metres in zip(zones, (175.0, 0.0), strict=True):
        zone["properties"]["setback_m"] = metres
    drawn = draw(feature("forest", square(9.01, 54.01, 0.01)), zones=tuple(zones))

    # A forest that nothing is kept from is on the map once.
    assert [one.label for one in drawn.legend_zones] == ["175 m from roads and railways"]
    assert [one.label for one in drawn.feature_kinds] == ["Forests"]


def test_a_villages_school_says_no_more_than_the_village() -> None:
    named = [
        feature(kind, square(west, 54.02, 0.0001))
        for kind, west in (("settlement", 9.01), ("sensitive_place", 9.02), ("forest", 9.03))
    ]
    for one, name in zip(named, ("Koog", "Grundschule Koog", "Kooger Holz"), strict=True):
        one["properties"]["name"] = name

    assert [one.text for one in draw(*named).places] == ["Koog", "Kooger Holz"]
    assert [one.text for one in draw(*named[1:]).places] == ["Kooger Holz", "Grundschule Koog"]


def test_areas_lie_under_the_zones_and_what_is_small_or_narrow_over_them() -> None:
    creek = feature("water", square(9.02, 54.02, 0.01))
    creek["geometry"] = {"type": "LineString", "coordinates": [[9.02, 54.02], [9.03, 54.02]]}
    drawn = draw(
        creek,
        *(
            feature(kind, square(9.01, 54.01, 0.01))
            for kind in ("building", "water", "protected_area", "settlement")
        ),
    )

    assert [one.kind for one in drawn.wide_areas] == ["water", "protected_area", "settlement"]
    assert [one.kind for one in drawn.small_features] == ["building", "water"]
    assert {*drawn.wide_areas, *drawn.small_features} == {*drawn.features}


@pytest.mark.parametrize(("apart_deg", "moves"), [(0.0012, True), (0.0032, False)])
def test_names_that_would_read_as_one_stand_half_a_line_apart(
    apart_deg: float, *, moves: bool
) -> None:
    # One below the other; a line of letters is some 0.0009 degrees high here.
    lakes = [feature("water", square(9.02, 54.02 - down, 0.0001)) for down in (0.0, apart_deg)]
    for lake, name in zip(lakes, ("Ey", "Oy"), strict=True):
        lake["properties"]["name"] = name
    (alone,) = draw(lakes[1]).places
    above, below = draw(*lakes).places

    assert (above.text, below.text) == ("Ey", "Oy")
    assert abs(below.y - above.y) > 1.6 * 14.0
    assert (below.y != alone.y) is moves


def test_a_places_name_leaves_the_circle_of_a_turbine_free() -> None:
    lake = feature("water", square(9.02, 54.02, 0.0001))
    lake["properties"]["name"] = "Ey"
    (alone,) = draw(lake, turbines=((9.03, 54.02),)).places
    # Its middle is beside the name, its circle under it.
    drawn = draw(lake, turbines=((9.02125, 54.02),))

    assert drawn.places[0].y != alone.y
    assert abs(drawn.places[0].y - drawn.turbines[0].y) > 5.0 + 7.0


def test_the_graticule_crosses_where_its_numbers_say() -> None:
    drawn = draw(turbines=((9.02, 54.02),))
    lines = {one.label: one for one in drawn.graticule}

    assert {"9.00° E", "9.02° E", "54.01° N", "54.02° N"} <= set(lines)
    assert lines["9.02° E"].start[0] == pytest.approx(drawn.turbines[0].x, abs=0.1)
    assert lines["54.02° N"].start[1] == pytest.approx(drawn.turbines[0].y, abs=0.1)


def test_the_energy_is_told_by_number_and_by_colour() -> None:
    land = draw(turbines=((9.01, 54.01), (9.02, 54.02), (9.03, 54.03)))
    drawn = with_energy(land, {"T0": 10.0, "T1": 11.0, "T2": 12.0}, "GWh per year")

    assert [one.label.text for one in drawn.turbines] == ["T0: 10.0", "T1: 11.0", "T2: 12.0"]
    assert [one.colour for one in drawn.turbines] == ["#fde725", "#21918c", "#440154"]
    assert drawn.scale is not None
    assert (drawn.scale.low, drawn.scale.high) == ("10.00", "12.00")
    assert (drawn.scale.colours[0], drawn.scale.colours[-1]) == ("#fde725", "#440154")
    alike = with_energy(land, dict.fromkeys(("T0", "T1", "T2"), 10.0), "GWh per year")
    assert {one.colour for one in alike.turbines} == {"#21918c"}


def test_a_picture_lies_where_its_metres_are() -> None:
    # A grid whose north is some 2 degrees off, as at the edge of a UTM zone.
    plane = Plane((500_000.0, 5_983_000.0), (9.02, 54.02), (1.53e-5, 3e-7), (-5.3e-7, 8.98e-6))
    west, south, east, north = bounds = (499_000.0, 5_982_500.0, 501_500.0, 5_983_700.0)
    frame = draw().frame
    a, b, c, d, e, f = frame.matrix_of(plane, bounds, (250, 120))

    for (across, down), corner in (
        ((0, 0), (west, north)),
        ((250, 0), (east, north)),
        ((0, 120), (west, south)),
        ((250, 120), (east, south)),
    ):
        there = (a * across + c * down + e, b * across + d * down + f)
        assert there == pytest.approx(frame.to_pixels(plane.to_degrees(*corner)), abs=0.06)
        assert plane.to_plane(*plane.to_degrees(*corner)) == pytest.approx(corner)


@pytest.mark.parametrize("first", [0, 1])
def test_a_site_across_the_antimeridian_is_one_map(first: int) -> None:
    parts = [square(179.98, -17.0, 0.02), square(-180.0, -17.0, 0.02)]
    parts = [parts[first], parts[1 - first]]
    boundary = {"type": "MultiPolygon", "coordinates": [part["coordinates"] for part in parts]}

    drawn = draw(boundary=boundary, turbines=((179.99, -16.99), (-179.99, -16.99)))

    west, east = drawn.turbines
    assert 0 < west.x < drawn.width / 2 < east.x < drawn.width
    assert (drawn.width / 2 - west.x) == pytest.approx(east.x - drawn.width / 2, abs=0.2)


def test_points_closer_than_a_map_shows_are_left_out() -> None:
    # A survey of 2,000 points on a road of 2.6 km, which is some 600 pixels long here.
    survey = [[9.0 + 0.04 * at / 2000, 54.01] for at in range(2001)]
    (road,) = draw(feature("road", {"type": "LineString", "coordinates": survey})).features
    points = numbers(road.path)

    assert 300 < len(points) < 1300
    assert all(later[0] - earlier[0] >= 0.5 for earlier, later in pairwise(points))


def test_what_is_smaller_than_a_point_is_still_drawn() -> None:
    (house,) = draw(feature("building", square(9.01, 54.01, 0.000001))).features

    assert len(numbers(house.path)) == 2


def test_the_setback_from_the_boundary_is_drawn_within_it() -> None:
    drawn = draw()
    kept, edge = numbers(drawn.setback_line.path), numbers(drawn.boundary.path)
    assert min(x for x, _ in edge) < min(x for x, _ in kept)
    assert max(x for x, _ in kept) < max(x for x, _ in edge)


def test_turbines_of_different_colours_have_different_figures() -> None:
    land = draw(turbines=((9.01, 54.01), (9.03, 54.03)))
    drawn = with_energy(land, {"T0": 17.80, "T1": 17.84}, "GWh")
    assert [one.label.text for one in drawn.turbines] == ["T0: 17.80", "T1: 17.84"]


def test_a_name_that_is_cut_says_so() -> None:
    assert place_name("Markt Sankt Kilian an der Oberen Streu").endswith(" der Obere…")
    assert place_name("Zell") == "Zell"
