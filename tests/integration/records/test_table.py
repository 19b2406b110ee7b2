"""The table's real conditions, evaluated by a DynamoDB, in every state of a record."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.dynamodb import LoopbackDynamoDB, TableFault, past
from tests.integration.records.requests import AGAIN, REQUEST, encoded
from tradewind.contracts.errors import (
    DuplicateRequest,
    RequestIdReused,
    StorageAccessDenied,
    StorageUnavailable,
)
from tradewind.contracts.names import record_key
from tradewind.records.item import RecordedRequest, RecordStatus, StoredRecord
from tradewind.records.table import RecordTable, Start

KEY = REQUEST.record_id
#: A function's whole time, and one that is over since a minute.
AHEAD, OVER = 900.0, -60.0


@pytest.fixture
def table(dynamodb: LoopbackDynamoDB, table_name: str) -> RecordTable:
    return RecordTable(table_name, dynamodb.client())


def stored(table: RecordTable, key: str = KEY) -> StoredRecord:
    record = table.read(key)
    assert record is not None
    return record


def start(table: RecordTable, request: RecordedRequest, remaining_s: float) -> Start:
    return table.start(request, remaining_s=remaining_s, ttl_days=30)


def nothing(table: RecordTable) -> None:
    """No record."""


def running(table: RecordTable) -> None:
    start(table, REQUEST, AHEAD)


def overdue(table: RecordTable) -> None:
    start(table, REQUEST, OVER)


def failed(table: RecordTable) -> None:
    running(table)
    table.finish(REQUEST, encoded("MODEL_FAILED"))


def settled(table: RecordTable) -> None:
    overdue(table)
    assert table.settle(KEY, REQUEST.attempt)


def succeeded(table: RecordTable) -> None:
    running(table)
    table.finish(REQUEST, encoded())


KEPT = Start(kept=encoded().document)
STATES: list[tuple[Callable[[RecordTable], None], Start | type[Exception]]] = [
    (nothing, Start()),
    (running, DuplicateRequest),
    (overdue, Start(settled=True, repeated=True)),
    (failed, Start(repeated=True)),
    (settled, Start(repeated=True)),
    (succeeded, KEPT),
]


@pytest.mark.parametrize(("state", "outcome"), STATES)
def test_a_request_sent_again_meets_its_record(
    table: RecordTable, state: Callable[[RecordTable], None], outcome: Start | type[Exception]
) -> None:
    state(table)
    before = table.read(KEY)
    if isinstance(outcome, Start):
        assert start(table, AGAIN, AHEAD) == outcome
    else:
        with pytest.raises(outcome):
            start(table, AGAIN, AHEAD)
    if outcome in (DuplicateRequest, KEPT):
        assert table.read(KEY) == before  # nothing was written
    else:
        now = stored(table)
        assert (now.status, now.attempt) == (RecordStatus.RUNNING, "second")
        assert now.packed is None  # nothing of an earlier run


def test_who_meets_a_running_request_is_told_for_how_long_at_most(table: RecordTable) -> None:
    start(table, REQUEST, 300)
    with pytest.raises(DuplicateRequest, match=r"for (\d+) s at most") as caught:
        start(table, AGAIN, AHEAD)
    said = re.search(r"for (\d+) s", caught.value.message)
    assert said is not None
    assert int(said[1]) == pytest.approx(300, abs=60)  # however busy the machine is


@pytest.mark.parametrize("state", [state for state, _ in STATES if state is not nothing])
def test_an_id_stands_for_one_request(
    table: RecordTable, state: Callable[[RecordTable], None]
) -> None:
    state(table)
    before = table.read(KEY)
    with pytest.raises(RequestIdReused):
        start(table, replace(AGAIN, sha256="something else"), AHEAD)
    assert table.read(KEY) == before


@pytest.mark.parametrize("other", [{"agent": "layout"}, {"owner": "somebody"}])
def test_each_owner_and_agent_has_ids_of_its_own(table: RecordTable, other: dict[str, Any]) -> None:
    succeeded(table)
    assert start(table, replace(AGAIN, sha256="else", **other), AHEAD) == Start()
    assert stored(table).status is RecordStatus.SUCCEEDED


def test_no_two_records_share_a_key_and_none_names_its_owner() -> None:
    parts = [
        {"owner": owner, "agent": agent, "request_id": request_id}
        for owner in ("", "a", "b", "ada@example.com")
        for agent in ("terrain", "layout")
        for request_id in ("r", "r-1")
    ]
    keys = {record_key(**part) for part in parts}
    assert len(keys) == len(parts)
    assert not any("ada" in key for key in keys)


LASTING_LOSS = [TableFault.REPLY_LOST, TableFault.ERROR_AFTER]
PASSING = [*LASTING_LOSS, TableFault.CUT_BEFORE, TableFault.ERROR_BEFORE, TableFault.THROTTLED]


@pytest.mark.parametrize("fault", PASSING)
def test_a_start_that_is_repeated_recognises_itself(
    dynamodb: LoopbackDynamoDB, table: RecordTable, fault: TableFault
) -> None:
    dynamodb.inject(fault, "PutItem")
    # What a write has replaced whose reply was lost, nobody knows.
    assert start(table, REQUEST, AHEAD) == Start(repeated=fault in LASTING_LOSS)
    assert dynamodb.calls == ["PutItem", "PutItem"]
    assert stored(table).attempt == REQUEST.attempt


@pytest.mark.parametrize("fault", PASSING)
def test_an_end_that_is_repeated_recognises_itself(
    dynamodb: LoopbackDynamoDB, table: RecordTable, fault: TableFault
) -> None:
    running(table)
    dynamodb.inject(fault, "UpdateItem")
    table.finish(REQUEST, encoded())
    assert stored(table).answer == encoded().document


@pytest.mark.parametrize("fault", PASSING)
def test_a_settling_that_is_repeated_counts_once(
    dynamodb: LoopbackDynamoDB, table: RecordTable, fault: TableFault
) -> None:
    overdue(table)
    dynamodb.inject(fault, "UpdateItem")
    assert table.settle(KEY, REQUEST.attempt)
    assert not table.settle(KEY, REQUEST.attempt)  # somebody else's now
    assert stored(table).error_code == "FUNCTION_DIED"


@pytest.mark.parametrize("state", [nothing, running, failed, succeeded])
def test_only_an_overdue_record_is_settled(
    table: RecordTable, state: Callable[[RecordTable], None]
) -> None:
    state(table)
    before = table.read(KEY)
    assert not table.settle(KEY, REQUEST.attempt)
    assert table.read(KEY) == before


def test_a_run_that_was_replaced_settles_and_finishes_nothing(table: RecordTable) -> None:
    overdue(table)
    start(table, AGAIN, OVER)
    assert not table.settle(KEY, REQUEST.attempt)
    assert not table.finish(REQUEST, encoded())
    assert table.finish(AGAIN, encoded(response="of the second run"))
    answer = stored(table).answer
    assert answer is not None
    assert answer["response"] == "of the second run"


def test_a_late_end_replaces_what_was_settled(table: RecordTable) -> None:
    settled(table)
    table.finish(REQUEST, encoded())
    assert start(table, AGAIN, AHEAD) == KEPT


def test_an_open_record_is_marked_as_long_as_it_is_open(
    dynamodb: LoopbackDynamoDB, table: RecordTable
) -> None:
    def marked() -> bool:
        (item,) = dynamodb.client().scan(TableName=table.name)["Items"]
        return "open" in item

    overdue(table)
    assert marked()
    table.settle(KEY, REQUEST.attempt)
    assert not marked()
    start(table, REQUEST, AHEAD)
    assert marked()
    table.finish(REQUEST, encoded())
    assert not marked()


def test_a_record_holds_words_in_its_answer_alone(
    dynamodb: LoopbackDynamoDB, table: RecordTable
) -> None:
    running(table)
    table.finish(REQUEST, encoded("MODEL_FAILED"))
    (item,) = dynamodb.client().scan(TableName=table.name)["Items"]
    assert b"words of the answer" not in item["answer"]["B"]  # compressed, to be small
    plain = {name: value for name, value in item.items() if name != "answer"}
    assert {name: next(iter(value.values())) for name, value in plain.items()} == {
        "record_id": "terrain#r-1#",
        "owner": "",
        "agent": "terrain",
        "request_id": "r-1",
        "project_id": "p-1",
        "model_id": "m",
        "request_sha256": "what is asked",
        "attempt": "first",
        "status": "failed",
        "error_code": "MODEL_FAILED",
        "execution_ms": "3",
        "cold_start": True,
        "input_tokens": "5",
        "output_tokens": "0",
        "artifacts": "0",
        **{name: plain[name]["S"] for name in ("started_at", "finished_at")},
        **{name: plain[name]["N"] for name in ("deadline_at", "expires_at")},
    }
    assert past(-890) < int(plain["deadline_at"]["N"]) <= past(-901)
    assert past(-30 * 86_400 + 10) < int(plain["expires_at"]["N"]) <= past(-30 * 86_400)


def test_a_service_that_does_not_return_what_it_met_is_asked_for_it(
    dynamodb: LoopbackDynamoDB, table: RecordTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeeded(table)
    monkeypatch.setattr(dynamodb, "returns_items", False)
    assert start(table, AGAIN, AHEAD) == KEPT
    assert dynamodb.calls[-2:] == ["PutItem", "GetItem"]


def test_a_record_is_read_as_it_is_now(dynamodb: LoopbackDynamoDB) -> None:
    client = dynamodb.client()
    with Stubber(client) as stubber:
        stubber.add_response(
            "get_item",
            {},
            {
                "TableName": "records",
                "Key": {"record_id": {"S": KEY}},
                "ConsistentRead": True,
            },
        )
        assert RecordTable("records", client).read(KEY) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", StorageAccessDenied),
        ("ValidationException", StorageUnavailable),
    ],
)
@pytest.mark.parametrize("operation", ["put_item", "update_item", "get_item"])
def test_a_refused_call_is_typed(
    dynamodb: LoopbackDynamoDB, operation: str, code: str, expected: type[Exception]
) -> None:
    client = dynamodb.client()
    table = RecordTable("records", client)
    calls: dict[str, list[Callable[[], object]]] = {
        "put_item": [lambda: start(table, REQUEST, AHEAD)],
        "update_item": [
            lambda: table.finish(REQUEST, encoded()),
            lambda: table.settle(KEY, "first"),
        ],
        "get_item": [lambda: table.read(KEY)],
    }
    for call in calls[operation]:
        with Stubber(client) as stubber:
            stubber.add_client_error(operation, code)
            with pytest.raises(expected):
                call()


def test_no_service_at_all_is_unavailable(dynamodb: LoopbackDynamoDB) -> None:
    client = LoopbackDynamoDB("http://127.0.0.1:9").client(retries={"total_max_attempts": 1})
    table = RecordTable("records", client)
    for call in (
        lambda: start(table, REQUEST, AHEAD),
        lambda: table.finish(REQUEST, encoded()),
        lambda: table.settle(KEY, "first"),
        lambda: table.read(KEY),
    ):
        with pytest.raises(StorageUnavailable):
            call()
