"""Log lines are shown as a person reads them, and to a program as they are."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from click.testing import CliRunner

from cli.behind_alarms import BEHIND, of_request
from cli.commands.logs import logs
from cli.logs import as_line, as_object
from devtools.cloudwatch.filter_pattern import matches
from devtools.localcloud.extension.platform_log import PlatformLog

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
    ("symptom", "line", "found"),
    [
        ("errors", {"Errors": 1}, True),
        ("errors", {"Errors": 0}, False),
        ("sweep-failures", {"type": "platform.report", "record": {"status": "error"}}, True),
        ("sweep-failures", {"type": "platform.report", "record": {"status": "success"}}, False),
        ("api-failures", {"message": "API call done", "status": 503}, True),
        ("api-failures", {"message": "API call done", "status": 409}, False),
        ("versions-refused", {"message": "Probe done", "passed": False}, True),
        ("versions-refused", {"message": "Probe done", "passed": True}, False),
    ],
)
def test_the_lines_behind_an_alarm(symptom: str, line: dict[str, Any], found: bool) -> None:
    assert matches(BEHIND[symptom].pattern, json.dumps(line)) is found


def ended(
    status: str, error_type: str | None = None, used_mb: int = 90, stream: str = "stream"
) -> list[dict[str, Any]]:
    """What is logged by Lambda when an invocation has ended."""
    lines = PlatformLog("JSON", "INFO").report(
        status,
        status=status,
        error_type=error_type,
        duration_ms=9.5,
        init_ms=None,
        memory_mb=512,
        max_memory_mb=used_mb,
    )
    return [{**event(line), "logStreamName": stream} for line in lines]


def told(request_id: str, errors: int = 1, stream: str = "stream") -> dict[str, Any]:
    """A request's own line of metrics."""
    line = {"_aws": {}, "request_id": request_id, "error_code": "X", "Errors": errors}
    return {**event(line), "logStreamName": stream}


def stopped(request_id: str) -> dict[str, Any]:
    """The own line of a request that was stopped at its deadline."""
    line = {"request_id": request_id, "Errors": 0, "DeadlineStops": 1}
    return {**event(line), "logStreamName": "stream"}


def behind(symptom: str, events: Iterable[dict[str, Any]]) -> list[str]:
    """The lines that are found behind an alarm, short."""
    one = BEHIND[symptom]
    found = one.choose([event for event in events if matches(one.pattern, event["message"])])
    lines = [json.loads(event["message"]) for event in found]
    return [
        " ".join(
            [line["type"], line["record"]["status"], line["record"].get("errorType", "")]
        ).strip()
        if "record" in line
        else line["request_id"]
        for line in lines
    ]


TIMEOUT, OUT_OF_MEMORY, EXITED, NO_START, RAISED = (
    ("timeout", None),
    ("error", "Runtime.OutOfMemory"),
    ("error", "Runtime.ExitError"),
    ("error", "Runtime.ImportModuleError"),
    ("error", "Runtime.Unknown"),
)


@pytest.mark.parametrize(
    "symptom", ["errors", "errors-by-hour", "outage", "unwell", "dead-letters", "version-failing"]
)
def test_each_failed_request_is_one_line(symptom: str) -> None:
    events = [
        *[told("fine", 0), *ended("success")],
        *[told("mine"), *ended(*RAISED)],
        # Tried again by the same process, and killed: that it has not told of.
        *ended(*OUT_OF_MEMORY),
        *ended(*TIMEOUT),
        *[told("streamed"), *ended("success")],
        *ended(*EXITED),
        # A process that cannot start has told nothing.
        *ended(*NO_START, stream="other"),
        *ended(*RAISED, stream="other"),
        *[told("a", stream="one"), told("b", stream="two")],
        *[*ended(*RAISED, stream="two"), *ended(*RAISED, stream="one")],
    ]
    assert behind(symptom, events) == [
        "mine",
        "platform.report error Runtime.OutOfMemory",
        "platform.report timeout",
        "streamed",
        "platform.report error Runtime.ExitError",
        "platform.report error Runtime.ImportModuleError",
        "platform.report error Runtime.Unknown",
        "a",
        "b",
    ]


@pytest.mark.parametrize("symptom", ["errors", "errors-by-hour", "outage", "unwell"])
def test_what_was_stopped_is_told_of_and_hides_no_report(symptom: str) -> None:
    events = [*[stopped("late"), *ended("success")], *ended(*RAISED)]
    assert behind(symptom, events) == ["late", "platform.report error Runtime.Unknown"]


@pytest.mark.parametrize("symptom", ["dead-letters", "version-failing"])
def test_what_was_stopped_failed_nowhere_at_lambda(symptom: str) -> None:
    assert behind(symptom, [stopped("late"), *ended("success")]) == []


def test_killed_are_those_that_could_not_tell_of_it_and_those_that_were_stopped() -> None:
    events = [
        *[told("mine"), *ended(*RAISED), *ended("success")],
        *[stopped("late"), *ended("success")],
        *[one for end in (TIMEOUT, OUT_OF_MEMORY, EXITED, NO_START) for one in ended(*end)],
    ]
    assert behind("killed", events) == [
        "late",
        "platform.report timeout",
        "platform.report error Runtime.OutOfMemory",
        "platform.report error Runtime.ExitError",
    ]


def test_memory_is_about_the_processes_near_its_end() -> None:
    events = [
        *[*ended("success", used_mb=460), *ended("timeout", used_mb=461)],
        *ended(*OUT_OF_MEMORY, used_mb=512),
    ]
    assert behind("memory", events) == [
        "platform.report timeout",
        "platform.report error Runtime.OutOfMemory",
    ]


@pytest.mark.parametrize(
    "symptom", ["api-failures", "api-errors", "mcp-failures", "sweep-failures", "durable-failures"]
)
def test_a_function_that_told_nothing_is_reported_once(symptom: str) -> None:
    events = [*ended(*NO_START), *ended(*TIMEOUT), *ended("success")]
    assert behind(symptom, events) == [
        "platform.report error Runtime.ImportModuleError",
        "platform.report timeout",
    ]


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
