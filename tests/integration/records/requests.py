"""Requests and answers for the records' tests."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tradewind.contracts.response import AgentAnswer, Failure, Performance, Usage
from tradewind.conversations.table import SessionTable
from tradewind.handlers.sweeper import Sweeper
from tradewind.records.item import RecordedRequest
from tradewind.records.kept_answer import EncodedAnswer, encode_answer
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUEST = RecordedRequest(
    owner="",
    agent="terrain",
    request_id="r-1",
    project_id="p-1",
    model_id="m",
    sha256="what is asked",
    attempt="first",
)
#: The same request, sent again.
AGAIN = replace(REQUEST, attempt="second")


def sweeper_of(
    table_name: str, client: "DynamoDBClient", *, environment: str = "test", sessions: str = "none"
) -> Sweeper:
    """A sweep of a table of records, and of one of conversations."""
    return Sweeper(
        environment, RecordTable(table_name, client), SessionTable(sessions, client, ttl_days=1)
    )


def encoded(code: str | None = None, **changes: Any) -> EncodedAnswer:
    """An answer: a success, or a failure with ``code``."""
    performance = Performance(
        coldStart=True,
        initTime=1,
        executionTime=2.6,
        connectionTime=0,
        connectionReused=True,
        memoryUsed=1,
    )
    whole: dict[str, Any] = {
        "success": code is None,
        "status_code": 200 if code is None else 502,
        "agent": "terrain",
        "response": "the words of the answer",
        "project_id": "p-1",
        "request_id": "r-1",
        "usage": Usage(input_tokens=5),
        "performance": performance,
        "error": code and Failure(code=code, message="why"),
    }
    return encode_answer(AgentAnswer(**(whole | changes)))
