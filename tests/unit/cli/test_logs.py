"""Log lines are shown as a person reads them, and to a program as they are."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cli.behind_alarms import BEHIND, of_request
from cli.commands.logs import logs
from cli.logs import as_line, as_object
from devtools.cloudwatch.filter_pattern import matches

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
    # Unless they are what is looked for.
    failed = {"Agent": "terrain", "request_id": "r", "Errors": 1, "ToolErrors": 0, "ToolCalls": 3}
    shown = as_line(event({"_aws": {}, **failed}), {"Errors", "ToolErrors"})
    assert shown == "11:06:40 Agent=terrain request_id=r Errors=1"
    assert as_object(metrics) == {
        "time": "2026-11-18T11:06:40.123+00:00",
        "stream": "stream",
        "message": {"_aws": {}, "Errors": 1},
    }


@pytest.mark.parametrize(
    ("symptom", "line", "behind"),
    [
        ("errors", {"Errors": 1}, True),
        ("errors", {"Errors": 0}, False),
        ("errors", {"record": {"status": "timeout"}}, True),
        ("errors", {"record": {"errorType": "Runtime.OutOfMemory", "status": "error"}}, True),
        # What the handler failed by itself it has told of.
        ("errors", {"record": {"errorType": "RequestFailed", "status": "error"}}, False),
        ("sweep-failures", {"type": "platform.report", "record": {"status": "error"}}, True),
        ("sweep-failures", {"type": "platform.report", "record": {"status": "success"}}, False),
        ("api-failures", {"message": "API call done", "status": 503}, True),
        ("api-failures", {"message": "API call done", "status": 409}, False),
        ("versions-refused", {"message": "Probe done", "passed": False}, True),
        ("versions-refused", {"message": "Probe done", "passed": True}, False),
    ],
)
def test_the_lines_behind_an_alarm(symptom: str, line: dict[str, Any], behind: bool) -> None:
    assert matches(BEHIND[symptom].pattern, json.dumps(line)) is behind


def test_a_request_is_found_by_its_own_id_and_by_lambdas() -> None:
    pattern = of_request('a"b')
    for line in (
        {"request_id": 'a"b'},
        {"request_id": "other", "lambda_request_id": 'a"b'},
        {"record": {"requestId": 'a"b'}},
    ):
        assert matches(pattern, json.dumps(line))
    assert not matches(pattern, json.dumps({"request_id": "other", "message": 'a"b'}))


@pytest.mark.parametrize("words", [["--alarm", "eror"], ["--alarm", "errors", "--request", "r"]])
def test_what_cannot_be_looked_for_is_refused(words: list[str]) -> None:
    done = CliRunner().invoke(logs, ["terrain", *words])
    assert done.exit_code == 2
