"""Heights that a request brings, and the land that is too steep by them."""

import json
from typing import Any

import pytest

from agents.terrain.tests.fakes import PLACE, SITE, Map, run
from agents.terrain.tools.areas import find_exclusion_zones, get_unbuildable_areas
from siting.tests.chain import project_for
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

WEST, SOUTH, CELL, COLUMNS, ROWS = 8.88, 54.68, 0.0008, 230, 140
#: A plain in the west, and from 8.984 degrees on a slope of some 31 % (0.0008 degrees are 51.5 m).
HEIGHTS = " ".join(str(16 * max(at - 130, 0)) for at in range(COLUMNS))
ELEVATION = (
    f"ncols {COLUMNS}\nnrows {ROWS}\nxllcorner {WEST}\nyllcorner {SOUTH}\ncellsize {CELL}\n"
    + f"{HEIGHTS}\n" * ROWS
)


def of(project: Project, name: str) -> Any:
    return json.loads(ProjectContent(project.store)[f"terrain/{name}"])


def test_without_heights_nobody_looked() -> None:
    _, result = run(SITE)
    assert result["ground"] == "not looked at: the request brings no heights"
    assert "steep_ground" not in result["classes_without_features"]


def test_what_a_site_of_the_request_says_of_its_own_ground_is_no_finding() -> None:
    boundary = json.loads(json.dumps(SITE["features"][0]))
    boundary["properties"]["ground"] = {"lowest_m": "flat"}
    _, result = run({**SITE, "features": [boundary, *SITE["features"][1:]]})
    assert result["ground"].startswith("not looked at")


def test_steep_ground_is_excluded_and_the_land_says_by_what() -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"site": SITE, "elevation": ELEVATION})
    _, plain = run(SITE)
    _, result = call(find_exclusion_zones, project)

    steep = next(one for one in result["zones"] if one["class"] == "steep_ground")
    assert steep["area_km2"] > 1.0
    assert result["buildable_km2"] < plain["buildable_km2"]
    assert result["ground"]["max_slope_percent"] == 20.0
    assert result["ground"]["steepest_percent"] == pytest.approx(31.1, abs=0.2)
    assert of(project, "buildable.geojson")["properties"]["ground"] == result["ground"]


def test_the_next_request_knows_the_ground_without_the_heights() -> None:
    store = MemoryArtifactStore()
    first = project_for("terrain", store, {"site": SITE, "elevation": ELEVATION})
    _, found = call(find_exclusion_zones, first)
    later = project_for("terrain", store)
    _, again = call(find_exclusion_zones, later, road_setback_m=500)
    steeper = project_for("terrain", store, {"elevation": ELEVATION})
    _, allowed = call(find_exclusion_zones, steeper, max_slope_percent=40)

    assert again["ground"] == found["ground"]
    assert [one for one in again["zones"] if one["class"] == "steep_ground"] == [
        one for one in found["zones"] if one["class"] == "steep_ground"
    ]
    # Heights that come again replace what was found by those before.
    assert "steep_ground" in allowed["classes_without_features"]


def test_an_empty_map_on_a_hill_is_as_empty() -> None:
    alone = {**SITE, "features": SITE["features"][:1]}
    project = project_for("terrain", MemoryArtifactStore(), {"site": alone, "elevation": ELEVATION})
    assert call(find_exclusion_zones, project)[0] == "error"
    _, result = call(find_exclusion_zones, project, accept_empty_map=True)
    assert result["map_is_empty"]


def test_a_place_on_the_map_has_heights_too(the_map: Map) -> None:
    del the_map
    project = project_for("terrain", MemoryArtifactStore(), {"elevation": ELEVATION})
    _, result = call(get_unbuildable_areas, project, **PLACE)
    assert result["ground"]["highest_m"] > 0
    assert (
        "steep_ground" not in of(project, "site.geojson")["features"][0]["properties"]["searched_m"]
    )


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({}, {"max_slope_percent": 15}, "needs the ground's heights"),
        ({"elevation": ELEVATION}, {"max_slope_percent": 0}, "max_slope_percent is 0; give 1 to"),
        ({"elevation": {"type": "FeatureCollection"}}, {}, "Send an Esri ASCII raster"),
        ({"elevation": ELEVATION.replace("8.88", "9.88")}, {}, "no slope for 100.0 % of the site"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    parameters: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"site": SITE, **parameters})
    status, text = call(find_exclusion_zones, project, **arguments)
    assert status == "error"
    assert message in text
