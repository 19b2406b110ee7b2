import json
from math import cos, radians, sin

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, shape

from siting.tests.unit.wind.sites import point, site, square
from siting.wind.errors import WindError
from siting.wind.exclusions import find_exclusions, read_buildable
from siting.wind.features import FeatureClass
from siting.wind.geojson import polygons_of
from siting.wind.iea37 import IEA37_TURBINE, wind_rose
from siting.wind.layout import patterns as layout_patterns
from siting.wind.layout.constraints import (
    Land,
    Layout,
    LayoutSpec,
    broken_rules,
    is_feasible,
    nearest_spacing,
    rounded,
)
from siting.wind.layout.energy import LayoutEnergy, Standing
from siting.wind.layout.greedy import greedy
from siting.wind.layout.moves import relocate
from siting.wind.layout.patterns import PATTERNS, grid
from siting.wind.site import read_boundary, read_site
from siting.wind.wake.models import Iea37Gaussian


def spec(**changes: float) -> LayoutSpec:
    asked = {
        "turbine_count": 12,
        "rotor_diameter_m": 130.0,
        "spacing_along_wind_diameters": 5.0,
        "spacing_across_wind_diameters": 3.0,
        "wind_direction_degrees": 270.0,
    }
    return LayoutSpec(**{**asked, **changes})  # type: ignore[arg-type]


def land(*rings: list[tuple[float, float]]) -> MultiPolygon:
    return MultiPolygon([Polygon(ring) for ring in rings])


SQUARE = land(square(0, 0, 4000))

specs = st.builds(
    LayoutSpec,
    turbine_count=st.integers(1, 60),
    rotor_diameter_m=st.floats(40, 200),
    spacing_along_wind_diameters=st.floats(2, 9),
    spacing_across_wind_diameters=st.floats(2, 9),
    wind_direction_degrees=st.floats(0, 360),
)


@st.composite
def boundaries(draw: st.DrawFn) -> MultiPolygon:
    """A star-shaped site of a few kilometres."""
    corners = draw(st.integers(3, 9))
    radii = [draw(st.floats(300, 3000)) for _ in range(corners)]
    turns = [radians(360 * at / corners) for at in range(corners)]
    ring = [
        (500_000 + radius * cos(turn), 6_000_000 + radius * sin(turn))
        for radius, turn in zip(radii, turns, strict=True)
    ]
    return MultiPolygon([Polygon(ring).buffer(0)])


@st.composite
def sites(draw: st.DrawFn) -> tuple[MultiPolygon, MultiPolygon]:
    """A boundary and what is left of it after up to four round exclusions."""
    boundary = draw(boundaries())
    holes = [
        Point(
            500_000 + draw(st.floats(-2500, 2500)), 6_000_000 + draw(st.floats(-2500, 2500))
        ).buffer(draw(st.floats(50, 900)))
        for _ in range(draw(st.integers(0, 4)))
    ]
    rest = boundary.difference(shapely.union_all(holes))
    return boundary, polygons_of(rest)


#: Wind that greedy looks at; what it is does not matter to the rules.
WIND = wind_rose((0.1, 0.2, 0.3, 0.4), 9.0)


def lay(boundary: MultiPolygon, buildable: MultiPolygon, asked: LayoutSpec, name: str) -> Layout:
    land = Land(boundary, buildable)
    if name == "greedy":
        return greedy(land, asked, LayoutEnergy(IEA37_TURBINE, WIND, Iea37Gaussian()))
    return PATTERNS[name](land, asked)


each_strategy = pytest.mark.parametrize("name", [*PATTERNS, "greedy"])


@each_strategy
@settings(max_examples=20)
@given(sites(), specs)
def test_every_turbine_stands_on_buildable_land(
    name: str, given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    boundary, buildable = given_site

    for x, y in lay(boundary, buildable, asked, name).positions_m:
        # A centimetre of ground around the tower, exactly.
        assert boundary.contains(Point(x, y).buffer(0.01))
        assert buildable.contains(Point(x, y).buffer(0.01))


@each_strategy
@settings(max_examples=20)
@given(sites(), specs)
def test_the_ellipse_of_the_spacing_is_kept(
    name: str, given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    positions = lay(*given_site, asked, name).positions_m
    turn = radians(asked.wind_direction_degrees)
    along = positions @ (-sin(turn), -cos(turn)) / asked.spacing_along_wind_m
    across = positions @ (cos(turn), -sin(turn)) / asked.spacing_across_wind_m

    for at in range(len(positions)):
        for other in range(at):
            assert np.hypot(along[at] - along[other], across[at] - across[other]) >= 1 - 1e-9
            assert np.hypot(*(positions[at] - positions[other])) >= 2 * asked.rotor_diameter_m


@given(sites(), specs)
def test_a_grid_keeps_rows_and_columns_apart(
    given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    positions = lay(*given_site, asked, "grid").positions_m
    turn = radians(asked.wind_direction_degrees)
    along = positions @ (-sin(turn), -cos(turn))
    across = positions @ (cos(turn), -sin(turn))

    for at in range(len(positions)):
        for other in range(at):
            rows_apart = abs(along[at] - along[other]) >= asked.spacing_along_wind_m
            columns_apart = abs(across[at] - across[other]) >= asked.spacing_across_wind_m
            assert rows_apart or columns_apart


@each_strategy
@settings(max_examples=20)
@given(sites(), specs)
def test_the_same_request_gives_the_same_layout(
    name: str, given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    first, again = lay(*given_site, asked, name), lay(*given_site, asked, name)

    assert first.positions_m.tolist() == again.positions_m.tolist()


@each_strategy
@settings(max_examples=20)
@given(sites(), specs)
def test_the_counts_add_up(
    name: str, given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    found = lay(*given_site, asked, name)

    assert found.turbines_placed + found.turbines_not_placed == asked.turbine_count
    assert found.turbines_not_placed >= 0
    assert found.places_buildable >= found.turbines_placed
    assert found.places_in_boundary >= found.places_buildable
    assert bool(found.why_not_placed(1.0)) is bool(found.turbines_not_placed)
    if name.endswith("grid"):
        assert found.turbines_placed == min(asked.turbine_count, found.places_buildable)


@given(sites(), specs)
def test_a_place_found_for_a_turbine_keeps_every_rule(
    given_site: tuple[MultiPolygon, MultiPolygon], asked: LayoutSpec
) -> None:
    land = Land(*given_site)
    # A layout for the whole boundary, on land from which something was excluded since.
    before = lay(given_site[0], given_site[0], asked, "offset_grid").positions_m
    broken = {at for at, rule in enumerate(broken_rules(before, land, asked)) if rule}

    moved = relocate(before, land, asked, {})

    assert is_feasible(moved.positions_m, land, asked)
    assert {one.index for one in moved.moves} == broken
    assert set(range(len(before))) - set(moved.kept) == {
        one.index for one in moved.moves if one.moved_m is None
    }
    stayed = [at for at, index in enumerate(moved.kept) if index not in broken]
    kept_before = [moved.kept[at] for at in stayed]
    assert moved.positions_m[stayed].tolist() == before[kept_before].tolist()


def test_a_named_turbine_goes_where_it_is_sent_or_as_near_as_it_may() -> None:
    asked = spec(turbine_count=2, spacing_along_wind_diameters=3.0)
    land = Land(SQUARE, SQUARE)
    before = np.array([(1000.0, 1000.0), (3000.0, 1000.0)])

    free = relocate(before, land, asked, {1: np.array((2900.0, 1200.0))})
    near = relocate(before, land, asked, {1: np.array((1010.0, 1000.0))})
    out = relocate(before, land, asked, {1: np.array((9000.0, 1000.0))})

    assert free.positions_m[1].tolist() == [2900.0, 1200.0]
    assert np.hypot(*(near.positions_m[1] - (1010.0, 1000.0))) < 400.0
    assert nearest_spacing(near.positions_m, asked).min() >= 1.0
    assert out.positions_m[1][0] == pytest.approx(4000.0, abs=0.2)
    assert [one.reason for one in out.moves] == ["asked for"]


def test_of_two_turbines_too_near_the_later_one_moves() -> None:
    before = np.array([(1000.0, 1000.0), (1100.0, 1000.0), (3000.0, 3000.0)])

    moved = relocate(before, Land(SQUARE, SQUARE), spec(), {})

    assert [(one.index, one.reason) for one in moved.moves] == [(1, "too near to another turbine")]
    assert moved.positions_m[[0, 2]].tolist() == before[[0, 2]].tolist()


def test_without_land_a_turbine_has_no_place() -> None:
    before = np.array([(1000.0, 1000.0)])

    moved = relocate(before, Land(SQUARE, MultiPolygon()), spec(), {})

    assert moved.kept == ()
    assert [(one.reason, one.moved_m) for one in moved.moves] == [("in an exclusion zone", None)]


def test_a_staggered_row_stands_between_the_turbines_before_it() -> None:
    straight, staggered = (
        PATTERNS[name](Land(SQUARE, SQUARE), spec(turbine_count=20)).positions_m
        for name in ("grid", "offset_grid")
    )

    first, second = (set(staggered[staggered[:, 0] == x, 1]) for x in np.unique(staggered[:, 0]))
    assert not first & second
    # The west wind meets ten in a row in either.
    assert len(np.unique(straight[:, 0])) == len(np.unique(staggered[:, 0])) == 2


def test_a_spiral_starts_in_the_middle() -> None:
    found = PATTERNS["spiral"](Land(SQUARE, SQUARE), spec(turbine_count=9)).positions_m

    assert found[0] == pytest.approx((2000.0, 2000.0), abs=0.01)
    away = np.hypot(*(spec().to_spacings(found) - spec().to_spacings(found[0])).T)
    assert away.max() < 2.5
    assert (np.diff(away) > -0.5).all()


def test_greedy_keeps_out_of_the_wind_shadow() -> None:
    west_only = LayoutEnergy(IEA37_TURBINE, wind_rose((0.0, 0.0, 0.0, 1.0), 9.0), Iea37Gaussian())
    asked = spec(turbine_count=6)

    found = greedy(Land(SQUARE, SQUARE), asked, west_only).positions_m

    rows = grid(Land(SQUARE, SQUARE), spec(turbine_count=20)).positions_m[[0, 1, 2, 10, 11, 12]]
    assert west_only.mwh(found) > west_only.mwh(rows)


def test_greedy_is_as_good_as_if_it_looked_at_every_place_each_time() -> None:
    asked, energy = spec(), LayoutEnergy(IEA37_TURBINE, wind_rose(), Iea37Gaussian())
    land = Land(SQUARE, SQUARE)
    places = rounded(land.lattice(3000))
    places = places[land.allows(places)]
    scaled = asked.to_spacings(places)
    standing = Standing(energy, places[:1])
    room = np.hypot(*(scaled - scaled[0]).T) >= 1.0
    for _ in range(11):
        best = np.where(room, standing.with_one_at(places), 0.0).argmax()
        standing.add(places[best : best + 1])
        room &= np.hypot(*(scaled - scaled[best]).T) >= 1.0

    found = greedy(land, asked, energy).positions_m

    assert len(found) == 12
    assert energy.mwh(found) == pytest.approx(standing.mwh, rel=2e-3)


def test_greedy_in_a_hurry_still_keeps_the_rules() -> None:
    land, asked = Land(SQUARE, SQUARE), spec(turbine_count=20)
    energy = LayoutEnergy(IEA37_TURBINE, WIND, Iea37Gaussian())

    found = greedy(land, asked, energy, stop=lambda: True)

    assert found.turbines_placed == 20
    assert is_feasible(found.positions_m, land, asked)


def test_the_offset_is_chosen_for_the_most_turbines() -> None:
    # Two rows of three fit only if the grid is shifted: 1,400 m takes 2 x 650 m along the wind.
    tight = land([(0, 0), (1400, 0), (1400, 500), (0, 500)])

    assert grid(Land(tight, tight), spec()).places_buildable == 6


def test_an_edge_is_kept_clear_even_when_the_grid_would_just_fit() -> None:
    # Three columns at 650 m fit with 3 cm to spare on either side; 5 cm are kept.
    tight = land([(0, 0), (1300.10, 0), (1300.10, 400), (0, 400)])

    found = grid(Land(tight, tight), spec())

    assert found.turbines_placed == 4
    assert min(Point(place).distance(tight.boundary) for place in found.positions_m) >= 0.05


def test_rows_face_the_wind_and_fill_from_its_side() -> None:
    westerly = grid(Land(SQUARE, SQUARE), spec(turbine_count=10)).positions_m

    assert len(set(westerly[:, 0].tolist())) == 1  # ten in the row that the west wind meets first
    assert np.diff(np.sort(westerly[:, 1])).min() == pytest.approx(390, abs=0.05)
    northerly = grid(
        Land(SQUARE, SQUARE), spec(turbine_count=10, wind_direction_degrees=0.0)
    ).positions_m
    assert len(set(northerly[:, 1].tolist())) == 1
    assert northerly[0, 1] > 3000


def test_what_did_not_fit_is_explained() -> None:
    hole = Polygon(square(0, 0, 4000), [square(1000, 1000, 2000)])
    found = grid(Land(SQUARE, MultiPolygon([hole])), spec(turbine_count=100))

    why = found.why_not_placed(12.0)

    assert f"{100 - found.turbines_placed} of 100 turbines did not fit" in why
    assert "650 m along and 390 m across" in why
    in_hole = found.places_in_boundary - found.places_buildable
    assert in_hole > 5
    assert f"of which {in_hole} lie in exclusion zones" in why


@pytest.mark.parametrize("buildable", [MultiPolygon(), land(square(100, 100, 0.05))])
def test_without_land_there_are_no_turbines(buildable: MultiPolygon) -> None:
    found = grid(Land(SQUARE, buildable), spec())

    assert (found.turbines_placed, found.turbines_not_placed) == (0, 12)
    assert found.places_in_boundary > 50


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("turbine_count", 0, "1 to 300"),
        ("turbine_count", 301, "1 to 300"),
        ("rotor_diameter_m", 9.0, "10 to 300"),
        ("rotor_diameter_m", float("nan"), "10 to 300"),
        ("spacing_along_wind_diameters", 1.99, "2 to 30"),
        ("spacing_across_wind_diameters", 1.99, "2 to 30"),
        ("spacing_across_wind_diameters", float("inf"), "2 to 30"),
        ("wind_direction_degrees", -1.0, "0 to 360"),
        ("wind_direction_degrees", 361.0, "0 to 360"),
    ],
)
def test_a_grid_out_of_range_is_refused(name: str, value: float, allowed: str) -> None:
    with pytest.raises(WindError, match=f"{name} is .*; give .*{allowed}"):
        spec(**{name: value})


def test_a_grid_too_fine_for_the_site_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_patterns, "MAX_GRID_POSITIONS", 1000)

    with pytest.raises(WindError, match="more than 1000 positions"):
        grid(Land(SQUARE, SQUARE), spec(rotor_diameter_m=20.0))


@given(st.floats(0, 360), st.floats(-500, 4500), st.floats(-500, 4500), st.floats(0, 800))
def test_from_geojson_to_geojson_no_turbine_crosses_a_line(
    direction: float, x: float, y: float, setback_m: float
) -> None:
    ring = [(0.0, 0.0), (4200.0, -300.0), (3900.0, 3100.0), (1500.0, 2400.0), (-200.0, 3300.0)]
    given_site = site(ring, ("building", point(x, y)))
    found = find_exclusions(read_site(given_site), {FeatureClass.BUILDING: setback_m})
    # As the layout agent does: from what was written, not from what is in memory.
    buildable_json = json.loads(json.dumps(found.buildable_geojson()))
    again = read_boundary(json.loads(json.dumps(found.site.to_geojson())))
    found_grid = grid(
        Land(again.boundary_m, read_buildable(buildable_json, again)),
        spec(turbine_count=60, wind_direction_degrees=direction),
    )

    boundary_deg = shape(given_site["features"][0]["geometry"])
    house_m = found.site.features[0].shape_m
    degrees = again.projection.points_to_degrees(found_grid.positions_m).round(8)
    for position_deg, position_m in zip(degrees, found_grid.positions_m, strict=True):
        assert boundary_deg.contains(Point(position_deg))
        assert house_m.distance(Point(position_m)) >= setback_m
