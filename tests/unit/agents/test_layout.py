import json
from typing import Any

import pytest
from shapely.geometry import Point, shape

from tests.unit.agents.chain import call, project_for, run_example, run_until
from tradewind.agents.layout import create_grid_layout
from tradewind.agents.project import MemoryArtifactStore
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.contracts.names import AgentName


@pytest.fixture
def store() -> MemoryArtifactStore:
    return run_until(AgentName.TERRAIN)


def run(store: MemoryArtifactStore, **arguments: Any) -> tuple[str, Any]:
    return call(create_grid_layout, project_for(AgentName.LAYOUT, store), **arguments)


def test_the_example_places_every_turbine_on_buildable_land(store: MemoryArtifactStore) -> None:
    project, result = run_example(AgentName.LAYOUT, store)

    layout = json.loads(store.objects["moorkoog/layout/layout.json"])
    points = json.loads(store.objects["moorkoog/layout/layout.geojson"])["features"]
    buildable = json.loads(store.objects["moorkoog/terrain/buildable.geojson"])
    land = shape(buildable["geometry"])
    assert (result["turbines_placed"], result["turbines_not_placed"]) == (30, 0)
    assert [one["id"] for one in layout["turbines"]] == [f"T{n:02d}" for n in range(1, 31)]
    assert layout["utm_epsg"] == 32632
    assert len(points) == 30
    assert all(land.contains(shape(one["geometry"])) for one in points)
    assert all(
        Point(one["x_m"], one["y_m"]).distance(Point(other["x_m"], other["y_m"])) >= 650
        for at, one in enumerate(layout["turbines"])
        for other in layout["turbines"][:at]
    )
    assert project.facts == {"turbines_placed": 30, "turbines_not_placed": 0}
    assert set(layout["sources"]) == {"terrain/site.geojson", "terrain/buildable.geojson"}


def test_what_does_not_fit_is_said_with_the_reason(store: MemoryArtifactStore) -> None:
    status, result = run(store, turbine_count=200)

    assert status == "success"
    assert result["turbines_placed"] == result["grid_positions_buildable"]
    assert result["turbines_placed"] + result["turbines_not_placed"] == 200
    assert (
        f"{result['turbines_not_placed']} of 200 turbines did not fit"
        in (result["reason_not_placed"])
    )


def test_no_layout_at_all_is_an_error() -> None:
    store = MemoryArtifactStore()
    terrain = project_for(AgentName.TERRAIN, store)
    save = dict(run_until(AgentName.TERRAIN).objects)
    buildable = json.loads(save["moorkoog/terrain/buildable.geojson"])
    buildable["geometry"] = {"type": "MultiPolygon", "coordinates": []}
    buildable["properties"]["buildable_km2"] = 0.0
    terrain.save("site.geojson", save["moorkoog/terrain/site.geojson"], "application/geo+json")
    terrain.save("buildable.geojson", json.dumps(buildable).encode(), "application/geo+json")

    status, text = run(store, turbine_count=5)

    assert status == "error"
    assert "There is no layout: 5 of 5 turbines did not fit" in text
    assert "in the 0.00 km2 of buildable area" in text
    assert "moorkoog/layout/layout.json" not in store.objects


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"turbine_count": 0}, "turbine_count is 0; give a whole number from 1 to 300"),
        ({"turbine_count": 2.5}, "valid integer"),
        ({}, "Field required"),
        ({"turbine_count": 5, "spacing_along_wind_diameters": 1.5}, "give 2 to 30"),
        ({"turbine_count": 5, "rotor_diameter_m": 3}, "give 10 to 300"),
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
    project = project_for(AgentName.LAYOUT, MemoryArtifactStore())

    status, text = call(create_grid_layout, project, turbine_count=5)

    assert status == "error"
    assert "Run the terrain agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
