"""Log lines are shown as a person reads them, and to a program as they are."""

import json
from typing import Any

import pytest

from cli.logs import as_line, as_object

AT = 1_795_000_000_123


def event(message: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"timestamp": AT, "logStreamName": "stream", "message": text}


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            {
                "timestamp": "t",
                "level": "INFO",
                "message": "Request done",
                "service": "terrain",
                "location": "x:1",
                "outcome": "failed",
                "tokens": 3,
            },
            "INFO Request done  outcome=failed tokens=3",
        ),
        (
            {"time": "t", "type": "platform.report", "record": {"requestId": "r", "metrics": {}}},
            "platform.report requestId=r metrics={}",
        ),
        ("START RequestId: r\n", "START RequestId: r"),
        ("a\x1b[2J\rb", "a[2Jb"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_line(message: Any, line: str) -> None:
    assert as_line(event(message)) == f"11:06:40 {line}"


def test_a_line_of_metrics_is_for_programs() -> None:
    metrics = event({"_aws": {}, "Errors": 1})
    values = event({"Environment": "dev", "ApiCalls": 1})
    assert as_line(metrics) is None
    assert as_line(values) is None
    assert as_object(metrics) == {
        "time": "2026-11-18T11:06:40.123+00:00",
        "stream": "stream",
        "message": {"_aws": {}, "Errors": 1},
    }
