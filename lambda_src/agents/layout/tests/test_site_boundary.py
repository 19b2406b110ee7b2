"""No rotor reaches beyond the site's boundary, unless the request asks for more or for less."""

import json
from typing import Any

import pytest
from shapely.geometry import Point

from agents.layout.tests.placing import current, cut_for, run
from agents.layout.tools.keep import load_layout
from agents.layout.tools.relocate import relocate_turbines
from siting.tests.chain import project_for
from siting.wind.site import read_boundary
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


def from_the_boundary(store: MemoryArtifactStore) -> list[float]:
    """How far each hub is from the boundary, in metres of the site's UTM zone."""
    site = read_boundary(json.loads(ProjectContent(store)["terrain/site.geojson"]))
    edge = site.boundary_m.boundary
    return [edge.distance(Point(one["x_m"], one["y_m"])) for one in current(store)["turbines"]]


@pytest.mark.parametrize("strategy", ["grid", "spiral", "greedy"])
def test_no_blade_reaches_beyond_it(store: MemoryArtifactStore, strategy: str) -> None:
    status, result = run(store, turbine_count=30, strategy=strategy)
    assert status == "success"
    assert result["boundary_setback_m"] == 65.0
    assert result["boundary_setback_reason"] == "half a rotor: no blade reaches beyond it"
    assert min(from_the_boundary(store)) >= 65.0


def test_a_larger_rotor_keeps_more(store: MemoryArtifactStore) -> None:
    cut_for("iea_15mw_240m", store)
    _, result = run(store, turbine_count=5, turbine_model="iea_15mw_240m")
    assert result["boundary_setback_m"] == 120.0
    assert min(from_the_boundary(store)) >= 120.0


@pytest.mark.parametrize(
    ("asked", "kept_m"),
    [
        ({"boundary_setback_tip_heights": 1.1}, 192.5),
        ({"boundary_setback_m": 400}, 400.0),
        ({"boundary_setback_m": 0}, 0.0),
        ({"setback_rules": "illinois_county"}, 192.5),
    ],
)
def test_what_the_request_asks_for_is_kept(
    store: MemoryArtifactStore, asked: dict[str, Any], kept_m: float
) -> None:
    cut_for("iea37_3_35mw_130m", store, **asked)
    run(store, turbine_count=30)
    assert current(store)["boundary_setback_m"] == kept_m
    assert kept_m <= min(from_the_boundary(store)) < kept_m + 65.0


def test_tip_heights_are_those_of_the_turbine_that_stands(store: MemoryArtifactStore) -> None:
    cut_for("iea_15mw_240m", store, boundary_setback_tip_heights=1.0)
    _, result = run(store, turbine_count=2, turbine_model="iea37_3_35mw_130m")
    assert result["boundary_setback_m"] == 175.0


def test_a_site_without_room_says_what_to_do(store: MemoryArtifactStore) -> None:
    cut_for("iea37_3_35mw_130m", store, boundary_setback_m=19_000)
    status, text = run(store, turbine_count=1)
    assert status == "error"
    assert "No place of the site is 19000 m from its boundary" in text


def test_who_stands_too_near_is_told_and_moved(store: MemoryArtifactStore) -> None:
    cut_for("iea37_3_35mw_130m", store, boundary_setback_m=0)
    run(store, turbine_count=30)
    cut_for("iea37_3_35mw_130m", store, boundary_setback_m=300)

    _, told = call(load_layout, project_for("layout", store))
    assert "too near to the boundary" in {one["rule"] for one in told["broken_rules"]}
    call(relocate_turbines, project_for("layout", store))
    assert min(from_the_boundary(store)) >= 300.0
    assert current(store)["boundary_setback_m"] == 300.0
