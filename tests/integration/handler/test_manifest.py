"""The service ends a request by making what it left visible, or leaves nothing."""

import json
from typing import Any

import pytest

from tests.frameworks import Sketch
from tests.integration.handler.conftest import Build, Context
from tradewind.contracts.errors import StorageAccessDenied, StorageUnavailable
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


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
KEY = "p-1/terrain/manifest.json"


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
