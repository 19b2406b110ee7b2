import re
from itertools import pairwise
from typing import Any

import pytest

from siting.documents.site_map import SiteMap, draw_site


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

    assert drawn.feature_kinds == ("road",)
    assert drawn.zones == ()


def test_labels_are_left_out_where_they_would_overlap() -> None:
    assert draw(turbines=((9.01, 54.01), (9.02, 54.01))).labelled
    assert not draw(turbines=((9.01, 54.01), (9.011, 54.01))).labelled


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
