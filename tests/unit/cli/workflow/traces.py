"""Traces for tests, as runs write them."""

from typing import Any


def span(name: str, span_id: str, parent: str | None = "root", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "span_id": span_id,
        "parent_span_id": parent,
        "start_time": "2026-01-02T03:04:05.000Z",
        "end_time": "2026-01-02T03:04:06.000Z",
        "duration_ms": 1000.0,
        "attributes": {},
        "events": [],
        "status": {"status_code": "OK", "description": ""},
        **more,
    }


def trace(*spans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "trace_id": "ab" * 16,
        "spec_name": "brief",
        "spec_version": 0,
        "pattern": "chain",
        "duration_ms": 1000.0,
        "span_count": len(spans) + 1,
        "evicted_count": 0,
        "spans": [span("execute.chain", "root", None), *spans],
        **more,
    }


def failed(message: str) -> dict[str, Any]:
    return {"status": {"status_code": "ERROR", "description": message}}
