"""The setbacks that a request names, and what the land says of them."""

import json
from typing import Any

import pytest

from agents.terrain.tests.fakes import PLACE, SITE, Map, run, stored
from agents.terrain.tools.areas import find_exclusion_zones, get_unbuildable_areas
from siting.tests.chain import project_for
from siting.wind.features import FeatureClass, default_setbacks_m
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


def test_a_turbine_decides_the_tip_height() -> None:
    _, result = run(SITE, turbine_model="iea_15mw_240m")
    assert result["tip_height_m"] == 270
    assert {one["class"]: one["setback_m"] for one in result["zones"]}["road"] == 270


def test_a_turbine_and_another_tip_height_are_not_both() -> None:
    status, text = run(SITE, turbine_model="iea_15mw_240m", tip_height_m=175)
    assert status == "error"
    assert "Give one of the two" in text


def test_the_land_says_what_it_was_cut_for() -> None:
    store = MemoryArtifactStore()
    project = project_for("terrain", store, {"site": SITE})
    call(find_exclusion_zones, project, tip_height_m=200, road_setback_m=150)

    land = json.loads(ProjectContent(store)["terrain/buildable.geojson"])

    assert land["properties"]["assumes"] == {
        "tip_height_m": 200,
        "setback_rules": None,
        "setbacks_m": default_setbacks_m(200.0) | {FeatureClass.ROAD: 150},
        "setbacks_named_by_the_request": ["road"],
        "turbines_allowed_on": [],
        "boundary_setback_m": None,
        "boundary_setback_tip_heights": None,
    }


@pytest.mark.parametrize(
    ("arguments", "expected_m"),
    [
        ({"setback_rules": "bavaria_10h"}, {"building": 1750, "road": 175}),
        ({"setback_rules": "bavaria_10h", "building_setback_m": 900}, {"building": 900}),
        ({"setback_rules": "germany_2h", "tip_height_m": 250}, {"building": 500, "road": 250}),
        ({"setback_rules": "france_500m", "tip_height_m": 250}, {"building": 500}),
        ({"setback_rules": "illinois_county"}, {"building": 367.5, "road": 192.5, "water": 50}),
    ],
)
def test_rules_replace_the_defaults_of_the_classes_they_are_about(
    arguments: dict[str, Any], expected_m: dict[str, float]
) -> None:
    _, result = run(SITE, **arguments)
    kept_m = {one["class"]: one["setback_m"] for one in result["zones"]}
    assert {kind: kept_m[kind] for kind in expected_m} == expected_m
    assert result["setback_rules"]["source"]


@pytest.mark.parametrize(
    ("arguments", "tip_heights", "metres"),
    [
        ({}, 1.1, None),
        ({"boundary_setback_m": 50}, None, 50),
        ({"boundary_setback_tip_heights": 2}, 2, None),
    ],
)
def test_rules_ask_for_a_boundary_setback_unless_the_request_does(
    arguments: dict[str, float], tip_heights: float | None, metres: float | None
) -> None:
    store = MemoryArtifactStore()
    project = project_for("terrain", store, {"site": SITE})
    call(find_exclusion_zones, project, setback_rules="illinois_county", **arguments)

    assumed = json.loads(ProjectContent(store)["terrain/buildable.geojson"])["properties"][
        "assumes"
    ]

    assert assumed["setback_rules"] == "illinois_county"
    assert assumed["boundary_setback_tip_heights"] == tip_heights
    assert assumed["boundary_setback_m"] == metres


def with_forest() -> Any:
    forest = {
        "type": "Feature",
        "properties": {"class": "forest"},
        "geometry": SITE["features"][0]["geometry"],
    }
    return {**SITE, "features": [*SITE["features"], forest]}


def test_a_forest_is_excluded_unless_the_request_lets_turbines_in() -> None:
    _, closed = run(with_forest())
    _, opened = run(with_forest(), turbines_allowed_on=["forest"])
    _, without = run(SITE)

    assert closed["buildable_km2"] == 0
    assert opened["buildable_km2"] == without["buildable_km2"]
    assert opened["turbines_allowed_on"] == ["forest"]
    assert "forest" not in opened["classes_without_features"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"turbines_allowed_on": ["water"]}, "names 'water'; give some of: forest"),
        ({"turbines_allowed_on": ["forest"], "forest_setback_m": 5}, "Give one of the two"),
        ({"boundary_setback_m": -1}, "boundary_setback_m is -1; give 0 to 20000 m"),
        ({"boundary_setback_tip_heights": 192.5}, "boundary_setback_tip_heights is 192.5"),
        ({"boundary_setback_tip_heights": 1, "boundary_setback_m": 1}, "not both"),
        ({"setback_rules": "bavaria"}, "no setback_rules 'bavaria'; there are: bavaria_10h,"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict[str, Any], message: str) -> None:
    status, text = run(SITE, **arguments)
    assert status == "error"
    assert message in text


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ({}, "Turbines also keep half a rotor from the boundary"),
        ({"boundary_setback_tip_heights": 1.1}, "192.5 m"),
        ({"boundary_setback_m": 250}, "250 m"),
        ({"setback_rules": "illinois_county"}, "Setbacks follow Illinois counties"),
    ],
)
def test_the_setback_from_the_boundary_is_on_the_map(
    the_map: Map, project: Project, asked: dict[str, Any], drawn: str
) -> None:
    call(get_unbuildable_areas, project, **PLACE, **asked)

    page = stored(project, "boundaries.html").decode()

    assert drawn in page
    assert ('id="boundary-setback"' in page) is bool(asked)
