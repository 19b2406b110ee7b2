"""The table in memory answers as a DynamoDB does, in every state of a record."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.dynamodb import LoopbackDynamoDB
from tests.integration.bad_day.interleaving import install
from tests.integration.bad_day.memory_table import MemoryTable
from tests.integration.records.requests import AGAIN, REQUEST, encoded
from tradewind.contracts.errors import TradewindError
from tradewind.records.item import RecordedRequest
from tradewind.records.openings import Openings
from tradewind.records.questions import Asking
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


TAKEN = replace(REQUEST, accepted=True)
ASKING = Asking("Which?", b"state", {"model_calls": 1}, life_days=7)


def opens(table: RecordTable) -> Any:
    return Openings(table.table).open(replace(TAKEN, attempt="api"), life_s=60, ttl_days=30)


def asks(request: RecordedRequest, life_days: int = 7) -> Act:
    asking = replace(ASKING, life_days=life_days)
    return lambda table: table.ask(request, asking, ttl_days=30)


def replies(answer: str, attempt: str = "api-2", life_s: int = 60) -> Act:
    return lambda table: table.questions.reply(
        KEY, answer, question_id=None, attempt=attempt, life_s=life_s
    )


def puts_back(attempt: str, *, late: bool = False) -> Act:
    return lambda table: table.questions.put_back(KEY, attempt, late=late)


def gives_up(table: RecordTable) -> Any:
    return table.questions.give_up(KEY, REQUEST.attempt)


def cancels(table: RecordTable) -> Any:
    return Openings(table.table).cancel(KEY)


GOES_ON = replace(TAKEN, attempt="second", goes_on=True)
_WAITS = (opens, starts(TAKEN), asks(TAKEN))
QUESTIONS: dict[str, tuple[Act, ...]] = {
    "opened": (opens,),
    "running": (opens, starts(TAKEN)),
    "cancelled while it runs": (opens, starts(TAKEN), cancels),
    "waiting": _WAITS,
    "unanswered": (opens, starts(TAKEN), asks(TAKEN, -1)),
    "answered": (*_WAITS, replies("this")),
    "not taken up": (*_WAITS, replies("this", life_s=-60)),
    "going on": (*_WAITS, replies("this"), starts(GOES_ON)),
    "asking again": (*_WAITS, replies("this"), starts(GOES_ON), asks(GOES_ON)),
    "put back": (*_WAITS, replies("this"), starts(GOES_ON), puts_back("second")),
    "given up": (opens, starts(TAKEN), asks(TAKEN, -1), gives_up),
    "cancelled": (*_WAITS, cancels),
}
QUESTION_ACTS: dict[str, Act] = {
    "the event once more": starts(replace(TAKEN, attempt="third")),
    "the answer's event": starts(replace(GOES_ON, attempt="third")),
    "own start again": starts(GOES_ON),
    "question": asks(TAKEN),
    "later question": asks(GOES_ON),
    "answer": replies("this", "api-3"),
    "another answer": replies("that", "api-3"),
    "own answer again": replies("this"),
    "putting back": puts_back("api-2"),
    "putting back a run": puts_back("second"),
    "putting back late": puts_back("api-2", late=True),
    "giving up": gives_up,
    "cancelling": cancels,
    "end": finishes(GOES_ON),
    "settling": settles(GOES_ON),
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
    _compare(dynamodb, monkeypatch, STATES[state], [ACTS[act]])


@pytest.mark.parametrize("state", QUESTIONS)
def test_and_where_a_person_is_asked(
    dynamodb: LoopbackDynamoDB, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    for act in QUESTION_ACTS.values():
        _compare(dynamodb, monkeypatch, QUESTIONS[state], [act])


def _compare(
    dynamodb: LoopbackDynamoDB,
    monkeypatch: pytest.MonkeyPatch,
    before: Sequence[Act],
    acts: Sequence[Act],
) -> None:
    install(monkeypatch)
    monkeypatch.setattr("uuid.UUID.hex", "one-token")  # of a settling
    memory = MemoryTable()
    name = dynamodb.create_table(f"memory-{uuid.uuid4()}")
    real = RecordTable(name, dynamodb.client())
    fake = RecordTable(name, memory)  # type: ignore[arg-type]  # as far as used
    for act in (*before, *acts):
        assert outcome(act, fake) == outcome(act, real)
    assert list(memory.items.values()) == dynamodb.client().scan(TableName=name)["Items"]
