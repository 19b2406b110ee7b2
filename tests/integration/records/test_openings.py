"""Records that the API opens, on a real table that fails on demand."""

from dataclasses import replace

import pytest

from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.records.requests import REQUEST, encoded, sweeper_of
from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import Repeated
from tradewind.contracts.errors import DuplicateRequest, NotAccepted
from tradewind.contracts.response import Usage
from tradewind.records.item import RecordedRequest, RecordStatus, StoredRecord
from tradewind.records.openings import Openings, opens_again
from tradewind.records.progress import RecordedProgress
from tradewind.records.table import RecordTable, Start

OPENED = replace(REQUEST, owner="ada", accepted=True, attempt="api")
RUN = replace(OPENED, attempt="run")
OTHER = replace(OPENED, attempt="other")
KEY = OPENED.record_id
#: What the client sends again by itself.
PASSING = [TableFault.REPLY_LOST, TableFault.ERROR_AFTER, TableFault.ERROR_BEFORE]


@pytest.fixture
def table(
    dynamodb: LoopbackDynamoDB, table_name: str, monkeypatch: pytest.MonkeyPatch
) -> RecordTable:
    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
    return RecordTable(table_name, client)


@pytest.fixture
def openings(table: RecordTable) -> Openings:
    return Openings(table.table)


def opened(
    openings: Openings, request: RecordedRequest = OPENED, life_s: int = 900
) -> StoredRecord:
    return openings.open(request, life_s=life_s, ttl_days=30)


def begin(table: RecordTable, request: RecordedRequest = RUN, remaining_s: float = 900) -> Start:
    return table.start(request, remaining_s=remaining_s, ttl_days=30)


def stored(table: RecordTable) -> StoredRecord:
    record = table.read(KEY)
    assert record is not None
    return record


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_a_record_is_opened_once_and_begun_with_once(
    dynamodb: LoopbackDynamoDB, table: RecordTable, openings: Openings, fault: TableFault | None
) -> None:
    if fault:
        for operation in ("PutItem", "UpdateItem"):
            dynamodb.inject(fault, operation)
    record = opened(openings)
    assert (record.status, record.attempt, record.started_at) == ("pending", "api", None)
    assert opened(openings, OTHER) == stored(table) == record
    assert begin(table) == Start()
    assert begin(table) == Start()  # the same run, whose reply was lost
    with pytest.raises(DuplicateRequest, match="is being worked on"):
        begin(table, OTHER)
    record = stored(table)
    assert (record.status, record.attempt) == ("running", "run")
    assert record.opened_at is not None
    assert record.started_at is not None


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_one_call_at_a_time_tells_a_function(
    dynamodb: LoopbackDynamoDB, table: RecordTable, openings: Openings, fault: TableFault | None
) -> None:
    found = opened(openings)
    assert (found.being_told, found.just_told, found.in_queue) == (True, True, False)
    if fault:
        dynamodb.inject(fault, "UpdateItem")
    ours, others = openings.take_over(found, "ours"), openings.take_over(found, "others")
    assert ours is not None
    assert others is not None
    assert ours.attempt == others.attempt == "ours"
    assert openings.queued(KEY, "others") == others
    queued = openings.queued(KEY, "ours")
    assert queued is not None
    assert (queued.being_told, queued.in_queue) == (False, True)
    begin(table)
    assert openings.take_over(queued, "others") == openings.queued(KEY, "ours") == stored(table)
    assert stored(table).attempt == "run"


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_an_end_stays(
    dynamodb: LoopbackDynamoDB, table: RecordTable, openings: Openings, fault: TableFault | None
) -> None:
    opened(openings)
    begin(table)
    if fault:
        dynamodb.inject(fault, "UpdateItem")
    assert table.finish(RUN, encoded("MODEL_FAILED"))
    assert begin(table, OTHER).kept == encoded("MODEL_FAILED").document
    assert not table.finish(RUN, encoded(response="otherwise"))
    assert not openings.close(KEY, "AGENT_BUSY", "late")
    assert opened(openings, OTHER).error_code == "MODEL_FAILED"
    cancelled = openings.cancel(KEY)
    assert cancelled is not None
    assert cancelled.error_code == "MODEL_FAILED"


def test_a_late_end_does_not_replace_what_was_settled(
    table: RecordTable, openings: Openings
) -> None:
    opened(openings)
    begin(table, remaining_s=-60)
    assert table.settle(KEY, RUN.attempt)
    assert not table.finish(RUN, encoded())
    assert stored(table).error_code == "FUNCTION_DIED"
    with pytest.raises(DuplicateRequest, match="failed with FUNCTION_DIED"):
        begin(table, OTHER)


def test_a_function_begins_with_nothing_that_was_not_opened(
    table: RecordTable, openings: Openings
) -> None:
    with pytest.raises(NotAccepted):
        begin(table)
    opened(openings)
    with pytest.raises(NotAccepted):
        begin(table, replace(RUN, sha256="something else"))
    with pytest.raises(NotAccepted):
        begin(table, replace(RUN, owner="bob"))
    assert stored(table).status is RecordStatus.PENDING


@pytest.mark.parametrize("code", ["AGENT_BUSY", "NOT_STARTED", "SESSION_BUSY"])
def test_what_failed_with_nothing_asked_is_opened_again_for_the_same_question(
    table: RecordTable, openings: Openings, code: str
) -> None:
    opened(openings)
    assert openings.close(KEY, code, "why")
    assert stored(table).error_message == "why"
    assert opened(openings, replace(OTHER, sha256="else")).error_code == code
    assert opened(openings, OTHER).attempt == "other"
    assert begin(table) == Start()


@pytest.mark.parametrize(
    ("code", "model_calls", "again"),
    [
        ("BUDGET_EXCEEDED", 0, True),
        ("BUDGET_EXCEEDED", 1, False),
        ("CANCELLED", 0, False),
        (None, 0, False),
    ],
)
def test_a_budget_that_refuses_the_first_call_leaves_the_key_usable(
    table: RecordTable, openings: Openings, code: str | None, model_calls: int, again: bool
) -> None:
    opened(openings)
    begin(table)
    assert table.finish(RUN, encoded(code, usage=Usage(model_calls=model_calls)))
    ended = stored(table)
    assert opens_again(ended, OTHER) is again
    assert not opens_again(ended, replace(OTHER, sha256="else"))
    assert opened(openings, replace(OTHER, sha256="else")) == ended
    assert (opened(openings, OTHER).attempt == "other") is again
    if again:
        # The first run's late repeats find another's record, and change nothing.
        assert not table.finish(RUN, encoded(code))
        assert stored(table).status is RecordStatus.PENDING
        assert not stored(table).asked_nothing
        assert begin(table) == Start()


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_cancelling_before_and_while_it_runs(
    dynamodb: LoopbackDynamoDB, table: RecordTable, openings: Openings, fault: TableFault | None
) -> None:
    assert openings.cancel(KEY) is None
    opened(openings)
    begin(table)
    progress = RecordedProgress(table.table, RUN)
    assert not progress.tell({"tools": ["a"]})
    if fault:
        dynamodb.inject(fault, "UpdateItem")
    for _ in range(2):
        running = openings.cancel(KEY)
        assert running is not None
        assert (running.status, running.cancel_requested) == ("running", True)
    assert progress.tell({"tools": ["a", "b"]})
    assert stored(table).progress == {"tools": ["a", "b"]}
    assert table.finish(RUN, encoded("CANCELLED"))
    assert progress.tell({})  # nobody's run any more
    assert stored(table).progress == {"tools": ["a", "b"]}

    waiting = replace(OPENED, request_id="r-2")
    opened(openings, waiting)
    if fault:
        dynamodb.inject(fault, "UpdateItem")
    cancelled = openings.cancel(waiting.record_id)
    assert cancelled is not None
    assert (cancelled.status, cancelled.error_code) == ("failed", "CANCELLED")


@pytest.mark.parametrize("fault", [None, *PASSING])
def test_the_sweep_closes_what_nobody_began_with(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    openings: Openings,
    capsys: pytest.CaptureFixture[str],
    fault: TableFault | None,
) -> None:
    opened(openings, life_s=-60)
    fresh = replace(OPENED, request_id="fresh")
    opened(openings, fresh)
    sweeper = sweeper_of(table.name, table.table.client)
    if fault:
        dynamodb.inject(fault, "UpdateItem", 2)
    assert sweeper.sweep(Deadline(60)) == {"settled": 0, "finished": True}
    assert (stored(table).status, stored(table).error_code) == ("failed", "NOT_STARTED")
    printed = capsys.readouterr().out
    assert printed.count('"RequestsNotStarted":1.0') == 1
    waiting = table.read(fresh.record_id)
    assert waiting is not None
    assert waiting.status is RecordStatus.PENDING
    # An event that comes after all finds it ended.
    with pytest.raises(DuplicateRequest, match="failed with NOT_STARTED"):
        begin(table)
