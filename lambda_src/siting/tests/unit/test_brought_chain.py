"""What people bring goes through the whole chain, with its source, its place and its limits."""

import json

import pytest

from agents.layout.tools.create import create_layout
from agents.report.agent import create_report
from agents.simulation.agent import run_wake_simulation
from agents.terrain.tools.own_wind import use_wind_file
from siting.tests.chain import project_for, run_until
from siting.tests.unit.wind.brought_files import mast, mast_rows
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

SOURCE = "Met mast Moorkoog, <b>county</b> of Nordfriesland"


@pytest.fixture(scope="module")
def land() -> dict[str, bytes]:
    return run_until("terrain").objects


@pytest.fixture
def store(land: dict[str, bytes]) -> MemoryArtifactStore:
    made = MemoryArtifactStore()
    made.objects = dict(land)
    return made


def bring_mast(store: MemoryArtifactStore, latitude: float, longitude: float) -> None:
    project = project_for("terrain", store, {"wind_file": mast(mast_rows(180))})
    status, said = call(
        use_wind_file,
        project,
        source=SOURCE,
        latitude=latitude,
        longitude=longitude,
        height_m=80.0,
    )
    assert status == "success", said


def test_a_masts_wind_its_source_and_its_lack_reach_the_report(
    store: MemoryArtifactStore,
) -> None:
    bring_mast(store, 54.80, 8.97)
    for agent, tool, arguments in (
        ("layout", create_layout, {"turbine_count": 3, "strategy": "grid"}),
        ("simulation", run_wake_simulation, {}),
        ("report", create_report, {"title": "A farm by a mast"}),
    ):
        status, said = call(tool, project_for(agent, store), **arguments)
        assert status == "success", said

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    assert any(" km from the nearest turbine." in one for one in energy["assumptions"])
    assert any("taken from 80 m to the hub" in one for one in energy["assumptions"])
    page = ProjectContent(store)["report/report.html"].decode()
    cover, rest = page.split("1 Site" if "1 Site" in page else "<h2", 1)
    assert "4,320 hours of a mast, less than a year" in cover
    assert "Met mast Moorkoog, &lt;b&gt;county&lt;/b&gt; of Nordfriesland" in rest
    assert "a usual value that nobody measured here" in rest
    assert "records of 60 minutes from 2024-01-01 00:00" in rest


def test_a_mast_of_another_place_is_refused(store: MemoryArtifactStore) -> None:
    bring_mast(store, -30.0, -70.5)

    status, said = call(create_layout, project_for("layout", store), turbine_count=3)

    assert status == "error"
    assert "terrain/wind.json is of a place" in said
