"""A request that somebody watches tells how it gets on, and ends when it is cancelled."""

import threading
from typing import Any

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.frameworks import Framework, Sketch
from tests.integration.handler.conftest import WITH_TOOL, Build, Harness
from tradewind.contracts.errors import StorageUnavailable
from tradewind.handlers.progress import Progress
from tradewind.records.item import RecordedRequest
from tradewind.run.project import Project

QUERY: dict[str, Any] = {
    "query": "How windy is it at 80 m?",
    "request_id": "r",
    "project_id": "p-1",
}


class Watched:
    """Somebody who watches, and may cancel."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self.cancel = threading.Event()
        self.asked_for: list[str] = []

    def of(self, recorded: RecordedRequest) -> "Watched | None":
        self.asked_for.append(recorded.record_id)
        return self if recorded.owner else None

    def tell(self, progress: Progress) -> bool:
        self.told.append(progress)
        return self.cancel.is_set()


def progress_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "progress"]


def test_its_tools_and_calls_are_told_while_it_runs(build: Build) -> None:
    watched, seen = Watched(), threading.Event()

    def measure(project: Project) -> str:
        """Measure."""
        for _ in range(6000):
            if any(progress["tool_calls"] for progress in watched.told):
                seen.set()
                break
            threading.Event().wait(0.01)
        return "8 m/s"

    harness = build(Sketch("Call measure once.", (measure,)), progress_store=watched.of)
    answer = harness.handle(QUERY | {"owner": "jane"})
    assert answer["success"]
    assert seen.is_set()  # before the tool ended
    assert watched.told[-1]["tools"] == ["measure"]
    assert all(0 <= progress["model_calls"] <= 2 for progress in watched.told)
    assert progress_threads() == []


def test_nobody_watches_unless_they_say_so(build: Build) -> None:
    watched = Watched()
    harness = build(WITH_TOOL, progress_store=watched.of)
    assert harness.handle(QUERY)["success"]
    assert (len(watched.asked_for), watched.told) == (1, [])
    assert build(WITH_TOOL).handle(QUERY)["success"]


def end_of(harness: Harness, answer: dict[str, Any]) -> tuple[str, str | None, list[str]]:
    """The state of the record, its code, and what is visible in the project."""
    record = harness.records
    assert record.answer("r") == answer
    files = [key for key in harness.store.objects if key.endswith("manifest.json")]
    return record.status["r"], record.codes["r"], files


def test_it_is_cancelled_with_a_tool_at_work(build: Build, standin: BedrockStandIn) -> None:
    watched, release = Watched(), threading.Event()

    def measure(project: Project) -> str:
        """Measure."""
        project.save("wind.json", b"{}", "application/json")
        if not release.is_set():
            watched.cancel.set()
        release.wait()
        return "8 m/s"

    harness = build(
        Sketch("Call keep once, then measure.", (keep, measure)), progress_store=watched.of
    )
    answer = harness.handle(QUERY | {"owner": "jane"})
    error = answer["error"]
    assert (answer["success"], answer["status_code"], error["code"]) == (False, 409, "CANCELLED")
    assert answer["artifacts"] == []
    assert (answer["usage"]["tool_calls"], answer["usage"]["model_calls"]) == (2, 2)
    assert end_of(harness, answer) == ("failed", "CANCELLED", [])
    # The tool's thread is carried as one that a deadline leaves behind is.
    assert harness.service._leftovers.count() == 1
    assert progress_threads() == []
    assert standin.stats().requests == 2
    # The next request is served.
    watched.cancel.clear()
    release.set()
    assert harness.handle(QUERY | {"owner": "jane", "request_id": "another"})["success"]


def keep(project: Project) -> str:
    """Keep a note."""
    project.save("note.txt", b"8 m/s", "text/plain")
    return "kept"


def test_it_is_cancelled_while_the_model_stalls(build: Build, standin: BedrockStandIn) -> None:
    """The connection is given up, as at the deadline."""
    standin.inject(Fault(FaultKind.STALL, after_frames=4))
    watched = Watched()
    watched.cancel.set()
    harness = build(WITH_TOOL, progress_store=watched.of, read_timeout_s=600)
    answer = harness.handle(QUERY | {"owner": "jane"})
    assert answer["error"]["code"] == "CANCELLED"
    assert end_of(harness, answer) == ("failed", "CANCELLED", [])


def test_a_progress_that_cannot_be_told_changes_no_answer(
    build: Build, framework: Framework
) -> None:
    class Broken(Watched):
        def tell(self, progress: Progress) -> bool:
            super().tell(progress)
            raise StorageUnavailable("down")

    broken = Broken()
    answer = build(WITH_TOOL, progress_store=broken.of).handle(QUERY | {"owner": "jane"})
    assert answer["success"]
    assert broken.told
