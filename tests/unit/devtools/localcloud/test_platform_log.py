import json
from typing import Any

from devtools.localcloud.extension.platform_log import PlatformLog

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
