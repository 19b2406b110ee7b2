"""Faults of the model service, of storage and of tools end in a typed error, never in silence.

What becomes of each fault that the stand-in can inject is the matter of ``faults/test_matrix.py``.
"""

import json
import threading
import time
from typing import Any, NoReturn

import pytest

from devtools.localcloud.bedrock import (
    BedrockStandIn,
    Fault,
    FaultKind,
    Identity,
    StaticAuthorizer,
)
from devtools.localcloud.tls import TlsFiles
from tests.dynamodb import TableFault
from tests.frameworks import Sketch
from tests.integration.callers import ACCOUNT, REGION, make_identity
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build, Context, Harness
from tradewind.contracts.errors import StorageAccessDenied, ToolInputError
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

QUERY = {"query": "How strong is the wind?", "request_id": "r"}


def failure_of(harness: Harness, context: Context | None = None) -> dict[str, Any]:
    with pytest.raises(InvocationFailed) as caught:
        harness.handle(QUERY, context)
    failed: dict[str, Any] = json.loads(str(caught.value))
    answer = harness.records.answer("r")
    assert answer["success"] is False
    assert failed == {
        "code": answer["error"]["code"],
        "status": answer["status_code"],
        "agent": "terrain",
        "request_id": "r",
        "record": {"table": harness.records.name, "record_id": "terrain#r#"},
    }
    assert harness.records.status == {"r": "failed"}
    assert harness.records.codes == {"r": answer["error"]["code"]}
    return answer


def test_the_words_of_a_broken_attempt_are_dropped(build: Build, standin: BedrockStandIn) -> None:
    standin.inject(Fault(FaultKind.CUT, after_frames=4))
    answer = build(CHAT).handle(QUERY)
    assert answer["usage"]["model_calls"] == standin.stats().requests == 2
    assert answer["response"].count("[scripted") == 1


def test_a_stop_after_a_broken_attempt_leaves_only_the_last_ones_words(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build(CHAT)
    # What a first request loads could take the little time there is.
    assert harness.handle({"query": "x", "request_id": "before"})["success"]
    standin.inject(Fault(FaultKind.CUT, after_frames=4))
    standin.inject(Fault(FaultKind.STALL, after_frames=4))
    answer = harness.handle(QUERY, Context(remaining_ms=6_000))
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert answer["response"].count("[scripted") == 1


def test_no_service_at_all_is_unavailable(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    standin.stop()
    assert failure_of(harness)["error"]["code"] == "MODEL_UNAVAILABLE"


def test_at_the_deadline_the_answer_is_what_there_is(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    # What a first request loads could take the little time there is.
    assert harness.handle({"query": "x", "request_id": "before"})["success"]
    standin.inject(Fault(FaultKind.STALL, after_frames=4))
    answer = harness.handle(QUERY, Context(remaining_ms=4_000))
    assert (answer["success"], answer["status_code"]) == (False, 504)
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert answer["response"].startswith("[scripted")
    assert answer["performance"]["executionTime"] < 4_000
    assert harness.records.codes["r"] == "DEADLINE_EXCEEDED"
    # The process serves on, though the stalled read may still hold a thread.
    assert harness.handle({"query": "x", "request_id": "next"})["success"]


def test_a_tool_that_hangs_is_left_behind_and_writes_nothing_more(build: Build) -> None:
    begun, release = threading.Event(), threading.Event()
    late_write: list[str] = []
    written = threading.Event()

    def survey(project: Project) -> str:
        """Survey the site, slowly."""
        begun.set()
        release.wait(180)
        try:
            project.save("late.txt", b"late", "text/plain")
        except Exception as error:
            late_write.append(type(error).__name__)
        written.set()
        return "done"

    slow = Sketch("Call survey once.", (survey,))
    harness = build(slow)
    for remaining_ms in (5_000, 20_000, 60_000):
        answer = harness.handle(QUERY, Context(remaining_ms=remaining_ms))
        if begun.is_set():  # on a busy machine the time may be over before
            break
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert answer["artifacts"] == []
    release.set()
    assert written.wait(180)
    assert late_write == ["DeadlineExceeded"]
    assert harness.store.objects == {}


class BrokenStore(MemoryArtifactStore):
    def put(self, key: str, body: bytes, content_type: str) -> NoReturn:
        raise StorageAccessDenied("The function's role may not write it.")


def take_notes(project: Project) -> str:
    """Take notes."""
    project.save("notes.txt", b"notes", "text/plain")
    return "noted"


def test_lost_storage_fails_the_request_though_the_model_would_talk_it_away(
    build: Build, standin: BedrockStandIn
) -> None:
    notes = Sketch("Call take_notes once.", (take_notes,))
    answer = failure_of(build(notes, store=BrokenStore()))
    assert answer["error"]["code"] == "STORAGE_ACCESS_DENIED"
    assert answer["usage"]["model_calls"] == 1  # no further call for a request that has failed


def test_input_the_model_can_mend_goes_to_the_model(build: Build, standin: BedrockStandIn) -> None:
    def place(project: Project) -> str:
        """Place turbines."""
        raise ToolInputError("spacing_m must be at least 260.")

    answer = build(Sketch("Call place.", (place,))).handle(QUERY)
    assert answer["success"]
    assert "spacing_m must be at least 260" in answer["response"]


def test_a_defect_in_a_tool_is_an_internal_error_that_does_not_leak(build: Build) -> None:
    def compute(project: Project) -> str:
        """Compute."""
        raise KeyError("secret detail")

    answer = failure_of(build(Sketch("Call compute.", (compute,))))
    assert answer["error"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in answer["error"]["message"]


def test_without_a_record_nothing_runs(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    harness.records.database.inject(TableFault.DENIED, "PutItem")
    with pytest.raises(InvocationFailed, match="STORAGE_ACCESS_DENIED") as failed:
        harness.handle(QUERY)
    assert json.loads(str(failed.value))["record"] is None
    assert standin.stats().requests == 0


def test_a_role_without_the_grant_is_denied_once(
    build: Build, tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody: Identity = make_identity("nobody", statements=())
    harness = build(CHAT)
    with BedrockStandIn(
        authorizer=StaticAuthorizer([nobody]), tls=tls_files, region=REGION, account=ACCOUNT
    ) as strict:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", strict.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", nobody.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", nobody.secret_key)
        monkeypatch.setenv("AWS_SESSION_TOKEN", nobody.session_token or "")
        assert failure_of(harness)["error"]["code"] == "MODEL_ACCESS_DENIED"
        assert strict.stats().requests == 1


def test_an_answer_cut_by_its_token_limit_is_an_error(
    build: Build, standin: BedrockStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = build(WITH_TOOL)
    monkeypatch.setattr(
        harness.service,
        "_environment",
        harness.service._environment.model_copy(update={"max_tokens": 2}),
    )
    assert failure_of(harness)["error"]["code"] == "MODEL_OUTPUT_TRUNCATED"


def test_a_stream_that_failed_gives_its_connection_up(
    build: Build, standin: BedrockStandIn
) -> None:
    standin.inject(Fault(FaultKind.STREAM_VALIDATION))
    with pytest.raises(InvocationFailed) as held:  # with its traceback, as a logger may hold it
        build(CHAT).handle(QUERY)
    give_up = time.monotonic() + 60
    while standin.stats().connections_open and time.monotonic() < give_up:
        time.sleep(0.01)
    assert standin.stats().connections_open == 0
    assert held.value.answer.error is not None
