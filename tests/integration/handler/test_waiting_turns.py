"""Turns of a conversation that ask a person, and what becomes of it while they wait."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.integration.handler.asking_agents import asking, framework, name, questions
from tests.integration.handler.conftest import Build
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, says
from tests.metric_lines import metrics_in
from tradewind.contracts.errors import SessionBusy, StorageUnavailable

__all__ = ["framework", "name"]

OWNER = "arn:aws:iam::123456789012:user/ada"


@pytest.fixture
def door(build: Build, name: str) -> FrontDoor:
    return FrontDoor(build(asking(name)))


def ask_and_die(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A turn whose function dies when it is appended, before its record's end; it is overdue."""

    def killed(*_: Any) -> bool:
        raise StorageUnavailable("Killed.")

    with monkeypatch.context() as patch:
        patch.setattr(door.harness.records, "finish", killed)
        headers = {"Idempotency-Key": "dies", "Prefer": "respond-async"}
        body = {"query": "Else?", "session_id": "s-1"}
        _, invocation, _ = door("POST", "/agents/terrain/invocations", body, headers=headers)
        door.deliver()
    records = door.harness.records
    [item] = [item for item in records.items().values() if item["status"]["S"] == "running"]
    records.database.client().update_item(
        TableName=records.name,
        Key={"record_id": item["record_id"]},
        UpdateExpression="SET deadline_at = :over",
        ExpressionAttributeValues={":over": {"N": str(int(time.time()) - 5)}},
    )
    return invocation


def test_a_turn_that_waited_hides_none_from_who_settles(
    door: FrontDoor, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after those that were faster, with the time of its own question."""
    script(questions("Which?"), says("In between."), says("After."))
    with monkeypatch.context() as patch:
        an_hour_ago = SimpleNamespace(time=lambda: time.time() - 3_600)
        patch.setattr("tradewind.handlers.asking.time", an_hour_ago)
        waiting = door.ask("waits", session_id="s-1")
    died = ask_and_die(door, monkeypatch)
    assert door.go_on(waiting, "this")["state"] == "succeeded"
    _, session, _ = door("GET", "/sessions/s-1")
    assert [one["response"] for one in session["turns"]] == ["In between.", "After."]
    settled = door.look(died)
    assert (settled["state"], settled["error"]) == ("succeeded", None)
    assert settled["result"]["response"] == "In between."


def test_a_run_that_goes_on_leaves_no_turn_out(
    door: FrontDoor, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(says("One."), says("Two."), questions("Which?"), says("Done."))
    for key in ("1", "2"):
        assert door.ask(key, session_id="s-1")["state"] == "succeeded"
    capsys.readouterr()
    waiting = door.ask("3", session_id="s-1")
    assert door.go_on(waiting, "this")["state"] == "succeeded"
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    metrics = [line for line in metrics_in(map(json.loads, lines)) if "TurnsLeftOut" in line]
    assert [line["TurnsLeftOut"] for line in metrics] == [[0], [0]]
    assert [line["TurnsAppended"] for line in metrics] == [[0], [1]]


@pytest.mark.parametrize("begun_anew", [False, True])
def test_a_conversation_that_was_deleted_is_not_gone_on_with(
    door: FrontDoor, script: Script, standin: BedrockStandIn, begun_anew: bool
) -> None:
    """Its words are in what the request goes on from; no model sees them any more."""
    script(says("A secret."), questions("Which?"), says("Hello."), says("Bye."))
    assert door.ask("1", session_id="s-1")["state"] == "succeeded"
    waiting = door.ask("2", session_id="s-1")
    assert door("DELETE", "/sessions/s-1")[0] == 204
    if begun_anew:
        assert door.ask("3", query="Hi.", session_id="s-1")["state"] == "succeeded"
    asked = standin.stats().requests
    ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["error"]["code"]) == ("failed", "SESSION_CHANGED")
    assert standin.stats().requests == asked
    assert not any("continuation" in item for item in door.harness.records.items().values())
    status, session, _ = door("GET", "/sessions/s-1")
    if begun_anew:
        assert [one["query"] for one in session["turns"]] == ["Hi."]
        assert door.ask("4", session_id="s-1")["state"] == "succeeded"  # it is not held
    else:
        assert status == 404


def test_cancelled_while_its_conversation_is_busy_it_ends_as_cancelled(
    door: FrontDoor, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(questions("Which?"), says("Good."))
    waiting = door.ask(session_id="s-1")

    def cancelled_meanwhile(_s: float) -> None:
        status, document, _ = door("DELETE", f"/invocations/{waiting['id']}")
        assert (status, document["state"]) == (202, "running")
        raise SessionBusy("It still is.")

    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=cancelled_meanwhile)
    monkeypatch.setattr("tradewind.handlers.session_turn.time", clock)
    with door.harness.held_session("s-1", OWNER):
        ended = door.go_on(waiting, "this")
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "CANCELLED")
    assert not any("continuation" in item for item in door.harness.records.items().values())
