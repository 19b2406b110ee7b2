import json
from typing import Any

import pytest
from shapely.geometry import shape

from tests.unit.agents.chain import call, example, project_for, run_example
from tradewind.agents.project import MemoryArtifactStore
from tradewind.agents.terrain import find_exclusion_zones
from tradewind.contracts.names import AgentName
from tradewind.wind.features import DEFAULT_SETBACKS_M, FeatureClass

SITE = example("site.geojson")


def run(site: Any, **arguments: Any) -> tuple[str, Any]:
    project = project_for(AgentName.TERRAIN, MemoryArtifactStore(), {"site": site})
    return call(find_exclusion_zones, project, **arguments)


def test_the_example_site_has_land_left() -> None:
    store = MemoryArtifactStore()
    project, result = run_example(AgentName.TERRAIN, store)

    assert result["site_km2"] == pytest.approx(25.58, abs=0.01)
    assert result["excluded_km2"] + result["buildable_km2"] == pytest.approx(
        result["site_km2"], abs=0.002
    )
    assert [zone["class"] for zone in result["zones"]] == list(FeatureClass)
    assert result["zones"][0] == {
        "class": "building",
        "setback_m": 450,
        "features": 8,
        "area_km2": pytest.approx(0.879, abs=0.001),
    }
    assert result["artifacts"] == [artifact.key for artifact in project.artifacts]
    assert sorted(store.objects) == [
        "moorkoog/terrain/buildable.geojson",
        "moorkoog/terrain/exclusions.geojson",
        "moorkoog/terrain/site.geojson",
    ]
    assert project.facts["buildable_km2"] == result["buildable_km2"]
    assert project.failure is None


def test_the_maps_hold_what_the_answer_says() -> None:
    store = MemoryArtifactStore()
    run_example(AgentName.TERRAIN, store)

    zones = json.loads(store.objects["moorkoog/terrain/exclusions.geojson"])["features"]
    buildable = json.loads(store.objects["moorkoog/terrain/buildable.geojson"])
    boundary = shape(SITE["features"][0]["geometry"]).buffer(1e-8)

    assert {zone["properties"]["class"] for zone in zones} == set(FeatureClass)
    for drawn in (*zones, buildable):
        assert shape(drawn["geometry"]).is_valid
        assert boundary.contains(shape(drawn["geometry"]))
    assert buildable["properties"]["buildable_share"] == pytest.approx(0.743, abs=0.001)


def test_setbacks_not_named_take_their_defaults() -> None:
    _, result = run(SITE)

    used = {zone["class"]: zone["setback_m"] for zone in result["zones"]}
    assert used == {kind.value: setback_m for kind, setback_m in DEFAULT_SETBACKS_M.items()}


@pytest.mark.parametrize("kind", FeatureClass)
def test_every_setback_reaches_its_class(kind: FeatureClass) -> None:
    _, result = run(SITE, **{f"{kind}_setback_m": 123.0})

    used = {zone["class"]: zone["setback_m"] for zone in result["zones"]}
    assert {name for name, setback_m in used.items() if setback_m == 123.0} == {kind.value}


def test_a_request_without_a_site_says_what_to_send() -> None:
    project = project_for(AgentName.TERRAIN, MemoryArtifactStore())

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
