"""Records are written so that a request id is used once, and failures are typed."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tradewind.contracts.errors import DuplicateRequest, StorageAccessDenied, StorageUnavailable
from tradewind.contracts.response import AgentAnswer, Artifact, Failure, Performance, Usage
from tradewind.handlers.records import RecordTable


@pytest.fixture
def stubbed() -> Iterator[tuple[RecordTable, Stubber]]:
    client = boto3.client("dynamodb", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield RecordTable("records", 30, client), stubber
        stubber.assert_no_pending_responses()


def start(table: RecordTable) -> None:
    table.start(
        request_id="r-1", project_id="p-1", agent="terrain", model_id="m", remaining_s=900.0
    )


def answer(**changes: Any) -> AgentAnswer:
    performance = Performance(
        coldStart=True,
        initTime=1,
        executionTime=2.6,
        connectionTime=0,
        connectionReused=True,
        memoryUsed=1,
    )
    whole: dict[str, Any] = {
        "success": True,
        "status_code": 200,
        "agent": "terrain",
        "response": "the answer",
        "artifacts": [Artifact(key="p-1/terrain/a", content_type="t", size_bytes=1)],
        "project_id": "p-1",
        "request_id": "r-1",
        "usage": Usage(input_tokens=5),
        "performance": performance,
    }
    return AgentAnswer(**(whole | changes))


def test_the_start_says_who_runs_what_until_when(
    stubbed: tuple[RecordTable, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, stubber = stubbed
    monkeypatch.setattr("tradewind.handlers.records.time.time", lambda: 1_000_000.0)
    item = {
        "record_id": {"S": "r-1"},
        "project_id": {"S": "p-1"},
        "agent": {"S": "terrain"},
        "model_id": {"S": "m"},
        "status": {"S": "running"},
        "started_at": {"S": "1970-01-12T13:46:40.000+00:00"},
        "deadline_at": {"N": "1000900"},
        "expires_at": {"N": str(1_000_000 + 30 * 86_400)},
    }
    expected = {
        "TableName": "records",
        "Item": item,
        "ConditionExpression": ANY,
        "ExpressionAttributeNames": ANY,
        "ExpressionAttributeValues": ANY,
    }
    stubber.add_response("put_item", {}, expected)
    start(table)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ConditionalCheckFailedException", DuplicateRequest),
        ("AccessDeniedException", StorageAccessDenied),
        ("ProvisionedThroughputExceededException", StorageUnavailable),
    ],
)
def test_a_refused_write_is_typed(
    stubbed: tuple[RecordTable, Stubber], code: str, expected: type[Exception]
) -> None:
    table, stubber = stubbed
    stubber.add_client_error("put_item", code)
    with pytest.raises(expected):
        start(table)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, {"S": "succeeded"}, {"NULL": True}),
        (
            {"success": False, "error": Failure(code="MODEL_TIMEOUT", message="m")},
            {"S": "failed"},
            {"S": "MODEL_TIMEOUT"},
        ),
    ],
)
def test_the_end_says_how_it_went_without_a_word_of_the_answer(
    stubbed: tuple[RecordTable, Stubber], changes: Any, status: Any, code: Any
) -> None:
    table, stubber = stubbed
    values = {
        ":status": status,
        ":finished_at": ANY,
        ":error_code": code,
        ":execution_ms": {"N": "3"},
        ":cold_start": {"BOOL": True},
        ":input_tokens": {"N": "5"},
        ":output_tokens": {"N": "0"},
        ":artifacts": {"L": [{"S": "p-1/terrain/a"}]},
    }
    expected = {
        "TableName": "records",
        "Key": {"record_id": {"S": "r-1"}},
        "UpdateExpression": ANY,
        "ExpressionAttributeNames": ANY,
        "ExpressionAttributeValues": values,
    }
    stubber.add_response("update_item", {}, expected)
    table.finish(answer(**changes))
