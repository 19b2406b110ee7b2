import json
from typing import Any

import pytest

from agents.report.agent import list_project_files, load_project_data
from agents.report.tests.reading import ENERGY
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import project_for
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.memory_artifacts import MemoryArtifactStore


def test_a_listing_tells_what_was_made_from_what(store: MemoryArtifactStore) -> None:
    status, result = call(list_project_files, project_for("report", store))

    assert status == "success"
    assert result["project_id"] == "moorkoog"
    assert result["missing_steps"] == []
    listed = {file["file"]: file for file in result["files"]}
    assert result["file_count"] == len(listed)
    assert listed["layout/layout.json"]["made_from"] == [
        "terrain/buildable.geojson",
        "terrain/site.geojson",
    ]
    assert "terrain/manifest.json" not in listed
    assert len(listed["simulation/energy.json"]["sha256"]) == 64


def test_a_listing_names_the_steps_that_are_missing(store: MemoryArtifactStore) -> None:
    del store.objects["simulation/moorkoog/manifest.json"]

    _, result = call(list_project_files, project_for("report", store))

    assert result["missing_steps"] == ["Run the simulation agent on this project."]


def test_a_listing_of_nothing_names_the_first_agent() -> None:
    project = project_for("report", MemoryArtifactStore())

    status, text = call(list_project_files, project)

    assert status == "error"
    assert "Project moorkoog holds nothing to report. Run the terrain agent" in text
    assert isinstance(project.failure, ArtifactNotFound)


def test_a_file_that_no_manifest_names_is_not_there(store: MemoryArtifactStore) -> None:
    for stray in ("stray.json", "r-killed-0123456789ab-1/stray.json"):
        store.objects[f"terrain/moorkoog/{stray}"] = b"{}"

    _, result = call(list_project_files, project_for("report", store))

    assert "stray" not in json.dumps(result)


def test_data_is_read_and_cut_short(store: MemoryArtifactStore) -> None:
    energy = json.loads(ProjectContent(store)[ENERGY])

    status, result = call(
        load_project_data, project_for("report", store), file="simulation/energy.json"
    )

    assert status == "success"
    assert result["data"]["aep_gwh"] == energy["aep_gwh"]
    shown = result["data"]["per_turbine"]
    by_direction = "wake_loss_percent_by_direction"
    for one, whole in zip(shown[:5], energy["per_turbine"], strict=False):
        assert one[by_direction] == [*whole[by_direction][:5], "and 11 more, 16 in all"]
        assert {**one, by_direction: whole[by_direction]} == whole
    assert shown[5:] == [
        f"and {len(energy['per_turbine']) - 5} more, {len(energy['per_turbine'])} in all"
    ]


def test_data_of_any_shape_stays_small(store: MemoryArtifactStore) -> None:
    deep: Any = "x" * 100_000
    for _ in range(50):
        deep = [{"a": deep}] * 2
    body = json.dumps(
        {
            "long": "x" * 100_000,
            "rings": [[[0.0, 0.0]] * 3000] * 50,
            "many": [deep_part() for _ in range(9)],
        }
    ).encode()
    ProjectContent(store).leave({"terrain/deep.json": body})

    _, result = call(load_project_data, project_for("report", store), file="terrain/deep.json")

    assert len(json.dumps(result)) < 20_000


def deep_part() -> Any:
    part: Any = 1
    for _ in range(40):
        part = {"next": [part]}
    return part


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("simulation/none.json", "no file 'simulation/none.json'. Its files: terrain/"),
        ("../other/terrain/site.geojson", "no file"),
        ("terrain/../terrain/site.geojson", "no file"),
        ("simulation/manifest.json", "no file"),
        ("", "no file ''"),
        (f"simulation/{CHARTS[0].file_name}", "is not JSON"),
    ],
)
def test_a_file_that_is_not_data_is_refused_with_those_that_are(
    store: MemoryArtifactStore, file: str, message: str
) -> None:
    project = project_for("report", store)

    status, text = call(load_project_data, project, file=file)

    assert status == "error"
    assert message in text
    assert project.failure is None


@pytest.mark.parametrize("tool", [list_project_files, load_project_data])
def test_a_project_that_the_model_made_up_is_answered_with_the_one_there_is(
    store: MemoryArtifactStore, tool: Any
) -> None:
    ProjectContent(store, "other-project").leave({"terrain/site.geojson": b"{}"})
    arguments = {"file": "terrain/site.geojson"} if tool is load_project_data else {}
    project = project_for("report", store)

    status, text = call(tool, project, project_id="other-project", **arguments)

    assert status == "error"
    assert "There is no project 'other-project' for this request" in text
    assert "exists is moorkoog" in text
    assert call(tool, project, project_id="moorkoog", **arguments)[0] == "success"
