"""Sweeps on a real index: what is overdue is settled once and counted once, whatever happens."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.records.requests import REQUEST, encoded, sweeper_of
from tests.metric_lines import values_of
from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline, calls_within
from tradewind.aws.repeats import Repeated
from tradewind.contracts.errors import (
    DeadlineExceeded,
    FunctionDied,
    StorageAccessDenied,
    StorageError,
    StorageUnavailable,
)
from tradewind.handlers.sweeper import Sweeper
from tradewind.records.item import RecordedRequest, RecordStatus
from tradewind.records.overdue import overdue_records
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A function's whole time, and one that is over since a minute.
AHEAD, OVER = 900.0, -60.0
#: A client that does not repeat what fails.
ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}}


@pytest.fixture
def table(dynamodb: LoopbackDynamoDB, table_name: str) -> RecordTable:
    return RecordTable(table_name, dynamodb.client())


@pytest.fixture
def sweeper(dynamodb: LoopbackDynamoDB, table_name: str) -> Sweeper:
    return sweeper_of(table_name, dynamodb.client(**ONCE))


def died(table: RecordTable, count: int, agent: str = "terrain") -> list[RecordedRequest]:
    """Records of functions that died."""
    requests = [
        replace(REQUEST, agent=agent, request_id=f"{agent}-{number}", project_id=f"p-{number}")
        for number in range(count)
    ]
    for request in requests:
        table.start(request, remaining_s=OVER, ttl_days=30)
    return requests


def status(table: RecordTable, request: RecordedRequest) -> RecordStatus:
    record = table.read(request.record_id)
    assert record is not None
    return record.status


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def counted(printed: list[dict[str, Any]]) -> Counter[str]:
    """The metric's values by agent."""
    found: Counter[str] = Counter()
    for line in printed:
        for value in values_of(line, "RecordsSettled"):
            found[line["Agent"]] += int(value)
    return found


def test_what_is_overdue_is_settled_and_nothing_else(
    table: RecordTable, sweeper: Sweeper, capsys: pytest.CaptureFixture[str]
) -> None:
    overdue = [*died(table, 2), *died(table, 1, "layout")]
    running = replace(REQUEST, request_id="running")
    table.start(running, remaining_s=AHEAD, ttl_days=30)
    ended = {RecordStatus.SUCCEEDED: None, RecordStatus.FAILED: "MODEL_FAILED"}
    for end, code in ended.items():
        # Past its deadline too, but with an end.
        request = replace(REQUEST, request_id=end.value)
        table.start(request, remaining_s=OVER, ttl_days=30)
        table.finish(request, encoded(code))

    assert sweeper.sweep(Deadline(60)) == {"settled": 3, "finished": True}

    for request in overdue:
        record = table.read(request.record_id)
        assert record is not None
        assert (record.status, record.error_code) == (RecordStatus.FAILED, FunctionDied.code)
    assert status(table, running) is RecordStatus.RUNNING
    for end in ended:
        assert status(table, replace(REQUEST, request_id=end.value)) is end
    printed = lines(capsys)
    assert counted(printed) == {"terrain": 2, "layout": 1}
    metric = printed[0]
    assert metric["Environment"] == "test"
    assert metric["request_id"] in {request.request_id for request in overdue}
    dimensions = metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert dimensions == [["Environment"]]
    assert (printed[-1]["message"], printed[-1]["settled"]) == ("Sweep done", 3)
    assert printed[-1]["level"] == "INFO"

    assert sweeper.sweep(Deadline(60)) == {"settled": 0, "finished": True}
    assert counted(lines(capsys)) == {}


def test_more_than_a_page_is_settled_and_the_table_is_never_scanned(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    sweeper: Sweeper,
    capsys: pytest.CaptureFixture[str],
) -> None:
    died(table, 205)
    dynamodb.heal()
    assert sweeper.sweep(Deadline(60)) == {"settled": 205, "finished": True}
    assert counted(lines(capsys)) == {"terrain": 205}
    assert Counter(dynamodb.calls) == {"Query": 3, "GetItem": 205, "UpdateItem": 205}


def test_two_sweeps_at_once_settle_each_record_once(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    capsys: pytest.CaptureFixture[str],
) -> None:
    died(table, 60)
    sweepers = [sweeper_of(table.name, dynamodb.client(**ONCE)) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda one: one.sweep(Deadline(60)), sweepers))
    assert sum(one["settled"] for one in done) == 60
    assert counted(lines(capsys)) == {"terrain": 60}


def test_a_record_that_the_index_still_calls_open_is_left_as_it_ended(
    dynamodb: LoopbackDynamoDB, table: RecordTable
) -> None:
    finished, started_again = died(table, 2)
    found = list(overdue_records(table.name, dynamodb.client()))
    table.finish(finished, encoded())
    table.start(replace(started_again, attempt="second"), remaining_s=AHEAD, ttl_days=30)
    assert [table.settle(one.record_id, one.attempt) for one in found] == [False, False]
    assert status(table, finished) is RecordStatus.SUCCEEDED
    assert status(table, started_again) is RecordStatus.RUNNING


def test_a_sweep_whose_time_is_over_ends_and_the_next_does_the_rest(
    table: RecordTable, sweeper: Sweeper, capsys: pytest.CaptureFixture[str]
) -> None:
    died(table, 5)
    # Looked at when the deadline is made, and before each record.
    times = iter([0.0, *[1.0] * 2, *[55.0] * 100])
    assert sweeper.sweep(Deadline(60, lambda: next(times))) == {"settled": 2, "finished": False}
    assert sweeper.sweep(Deadline(60)) == {"settled": 3, "finished": True}
    assert counted(lines(capsys)) == {"terrain": 5}


class Killed(BaseException):
    """What nothing catches."""


@pytest.mark.parametrize("nth", range(4))
def test_a_sweep_killed_at_any_write_has_counted_what_it_did(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    sweeper: Sweeper,
    capsys: pytest.CaptureFixture[str],
    nth: int,
) -> None:
    died(table, 4)
    client, writes = dynamodb.client(**ONCE), iter(range(100))

    def kill(**_: Any) -> None:
        if next(writes) == nth:
            raise Killed

    client.meta.events.register("before-call.dynamodb.UpdateItem", kill)
    with pytest.raises(Killed):
        sweeper_of(table.name, client).sweep(Deadline(60))
    assert counted(lines(capsys)).total() == nth
    assert sweeper.sweep(Deadline(60))["settled"] == 4 - nth


ERRORS: dict[TableFault, type[StorageError]] = {
    TableFault.DENIED: StorageAccessDenied,
    TableFault.THROTTLED: StorageUnavailable,
    TableFault.ERROR_BEFORE: StorageUnavailable,
    TableFault.CUT_BEFORE: StorageUnavailable,
}


@pytest.mark.parametrize("fault", ERRORS)
def test_a_sweep_that_cannot_read_or_write_fails_and_says_why(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    sweeper: Sweeper,
    capsys: pytest.CaptureFixture[str],
    fault: TableFault,
) -> None:
    died(table, 3)
    error = ERRORS[fault]
    dynamodb.inject(fault, "Query")
    with pytest.raises(error):
        sweeper.sweep(Deadline(60))
    [done] = lines(capsys)
    assert (done["settled"], done["finished"], done["failed"]) == (0, False, 1)
    assert (done["level"], done["error_code"]) == ("ERROR", error.code)

    # One record that cannot be written does not keep the others waiting.
    dynamodb.inject(fault, "UpdateItem")
    with pytest.raises(error):
        sweeper.sweep(Deadline(60))
    *metrics, done = lines(capsys)
    assert counted(metrics) == {"terrain": 2}
    assert (done["settled"], done["finished"], done["failed"]) == (2, True, 1)

    assert sweeper.sweep(Deadline(60)) == {"settled": 1, "finished": True}


@pytest.mark.parametrize("fault", [TableFault.REPLY_LOST, TableFault.ERROR_AFTER])
def test_a_write_whose_reply_was_lost_is_counted_when_it_is_repeated(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    capsys: pytest.CaptureFixture[str],
    fault: TableFault,
) -> None:
    died(table, 1)
    dynamodb.inject(fault, "UpdateItem")
    repeating = sweeper_of(table.name, dynamodb.client())
    assert repeating.sweep(Deadline(60)) == {"settled": 1, "finished": True}
    assert counted(lines(capsys)) == {"terrain": 1}


@pytest.fixture
def aws_client(dynamodb: LoopbackDynamoDB, monkeypatch: pytest.MonkeyPatch) -> "DynamoDBClient":
    """A client as the function makes it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client: DynamoDBClient = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
    return client


def test_a_table_that_never_answers_fails_the_sweep_within_its_time(
    dynamodb: LoopbackDynamoDB,
    table: RecordTable,
    aws_client: "DynamoDBClient",
    capsys: pytest.CaptureFixture[str],
) -> None:
    died(table, 1)
    dynamodb.inject(TableFault.SILENT, "UpdateItem", count=100)
    deadline = Deadline(6)
    with pytest.raises((StorageUnavailable, DeadlineExceeded)), calls_within(deadline.remaining_s):
        sweeper_of(table.name, aws_client).sweep(deadline)
    *_repeats, done = lines(capsys)
    assert (done["settled"], done["failed"], done["level"]) == (0, 1, "ERROR")


def test_a_sweep_whose_calls_have_no_time_left_fails_and_says_so(
    table: RecordTable, aws_client: "DynamoDBClient", capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeadlineExceeded), calls_within(lambda: 0.0):
        sweeper_of(table.name, aws_client).sweep(Deadline(60))
    [done] = lines(capsys)
    assert (done["finished"], done["error_code"]) == (False, "DEADLINE_EXCEEDED")
