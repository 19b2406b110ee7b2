"""A record's attributes in the table, written and read in one place.

============== ==================================================================================
record_id      the key: agent, request id and a digest of the owner
owner, agent, request_id, project_id, model_id    who asked whom, on what
request_sha256 a digest of what was asked, to tell a repeat from another request
status         ``running``, ``succeeded`` or ``failed``
attempt        the run that writes the record; every later write names it
open           "yes" while the request is running, absent afterwards: what the index over open
               records holds
started_at, finished_at    ISO 8601, UTC
deadline_at    epoch seconds: the function is killed by then
error_code     of the failure; ``FUNCTION_DIED`` where nobody but the clock knew of it
answer         the whole answer as JSON, with gzip; the only place with words of the request
execution_ms, cold_start, input_tokens, output_tokens, artifacts    counts
settled_by     who found the record overdue and closed it
expires_at     epoch seconds: DynamoDB deletes the record after it
============== ==================================================================================
"""

import hashlib
import json
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tradewind.contracts.names import (
    RECORD_ATTEMPT,
    RECORD_DEADLINE,
    RECORD_KEY,
    RECORD_OPEN,
    RECORD_TTL,
    record_key,
)
from tradewind.contracts.request import AgentRequest
from tradewind.records.kept_answer import EncodedAnswer, unpack_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: The value of ``RECORD_OPEN``.
OPEN: Final = "yes"


#: What else changes an answer, where the request says it.
_OPTIONS: Final = ("system_prompt", "context", "max_tokens", "temperature", "output_schema")


class RecordStatus(StrEnum):
    """Where a request stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class RecordedRequest:
    """A request as its record knows it.

    Attributes:
        owner: For whom it is asked; empty for the function's only caller.
        agent: Of whom.
        request_id: The caller's id, or Lambda's.
        project_id: What it works on.
        model_id: With which model.
        sha256: A digest of what it asks; see ``content_sha256``.
        attempt: Names this run of it; no two runs share one.
    """

    owner: str
    agent: str
    request_id: str
    project_id: str
    model_id: str
    sha256: str
    attempt: str

    @property
    def record_id(self) -> str:
        """The record's key."""
        return record_key(owner=self.owner, agent=self.agent, request_id=self.request_id)


@dataclass(frozen=True)
class StoredRecord:
    """A record as it was read.

    Attributes:
        packed: The answer with gzip; None before the end, and where it was not kept.
        deadline_at: Epoch seconds.
    """

    record_id: str
    agent: str
    request_id: str
    project_id: str
    sha256: str
    status: RecordStatus
    attempt: str
    started_at: str
    deadline_at: int
    error_code: str | None = None
    packed: bytes | None = None

    @property
    def overdue(self) -> bool:
        """Whether it says "running" though its function has been killed by now."""
        return self.status is RecordStatus.RUNNING and self.deadline_at < int(time.time())

    @property
    def answer(self) -> dict[str, Any] | None:
        """The whole answer, where it was kept."""
        return None if self.packed is None else unpack_answer(self.packed)


def content_sha256(request: AgentRequest) -> str:
    """Digest what a request asks, so that a repeat can be told from another request."""
    asked = request.model_dump(include={"query", "parameters", "project_id"})
    if request.session_id is not None:
        asked["session_id"] = request.session_id
    # What is left out is not digested, so that a request has the same digest as before it could
    # say more.
    asked |= request.model_dump(include=set(_OPTIONS), exclude_none=True)
    # Lone surrogates are half of a question too.
    text = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def new_item(
    request: RecordedRequest, *, remaining_s: float, ttl_s: int
) -> dict[str, "AttributeValueTypeDef"]:
    """The item of a request that begins now."""
    now = time.time()
    return {
        RECORD_KEY: {"S": request.record_id},
        "owner": {"S": request.owner},
        "agent": {"S": request.agent},
        "request_id": {"S": request.request_id},
        "project_id": {"S": request.project_id},
        "model_id": {"S": request.model_id},
        "request_sha256": {"S": request.sha256},
        "status": {"S": RecordStatus.RUNNING},
        RECORD_ATTEMPT: {"S": request.attempt},
        RECORD_OPEN: {"S": OPEN},
        "started_at": {"S": iso(now)},
        RECORD_DEADLINE: {"N": str(math.ceil(now + remaining_s))},
        RECORD_TTL: {"N": str(int(now) + ttl_s)},
    }


def ended_values(encoded: EncodedAnswer) -> dict[str, "AttributeValueTypeDef"]:
    """What the end of a request adds to its item."""
    answer = encoded.answer
    return {
        "status": {"S": RecordStatus.SUCCEEDED if answer.success else RecordStatus.FAILED},
        "finished_at": {"S": iso(time.time())},
        "error_code": {"S": answer.error.code} if answer.error else {"NULL": True},
        "answer": {"B": encoded.packed},
        "execution_ms": {"N": str(round(answer.performance.executionTime))},
        "cold_start": {"BOOL": answer.performance.coldStart},
        "input_tokens": {"N": str(answer.usage.input_tokens)},
        "output_tokens": {"N": str(answer.usage.output_tokens)},
        "artifacts": {"N": str(len(answer.artifacts))},
    }


def read_item(item: "Mapping[str, AttributeValueTypeDef]") -> StoredRecord:
    """Read an item of the table."""
    return StoredRecord(
        record_id=item[RECORD_KEY]["S"],
        agent=item["agent"]["S"],
        request_id=item["request_id"]["S"],
        project_id=item["project_id"]["S"],
        sha256=item["request_sha256"]["S"],
        status=RecordStatus(item["status"]["S"]),
        attempt=item[RECORD_ATTEMPT]["S"],
        started_at=item["started_at"]["S"],
        deadline_at=int(item[RECORD_DEADLINE]["N"]),
        error_code=item.get("error_code", {}).get("S"),
        packed=_bytes(item.get("answer", {}).get("B")),
    )


def iso(epoch_s: float) -> str:
    """A moment as text."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
