import json
from typing import Any

import pytest

from devtools.localcloud.extension.platform_log import PlatformLog, lets_through

REPORT: dict[str, Any] = {
    "status": "success",
    "duration_ms": 12.345,
    "memory_mb": 512,
    "max_memory_mb": 90,
}


def test_text_lines_are_lambdas_own() -> None:
    log = PlatformLog("Text", "INFO")
    assert log.start("r-1", "3") == ["START RequestId: r-1 Version: 3"]
    end, report = log.report("r-1", init_ms=None, **REPORT)
    assert end == "END RequestId: r-1"
    assert report == (
        "REPORT RequestId: r-1\tDuration: 12.35 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 90 MB"
    )


def test_a_cold_start_reports_its_init_duration() -> None:
    _, report = PlatformLog("Text", "INFO").report("r-1", init_ms=401.5, **REPORT)
    assert report.endswith("\tInit Duration: 401.50 ms")


def test_json_lines_are_platform_events() -> None:
    (line,) = PlatformLog("JSON", "INFO").report("r-1", init_ms=401.5, **REPORT)
    event = json.loads(line)
    assert event["type"] == "platform.report"
    assert event["record"] == {
        "requestId": "r-1",
        "status": "success",
        "metrics": {
            "durationMs": 12.345,
            "billedDurationMs": 13,
            "memorySizeMB": 512,
            "maxMemoryUsedMB": 90,
            "initDurationMs": 401.5,
        },
    }


def test_a_higher_system_level_silences_json_lines_only() -> None:
    assert PlatformLog("JSON", "WARN").start("r-1", "3") == []
    assert PlatformLog("Text", "WARN").start("r-1", "3") != []


def test_a_restore_is_reported_apart_from_an_initialisation() -> None:
    (line,) = PlatformLog("JSON", "INFO").report("r-1", init_ms=None, restore_ms=90.5, **REPORT)
    metrics = json.loads(line)["record"]["metrics"]
    assert metrics["restoreDurationMs"] == 90.5
    assert "initDurationMs" not in metrics


def test_a_failure_passes_a_higher_system_level_and_a_success_does_not() -> None:
    log = PlatformLog("JSON", "WARN")
    assert log.report("r-1", init_ms=None, **REPORT) == []
    failed = {**REPORT, "status": "error", "error_type": "Runtime.ExitError"}
    lines = [json.loads(line) for line in log.report("r-1", init_ms=None, **failed)]
    assert [line["type"] for line in lines] == ["platform.runtimeDone", "platform.report"]
    assert {line["record"]["errorType"] for line in lines} == {"Runtime.ExitError"}


def test_a_timeout_has_no_error_type() -> None:
    log = PlatformLog("JSON", "INFO")
    *_, line = log.report("r-1", init_ms=None, **{**REPORT, "status": "timeout"})
    record = json.loads(line)["record"]
    assert record["status"] == "timeout"
    assert "errorType" not in record


def test_a_process_uses_no_more_than_there_is() -> None:
    (line,) = PlatformLog("JSON", "INFO").report(
        "r-1", init_ms=None, **{**REPORT, "max_memory_mb": 600}
    )
    assert json.loads(line)["record"]["metrics"]["maxMemoryUsedMB"] == 512


AT = "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("line", "level", "through"),
    [
        ({"level": "ERROR", "timestamp": AT}, "WARN", True),
        ({"level": "warn", "timestamp": AT}, "WARN", True),
        ({"level": "INFO", "timestamp": AT}, "WARN", False),
        ({"level": "DEBUG", "timestamp": AT}, "INFO", False),
        ({"level": "DEBUG", "timestamp": AT}, "DEBUG", True),
        # Without a level, or one that Lambda knows, or a time stamp, it is INFO.
        ({"_aws": {"CloudWatchMetrics": []}}, "WARN", False),
        ({"_aws": {"CloudWatchMetrics": []}}, "INFO", True),
        ({"level": "LOUD", "timestamp": AT}, "WARN", False),
        ({"level": "ERROR"}, "WARN", False),
        ({"level": "ERROR", "timestamp": "2026-01-01 00:00:00,000+0000"}, "WARN", False),
        ("Traceback", "WARN", False),
        (["level"], "INFO", True),
    ],
)
def test_the_level_of_a_line(line: Any, level: str, through: bool) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    assert lets_through(text, level) is through
