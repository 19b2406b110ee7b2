"""A project's tools write under their own name and read only what they may."""

import math
from typing import Any

import pytest

from tests.sample_agents import SAMPLES
from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    StorageAccessDenied,
    ToolInputError,
)
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


def project(agent: str, store: MemoryArtifactStore) -> Project:
    reads_from = SAMPLES[agent].reads_from
    return Project(project_id="p-1", agent=agent, parameters={}, store=store, reads_from=reads_from)


def test_what_one_agent_saves_the_next_one_loads() -> None:
    store = MemoryArtifactStore()
    saved = project("terrain", store).save("a.json", b"{}", "application/json")
    assert (saved.key, saved.size_bytes) == ("p-1/terrain/a.json", 2)
    assert project("layout", store).load("terrain", "a.json") == b"{}"


def test_saving_again_replaces_the_artifact_in_the_answer() -> None:
    terrain = project("terrain", MemoryArtifactStore())
    terrain.save("a", b"1", "text/plain")
    terrain.save("b", b"22", "text/plain")
    terrain.save("a", b"333", "text/plain")
    assert [(a.key, a.size_bytes) for a in terrain.artifacts] == [
        ("p-1/terrain/b", 2),
        ("p-1/terrain/a", 3),
    ]


@pytest.mark.parametrize("agent", SAMPLES)
@pytest.mark.parametrize("source", SAMPLES)
def test_an_agent_reads_itself_and_its_sources_only(agent: str, source: str) -> None:
    store = MemoryArtifactStore()
    store.put(f"p-1/{source}/x", b"x", "text/plain")
    if source == agent or source in SAMPLES[agent].reads_from:
        assert project(agent, store).load(source, "x") == b"x"
    else:
        with pytest.raises(StorageAccessDenied):
            project(agent, store).load(source, "x")


def test_a_missing_artifact_names_the_agent_to_run() -> None:
    with pytest.raises(ArtifactNotFound, match="Run the layout agent"):
        project("simulation", MemoryArtifactStore()).load("layout", "layout.json")


def test_nothing_is_written_after_the_request_ended() -> None:
    store = MemoryArtifactStore()
    late = project("terrain", store)
    late.close()
    with pytest.raises(DeadlineExceeded):
        late.save("a", b"1", "text/plain")
    assert store.objects == {}


def test_what_a_request_has_read_is_what_it_writes_from() -> None:
    store = MemoryArtifactStore()
    project("terrain", store).save("a.json", b"{}", "application/json")
    layout = project("layout", store)
    with pytest.raises(ArtifactNotFound):
        layout.load("terrain", "b.json")
    assert layout.inputs == {}
    layout.load("terrain", "a.json")
    assert list(layout.inputs) == ["terrain/a.json"]


def test_a_listing_holds_what_the_agent_may_read_in_the_order_of_the_work() -> None:
    store = MemoryArtifactStore()
    for agent in SAMPLES:
        project(agent, store).save("x", agent.encode(), "text/plain")
    store.put("p-2/terrain/y", b"other project", "text/plain")
    store.put("p-1-b/terrain/z", b"other project", "text/plain")
    listed = [file.name for file in project("layout", store).files()]
    assert listed == ["terrain/x", "layout/x"]
    assert [file.name for file in project("report", store).files()] == [
        "terrain/x",
        "layout/x",
        "simulation/x",
        "report/x",
    ]


def test_a_project_id_that_was_made_up_is_answered_with_the_one_that_exists() -> None:
    own = project("report", MemoryArtifactStore())
    own.require_id("p-1")
    own.require_id(None)
    with pytest.raises(ToolInputError, match="exists is p-1") as refused:
        own.require_id("wind-farm-1")
    assert refused.value.field == "project_id"


def test_figures_are_reported_until_the_request_is_over() -> None:
    layout = project("layout", MemoryArtifactStore())
    layout.report_facts(turbines_placed=12, strategy="grid")
    layout.report_facts(turbines_placed=9)
    assert layout.facts == {"turbines_placed": 9, "strategy": "grid"}
    layout.close()
    with pytest.raises(DeadlineExceeded):
        layout.report_facts(turbines_placed=1)
    assert layout.facts["turbines_placed"] == 9


def test_a_figures_text_can_be_encoded() -> None:
    layout = project("layout", MemoryArtifactStore())
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
    with pytest.raises(refusal):
        layout.report_facts(turbines_placed=12, odd=value)
    assert layout.facts == {}
