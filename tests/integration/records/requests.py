"""Requests and answers for the records' tests."""

from dataclasses import replace
from typing import Any

from tradewind.contracts.response import AgentAnswer, Failure, Performance, Usage
from tradewind.records.item import RecordedRequest
from tradewind.records.kept_answer import EncodedAnswer, encode_answer

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
