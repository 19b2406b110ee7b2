"""A record as its owner sees it: an invocation."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from tradewind.contracts.errors import (
    Cancelled,
    DeadlineExceeded,
    InternalError,
    NotAnswered,
    every_error,
)
from tradewind.contracts.moments import iso
from tradewind.records.item import RecordStatus, StoredRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: How long a link to an artifact works.
LINK_S: Final = 900
#: What a failure is called that is not just that.
_ENDS: Final = {
    DeadlineExceeded.code: "timed_out",
    NotAnswered.code: "timed_out",
    Cancelled.code: "cancelled",
}
_NO_ERROR: Final[Mapping[str, Any]] = {}


class Settings(Protocol):
    """What of a function's settings is shown by."""

    @property
    def artifacts_bucket(self) -> str:
        """Where artifacts are."""


class Viewer(Protocol):
    """Who shows a record: its settings, and a client that signs links."""

    @property
    def environment(self) -> Settings:
        """Its settings."""

    @property
    def s3(self) -> "S3Client":
        """Signs links; nothing is sent with it."""


def invocation_id(record: StoredRecord) -> str:
    """Its id; neither part can hold a dot."""
    return f"{record.agent}.{record.request_id}"


def location_of(record: StoredRecord) -> str:
    """Where it is found, within the API."""
    return f"/invocations/{invocation_id(record)}"


def shown(record: StoredRecord, viewer: Viewer) -> dict[str, Any]:
    """The invocation; see ``models.Invocation``."""
    answer = record.answer
    waits = record.status is RecordStatus.WAITING
    usage = record.used if answer is None else answer["usage"]
    return {
        "id": invocation_id(record),
        "agent": record.agent,
        "state": _ENDS.get(record.error_code or "", str(record.status)),
        "session_id": (answer or {}).get("session_id"),
        "project_id": record.project_id,
        "created_at": record.opened_at or record.started_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "progress": record.progress,
        "question": record.question if waits else None,
        "question_id": record.question_id if waits else None,
        "result": None if answer is None else _result(answer, viewer),
        "error": _error(record, answer),
        "usage": None if usage is None else _usage(usage),
    }


@dataclass(frozen=True)
class RecordedFailure:
    """Why a request failed, as its record has it.

    Attributes:
        code: One of ``contracts.errors``.
        status: The HTTP status that says the same.
        message: In words.
        field: The request's field at fault, where there is one.
        extensions: What a caller may act on besides.
    """

    code: str
    status: int
    message: str
    field: str | None
    extensions: Mapping[str, Any]


def failure_of(record: StoredRecord) -> RecordedFailure:
    """Why a record's request failed."""
    answer = record.answer
    error = (answer or {}).get("error") or _NO_ERROR
    code = error.get("code") or record.error_code or InternalError.code
    return RecordedFailure(
        code=code,
        status=answer["status_code"] if answer else _status_of(code),
        message=error.get("message") or record.error_message or "The request failed.",
        field=error.get("field"),
        extensions=error.get("extensions") or {},
    )


def _error(record: StoredRecord, answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if record.status is not RecordStatus.FAILED:
        return None
    failure = failure_of(record)
    return {"code": failure.code, "message": failure.message, "field": failure.field}


def _result(answer: Mapping[str, Any], viewer: Viewer) -> dict[str, Any] | None:
    artifacts = [_linked(one, viewer) for one in answer["artifacts"]]
    if not (answer["success"] or answer["response"] or artifacts):
        return None
    return {
        "response": answer["response"],
        "output": answer.get("output"),
        "artifacts": artifacts,
        "facts": answer["facts"],
    }


def _linked(artifact: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    key = artifact["key"]
    where = {"Bucket": viewer.environment.artifacts_bucket, "Key": key}
    return {
        "name": key.rpartition("/")[2],
        "key": key,
        "content_type": artifact["content_type"],
        "size_bytes": artifact["size_bytes"],
        "url": viewer.s3.generate_presigned_url("get_object", Params=where, ExpiresIn=LINK_S),
        "url_expires_at": iso(time.time() + LINK_S),
    }


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: usage.get(name, 0) for name in _TOKENS}
    return {**counts, "cost_usd": usage.get("cost_usd")}


_TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "model_calls",
    "tool_calls",
)


def _status_of(code: str) -> int:
    return next((kind.status for kind in every_error() if kind.code == code), InternalError.status)
