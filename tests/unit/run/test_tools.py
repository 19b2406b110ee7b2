from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from strands import ToolContext, tool

from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import (
    ArtifactNotFound,
    InternalError,
    StorageUnavailable,
    ToolInputError,
    TradewindError,
)
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import (
    load_json,
    require_current,
    require_made_from,
    require_together,
    save_geojson,
    save_json,
)


class LostStore(MemoryArtifactStore):
    """Storage that fails."""

    def put(self, key: str, body: bytes, content_type: str) -> NoReturn:
        raise StorageUnavailable(f"{key} could not be written.")


def raising(error: Exception, project: Project) -> TradewindError:
    """What comes out of a tool in which ``error`` was raised."""

    @reports_failures
    def work(*, tool_context: ToolContext) -> None:
        raise error

    agent: Any = SimpleNamespace()
    use: Any = {"toolUseId": "call-1", "name": "work", "input": {}}
    with pytest.raises(TradewindError) as raised:
        work(tool_context=ToolContext(use, agent, {"project": project}))
    return raised.value


@pytest.fixture
def project() -> Project:
    return Project("moorkoog", "layout", {}, MemoryArtifactStore(), ("terrain",))


def test_input_the_model_can_change_is_no_failure_of_the_request(project: Project) -> None:
    refused = ToolInputError("Give a positive number.")

    assert raising(refused, project) is refused
    assert project.failure is None


@pytest.mark.parametrize("error", [StorageUnavailable("lost"), ArtifactNotFound("run terrain")])
def test_lost_storage_fails_the_request(error: TradewindError, project: Project) -> None:
    assert raising(error, project) is error
    assert project.failure is error


def test_a_defect_fails_the_request_and_keeps_its_cause(project: Project) -> None:
    defect = KeyError("x_m")

    seen = raising(defect, project)

    assert isinstance(seen, InternalError)
    assert seen.__cause__ is defect
    assert project.failure is seen
    assert seen.message == "The tool work failed unexpectedly."


def test_the_first_failure_stays(project: Project) -> None:
    first = StorageUnavailable("first")
    raising(first, project)
    raising(StorageUnavailable("second"), project)

    assert project.failure is first


@tool(context=True)
@reports_failures
def take_notes(*, tool_context: ToolContext) -> dict[str, Any]:
    """Save a note.

    Args:
        tool_context: The request at work.
    """
    return {"key": save_json(project_of(tool_context), "notes.json", {})}


def test_strands_hands_an_error_to_the_model_and_the_failure_to_us() -> None:
    project = Project("moorkoog", "terrain", {}, LostStore())

    status, text = call(take_notes, project)

    assert status == "error"
    assert "notes.json could not be written" in text
    assert isinstance(project.failure, StorageUnavailable)
    assert project.artifacts == []


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_that_is_no_json_is_never_written(number: float, project: Project) -> None:
    for save in (save_json, save_geojson):
        with project.tool_call(), pytest.raises(ValueError, match="not JSON compliant"):
            save(project, "bad.json", {"number": number})
    assert project.artifacts == []


def test_json_is_written_and_read_with_its_hash(project: Project) -> None:
    with project.tool_call():
        name = save_json(project, "a.json", {"name": "Süd"})
        save_geojson(project, "b.geojson", {"type": "FeatureCollection", "features": []})

    source = load_json(project, "layout", "a.json")

    assert name == "layout/a.json"
    assert (source.data, source.name) == ({"name": "Süd"}, "layout/a.json")
    assert len(source.sha256) == 64
    assert [one.content_type for one in project.artifacts] == [
        "application/json",
        "application/geo+json",
    ]


# What is combined was made from the same inputs.


@pytest.fixture
def content() -> ProjectContent:
    return ProjectContent(MemoryArtifactStore())


def simulation(content: ProjectContent) -> Project:
    return Project("moorkoog", "simulation", {}, content.store, ("terrain", "layout"))


def test_what_one_call_left_belongs_together(content: ProjectContent) -> None:
    content.leave({"terrain/site": b"1", "terrain/zones": b"1"})
    project = simulation(content)
    require_together(project.require("terrain", "site"), project.require("terrain", "zones"))


def test_what_two_runs_left_is_refused_by_name(content: ProjectContent) -> None:
    content.leave({"terrain/site": b"1", "terrain/zones": b"1"})
    content.leave({"terrain/zones": b"2"})
    project = simulation(content)
    with pytest.raises(ToolInputError, match="Run the terrain agent") as refused:
        require_together(project.require("terrain", "site"), project.require("terrain", "zones"))
    assert "terrain/site and terrain/zones are of different runs" in refused.value.message


def test_what_two_calls_of_one_run_left_is_refused_too(content: ProjectContent) -> None:
    project = Project("moorkoog", "layout", {}, content.store)
    for name in ("a", "b"):
        with project.tool_call():
            project.save(name, b"", "text/plain")
    with pytest.raises(ToolInputError, match="different runs"):
        require_together(project.require("layout", "a"), project.require("layout", "b"))


def test_an_artifact_of_older_sources_is_refused(content: ProjectContent) -> None:
    content.leave({"terrain/site": b"1"})
    content.leave({"layout/layout": b"1"}, read=("terrain/site",))

    def check() -> None:
        project = simulation(content)
        layout = project.require("layout", "layout")
        require_made_from(layout, project.require("terrain", "site"))
        require_current(project, layout)

    check()
    content.leave({"terrain/site": b"1"})  # the same again
    check()
    content.leave({"terrain/site": b"2"})
    project = simulation(content)
    layout, site = project.require("layout", "layout"), project.require("terrain", "site")
    with pytest.raises(ToolInputError, match="Run the layout agent on this project again"):
        require_made_from(layout, site)
    with pytest.raises(ToolInputError, match="Run the layout agent on this project again"):
        require_current(project, layout)


def test_an_artifact_that_was_not_made_from_its_source_at_all_is_refused(
    content: ProjectContent,
) -> None:
    content.leave({"terrain/site": b"1"})
    content.leave({"layout/layout": b"1"})
    project = simulation(content)
    with pytest.raises(ToolInputError, match="was not made from the terrain/site"):
        require_made_from(project.require("layout", "layout"), project.require("terrain", "site"))


def test_an_artifact_may_be_made_from_an_earlier_one_of_its_agent(content: ProjectContent) -> None:
    content.leave({"layout/layout": b"1"})
    content.leave({"layout/layout": b"2"}, read=("layout/layout",))
    project = simulation(content)
    require_current(project, project.require("layout", "layout"))
