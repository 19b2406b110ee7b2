"""The table in memory answers as a DynamoDB does, in every state of a record."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.dynamodb import LoopbackDynamoDB
from tests.integration.bad_day.interleaving import install
from tests.integration.bad_day.memory_table import MemoryTable
from tests.integration.records.requests import AGAIN, REQUEST, encoded
from tradewind.contracts.errors import TradewindError
from tradewind.records.item import RecordedRequest
from tradewind.records.table import RecordTable

Act = Callable[[RecordTable], Any]
KEY = REQUEST.record_id


def starts(request: RecordedRequest, remaining_s: float = 900.0) -> Act:
    return lambda table: table.start(request, remaining_s=remaining_s, ttl_days=30)


def finishes(request: RecordedRequest, code: str | None = None) -> Act:
    return lambda table: table.finish(request, encoded(code))


def settles(request: RecordedRequest) -> Act:
    return lambda table: table.settle(KEY, request.attempt)


STATES: dict[str, tuple[Act, ...]] = {
    "nothing": (),
    "running": (starts(REQUEST),),
    "overdue": (starts(REQUEST, -60.0),),
    "at its deadline": (starts(REQUEST, 0.0),),
    "failed": (starts(REQUEST), finishes(REQUEST, "MODEL_FAILED")),
    "settled": (starts(REQUEST, -60.0), settles(REQUEST)),
    "settled, and ended late": (starts(REQUEST, -60.0), settles(REQUEST), finishes(REQUEST)),
    "succeeded": (starts(REQUEST), finishes(REQUEST)),
    "another run's": (starts(REQUEST, -60.0), starts(AGAIN)),
}
ACTS: dict[str, Act] = {
    "start": starts(AGAIN),
    "own start again": starts(REQUEST),
    "start of something else": starts(replace(AGAIN, sha256="else")),
    "end": finishes(REQUEST),
    "failure": finishes(REQUEST, "MODEL_FAILED"),
    "another's end": finishes(AGAIN),
    "settling": settles(REQUEST),
    "another's settling": settles(AGAIN),
}


def outcome(act: Act, table: RecordTable) -> Any:
    try:
        return act(table)
    except TradewindError as error:
        return error.code, error.message


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", STATES)
def test_it_answers_and_keeps_what_a_dynamodb_does(
    dynamodb: LoopbackDynamoDB, monkeypatch: pytest.MonkeyPatch, state: str, act: str
) -> None:
    install(monkeypatch)
    monkeypatch.setattr("uuid.UUID.hex", "one-token")  # of a settling
    memory = MemoryTable()
    name = dynamodb.create_table(f"memory-{uuid.uuid4()}")
    real = RecordTable(name, dynamodb.client())
    fake = RecordTable(name, memory)  # type: ignore[arg-type]  # as far as used
    for before in STATES[state]:
        assert outcome(before, fake) == outcome(before, real)
    assert outcome(ACTS[act], fake) == outcome(ACTS[act], real)
    assert list(memory.items.values()) == dynamodb.client().scan(TableName=name)["Items"]
