"""``tradewind answer`` and ``tradewind invoke`` fetch an answer from the record that keeps it."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cli import __main__ as command
from cli import cloud
from stacks.names import Output, agent_arn_output
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.integration.records.requests import REQUEST, encoded, sweeper_of
from tradewind.aws.deadline import Deadline
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.records.openings import Openings
from tradewind.records.questions import Asking
from tradewind.records.table import RecordTable
from tradewind.telemetry.logger import get_logger

Run = Callable[..., tuple[int, str, str]]


class FailingFunctions:
    """Lambda, where the function fails as the given exception says."""

    message = ""

    def invoke(self, **_: Any) -> dict[str, Any]:
        payload = {"errorMessage": self.message, "errorType": "InvocationFailed"}
        return {
            "FunctionError": "Unhandled",
            "Payload": io.BytesIO(json.dumps(payload).encode()),
        }


@pytest.fixture
def functions() -> FailingFunctions:
    return FailingFunctions()


@pytest.fixture
def table(dynamodb: LoopbackDynamoDB, table_name: str) -> RecordTable:
    return RecordTable(table_name, dynamodb.client())


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dynamodb: LoopbackDynamoDB,
    table_name: str,
    functions: FailingFunctions,
) -> Run:
    """The command as a shell runs it: its status, and what it printed and said."""
    outputs = {agent_arn_output("terrain"): "arn", Output.RECORDS_TABLE: table_name}
    monkeypatch.setattr(cloud, "deployed_outputs", lambda _cloud: (None, outputs))
    monkeypatch.setattr(cloud, "point_boto3_at", lambda _running: None)
    monkeypatch.setattr("cli.invoke.lambda_client", lambda: functions)
    sweeper = sweeper_of(table_name, dynamodb.client(), environment="local")

    def sweep() -> None:
        """The sweep, as in its own function: with figures and log of its own."""
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("sys.stdout", io.StringIO())
            for handler in get_logger().handlers:
                elsewhere.setattr(handler, "stream", io.StringIO())
            sweeper.sweep(Deadline(60))

    monkeypatch.setattr("cli.answers._sweep", sweep)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)

    def as_a_shell(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["tradewind", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            command.main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return as_a_shell


def start(table: RecordTable, remaining_s: float = 900, **changes: Any) -> Any:
    request = replace(REQUEST, **changes)
    table.start(request, remaining_s=remaining_s, ttl_days=30)
    return request


def test_an_answer_is_printed_and_as_json_it_is_the_kept_one(table: RecordTable, run: Run) -> None:
    table.finish(start(table), encoded())
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, err) == (0, "")
    assert out == "the words of the answer\n\nproject p-1, request r-1\n"
    status, out, err = run("answer", "terrain", "r-1", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == encoded().document


def test_a_failed_answer_fails_the_command(table: RecordTable, run: Run) -> None:
    table.finish(start(table), encoded("MODEL_FAILED"))
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, err) == (1, "Error: MODEL_FAILED: why\n")
    assert out.startswith("the words of the answer\n")  # what there was of it
    status, out, err = run("answer", "terrain", "r-1", "--json")
    assert (status, json.loads(out), err) == (1, encoded("MODEL_FAILED").document, "")


def test_an_owner_has_answers_of_its_own(table: RecordTable, run: Run) -> None:
    table.finish(start(table, owner="ada"), encoded())
    assert run("answer", "terrain", "r-1", "--owner", "ada")[0] == 0
    for other in ([], ["--owner", "bob"]):
        status, out, err = run("answer", "terrain", "r-1", *other)
        assert (status, out) == (1, "")
        assert "has no record of request r-1" in err


def test_what_is_still_at_work_has_no_answer_yet(table: RecordTable, run: Run) -> None:
    start(table)
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, out) == (1, "")
    assert "is at work on request r-1 since" in err
    record = table.read(REQUEST.record_id)
    assert record is not None
    assert record.status == "running"


def test_what_waits_for_a_person_has_no_answer_yet(table: RecordTable, run: Run) -> None:
    request = replace(REQUEST, accepted=True)
    Openings(table.table).open(request, life_s=900, ttl_days=30)
    table.start(request, remaining_s=900, ttl_days=30)
    assert table.ask(request, Asking("A secret?", b"", {}, life_days=7), ttl_days=30)
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, out) == (1, "")
    assert "asks a person about request r-1" in err


def test_what_nobody_has_begun_with_has_no_answer_yet(table: RecordTable, run: Run) -> None:
    Openings(table.table).open(REQUEST, life_s=900, ttl_days=30)
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, out) == (1, "")
    assert "the terrain agent has not begun with it" in err


def test_what_died_is_settled_for_the_one_who_asks(table: RecordTable, run: Run) -> None:
    start(table, remaining_s=-60)
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, out) == (1, "project p-1, request r-1\n")
    assert "FUNCTION_DIED" in err
    assert "may be sent again" in err
    record = table.read(REQUEST.record_id)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "FUNCTION_DIED")
    assert run("answer", "terrain", "r-1")[1:] == (out, err)  # and again


def test_what_died_and_no_sweep_has_closed_is_told_all_the_same(
    table: RecordTable, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.answers._sweep", lambda: None)
    start(table, remaining_s=-60)
    status, _, said = run("answer", "terrain", "r-1")
    assert status == 1
    assert "FUNCTION_DIED: Its time was over at " in said


def test_a_table_that_may_not_be_read_is_one_line(dynamodb: LoopbackDynamoDB, run: Run) -> None:
    dynamodb.inject(TableFault.DENIED, "GetItem")
    status, out, err = run("answer", "terrain", "r-1")
    assert (status, out) == (1, "")
    assert err == (
        "Error: STORAGE_ACCESS_DENIED: The role may not read or write the invocation record.\n"
    )


@pytest.mark.parametrize(
    "arguments", [["terrain", "a b"], ["terrain", "r-1", "--owner", "a b"], ["nobody", "r-1"]]
)
def test_what_cannot_be_is_wrong_usage(run: Run, arguments: list[str]) -> None:
    status, out, _ = run("answer", *arguments)
    assert (status, out) == (2, "")


def failed(table: RecordTable, *, kept: bool = True) -> str:
    record = {"table": table.name, "record_id": REQUEST.record_id} if kept else None
    return str(InvocationFailed(encoded("MODEL_FAILED").answer, record=record))


def test_a_failed_invocation_is_answered_from_its_record(
    table: RecordTable, run: Run, functions: FailingFunctions
) -> None:
    table.finish(start(table), encoded("MODEL_FAILED"))
    functions.message = failed(table)
    status, out, err = run("invoke", "terrain", "How windy?", "--json")
    assert (status, json.loads(out), err) == (1, encoded("MODEL_FAILED").document, "")


@pytest.mark.parametrize("why", ["not kept", "not readable", "gone"])
def test_without_its_record_a_failure_is_told_by_its_code(
    table: RecordTable,
    run: Run,
    functions: FailingFunctions,
    dynamodb: LoopbackDynamoDB,
    why: str,
) -> None:
    functions.message = failed(table, kept=why != "not kept")
    if why == "not readable":
        dynamodb.inject(TableFault.DENIED, "GetItem")
    status, out, err = run("invoke", "terrain", "How windy?")
    assert (status, out) == (1, "project None, request r-1\n")
    said = {
        "not kept": "The agent's log group has the cause.",
        "not readable": "could not be read from its record",
        "gone": "no longer in its record, terrain#r-1#",
    }
    assert err.startswith("Error: MODEL_FAILED: ")
    assert said[why] in err


@pytest.mark.parametrize("message", ["2026 Task timed out", "[]", '{"code": "x"}', "7", ""])
def test_a_function_that_died_has_no_answer(
    run: Run, functions: FailingFunctions, message: str
) -> None:
    functions.message = message
    status, out, err = run("invoke", "terrain", "How windy?")
    assert (status, out) == (1, "")
    assert "died without an answer: InvocationFailed" in err
    assert "may be sent again with the same id once its time is over" in err
    assert re.search(r"`tradewind answer terrain [0-9a-f-]{36}` says what its record has", err)
