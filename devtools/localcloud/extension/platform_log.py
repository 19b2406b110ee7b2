"""Lambda's own lines in a function's log, and which of a function's lines Lambda lets through.

Sources: "Lambda Telemetry API Event schema reference", and "Log-level filtering" in the Lambda
guide.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

_LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def lets_through(line: str, level: str) -> bool:
    """Whether a line of a function with JSON logs reaches its log.

    A line without a level, or without a time stamp that Lambda reads, is of level INFO: so are
    lines in the Embedded Metric Format.

    Args:
        line: What the function wrote.
        level: The function's ``ApplicationLogLevel``.
    """
    return _LEVELS.index(_level_of(line)) >= _LEVELS.index(level)


def _level_of(line: str) -> str:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return "INFO"
    if not isinstance(fields, dict):
        return "INFO"
    level, stamp = str(fields.get("level")).upper(), fields.get("timestamp", fields.get("time"))
    try:
        known = datetime.fromisoformat(str(stamp)).tzinfo is not None and "T" in str(stamp)
    except ValueError:
        known = False
    return level if known and level in _LEVELS else "INFO"


class PlatformLog:
    """Lambda's own lines about an invocation, in the function's log format."""

    def __init__(self, log_format: str, system_level: str) -> None:
        self._json = log_format == "JSON"
        self._level = system_level

    def start(self, request_id: str, version: str) -> list[str]:
        """What begins an invocation."""
        if self._json:
            return self._record("platform.start", {"requestId": request_id, "version": version})
        return [f"START RequestId: {request_id} Version: {version}"]

    def report(
        self,
        request_id: str,
        *,
        status: str,
        duration_ms: float,
        init_ms: float | None,
        memory_mb: int,
        max_memory_mb: int,
        error_type: str | None = None,
        restore_ms: float | None = None,
    ) -> list[str]:
        """What ends it.

        Args:
            request_id: Of the invocation.
            status: One of success, error and timeout.
            duration_ms: How long it took, its start not counted.
            init_ms: How long its process took to start, where it started one on demand.
            memory_mb: What the function may use.
            max_memory_mb: What its process has used so far.
            error_type: Such as Runtime.ExitError, where the status is error.
            restore_ms: How long its process took from its snapshot, where it came from one.
        """
        billed_ms = int(-(-duration_ms // 1))
        max_memory_mb = min(max_memory_mb, memory_mb)
        if self._json:
            metrics = {
                "durationMs": round(duration_ms, 3),
                "billedDurationMs": billed_ms,
                "memorySizeMB": memory_mb,
                "maxMemoryUsedMB": max_memory_mb,
            }
            if init_ms is not None:
                metrics["initDurationMs"] = round(init_ms, 3)
            if restore_ms is not None:
                metrics["restoreDurationMs"] = round(restore_ms, 3)
            record: dict[str, Any] = {"requestId": request_id}
            ended = {"status": status, **({"errorType": error_type} if error_type else {})}
            done: list[str] = []
            if status != "success":
                done = self._record("platform.runtimeDone", {**record, **ended}, "WARN")
            level = "INFO" if status == "success" else "WARN"
            record |= {"metrics": metrics, **ended}
            return [*done, *self._record("platform.report", record, level)]
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {billed_ms} ms\tMemory Size: {memory_mb} MB\t"
            f"Max Memory Used: {max_memory_mb} MB"
        )
        if init_ms is not None:
            report += f"\tInit Duration: {init_ms:.2f} ms"
        if restore_ms is not None:
            report += f"\tRestore Duration: {restore_ms:.2f} ms"
        if status != "success":
            report += f"\tStatus: {status}"
        if error_type:
            report += f"\tError Type: {error_type}"
        return [f"END RequestId: {request_id}", report]

    def ended_idle(self, request_id: str, cause: str) -> list[str]:
        """What tells that the process ended after it had answered ``request_id``."""
        if self._json:
            record = {"requestId": request_id, "status": "failure", "errorType": cause}
            return self._record("platform.runtimeDone", record, "WARN")
        return [f"RequestId: {request_id} Error: {cause}"]

    def _record(self, kind: str, record: dict[str, Any], level: str = "INFO") -> list[str]:
        if _LEVELS.index(level) < _LEVELS.index(self._level):
            return []
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [json.dumps({"time": moment, "type": kind, "record": record})]
