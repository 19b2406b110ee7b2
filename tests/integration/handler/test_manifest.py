"""The service ends a request by making what it left visible, or leaves nothing."""

import json
import threading
from contextvars import copy_context
from typing import Any

import pytest
from strands import ToolContext, tool

from devtools.localcloud.bedrock.conversation import Conversation, ToolUse
from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock
from tests.frameworks import Sketch
from tests.integration.handler.conftest import Build, Context
from tests.project_files import ProjectContent
from tradewind.contracts.errors import StorageAccessDenied, StorageUnavailable, ToolInputError
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.strands_agent import StrandsAgent, project_of


def take_notes(project: Project) -> str:
    """Take notes."""
    project.save("notes.txt", b"notes", "text/plain")
    return "noted"


def take_notes_and_fail(project: Project) -> str:
    """Take notes."""
    project.save("notes.txt", b"notes", "text/plain")
    raise StorageUnavailable("gone")


NOTES = Sketch("Call take_notes once.", (take_notes,))
LOST = Sketch("Call take_notes_and_fail once.", (take_notes_and_fail,))
ASKED = {"query": "Take notes", "project_id": "p-1"}
KEY = "terrain/p-1/manifest.json"
#: What answers for the stand-in's model.
ANSWERS = "devtools.localcloud.bedrock.scripted.answer"


def manifest(store: MemoryArtifactStore) -> dict[str, Any]:
    artifacts: dict[str, Any] = json.loads(store.objects[KEY])["artifacts"]
    return artifacts


@pytest.mark.parametrize(("given", "noted"), [("mine-1", "mine-1"), (None, "lambda-request")])
def test_it_names_the_request(build: Build, given: str | None, noted: str) -> None:
    harness = build(NOTES)
    answer = harness.handle({**ASKED, "request_id": given})
    assert answer["request_id"] == noted
    assert manifest(harness.store)["notes.txt"]["request_id"] == noted
    assert [artifact["key"] for artifact in answer["artifacts"]] == [
        manifest(harness.store)["notes.txt"]["key"]
    ]


def test_a_failed_request_leaves_nothing(build: Build) -> None:
    harness = build(LOST)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(ASKED)
    assert failed.value.answer.error is not None
    assert failed.value.answer.error.code == "STORAGE_UNAVAILABLE"
    assert failed.value.answer.artifacts == []
    assert KEY not in harness.store.objects


def test_a_refused_request_leaves_nothing(build: Build) -> None:
    harness = build(NOTES)
    harness.handle({"query": ""})
    assert harness.store.objects == {}


class NoManifest(MemoryArtifactStore):
    """Storage whose manifests may not be written."""

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        raise StorageAccessDenied(f"The function's role may not write {key}.")


@pytest.mark.parametrize(
    ("sketch", "code"), [(NOTES, "STORAGE_ACCESS_DENIED"), (LOST, "STORAGE_UNAVAILABLE")]
)
def test_a_manifest_that_cannot_be_written_fails_the_request_but_hides_nothing(
    build: Build, sketch: Sketch, code: str
) -> None:
    harness = build(sketch, store=NoManifest())
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(ASKED, Context())
    assert failed.value.answer.error is not None
    assert failed.value.answer.error.code == code
    assert harness.records.status == {"lambda-request": "failed"}


# A tool call counts as a whole, whichever framework makes it.


def names(answer: dict[str, Any]) -> list[str]:
    return sorted(artifact["key"].rpartition("/")[2] for artifact in answer["artifacts"])


def test_what_a_tool_left_that_its_model_has_to_call_otherwise_does_not_count(
    build: Build,
) -> None:
    def measure(project: Project) -> str:
        """Measure."""
        project.save("half.txt", b"half", "text/plain")
        project.report_facts(half=1)
        raise ToolInputError("Give a place.")

    harness = build(Sketch("Call take_notes, then measure.", (take_notes, measure)))
    answer = harness.handle(ASKED)
    assert (answer["success"], names(answer), answer["facts"]) == (True, ["notes.txt"], {})
    assert list(manifest(harness.store)) == ["notes.txt"]


def test_calls_at_the_same_time_are_told_apart(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_written = threading.Barrier(2)

    def survey(project: Project) -> str:
        """Survey."""
        project.save("survey.txt", b"survey", "text/plain")
        both_have_written.wait(180)
        return "done"

    def measure(project: Project) -> str:
        """Measure."""
        project.save("half.txt", b"half", "text/plain")
        both_have_written.wait(180)
        raise ToolInputError("Give a place.")

    def both_at_once(conversation: Conversation) -> Reply:
        if any(isinstance(block, ToolUse) for one in conversation.messages for block in one.blocks):
            return Reply((TextBlock("Both called."),), "end_turn", 1, 1)
        calls = [ToolUseBlock(f"call-{name}", name, "{}") for name in ("survey", "measure")]
        return Reply(tuple(calls), "tool_use", 1, 1)

    monkeypatch.setattr(ANSWERS, both_at_once)
    harness = build(Sketch("Call survey and measure.", (survey, measure)))
    answer = harness.handle(ASKED)
    assert (answer["success"], names(answer)) == (True, ["survey.txt"])
    assert list(manifest(harness.store)) == ["survey.txt"]


def test_at_the_deadline_finished_calls_count_and_the_one_left_behind_does_not(
    build: Build,
) -> None:
    release, ended = threading.Event(), threading.Event()

    def survey(project: Project) -> str:
        """Survey the site, slowly."""
        project.save("survey.txt", b"half", "text/plain")
        release.wait(180)
        ended.set()
        return "done"

    harness = build(Sketch("Call take_notes, then survey.", (take_notes, survey)))
    # What only a first request takes long for is done, so that the first tool surely ends in time.
    assert harness.handle({"query": "Say without tools what you do."})["success"]
    answer = harness.handle(ASKED, Context(remaining_ms=8_000, aws_request_id="slow"))
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert names(answer) == list(manifest(harness.store)) == ["notes.txt"]
    release.set()
    assert ended.wait(180)
    assert list(manifest(harness.store)) == ["notes.txt"]


@pytest.mark.parametrize("fails", [True, False])
def test_a_strands_tool_that_reports_no_failures_is_staged_too(build: Build, fails: bool) -> None:
    def write(*, tool_context: ToolContext) -> str:
        """Write."""
        project_of(tool_context).save("notes.txt", b"notes", "text/plain")
        if fails:
            raise ToolInputError("Give a place.")
        return "noted"

    def on_strands(sketch: Sketch) -> StrandsAgent:
        return StrandsAgent(sketch.system_prompt, (tool(context=True)(write),))

    harness = build(Sketch("Call write once."), framework=on_strands)
    answer = harness.handle(ASKED)
    assert (answer["success"], names(answer)) == (True, [] if fails else ["notes.txt"])


def test_a_thread_that_a_tool_starts_leaves_nothing(build: Build) -> None:
    """Nobody could tell whether its call succeeds."""
    refused: list[str] = []

    def survey(project: Project) -> str:
        """Survey."""

        def write() -> None:
            try:
                project.save("late.txt", b"late", "text/plain")
            except Exception as error:
                refused.append(type(error).__name__)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        return "done"

    answer = build(Sketch("Call survey once.", (survey,))).handle(ASKED)
    assert (answer["success"], names(answer), refused) == (True, [], ["InternalError"])


def test_a_request_whose_ground_was_replaced_is_answered_and_leaves_nothing(build: Build) -> None:
    store = MemoryArtifactStore()

    def count(project: Project) -> str:
        """Count."""
        project.find("terrain", "count.txt")
        another = ProjectContent(store, "p-1").leave
        copy_context().run(another, {"terrain/count.txt": b"another's"})
        project.save("count.txt", b"mine", "text/plain")
        return "counted"

    harness = build(Sketch("Call count once.", (count,)), store=store)
    answer = harness.handle(ASKED)
    assert (answer["status_code"], answer["error"]["code"]) == (409, "PROJECT_CHANGED")
    assert answer["artifacts"] == []
    assert harness.records.codes == {"lambda-request": "PROJECT_CHANGED"}
    assert ProjectContent(store, "p-1")["terrain/count.txt"] == b"another's"
