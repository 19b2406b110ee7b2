"""The table in memory answers as a DynamoDB does, in every state of a conversation."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.dynamodb import LoopbackDynamoDB
from tests.integration.bad_day.steps import CLOCK
from tests.integration.conversations.interleaving import install
from tests.integration.conversations.memory_sessions import MemorySessions
from tradewind.contracts.conversation import TurnMessages
from tradewind.contracts.errors import TradewindError
from tradewind.conversations.deletion import delete_conversation
from tradewind.conversations.item import TurnRequest, pack_turn
from tradewind.conversations.table import Claim, SessionTable

KEY = "s-1#"
REQUEST = TurnRequest(KEY, "terrain", "terrain#r-1#", "r-1", "first")
AGAIN = replace(REQUEST, attempt="second")
NEXT = TurnRequest(KEY, "terrain", "terrain#r-2#", "r-2", "next")
ELSEWHERE = replace(NEXT, agent="layout")

PACKED, _ = pack_turn("q", TurnMessages("test/1", []), {"response": "r"})

#: Acts on a table; claims are handed on by attempt.
Act = Callable[[SessionTable, dict[str, Claim]], Any]


def claims(request: TurnRequest, remaining_s: float = 900.0) -> Act:
    def act(table: SessionTable, held: dict[str, Claim]) -> Any:
        claim = held[request.attempt] = table.claim(request, remaining_s=remaining_s)
        return claim

    return act


def appends(request: TurnRequest) -> Act:
    return lambda table, held: table.append(
        held[request.attempt], PACKED, asked_at=CLOCK.now, tokens=7
    )


def releases(request: TurnRequest) -> Act:
    return lambda table, held: table.release(held[request.attempt])


def reads(table: SessionTable, _held: dict[str, Claim]) -> Any:
    head = table.head(KEY)
    return head and [*table.turns(head)]


def deletes(table: SessionTable, _held: dict[str, Claim]) -> Any:
    return delete_conversation(table, KEY)


STATES: dict[str, tuple[Act, ...]] = {
    "nothing": (),
    "claimed": (claims(REQUEST),),
    "claimed by the dead": (claims(REQUEST, -60.0),),
    "let go": (claims(REQUEST), releases(REQUEST)),
    "one turn": (claims(REQUEST), appends(REQUEST)),
    "at its second turn": (claims(NEXT), appends(NEXT), claims(REQUEST)),
    "two turns": (claims(NEXT), appends(NEXT), claims(REQUEST), appends(REQUEST)),
    "overtaken": (claims(REQUEST, -60.0), claims(NEXT), appends(NEXT)),
    "appended, and gone on": (claims(REQUEST), appends(REQUEST), claims(NEXT), appends(NEXT)),
    "deleted under a turn": (claims(REQUEST, -60.0), deletes),
    "begun anew": (claims(REQUEST, -60.0), deletes, claims(NEXT), appends(NEXT)),
}
ACTS: dict[str, Act] = {
    "claim": claims(NEXT),
    "claim of the same request": claims(AGAIN),
    "own claim again": claims(REQUEST),
    "claim for another agent": claims(ELSEWHERE),
    "append": appends(REQUEST),
    "letting go": releases(REQUEST),
    "reading": reads,
    "deletion": deletes,
}


def outcome(act: Act, table: SessionTable, held: dict[str, Claim]) -> Any:
    try:
        return act(table, held)
    except TradewindError as error:
        return error.code, error.message


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", STATES)
def test_it_answers_and_keeps_what_a_dynamodb_does(
    dynamodb: LoopbackDynamoDB,
    table_name: str,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    act: str,
) -> None:
    install(monkeypatch)
    memory = MemorySessions()
    tables = (
        SessionTable(table_name, dynamodb.client(), ttl_days=30),
        SessionTable(table_name, memory, ttl_days=30),  # type: ignore[arg-type]  # as far as used
    )
    acts = [*STATES[state], ACTS[act]]
    if act in {"append", "letting go"} and not any(_claims_first(one) for one in STATES[state]):
        acts.insert(-1, claims(REQUEST))
    outcomes = []
    for table in tables:
        numbers = itertools.count()
        monkeypatch.setattr("uuid.uuid4", lambda numbers=numbers: _Named(f"token{next(numbers)}"))
        held: dict[str, Claim] = {}
        outcomes.append([outcome(one, table, held) for one in acts])
    assert outcomes[0] == outcomes[1]
    monkeypatch.undo()
    kept = sorted(dynamodb.client().scan(TableName=table_name)["Items"], key=str)
    assert kept == sorted(memory.items.values(), key=str)


class _Named:
    """In place of a UUID."""

    def __init__(self, name: str) -> None:
        self.hex = name


def _claims_first(act: Act) -> bool:
    table = _Noting()
    try:
        act(table, {})  # type: ignore[arg-type]
    except (AttributeError, KeyError):
        return False
    return table.attempt == REQUEST.attempt


class _Noting:
    """Notes who claims."""

    attempt = ""

    def claim(self, request: TurnRequest, **_rest: Any) -> Any:
        self.attempt = request.attempt
