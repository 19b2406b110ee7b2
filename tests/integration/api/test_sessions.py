"""Conversations over the API: only one's own, whole, and gone when deleted."""

import time

import pytest

from tests.api_events import ADA, BOB
from tests.dynamodb import TableFault
from tests.integration.api.conftest import ApiUnderTest
from tradewind.contracts.conversation import TurnMessages
from tradewind.contracts.names import record_key, session_key
from tradewind.conversations.item import TurnRequest, pack_turn
from tradewind.conversations.reading import READING_LIMIT
from tradewind.conversations.table import Claim, SessionTable

PATH = "/sessions/s-1"


@pytest.fixture
def table(api: ApiUnderTest) -> SessionTable:
    return api.service._door.sessions


def begin(table: SessionTable, number: int) -> Claim:
    """Begin a turn of Ada's."""
    request_id = f"r-{number}"
    request = TurnRequest(
        session_key=session_key(owner=ADA, session_id="s-1"),
        agent="terrain",
        record_id=record_key(owner=ADA, agent="terrain", request_id=request_id),
        request_id=request_id,
        attempt=f"attempt-{number}",
    )
    return table.claim(request, remaining_s=900)


def add(table: SessionTable, *queries: str) -> None:
    for number, query in enumerate(queries):
        packed, _ = pack_turn(query, TurnMessages("test/1", []), {"response": f"To {query[:9]}"})
        table.append(begin(table, number), packed, asked_at=time.time(), tokens=1)


def test_a_conversation_is_told_to_its_owner_alone(api: ApiUnderTest, table: SessionTable) -> None:
    add(table, "One?", "Two?")
    status, session, _ = api("GET", PATH)
    assert (status, session["id"], session["agent"]) == (200, "s-1", "terrain")
    assert session["created_at"] <= session["turns"][0]["asked_at"]
    assert [
        (turn["number"], turn["query"], turn["response"], turn["invocation_id"])
        for turn in session["turns"]
    ] == [(1, "One?", "To One?", "terrain.r-0"), (2, "Two?", "To Two?", "terrain.r-1")]
    assert api("GET", PATH, caller=BOB)[0] == 404
    assert api("DELETE", PATH, caller=BOB)[0] == 404
    assert api("GET", "/sessions/s-2")[1]["code"] == "NOT_FOUND"
    assert api("GET", PATH)[1] == session


def test_of_a_long_one_the_latest_turns_are_told(api: ApiUnderTest, table: SessionTable) -> None:
    long = "\n" * (READING_LIMIT // 3)
    add(table, "One?", *(f"{number}{long}" for number in range(3)))
    status, session, _ = api("GET", PATH)
    assert status == 200
    assert [turn["number"] for turn in session["turns"]] == [3, 4]


def test_a_deleted_one_is_gone_whole(api: ApiUnderTest, table: SessionTable) -> None:
    add(table, "One?", "Two?")
    status, document, _ = api("DELETE", PATH)
    assert (status, document) == (204, None)
    assert api.database.client().scan(TableName=table.name)["Items"] == []
    assert api("GET", PATH)[0] == api("DELETE", PATH)[0] == 404


def test_none_is_deleted_while_a_turn_is_at_work(api: ApiUnderTest, table: SessionTable) -> None:
    add(table, "One?")
    claim = begin(table, 2)
    status, problem, _ = api("DELETE", PATH)
    assert (status, problem["code"]) == (409, "SESSION_BUSY")
    assert len(api("GET", PATH)[1]["turns"]) == 1
    table.release(claim)
    assert api("DELETE", PATH)[0] == 204


def test_a_deletion_that_breaks_off_is_over_for_readers_and_made_whole(
    api: ApiUnderTest, table: SessionTable
) -> None:
    add(table, "One?", "Two?")
    api.database.inject(TableFault.DENIED, "DeleteItem")
    assert api("DELETE", PATH)[0] == 403
    assert api("GET", PATH)[0] == 404
    assert api("DELETE", PATH)[0] == 204
    assert api.database.client().scan(TableName=table.name)["Items"] == []
