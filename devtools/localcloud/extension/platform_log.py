"""Lambda's own lines in a function's log."""

import json
from datetime import UTC, datetime
from typing import Any


class PlatformLog:
    """Lambda's own lines about an invocation, in the function's log format."""

    def __init__(self, log_format: str, system_level: str) -> None:
        self._json = log_format == "JSON"
        # In JSON format the platform's lines are of level INFO; a higher level leaves them out.
        self._silent = self._json and system_level == "WARN"

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
    ) -> list[str]:
        """What ends it. ``status`` is success, error or timeout."""
        billed_ms = int(-(-duration_ms // 1))
        if self._json:
            metrics = {
                "durationMs": round(duration_ms, 3),
                "billedDurationMs": billed_ms,
                "memorySizeMB": memory_mb,
                "maxMemoryUsedMB": max_memory_mb,
            }
            if init_ms is not None:
                metrics["initDurationMs"] = round(init_ms, 3)
            record = {"requestId": request_id, "metrics": metrics, "status": status}
            return self._record("platform.report", record)
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {billed_ms} ms\tMemory Size: {memory_mb} MB\t"
            f"Max Memory Used: {max_memory_mb} MB"
        )
        if init_ms is not None:
            report += f"\tInit Duration: {init_ms:.2f} ms"
        if status != "success":
            report += f"\tStatus: {status}"
        return [f"END RequestId: {request_id}", report]

    def ended_idle(self, request_id: str, cause: str) -> list[str]:
        """What tells that the process ended after it had answered ``request_id``."""
        if self._json:
            record = {"requestId": request_id, "status": "failure", "errorType": cause}
            return self._record("platform.runtimeDone", record)
        return [f"RequestId: {request_id} Error: {cause}"]

    def _record(self, kind: str, record: dict[str, Any]) -> list[str]:
        if self._silent:
            return []
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [json.dumps({"time": moment, "type": kind, "record": record})]
