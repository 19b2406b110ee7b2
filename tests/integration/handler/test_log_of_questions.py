"""The log of requests says what the record says, of runs that ask a person and of ends in doubt."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.dynamodb import LoopbackDynamoDB
from tests.integration.handler.asking_agents import asking, framework, name, questions
from tests.integration.handler.conftest import Build
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, says
from tests.integration.handler.test_request_log import ADA, entries, table, unpacked
from tests.metric_lines import values_of
from tradewind.contracts.errors import AgentChanged, StorageUnavailable
from tradewind.conversations.table import SessionTable
from tradewind.telemetry.metric_names import MetricName

__all__ = ["framework", "name", "table"]

Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def door(build: Build, name: str, table: str) -> FrontDoor:
    """Of an agent that asks, and whose requests are logged."""
    return FrontDoor(build(asking(name), REQUEST_LOG_TABLE=table, REQUEST_LOG_DAYS="7"))


@pytest.fixture
def log(dynamodb: LoopbackDynamoDB, table: str) -> Log:
    """The entries, the oldest first."""
    return lambda: entries(dynamodb, table)


def not_logged(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """The metric of each run since the last look."""
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    name = MetricName.REQUESTS_NOT_LOGGED
    return [value for line in lines for value in values_of(line, name)]


def test_an_end_in_doubt_is_the_records_alone(
    door: FrontDoor,
    log: Log,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its turn is appended, the reply is lost, and nobody can say so before its time is over."""
    append = SessionTable.append

    def lost(*given: Any, **named: Any) -> None:
        append(*given, **named)
        raise StorageUnavailable("The reply was lost.")

    def away(*_given: Any) -> bool:
        raise StorageUnavailable("The table is away.")

    script(says("Windy."))
    with monkeypatch.context() as faults:
        faults.setattr(SessionTable, "append", lost)
        faults.setattr(SessionTable, "release", away)
        asks = {"query": "Plan.", "session_id": "s-1"}
        headers = {"Idempotency-Key": "one", "Prefer": "respond-async"}
        door("POST", "/agents/terrain/invocations", asks, headers=headers)
        door.deliver()
    assert door.answers[0]["error"]["code"] == "STORAGE_UNAVAILABLE"
    [item] = door.harness.records.items().values()
    [entry] = log()
    assert (item["status"], entry["status"]) == ({"S": "running"}, {"S": "running"})
    assert not {"ended_at", "answer", "error_code"} & set(entry)
    assert not_logged(capsys) == [1]


def test_each_run_of_a_request_that_asks_is_there_with_its_reply(
    door: FrontDoor, log: Log, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two questions at once, a run of its own asks the second."""
    script(questions("Which site?", "Which year?"), says("Done."))
    waiting = door.ask()
    [first] = log()
    assert (first["status"], first["error_code"]) == ({"S": "waiting"}, {"NULL": True})
    assert "ended_at" in first
    assert unpacked(first, "answer")["question"] == waiting["question"] == "Which site?"
    asked = unpacked(first, "question")
    second = door.go_on(waiting, "At Moorkoog.")
    assert second["question"] == "Which year?"
    assert door.go_on(second, "2031")["state"] == "succeeded"
    found = log()
    assert [item["status"]["S"] for item in found] == ["waiting", "waiting", "succeeded"]
    assert unpacked(found[1], "question") == {
        **asked,
        "asked": "Which site?",
        "reply": "At Moorkoog.",
    }
    assert unpacked(found[1], "answer")["question"] == "Which year?"
    assert unpacked(found[2], "question") == {**asked, "asked": "Which year?", "reply": "2031"}
    assert unpacked(found[2], "answer")["response"] == "Done."
    assert {item["project_id"]["S"] for item in found} == {asked["project_id"]}
    assert not_logged(capsys) == [0, 0, 0]


def test_a_reply_that_is_put_back_is_there_and_counts_as_logged(
    door: FrontDoor,
    log: Log,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tradewind.handlers.session_turn.PATIENCE_S", 0)
    script(questions("Which?"), says("Done."))
    waiting = door.ask(session_id="s-1")
    with door.harness.held_session("s-1", ADA):
        assert door.go_on(waiting, "this")["state"] == "waiting"
    assert not_logged(capsys) == [0, 0]
    _, back = log()
    assert (back["status"], back["error_code"]) == ({"S": "waiting"}, {"S": "SESSION_BUSY"})
    assert (back["session_id"], unpacked(back, "question")["reply"]) == ({"S": "s-1"}, "this")
    assert "ended_at" in back
    # What ends without a run leaves the entries as they are.
    door("DELETE", f"/invocations/{waiting['id']}")
    assert door.look(waiting)["state"] == "cancelled"
    assert [item["status"]["S"] for item in log()] == ["waiting", "waiting"]


@pytest.mark.parametrize("known", [True, False])
def test_a_run_that_cannot_go_on_is_there_with_its_reply(
    door: FrontDoor,
    log: Log,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
) -> None:
    """The agent was changed: by the form of what is kept, or by that of what its project left."""
    script(questions("Which?"))
    waiting = door.ask()

    def changed(*_given: Any) -> Any:
        raise AgentChanged("The form is another.")

    whose = "tradewind.handlers.continuation."
    what = "ProjectState.load" if known else "Continuation.model_validate"
    monkeypatch.setattr(f"{whose}{what}", changed)
    failed = door.go_on(waiting, "this")
    assert failed["error"]["code"] == "AGENT_CHANGED"
    _, entry = log()
    assert (entry["status"], entry["error_code"]) == ({"S": "failed"}, {"S": "AGENT_CHANGED"})
    asked = unpacked(entry, "question")
    assert (asked["asked"], asked["reply"]) == ("Which?", "this")
    assert ("query" in asked) is known
