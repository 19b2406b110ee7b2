"""A project tells one truth: no agent combines what different runs left, or half a run."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agents.layout.tools.create import create_layout
from agents.layout.tools.keep import load_layout, save_layout
from agents.layout.tools.relocate import relocate_turbines
from agents.report.agent import create_report
from agents.simulation.agent import generate_charts, run_wake_simulation
from agents.terrain.tools.areas import find_exclusion_zones
from siting.tests.chain import example, project_for, request_for, run_until
from tests.deployed_agents import AGENTS
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound, StorageUnavailable
from tradewind.run.memory_artifacts import MemoryArtifactStore

AREAS = ("terrain/site.geojson", "terrain/exclusions.geojson", "terrain/buildable.geojson")
#: Files that a call of find_exclusion_zones leaves.
PUTS = 6


@pytest.fixture(scope="module")
def planned() -> dict[str, bytes]:
    """A farm that is planned up to its energy."""
    return run_until("simulation").objects


@pytest.fixture
def store(planned: dict[str, bytes]) -> MemoryArtifactStore:
    made = MemoryArtifactStore()
    made.objects = dict(planned)
    return made


class FailingStore(MemoryArtifactStore):
    """Storage of which one write fails."""

    def __init__(self, objects: Mapping[str, bytes], failing_write: int) -> None:
        super().__init__()
        self.objects = dict(objects)
        self.writes_left = failing_write

    def put(self, key: str, body: bytes, content_type: str) -> None:
        if not self.writes_left:
            raise StorageUnavailable(f"Could not write {key}: SlowDown.")
        self.writes_left -= 1
        super().put(key, body, content_type)


def zones_anew(store: MemoryArtifactStore) -> bool:
    """Ask the terrain agent for wider setbacks, as the service would; says whether it succeeded."""
    project = request_for("terrain", store, {"site": example("site.geojson")})
    call(find_exclusion_zones, project, building_setback_m=900)
    if project.failure is None:
        project.commit()
    else:
        project.discard()
    return project.failure is None


def visible(store: MemoryArtifactStore) -> dict[str, Any]:
    return {agent: ProjectContent(store).entries(agent) for agent in AGENTS}


@pytest.mark.parametrize("failing_write", range(PUTS))
def test_a_run_that_breaks_off_leaves_nothing_to_see(
    planned: dict[str, bytes], failing_write: int
) -> None:
    store = FailingStore(planned, failing_write)
    before = visible(store)
    assert not zones_anew(store)
    assert visible(store) == before


def test_a_report_after_a_run_that_broke_off_tells_the_old_whole_truth(
    store: MemoryArtifactStore,
) -> None:
    status, before = call(create_report, project_for("report", store), title="Before")
    assert status == "success"
    broken = FailingStore(store.objects, failing_write=2)
    assert not zones_anew(broken)
    store.objects = broken.objects

    assert call(create_report, project_for("report", store), title="After") == ("success", before)


def test_the_count_of_writes_is_that_of_the_call(planned: dict[str, bytes]) -> None:
    store = FailingStore(planned, PUTS)
    assert zones_anew(store)
    assert store.writes_left == 0


def refusal(tool: Any, agent: str, store: MemoryArtifactStore, **arguments: Any) -> str:
    """What a tool says that has to refuse its input."""
    project = project_for(agent, store)
    status, text = call(tool, project, **arguments)
    assert (status, project.failure) == ("error", None), text
    said: str = text
    return said


@pytest.mark.parametrize("other", AREAS)
def test_areas_of_two_terrain_runs_are_refused_by_name(
    store: MemoryArtifactStore, other: str
) -> None:
    content = ProjectContent(store)
    content.leave({other: content[other]})  # its bytes are the same: it is the run that counts
    said = refusal(create_report, "report", store, title="Mixed")
    assert "are of different runs. Run the terrain agent on this project again." in said
    if "exclusions" not in other:
        said = refusal(create_layout, "layout", store, turbine_count=3)
        assert "are of different runs. Run the terrain agent on this project again." in said


def test_a_layout_on_other_land_is_not_simulated(store: MemoryArtifactStore) -> None:
    assert zones_anew(store)
    said = refusal(run_wake_simulation, "simulation", store)
    assert "layout/layout.json was not made from the terrain/" in said
    assert "Run the layout agent on this project again." in said


@pytest.mark.parametrize("relocated", [True, False])
def test_a_layout_for_another_wind_is_not_simulated(
    store: MemoryArtifactStore, relocated: bool
) -> None:
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": wind_at(54.74, 8.97)})
    layout = project_for("layout", store)
    assert call(create_layout, layout, turbine_count=3)[0] == "success"
    if relocated:
        moved = call(relocate_turbines, layout, turbine_ids="T01", east_m=30.0)
        assert moved[0] == "success", moved
    assert call(run_wake_simulation, project_for("simulation", store))[0] == "success"
    content.leave({"terrain/wind.json": wind_at(54.74, 8.97, k=1.9)})
    said = refusal(run_wake_simulation, "simulation", store)
    assert "layout/layout.json was not made from the terrain/wind.json" in said


def test_wind_of_another_place_is_refused(store: MemoryArtifactStore) -> None:
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": wind_at(54.5, 8.75)})  # the next point of its grid
    assert (
        call(create_layout, project_for("layout", store), turbine_count=3, strategy="grid")[0]
        == "success"
    )
    content.leave({"terrain/wind.json": wind_at(48.1, 11.6)})
    said = refusal(create_layout, "layout", store, turbine_count=3)
    assert "is of a place 757 km away" in said
    content.leave_again({"layout/layout.json": content["layout/layout.json"]})
    said = refusal(run_wake_simulation, "simulation", store)
    assert "is of a place 762 km away" in said  # from the nearest turbine


def test_wind_that_storage_has_lost_is_not_taken_for_none(store: MemoryArtifactStore) -> None:
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": wind_at(54.74, 8.97)})
    del store.objects[content.entries("terrain")["wind.json"].key]
    for agent, tool, arguments in (
        ("layout", create_layout, {"turbine_count": 3}),
        ("simulation", run_wake_simulation, {}),
    ):
        project = project_for(agent, store)
        assert call(tool, project, **arguments)[0] == "error"
        assert isinstance(project.failure, ArtifactNotFound)
        assert "Run the terrain agent on this project again" in project.failure.message


def test_energy_and_setup_of_two_runs_make_no_charts(store: MemoryArtifactStore) -> None:
    content = ProjectContent(store)
    content.leave({"simulation/simulation.json": content["simulation/simulation.json"]})
    said = refusal(generate_charts, "simulation", store)
    assert "simulation/energy.json and simulation/simulation.json are of different runs" in said


@pytest.mark.parametrize("tool", [relocate_turbines, load_layout])
def test_a_layout_of_another_zone_is_not_moved_into_this_one(
    store: MemoryArtifactStore, tool: Any
) -> None:
    content = ProjectContent(store)
    document = json.loads(content["layout/layout.json"])
    content.leave({"layout/layout.json": json.dumps(document | {"utm_epsg": 32633}).encode()})
    said = refusal(tool, "layout", store)
    assert "EPSG:32633, and the project's site lies in EPSG:32632 now" in said


def test_what_is_kept_and_brought_back_stays_tied_to_its_wind(store: MemoryArtifactStore) -> None:
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": wind_at(54.74, 8.97)})
    layout = project_for("layout", store)
    for tool, arguments in (
        (create_layout, {"turbine_count": 3}),
        (save_layout, {"layout_name": "three"}),
        (create_layout, {"turbine_count": 4}),
        (load_layout, {"layout_name": "three"}),
    ):
        assert call(tool, layout, **arguments)[0] == "success"
    made_from = content.entries("layout")["layout.json"].made_from
    assert made_from["terrain/wind.json"] == content.entries("terrain")["wind.json"].sha256
    assert call(run_wake_simulation, project_for("simulation", store))[0] == "success"


def wind_at(latitude: float, longitude: float, k: float = 2.1) -> bytes:
    sectors = [
        {
            "direction_degrees": 90.0 * at,
            "frequency": 0.25,
            "weibull_a_m_per_s": 9.0,
            "weibull_k": k,
            "shear_exponent": 0.15,
        }
        for at in range(4)
    ]
    document = {
        "latitude": latitude,
        "longitude": longitude,
        "hub_height_m": 110.0,
        "sectors": sectors,
    }
    return json.dumps(document).encode()
