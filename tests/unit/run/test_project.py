"""A project's tools write under their own name and read only what they may."""

import math
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.project_files import ProjectContent
from tests.sample_agents import SAMPLES
from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    InternalError,
    StorageAccessDenied,
    StorageUnavailable,
    ToolInputError,
)
from tradewind.contracts.names import agent_files
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


def project(agent: str, store: MemoryArtifactStore) -> Project:
    reads_from = SAMPLES[agent].reads_from
    return Project(
        project_id="p-1",
        agent=agent,
        parameters={},
        store=store,
        reads_from=reads_from,
        request_id="r-1",
        attempt="0123456789ab",
    )


def save(one: Project, file_name: str, body: bytes = b"{}") -> None:
    """Save a file in a tool call of its own."""
    with one.tool_call():
        one.save(file_name, body, "text/plain")


def test_what_one_agent_leaves_the_next_one_loads() -> None:
    store = MemoryArtifactStore()
    terrain = project("terrain", store)
    with terrain.tool_call():
        saved = terrain.save("a.json", b"{}", "application/json")
    assert (saved.key, saved.size_bytes) == ("terrain/p-1/r-1-0123456789ab-1/a.json", 2)
    assert terrain.artifacts == [saved]
    terrain.commit()
    assert project("layout", store).load("terrain", "a.json") == b"{}"


def test_nothing_is_visible_before_the_request_has_ended() -> None:
    store = MemoryArtifactStore()
    save(project("terrain", store), "a.json")
    with pytest.raises(ArtifactNotFound):
        project("layout", store).load("terrain", "a.json")
    assert project("layout", store).files() == []


def test_saving_again_replaces_the_artifact_in_the_answer() -> None:
    terrain = project("terrain", MemoryArtifactStore())
    save(terrain, "a", b"1")
    save(terrain, "b", b"22")
    save(terrain, "a", b"333")
    assert [(a.key.rpartition("/")[2], a.size_bytes) for a in terrain.artifacts] == [
        ("b", 2),
        ("a", 3),
    ]


@pytest.mark.parametrize("agent", SAMPLES)
@pytest.mark.parametrize("source", SAMPLES)
def test_an_agent_reads_itself_and_its_sources_only(agent: str, source: str) -> None:
    store = MemoryArtifactStore()
    ProjectContent(store, "p-1").leave({f"{source}/x": b"x"})
    if source == agent or source in SAMPLES[agent].reads_from:
        assert project(agent, store).load(source, "x") == b"x"
    else:
        with pytest.raises(StorageAccessDenied):
            project(agent, store).load(source, "x")


def test_a_missing_artifact_names_the_agent_to_run() -> None:
    with pytest.raises(ArtifactNotFound, match="Run the layout agent"):
        project("simulation", MemoryArtifactStore()).load("layout", "layout.json")


def test_an_artifact_that_storage_has_expired_names_the_agent_to_run_again() -> None:
    store = MemoryArtifactStore()
    terrain = project("terrain", store)
    save(terrain, "a.json")
    terrain.commit()
    del store.objects[terrain.artifacts[0].key]
    with pytest.raises(ArtifactNotFound, match="Run the terrain agent on this project again"):
        project("layout", store).load("terrain", "a.json")


def test_bytes_that_nobody_wrote_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = MemoryArtifactStore()
    terrain = project("terrain", store)
    save(terrain, "a.json")
    terrain.commit()
    store.objects[terrain.artifacts[0].key] = b"[]"
    with pytest.raises(ArtifactNotFound, match="is not what was written"):
        project("layout", store).load("terrain", "a.json")
    assert "Artifact is not what was written" in capsys.readouterr().out


def test_nothing_is_written_or_read_after_the_request_ended() -> None:
    store = MemoryArtifactStore()
    late = project("terrain", store)
    with late.tool_call():
        late.close()
        with pytest.raises(DeadlineExceeded):
            late.save("a", b"1", "text/plain")
        with pytest.raises(DeadlineExceeded):
            late.load("terrain", "a")
        with pytest.raises(DeadlineExceeded):
            late.files()
    assert store.objects == {}


# A tool call counts as a whole.


def test_what_a_failed_call_left_does_not_count() -> None:
    store = MemoryArtifactStore()
    terrain = project("terrain", store)
    save(terrain, "a", b"before")

    def fail() -> None:
        with terrain.tool_call():
            terrain.save("a", b"new", "text/plain")
            terrain.save("b", b"new", "text/plain")
            terrain.report_facts(area=1)
            raise StorageUnavailable("lost")

    with pytest.raises(StorageUnavailable):
        fail()
    assert terrain.load("terrain", "a") == b"before"
    assert (len(terrain.artifacts), terrain.facts) == (1, {})
    terrain.commit()
    content = ProjectContent(store, "p-1")
    assert (content["terrain/a"], "terrain/b" in content) == (b"before", False)


def test_a_request_that_leaves_nothing_answers_no_figure_of_it() -> None:
    terrain = project("terrain", MemoryArtifactStore())
    with terrain.tool_call():
        terrain.save("a", b"1", "text/plain")
        terrain.report_facts(area=1)
    terrain.discard()
    assert (terrain.artifacts, terrain.facts) == ([], {})


def test_a_call_that_ends_after_its_request_does_not_count() -> None:
    store = MemoryArtifactStore()
    terrain = project("terrain", store)
    save(terrain, "a", b"1")
    with terrain.tool_call():
        terrain.save("b", b"2", "text/plain")
        terrain.commit()  # the deadline: the call is left behind
    assert [one.key.rpartition("/")[2] for one in terrain.artifacts] == ["a"]
    assert list(ProjectContent(store, "p-1").entries("terrain")) == ["a"]


def test_a_call_reads_what_it_and_earlier_ones_wrote() -> None:
    terrain = project("terrain", MemoryArtifactStore())
    save(terrain, "a", b"1")
    with terrain.tool_call():
        terrain.save("b", b"2", "text/plain")
        assert terrain.load("terrain", "a") + terrain.load("terrain", "b") == b"12"
        assert [one.name for one in terrain.files()] == ["terrain/a", "terrain/b"]


@pytest.mark.parametrize("act", ["save", "report"])
def test_nothing_is_taken_outside_of_a_call(act: str) -> None:
    terrain, other = project("terrain", MemoryArtifactStore()), Project("p", "x", {}, None)  # type: ignore[arg-type]
    with pytest.raises(InternalError, match="Outside of a tool call"):
        terrain.save("a", b"1", "text/plain") if act == "save" else terrain.report_facts(a=1)
    with other.tool_call(), pytest.raises(InternalError, match="Outside of a tool call"):
        terrain.save("a", b"1", "text/plain") if act == "save" else terrain.report_facts(a=1)


@pytest.mark.parametrize("name", ["", "a/b", "terrain/x", "../a", ".a", "ä", "a" * 129, "a b"])
def test_a_file_has_a_plain_name(name: str) -> None:
    layout = project("layout", MemoryArtifactStore())
    with layout.tool_call(), pytest.raises(ValueError, match="no plain file name"):
        layout.save(name, b"", "text/plain")


@pytest.mark.parametrize("project_id", ["p-1", "terrain"])
@pytest.mark.parametrize("request_id", ["terrain", "terrain-1", ""])
def test_no_key_of_one_agent_is_taken_for_another_ones(project_id: str, request_id: str) -> None:
    """A role's pattern is ``{agent}/*``, and its star spans slashes."""
    layout = Project(project_id, "layout", {}, MemoryArtifactStore(), request_id=request_id)
    with layout.tool_call():
        key = layout.save("terrain", b"", "text/plain").key
    assert fnmatchcase(key, agent_files("layout"))
    assert not fnmatchcase(key, agent_files("terrain"))


def test_an_artifact_is_made_from_what_its_own_call_had_read() -> None:
    store = MemoryArtifactStore()
    content = ProjectContent(store, "p-1")
    content.leave({"terrain/a.json": b"{}", "terrain/b.json": b"[]"})
    layout = project("layout", store)
    with layout.tool_call():
        layout.load("terrain", "b.json")
    with layout.tool_call():
        with pytest.raises(ArtifactNotFound):
            layout.load("terrain", "c.json")
        layout.save("before", b"", "text/plain")
        layout.load("terrain", "a.json")
        layout.save("after", b"", "text/plain")
    layout.commit()
    entries = content.entries("layout")
    assert entries["before"].made_from == {}
    assert list(entries["after"].made_from) == ["terrain/a.json"]


def test_what_is_made_from_an_own_file_is_made_from_what_that_was_made_from() -> None:
    store = MemoryArtifactStore()
    content = ProjectContent(store, "p-1")
    content.leave({"terrain/land": b"old", "terrain/wind": b"old"})
    content.leave({"layout/a": b"1"}, read=("terrain/land", "terrain/wind"))
    content.leave({"terrain/land": b"new", "terrain/wind": b"new"})
    for read in (("layout/a", "terrain/land"), ("terrain/land", "layout/a")):
        content.leave({"layout/b": b"2"}, read=read)
        made_from = content.entries("layout")["b"].made_from
        assert made_from == {
            "layout/a": content.entries("layout")["a"].sha256,
            "terrain/land": content.entries("terrain")["land"].sha256,
            "terrain/wind": content.entries("layout")["a"].made_from["terrain/wind"],
        }


def test_a_listing_holds_what_the_agent_may_read_in_the_order_of_the_work() -> None:
    store = MemoryArtifactStore()
    for agent in SAMPLES:
        ProjectContent(store, "p-1").leave({f"{agent}/x": b"x"})
    ProjectContent(store, "p-2").leave({"terrain/y": b"other project"})
    listed = [file.name for file in project("layout", store).files()]
    assert listed == ["terrain/x", "layout/x"]
    assert [file.name for file in project("report", store).files()] == [
        "terrain/x",
        "layout/x",
        "simulation/x",
        "report/x",
    ]


def test_a_request_sees_one_state_of_each_agent_from_its_first_look_on() -> None:
    store = MemoryArtifactStore()
    content = ProjectContent(store, "p-1")
    content.leave({"terrain/a": b"old", "terrain/b": b"old"})
    layout = project("layout", store)
    assert layout.load("terrain", "a") == b"old"
    content.leave({"terrain/a": b"new", "terrain/b": b"new", "terrain/c": b"new"})
    assert layout.load("terrain", "b") == b"old"
    assert [one.name for one in layout.files()] == ["terrain/a", "terrain/b"]
    assert project("layout", store).load("terrain", "b") == b"new"


def test_a_project_id_that_was_made_up_is_answered_with_the_one_that_exists() -> None:
    own = project("report", MemoryArtifactStore())
    own.require_id("p-1")
    own.require_id(None)
    with pytest.raises(ToolInputError, match="exists is p-1") as refused:
        own.require_id("wind-farm-1")
    assert refused.value.field == "project_id"


def test_figures_are_reported_until_the_request_is_over() -> None:
    layout = project("layout", MemoryArtifactStore())
    with layout.tool_call():
        layout.report_facts(turbines_placed=12, strategy="grid")
        layout.report_facts(turbines_placed=9)
    assert layout.facts == {"turbines_placed": 9, "strategy": "grid"}
    with layout.tool_call():
        layout.close()
        with pytest.raises(DeadlineExceeded):
            layout.report_facts(turbines_placed=1)
    assert layout.facts["turbines_placed"] == 9


def test_a_figures_text_can_be_encoded() -> None:
    layout = project("layout", MemoryArtifactStore())
    with layout.tool_call():
        layout.report_facts(name="a\ud800b \ud83c\udf2c")
    assert layout.facts == {"name": "a\ufffdb \U0001f32c"}


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        (object(), TypeError),
        (None, TypeError),
        ([1], TypeError),
        (b"x", TypeError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (10**400, OverflowError),
    ],
)
def test_a_figure_that_no_answer_can_hold_is_the_tools_defect(
    value: Any, refusal: type[Exception]
) -> None:
    layout = project("layout", MemoryArtifactStore())
    with layout.tool_call(), pytest.raises(refusal):
        layout.report_facts(turbines_placed=12, odd=value)
    assert layout.facts == {}
