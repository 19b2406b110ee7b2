import json
from typing import Any

import numpy as np
import pytest
from shapely.geometry import shape

from agents.terrain.tests.fakes import PLACE, SITE, Map, run, stored
from agents.terrain.tools.areas import find_exclusion_zones, get_unbuildable_areas
from agents.terrain.tools.wind import get_wind_conditions
from siting.tests.chain import project_for, run_example
from siting.wind.features import DEFAULT_SETBACKS_M, ON_MAPS, FeatureClass
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ConfigurationError, DataSourceThrottled
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

#: The classes of the example site's features.
GIVEN = ["building", "road", "power_line", "water", "protected_area", "airfield"]
#: The place's coordinates, swapped.
INDIAN_OCEAN = {"latitude": PLACE["longitude"], "longitude": PLACE["latitude"]}


def test_the_example_site_has_land_left() -> None:
    store = MemoryArtifactStore()
    project, result = run_example("terrain", store)

    assert result["site_km2"] == pytest.approx(25.58, abs=0.01)
    assert result["excluded_km2"] + result["buildable_km2"] == pytest.approx(
        result["site_km2"], abs=0.002
    )
    assert [zone["class"] for zone in result["zones"]] == GIVEN
    assert result["classes_without_features"] == [
        one for one in FeatureClass if one in ON_MAPS and one not in GIVEN
    ]
    assert result["zones"][0] == {
        "class": "building",
        "setback_m": 450,
        "features": 8,
        "area_km2": pytest.approx(0.879, abs=0.001),
    }
    entries = ProjectContent(store).entries("terrain")
    assert sorted(entries) == [
        "boundaries.geojson",
        "boundaries.html",
        "boundaries.png",
        "buildable.geojson",
        "exclusions.geojson",
        "site.geojson",
    ]
    assert sorted(result["artifacts"]) == [f"terrain/{name}" for name in sorted(entries)]
    assert {artifact.key for artifact in project.artifacts} == {
        entry.key for entry in entries.values()
    }
    assert project.facts["buildable_km2"] == result["buildable_km2"]
    assert project.failure is None


def test_the_maps_hold_what_the_answer_says() -> None:
    store = MemoryArtifactStore()
    run_example("terrain", store)

    zones = json.loads(ProjectContent(store)["terrain/exclusions.geojson"])["features"]
    buildable = json.loads(ProjectContent(store)["terrain/buildable.geojson"])
    boundary = shape(SITE["features"][0]["geometry"]).buffer(1e-8)

    assert {zone["properties"]["class"] for zone in zones} == set(GIVEN)
    missing = buildable["properties"]["classes_without_features"]
    assert set(missing) == ON_MAPS - set(GIVEN)
    for drawn in (*zones, buildable):
        assert shape(drawn["geometry"]).is_valid
        assert boundary.contains(shape(drawn["geometry"]))
    assert buildable["properties"]["buildable_share"] == pytest.approx(0.744, abs=0.0005)


def test_setbacks_not_named_take_their_defaults() -> None:
    _, result = run(SITE)

    used = {zone["class"]: zone["setback_m"] for zone in result["zones"]}
    assert used == {kind: DEFAULT_SETBACKS_M[FeatureClass(kind)] for kind in GIVEN}


@pytest.mark.parametrize("kind", FeatureClass)
def test_every_setback_reaches_its_class(kind: FeatureClass) -> None:
    extra = {
        "type": "Feature",
        "properties": {"class": kind.value},
        "geometry": {"type": "Point", "coordinates": [8.97, 54.73]},
    }
    site = {**SITE, "features": [*SITE["features"], extra]}
    _, result = run(site, **{f"{kind}_setback_m": 123.0})

    used = {zone["class"]: zone["setback_m"] for zone in result["zones"]}
    assert {name for name, setback_m in used.items() if setback_m == 123.0} == {kind.value}


def test_a_request_without_a_site_says_what_to_send() -> None:
    project = project_for("terrain", MemoryArtifactStore())

    status, text = call(find_exclusion_zones, project)

    assert status == "error"
    assert "Send it as parameters.site: a GeoJSON FeatureCollection" in text
    assert project.failure is None


@pytest.mark.parametrize(
    ("site", "arguments", "message"),
    [
        ("somewhere", {}, "not a GeoJSON object"),
        (SITE, {"road_setback_m": -5}, "setback from class road is -5 m; give 0 to 20000 m"),
        (SITE, {"road_setback_m": float("nan")}, "setback from class road is nan"),
        (SITE, {"road_setback_m": "wide"}, "valid number"),
        ({**SITE, "features": SITE["features"][1:]}, {}, "0 features of class 'boundary'"),
    ],
)
def test_unusable_input_becomes_a_message(
    site: Any, arguments: dict[str, Any], message: str
) -> None:
    status, text = run(site, **arguments)

    assert status == "error"
    assert message in text


def test_a_place_is_a_circle_of_land_less_what_the_map_shows(
    the_map: Map, project: Project
) -> None:
    status, result = call(get_unbuildable_areas, project, **PLACE, radius_km=2.0)

    assert status == "success"
    assert result["site_km2"] == pytest.approx(np.pi * 4.0, rel=0.002)
    assert result["excluded_km2"] + result["buildable_km2"] == pytest.approx(
        result["site_km2"], abs=0.002
    )
    assert [(zone["class"], zone["setback_m"]) for zone in result["zones"]] == [
        ("building", 525.0),
        ("road", 175.0),
    ]
    assert result["map_data"] == "map makers, ODbL"
    assert result["areas_with_an_open_outline"] == 1
    # Wakes reach farther than a setback.
    reach_m = {kind: DEFAULT_SETBACKS_M[kind] for kind in ON_MAPS}
    reach_m[FeatureClass.WIND_TURBINE] = 5000.0
    assert the_map.asked == [{"radius_m": 2000.0, "reach_m": reach_m}]


def test_setbacks_grow_with_the_turbine_unless_they_are_named(
    the_map: Map, project: Project
) -> None:
    _, result = call(
        get_unbuildable_areas, project, **PLACE, tip_height_m=240.0, road_setback_m=90.0
    )

    used = {zone["class"]: zone["setback_m"] for zone in result["zones"]}
    assert used == {"building": 720.0, "road": 90.0}
    assert the_map.asked[0]["reach_m"][FeatureClass.POWER_LINE] == 264.0


def test_all_boundaries_are_in_one_file(the_map: Map, project: Project) -> None:
    call(get_unbuildable_areas, project, **PLACE)

    features = json.loads(stored(project, "boundaries.geojson"))["features"]

    assert [one["properties"]["class"] for one in features] == [
        "boundary",
        "building",
        "road",
        "excluded",
        "buildable",
    ]
    assert all(shape(one["geometry"]).is_valid for one in features)
    areas = {one["properties"]["class"]: one["properties"] for one in features}
    assert areas["excluded"]["area_km2"] == pytest.approx(
        areas["boundary"]["area_km2"] - areas["buildable"]["buildable_km2"], abs=1e-4
    )


def test_the_page_stands_alone_and_takes_no_orders_from_the_map(
    the_map: Map, project: Project
) -> None:
    call(get_unbuildable_areas, project, **PLACE)

    page = stored(project, "boundaries.html").decode()

    assert "&lt;b&gt;Hof&lt;/b&gt; (building)" in page
    assert "<b>Hof" not in page
    # No address of anything outside, not even a link; the name of SVG's language is none.
    addresses = page.replace("http://www.w3.org/2000/svg", "")
    assert not any(outside in addresses for outside in ("http://", "https://", "src="))
    assert "default-src 'none'" in page
    assert "map makers, ODbL" in page


def test_the_picture_is_a_picture(the_map: Map, project: Project) -> None:
    call(get_unbuildable_areas, project, **PLACE)

    assert stored(project, "boundaries.png").startswith(b"\x89PNG")


def test_characters_that_no_picture_can_hold_break_no_map(the_map: Map, project: Project) -> None:
    the_map.attribution = "map\x00makers\x1b, \u202eODbL"

    status, _ = call(get_unbuildable_areas, project, **PLACE)

    assert status == "success"
    assert "mapmakers, ODbL" in stored(project, "boundaries.html").decode()


def test_other_setbacks_are_tried_on_the_site_the_project_has(
    the_map: Map, project: Project
) -> None:
    _, first = call(get_unbuildable_areas, project, **PLACE)
    status, second = call(find_exclusion_zones, project, building_setback_m=300.0)

    assert status == "success"
    assert second["site_km2"] == first["site_km2"]
    assert second["buildable_km2"] > first["buildable_km2"]
    assert len(the_map.asked) == 1
    assert "map makers, ODbL" in stored(project, "boundaries.html").decode()


def test_a_setback_beyond_what_was_searched_needs_a_new_search(
    the_map: Map, project: Project
) -> None:
    call(get_unbuildable_areas, project, **PLACE)
    call(find_exclusion_zones, project, road_setback_m=100.0)

    status, text = call(find_exclusion_zones, project, airfield_setback_m=5000.0)

    assert status == "error"
    assert "searched for class airfield as far as 3000.0 m" in text
    assert "Call get_unbuildable_areas again" in text
    assert project.failure is None


def test_a_site_of_the_request_is_not_replaced_by_a_circle(the_map: Map) -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"site": SITE})

    status, text = call(get_unbuildable_areas, project, **PLACE)

    assert (status, the_map.asked) == ("error", [])
    assert "Call find_exclusion_zones" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latitude": 91.0}, "latitude is 91; give -90 to 90 degrees."),
        ({"longitude": -181.0}, "longitude is -181; give -180 to 180 degrees."),
        ({"latitude": float("nan")}, "latitude is nan"),
        ({"radius_km": 0.4}, "radius_km is 0.4; give 0.5 to 20 km."),
        ({"radius_km": 21.0}, "radius_km is 21"),
        ({"tip_height_m": 10.0}, "tip_height_m is 10; give 20 to 400 m."),
        ({"road_setback_m": -1.0}, "setback from class road is -1 m; give 0 to 20000 m."),
        ({"water_setback_m": float("inf")}, "setback from class water is inf m"),
    ],
)
def test_a_place_out_of_range_becomes_a_message(
    the_map: Map, project: Project, arguments: dict[str, float], message: str
) -> None:
    status, text = call(get_unbuildable_areas, project, **{**PLACE, **arguments})

    assert (status, the_map.asked, project.failure) == ("error", [], None)
    assert message in text


def test_a_failed_source_fails_the_request_and_leaves_no_map(
    the_map: Map, project: Project
) -> None:
    the_map.failure = DataSourceThrottled("The Overpass API answered HTTP 429. Try again later.")

    status, text = call(get_unbuildable_areas, project, **PLACE)

    assert status == "error"
    assert "HTTP 429" in text
    assert project.failure is the_map.failure
    assert project.artifacts == []


def test_an_endpoint_that_is_not_set_is_a_configuration_error(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OVERPASS_URL", raising=False)
    monkeypatch.delenv("WIND_DATA_URL", raising=False)

    for tool in (get_unbuildable_areas, get_wind_conditions):
        project.failure = None
        call(tool, project, **PLACE)
        assert isinstance(project.failure, ConfigurationError)


class TestAnEmptyMap:
    """Where nobody has drawn anything, nobody knows of free land."""

    def test_it_is_refused_and_the_other_way_round_is_named(
        self, the_map: Map, project: Project
    ) -> None:
        the_map.empty = True

        status, text = call(get_unbuildable_areas, project, **INDIAN_OCEAN)

        assert status == "error"
        assert "The map shows nothing at all" in text
        assert "latitude=54.7365, longitude=8.972" in text
        assert not ProjectContent(project.store, project.project_id).entries("terrain")

    def test_coordinates_that_cannot_be_swapped_are_not_said_to_be(
        self, the_map: Map, project: Project
    ) -> None:
        the_map.empty = True
        _, text = call(get_unbuildable_areas, project, latitude=-40.0, longitude=-140.0)
        assert "swapped" not in text

    def test_whoever_knows_it_is_empty_says_so_and_every_later_step_knows(
        self, the_map: Map, project: Project
    ) -> None:
        the_map.empty = True
        status, result = call(get_unbuildable_areas, project, **INDIAN_OCEAN, accept_empty_map=True)
        assert (status, result["map_is_empty"]) == ("success", True)
        site = json.loads(stored(project, "site.geojson"))
        assert site["features"][0]["properties"]["empty_map"] is True
        # It was said once, of this site.
        assert call(find_exclusion_zones, project)[0] == "success"

    def test_so_is_a_site_that_comes_without_any_feature(self) -> None:
        boundary = [one for one in SITE["features"] if one["properties"]["class"] == "boundary"]
        alone = {**SITE, "features": boundary}

        status, text = run(alone)

        assert status == "error"
        assert "no feature of any kind" in text
        assert run(alone, accept_empty_map=True)[0] == "success"
