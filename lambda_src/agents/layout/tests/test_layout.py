import itertools
import json
from typing import Any

import pytest
from shapely.geometry import Point, shape

from agents.layout.tests.placing import LAYOUT, current, run
from agents.layout.tools.create import create_layout
from agents.layout.tools.keep import load_layout, save_layout
from agents.layout.tools.relocate import relocate_turbines
from agents.layout.tools.specs import get_turbine_specs
from siting.charts.graticule import Plane
from siting.tests.chain import example, find_land, project_for, run_until
from siting.wind.layout.strategies import BEST, STRATEGIES
from siting.wind.turbines import TURBINES
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.memory_artifacts import MemoryArtifactStore

WIND = {
    "latitude": 54.74,
    "longitude": 8.97,
    "hub_height_m": 100.0,
    "sectors": [
        {
            "direction_degrees": 30.0 * at,
            "frequency": 0.45 if at == 7 else 0.05,
            "weibull_a_m_per_s": 9.0,
            "weibull_k": 2.1,
            "shear_exponent": 0.15,
        }
        for at in range(12)
    ],
}


def buildable_with_a_hole(store: MemoryArtifactStore, around: dict[str, Any]) -> None:
    """Exclude 400 m around a turbine, as a terrain agent that ran again would."""
    key = "terrain/buildable.geojson"
    buildable = json.loads(ProjectContent(store)[key])
    hole = Point(around["longitude_deg"], around["latitude_deg"]).buffer(0.004)
    buildable["geometry"] = shape(buildable["geometry"]).difference(hole).__geo_interface__
    ProjectContent(store).leave_again({key: json.dumps(buildable).encode()})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_places_turbines_on_buildable_land(
    store: MemoryArtifactStore, strategy: str
) -> None:
    project = project_for("layout", store)

    status, result = call(create_layout, project, turbine_count=12, strategy=strategy, iterations=2)

    assert status == "success", result
    layout = current(store)
    points = json.loads(ProjectContent(store)["layout/layout.geojson"])["features"]
    land = shape(json.loads(ProjectContent(store)["terrain/buildable.geojson"])["geometry"])
    assert (result["turbines_placed"], result["turbines_not_placed"]) == (12, 0)
    assert [one["id"] for one in layout["turbines"]] == [f"T{n:02d}" for n in range(1, 13)]
    chosen = strategy if strategy != BEST else result["strategy"]
    assert (layout["utm_epsg"], layout["strategy"]) == (32632, chosen)
    assert all(land.contains(shape(one["geometry"])) for one in points)
    # 7 diameters along the wind, 4 across it: an ellipse whose short axis is 520 m.
    assert all(
        Point(one["x_m"], one["y_m"]).distance(Point(other["x_m"], other["y_m"])) >= 520
        for at, one in enumerate(layout["turbines"])
        for other in layout["turbines"][:at]
    )
    assert project.facts == {"turbines_placed": 12, "turbines_not_placed": 0}
    assert set(layout["sources"]) == {"terrain/site.geojson", "terrain/buildable.geojson"}
    assert layout["turbine_model"] == "iea_3_4mw_130m"
    assert layout["estimated_aep_gwh"] > 0


def test_by_default_it_is_the_best_of_what_takes_no_search(store: MemoryArtifactStore) -> None:
    _, result = run(store, turbine_count=12)

    compared = {one["strategy"]: one for one in result["compared"]}
    assert set(compared) == set(STRATEGIES) - {"best", "optimise"}
    most = max(one["turbines_placed"] for one in compared.values())
    full = [one for one in compared.values() if one["turbines_placed"] == most]
    assert result["turbines_placed"] == most
    assert result["estimated_aep_gwh"] == max(one["estimated_aep_gwh"] for one in full)
    assert result["estimated_aep_gwh"] > compared["grid"]["estimated_aep_gwh"]
    assert compared[result["strategy"]]["estimated_aep_gwh"] == result["estimated_aep_gwh"]


def test_optimise_tells_what_it_started_from_and_gained(store: MemoryArtifactStore) -> None:
    _, result = run(store, turbine_count=10, strategy="optimise", iterations=4)

    starts = {one["strategy"]: one["estimated_aep_gwh"] for one in result["compared"]}
    assert set(starts) == set(STRATEGIES) - {"best", "optimise"}
    assert result["search"]["start_aep_gwh"] == max(starts.values())
    assert result["estimated_aep_gwh"] >= max(starts.values())
    assert result["search"]["gain_percent"] >= 0
    assert result["search"]["iterations"] == 4
    assert result["search"]["starts"]["climbed_from"] == 3
    assert 0 <= result["search"]["starts"]["spread_percent"] < 100
    assert result["search_ended"] == "all of its work done"


def test_the_same_request_gives_the_same_bytes_however_fast_the_machine_is(
    store: MemoryArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for tick_s in (0.0, 1e-6, 1e-3):
        ticks = itertools.count(1e6, tick_s)
        monkeypatch.setattr("siting.wind.layout.budget.time.monotonic", ticks.__next__)
        _, result = run(store, turbine_count=10, strategy="optimise", iterations=6)
        assert result["search_ended"] == "all of its work done"
        files.append(
            (ProjectContent(store)[LAYOUT], ProjectContent(store)[f"{LAYOUT[:-5]}.geojson"])
        )

    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("strategy", ["greedy", "optimise"])
def test_a_search_that_met_the_ceiling_says_so(
    store: MemoryArtifactStore, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    ticks = itertools.count(1e6, 0.9)
    monkeypatch.setattr("siting.wind.layout.budget.time.monotonic", ticks.__next__)

    _, result = run(store, turbine_count=10, strategy=strategy, time_limit_s=5)

    assert result["search_ended"].startswith("stopped by the ceiling of 5 s")
    assert current(store)["search_ended"] == result["search_ended"]


def test_the_projects_wind_turns_the_rows(store: MemoryArtifactStore) -> None:
    _, without = run(store, turbine_count=5)
    ProjectContent(store).leave({"terrain/wind.json": json.dumps(WIND).encode()})
    _, measured = run(store, turbine_count=5)
    _, asked = run(store, turbine_count=5, wind_direction_degrees=90.0)

    assert without["wind_direction_degrees"] == 270.0
    assert measured["wind_direction_degrees"] == 210.0
    assert asked["wind_direction_degrees"] == 90.0
    assert "terrain/wind.json" in current(store)["sources"]
    assert "Weibull" in measured["estimate_assumption"]


def test_a_larger_turbine_takes_more_room(store: MemoryArtifactStore) -> None:
    _, small = run(store, turbine_count=200)
    find_land(store, example("site.geojson"), turbine_model="iea_15mw_240m")
    _, large = run(store, turbine_count=200, turbine_model="iea_15mw_240m")

    assert large["turbines_placed"] < small["turbines_placed"] / 2
    assert large["spacing_along_wind_m"] == 7 * 240


@pytest.mark.parametrize("degrees", [-1.0, 361.0])
def test_what_is_no_direction_is_none(store: MemoryArtifactStore, degrees: float) -> None:
    status, result = run(store, turbine_count=2, wind_direction_degrees=degrees)
    assert status == "error"
    assert "wind_direction_degrees" in result


def test_named_turbines_move_and_the_others_stay(store: MemoryArtifactStore) -> None:
    run(store, turbine_count=10)
    before = {one["id"]: one for one in current(store)["turbines"]}

    _, result = call(
        relocate_turbines,
        project_for("layout", store),
        turbine_ids="T03, T07",
        north_m=60.0,
    )

    after = {one["id"]: one for one in current(store)["turbines"]}
    assert [one["id"] for one in result["moves"]] == ["T03", "T07"]
    assert result["removed"] == []
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"T03", "T07"}
    assert "estimated_aep_gwh" not in current(store)


def test_turbines_that_break_a_rule_now_move(store: MemoryArtifactStore) -> None:
    run(store, turbine_count=10)
    project = project_for("layout", store)
    assert call(relocate_turbines, project)[1]["moves"] == []
    buildable_with_a_hole(store, current(store)["turbines"][4])
    assert call(load_layout, project)[1]["broken_rules"] == [
        {"id": "T05", "rule": "in an exclusion zone"}
    ]

    _, result = call(relocate_turbines, project)

    assert [(one["id"], one["reason"]) for one in result["moves"]] == [
        ("T05", "in an exclusion zone")
    ]
    assert result["moves"][0]["moved_m"] > 200
    assert call(load_layout, project)[1]["broken_rules"] == []


def test_a_turbine_without_a_place_leaves_the_layout(store: MemoryArtifactStore) -> None:
    run(store, turbine_count=4)
    # All that is left of the land is 20 m around the first and the third.
    key = "terrain/buildable.geojson"
    buildable = json.loads(ProjectContent(store)[key])
    left = [current(store)["turbines"][at] for at in (0, 2)]
    places = [Point(one["longitude_deg"], one["latitude_deg"]).buffer(0.0002) for one in left]
    buildable["geometry"] = places[0].union(places[1]).__geo_interface__
    ProjectContent(store).leave_again({key: json.dumps(buildable).encode()})

    _, result = call(relocate_turbines, project_for("layout", store))

    layout = current(store)
    assert result["removed"] == ["T02", "T04"]
    assert [one["id"] for one in layout["turbines"]] == ["T01", "T03"]
    assert (layout["turbines_placed"], layout["turbines_not_placed"]) == (2, 2)
    assert layout["reason_not_placed"] == "No place was left for T02, T04."


def test_a_kept_layout_comes_back(store: MemoryArtifactStore) -> None:
    project = project_for("layout", store)
    run(store, turbine_count=9)
    first = current(store)["turbines"]
    call(save_layout, project, layout_name="nine")
    run(store, turbine_count=4)

    status, result = call(load_layout, project, layout_name="nine")

    assert status == "success"
    assert (result["turbines_placed"], result["layout_name"]) == (9, "nine")
    assert "turbines" not in result
    assert current(store)["turbines"] == first
    assert project.facts["turbines_placed"] == 9


def test_a_kept_layout_that_no_longer_fits_is_refused(store: MemoryArtifactStore) -> None:
    project = project_for("layout", store)
    run(store, turbine_count=9)
    call(save_layout, project)
    buildable_with_a_hole(store, current(store)["turbines"][2])
    before = ProjectContent(store)[LAYOUT]

    status, text = call(load_layout, project, layout_name="kept")

    assert status == "error"
    assert "no longer fits the land: 1 turbines break a rule: T03 (in an exclusion zone)" in text
    assert ProjectContent(store)[LAYOUT] == before


def test_the_turbines_are_listed_with_their_sources(store: MemoryArtifactStore) -> None:
    project = project_for("layout", store)
    _, listed = call(get_turbine_specs, project)
    _, one = call(get_turbine_specs, project, turbine_model="iea_10mw_198m")

    assert [turbine["turbine_model"] for turbine in listed["turbines"]] == list(TURBINES)
    assert all(turbine["source"] for turbine in listed["turbines"])
    assert one["rated_power_mw"] == max(row["power_mw"] for row in one["curve"]) == 10.0


def test_its_metres_lie_on_the_earth_where_its_degrees_do(store: MemoryArtifactStore) -> None:
    run(store, turbine_count=12)
    plane = Plane.of_layout(current(store))
    for one in current(store)["turbines"]:
        x_m, y_m = plane.to_plane(one["longitude_deg"], one["latitude_deg"])
        assert x_m == pytest.approx(one["x_m"], abs=2.0)
        assert y_m == pytest.approx(one["y_m"], abs=2.0)


def test_what_does_not_fit_is_said_with_the_reason(store: MemoryArtifactStore) -> None:
    status, result = run(store, turbine_count=200)

    assert status == "success"
    assert result["turbines_placed"] == result["places_buildable"]
    assert result["turbines_placed"] + result["turbines_not_placed"] == 200
    assert (
        f"{result['turbines_not_placed']} of 200 turbines did not fit"
        in (result["reason_not_placed"])
    )


def test_no_layout_at_all_is_an_error() -> None:
    store = MemoryArtifactStore()
    site = ProjectContent(run_until("terrain"))["terrain/site.geojson"]
    buildable = json.loads(ProjectContent(run_until("terrain"))["terrain/buildable.geojson"])
    buildable["geometry"] = {"type": "MultiPolygon", "coordinates": []}
    buildable["properties"]["buildable_km2"] = 0.0
    ProjectContent(store).leave(
        {
            "terrain/site.geojson": site,
            "terrain/buildable.geojson": json.dumps(buildable).encode(),
        }
    )

    status, text = run(store, turbine_count=5)

    assert status == "error"
    assert "There is no layout: 5 of 5 turbines did not fit" in text
    assert "in the 0.00 km2 of buildable area" in text
    assert "layout/layout.json" not in ProjectContent(store)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"turbine_count": 0}, "turbine_count is 0; give a whole number from 1 to 300"),
        ({"turbine_count": 2.5}, "valid integer"),
        ({}, "Field required"),
        ({"turbine_count": 5, "spacing_along_wind_diameters": 1.5}, "give 2 to 30"),
        ({"turbine_count": 5, "turbine_model": "V90"}, "no turbine 'V90'; there are iea37_3"),
        ({"turbine_count": 5, "strategy": "hexagon"}, "no strategy 'hexagon'; there are grid"),
        ({"turbine_count": 5, "iterations": 0}, "iterations is 0; give 1 to 1000"),
        ({"turbine_count": 5, "iterations": 1001}, "give 1 to 1000"),
        ({"turbine_count": 5, "time_limit_s": 0}, "give 1 to 600"),
        ({"turbine_count": 5, "time_limit_s": 1e9}, "give 1 to 600"),
        ({"turbine_count": 5, "time_limit_s": float("nan")}, "give 1 to 600"),
        ({"turbine_count": 5, "wind_direction_degrees": 400}, "give 0 to 360"),
    ],
)
def test_values_out_of_range_become_messages(
    store: MemoryArtifactStore, arguments: dict[str, Any], message: str
) -> None:
    status, text = run(store, **arguments)

    assert status == "error"
    assert message in text


def test_without_terrain_the_request_fails_and_names_the_agent() -> None:
    project = project_for("layout", MemoryArtifactStore())

    status, text = call(create_layout, project, turbine_count=5)

    assert status == "error"
    assert "Run the terrain agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"turbine_ids": "T99", "east_m": 10}, "no turbine T99; it has T01 to T05"),
        ({"turbine_ids": "T01"}, "give both turbine_ids and east_m or north_m"),
        ({"east_m": 10}, "give both turbine_ids and east_m or north_m"),
        ({"turbine_ids": "T01", "east_m": 1e9}, "within 20000 m"),
        ({"turbine_ids": "T01", "east_m": float("nan")}, "within 20000 m"),
    ],
)
def test_a_move_that_cannot_be_meant_becomes_a_message(
    store: MemoryArtifactStore, arguments: dict[str, Any], message: str
) -> None:
    run(store, turbine_count=5)
    before = ProjectContent(store)[LAYOUT]

    status, text = call(relocate_turbines, project_for("layout", store), **arguments)

    assert status == "error"
    assert message in text
    assert ProjectContent(store)[LAYOUT] == before


@pytest.mark.parametrize("name", ["", "current", "../terrain/site", "A", "x" * 33, "a/b"])
def test_a_layout_is_kept_under_a_plain_name_only(store: MemoryArtifactStore, name: str) -> None:
    run(store, turbine_count=5)

    status, text = call(save_layout, project_for("layout", store), layout_name=name)

    assert status == "error"
    assert "lower-case letters, digits and hyphens" in text


def test_a_name_nothing_was_kept_under_is_not_found(store: MemoryArtifactStore) -> None:
    project = project_for("layout", store)

    status, text = call(load_layout, project, layout_name="nine")

    assert status == "error"
    assert "layout-nine.json" in text


@pytest.mark.parametrize("tool", [relocate_turbines, save_layout, load_layout])
def test_without_a_layout_the_tool_names_the_agent(store: MemoryArtifactStore, tool: Any) -> None:
    status, text = call(tool, project_for("layout", store))

    assert status == "error"
    assert "no layout/layout.json" in text
