"""Questions to a person, on a real table that fails on demand."""

import time
from dataclasses import replace

import pytest

from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.records.requests import encoded, sweeper_of
from tests.integration.records.test_openings import (
    OPENED,
    PASSING,
    RUN,
    begin,
    opened,
    openings,
    stored,
    table,
)
from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import Cancelled, DuplicateRequest
from tradewind.records.item import RecordStatus
from tradewind.records.openings import Openings
from tradewind.records.questions import Asking, Replied
from tradewind.records.table import RecordTable

__all__ = ["openings", "table"]

ASKING = Asking("Which?", b"x" * 340_000, {"model_calls": 1}, life_days=7)
AFTER = replace(RUN, attempt="after", goes_on=True)
KEY = OPENED.record_id


def wait(table: RecordTable, life_days: int = 7) -> None:
    """Come to a question."""
    opened(Openings(table.table))
    begin(table)
    assert table.ask(RUN, replace(ASKING, life_days=life_days), ttl_days=30)


def reply(
    table: RecordTable, answer: str = "this", attempt: str = "api-2", life_s: int = 900
) -> Replied:
    return table.questions.reply(KEY, answer, question_id=None, attempt=attempt, life_s=life_s)


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_each_write_knows_itself_again(
    dynamodb: LoopbackDynamoDB, table: RecordTable, fault: TableFault | None
) -> None:
    def next_write_fails() -> None:
        if fault:
            dynamodb.inject(fault, "UpdateItem", 1)

    opened(Openings(table.table))
    begin(table)
    next_write_fails()
    assert table.ask(RUN, ASKING, ttl_days=30)
    record = stored(table)
    assert (record.status, record.question, record.question_id) == ("waiting", "Which?", "run")
    assert record.continuation == ASKING.continuation
    assert record.deadline_at == record.waits_until == pytest.approx(time.time() + 604_800, abs=60)
    next_write_fails()
    assert reply(table).taken
    assert not reply(table, "that", "api-3").taken
    assert reply(table, "this", "api-3").taken
    next_write_fails()
    start = begin(table, AFTER)
    assert start.answered is not None
    assert (start.answered.reply, start.answered.continuation) == ("this", ASKING.continuation)
    assert start.answered.started_at == record.started_at
    next_write_fails()
    assert table.put_back(AFTER)
    back = stored(table)
    assert (back.status, back.reply, back.replied) == ("waiting", None, None)
    assert back.deadline_at == record.waits_until
    assert reply(table, "that", "api-4").taken
    again = replace(AFTER, attempt="again")
    assert begin(table, again).answered is not None
    next_write_fails()
    assert table.finish(again, encoded())
    [item] = dynamodb.client().scan(TableName=table.name)["Items"]
    assert not {"continuation", "question", "question_id", "reply", "waits_until", "open"} & {*item}
    assert reply(table, "that", "api-5").taken
    assert not reply(table, "this", "api-5").taken


def test_the_largest_answer_fits_beside_the_largest_question(table: RecordTable) -> None:
    opened(Openings(table.table))
    begin(table)
    largest = replace(ASKING, question="\U0001f32c" * 4_000)
    assert table.ask(RUN, largest, ttl_days=30)
    assert reply(table, "\U0001f32c" * 8_000).taken
    assert begin(table, AFTER).answered is not None


def test_what_was_cancelled_asks_nobody(table: RecordTable) -> None:
    opened(Openings(table.table))
    begin(table)
    Openings(table.table).cancel(KEY)
    with pytest.raises(Cancelled):
        table.ask(RUN, ASKING, ttl_days=30)
    assert stored(table).status is RecordStatus.RUNNING


def test_nobody_begins_with_what_waits_nor_closes_what_was_answered(table: RecordTable) -> None:
    wait(table)
    with pytest.raises(DuplicateRequest, match="waits for a person"):
        begin(table, replace(RUN, attempt="late"))
    reply(table)
    openings = Openings(table.table)
    assert not openings.close(KEY, "AGENT_BUSY", "busy")
    assert not openings.expire(KEY, "api-2")
    assert stored(table).status is RecordStatus.PENDING


def test_an_answers_event_begins_with_nothing_else(table: RecordTable) -> None:
    opened(Openings(table.table))
    with pytest.raises(DuplicateRequest):
        begin(table, AFTER)
    assert stored(table).status is RecordStatus.PENDING


@pytest.mark.parametrize("answered", [False, True])
def test_the_sweep_gives_up_or_asks_again_and_counts_it(
    table: RecordTable, capsys: pytest.CaptureFixture[str], answered: bool
) -> None:
    wait(table, life_days=7 if answered else -1)
    if answered:
        reply(table, life_s=-60)
    sweeper = sweeper_of(table.name, table.table.client)
    for _ in range(2):
        assert sweeper.sweep(Deadline(60)) == {"settled": 0, "finished": True}
    printed = capsys.readouterr().out
    record = stored(table)
    assert printed.count('"QuestionsNotAnswered":1.0') == (not answered)
    assert printed.count('"AnswersNotTakenUp":1.0') == answered
    if answered:
        assert (record.status, record.reply) == ("waiting", None)
        assert reply(table, "that", "api-3").taken
    else:
        assert (record.status, record.error_code) == ("failed", "NOT_ANSWERED")
        assert record.continuation is None


def test_what_was_cancelled_is_not_asked_again(table: RecordTable) -> None:
    wait(table)
    reply(table)
    begin(table, AFTER)
    Openings(table.table).cancel(KEY)
    assert not table.questions.put_back(KEY, AFTER.attempt, late=True)
    with pytest.raises(Cancelled):
        table.put_back(AFTER)
    assert stored(table).status is RecordStatus.RUNNING
