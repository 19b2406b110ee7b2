"""A record's attributes in the table, written and read in one place.

============== ==================================================================================
record_id      the key: agent, request id and a digest of the owner
owner, agent, request_id, project_id, model_id    who asked whom, on what
session_key    of the conversation that it is to become a turn of; absent where it is of none
request_sha256 a digest of what was asked, to tell a repeat from another request
status         ``pending``, ``running``, ``waiting``, ``succeeded`` or ``failed``
attempt        who writes the record: the API's call that tells a function of it, or the run; every
               later write names it
open           "yes" until the request has ended, absent afterwards: what the index over open
               records holds
opened_at      ISO 8601, UTC: when the API took the request; absent where no API did
started_at, finished_at    likewise: when a function began with it, and when it ended
deadline_at    epoch seconds: the function is killed by then; before it began, no function begins
               after it; while it waits for a person, nobody can answer after it
told_at        epoch seconds: when a function was last about to be told of it
queued         whether that was left to Lambda's queue
question, question_id    what a person is asked, and the attempt that asks; until the request ends
waits_until    epoch seconds: until then the question may be answered
continuation   what the run goes on from, with gzip; from the first question to the request's end
reply          the person's answer, from when it came to the request's end
replied        the question's id and a digest of the answer, to recognise the answer by
used           tokens and dollars until the question, as JSON
cancel_requested    true when the caller wants the run stopped
progress       how far the run has come; see ``handlers.progress``
error_code, error_message    of the failure. ``FUNCTION_DIED`` and ``NOT_STARTED`` where nobody but
               the clock knew of it; the message only where there is no answer with one
answer         the whole answer as JSON, with gzip; the only place with words of the request
asked_nothing  true where it failed before a model was asked, though its code does not say so
execution_ms, cold_start, input_tokens, output_tokens, artifacts    counts
settled_by     who found the record overdue and closed it
expires_at     epoch seconds: DynamoDB deletes the record after it
============== ==================================================================================
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tradewind.contracts.errors import BudgetExceeded
from tradewind.contracts.moments import iso
from tradewind.contracts.names import (
    RECORD_ATTEMPT,
    RECORD_CONTINUATION,
    RECORD_DEADLINE,
    RECORD_KEY,
    RECORD_OPEN,
    RECORD_TTL,
    record_key,
)
from tradewind.records.kept_answer import EncodedAnswer, unpack_answer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from tradewind.contracts.request import Question

#: The value of ``RECORD_OPEN``.
OPEN: Final = "yes"
#: Longer than it takes to leave an event to Lambda's queue.
TELLING_S: Final = 1.0
#: Longer than a function takes, from being told of a request, to begin with it.
START_S: Final = 10.0
#: Longer than Lambda's queue pauses between two tries to hand an event over.
QUEUE_PAUSE_S: Final = 300.0
#: What a record has until its request ends.
UNTIL_THE_END: Final = (
    RECORD_OPEN,
    RECORD_CONTINUATION,
    "question",
    "question_id",
    "waits_until",
    "reply",
)


class RecordStatus(StrEnum):
    """Where a request stands."""

    #: The API took it, and no function has begun with it.
    PENDING = "pending"
    RUNNING = "running"
    #: Its agent asks a person; nothing runs meanwhile.
    WAITING = "waiting"
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
        accepted: Whether the API has opened its record.
        goes_on: Whether this is told of an answer, and not of what was asked.
        session_key: The key of its conversation; None where it is of none.
    """

    owner: str
    agent: str
    request_id: str
    project_id: str
    model_id: str
    sha256: str
    attempt: str
    accepted: bool = False
    goes_on: bool = False
    session_key: str | None = None

    @property
    def record_id(self) -> str:
        """The record's key."""
        return record_key(owner=self.owner, agent=self.agent, request_id=self.request_id)


@dataclass(frozen=True)
class StoredRecord:
    """A record as it was read.

    Attributes:
        opened_at: When the API took the request; None where no API did.
        started_at: When a function began with it; None before.
        finished_at: When it ended; None before.
        deadline_at: Epoch seconds.
        error_message: Of a failure without an answer.
        packed: The answer with gzip; None before the end, and where it was not kept.
        cancel_requested: Whether the caller wants the run stopped.
        progress: How far it has come, as JSON values; None where nothing was told.
        settled_by: The token of whoever closed it without an answer.
        told_at: Epoch seconds: when a function was last about to be told of it.
        queued: Whether that was left to Lambda's queue.
        asked_nothing: Whether it is written that it failed with nothing asked.
        question: What a person is asked.
        question_id: Names the question.
        waits_until: Epoch seconds; 0 where nobody was asked.
        continuation: What the run goes on from with the answer.
        reply: The answer.
        replied: What the last answer is recognised by.
        used: The usage until the question.
        session_key: The key of its conversation; None where it is of none.
    """

    record_id: str
    agent: str
    request_id: str
    project_id: str
    sha256: str
    status: RecordStatus
    attempt: str
    started_at: str | None
    deadline_at: int
    opened_at: str | None = None
    finished_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    packed: bytes | None = None
    cancel_requested: bool = False
    progress: dict[str, Any] | None = None
    settled_by: str | None = None
    told_at: float = 0.0
    queued: bool = False
    asked_nothing: bool = False
    question: str | None = None
    question_id: str | None = None
    waits_until: int = 0
    continuation: bytes | None = None
    reply: str | None = None
    replied: str | None = None
    used: Mapping[str, Any] | None = None
    session_key: str | None = None

    @property
    def overdue(self) -> bool:
        """Whether it says "running" though its function has been killed by now."""
        return self.status is RecordStatus.RUNNING and self._late

    @property
    def expired(self) -> bool:
        """Whether it says "pending" though no function will begin with it any more."""
        return self.status is RecordStatus.PENDING and self._late

    @property
    def unanswered(self) -> bool:
        """Whether it says "waiting" though nobody can answer any more."""
        return self.status is RecordStatus.WAITING and self._late

    @property
    def rests(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self.ended or self.status is RecordStatus.WAITING

    @property
    def ended(self) -> bool:
        """Whether it has its end, which stays."""
        return self.status in {RecordStatus.SUCCEEDED, RecordStatus.FAILED}

    @property
    def being_told(self) -> bool:
        """Whether it is pending, and who its attempt names may be telling a function of it."""
        return self._told_within(START_S) and not self.queued

    @property
    def just_told(self) -> bool:
        """Whether that began so lately that it is not to be doubted."""
        return self._told_within(TELLING_S) and not self.queued

    @property
    def in_queue(self) -> bool:
        """Whether it is pending, and Lambda is about to hand its event to a function."""
        return self._told_within(QUEUE_PAUSE_S) and self.queued

    def _told_within(self, seconds: float) -> bool:
        return self.status is RecordStatus.PENDING and time.time() < self.told_at + seconds

    @property
    def _late(self) -> bool:
        return self.deadline_at < int(time.time())

    @property
    def answer(self) -> dict[str, Any] | None:
        """The whole answer, where it was kept."""
        return None if self.packed is None else unpack_answer(self.packed)


def content_sha256(request: "Question") -> str:
    """Digest what a request asks, so that a repeat can be told from another request."""
    from tradewind.contracts.request import Question  # noqa: PLC0415  # see api.models

    asked = {
        name: value
        for name, value in request.model_dump(include=set(Question.model_fields)).items()
        # A field that is absent is not asked for, whether or not there was such a field yet.
        if value is not None or name == "project_id"
    }
    # Lone surrogates are half of a question too.
    text = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def new_item(
    request: RecordedRequest, *, remaining_s: float, ttl_s: int
) -> dict[str, "AttributeValueTypeDef"]:
    """The item of a request that begins now."""
    now = time.time()
    item: dict[str, AttributeValueTypeDef] = {
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
    if request.session_key is not None:
        item["session_key"] = {"S": request.session_key}
    return item


def opened_item(
    request: RecordedRequest, *, life_s: int, ttl_s: int
) -> dict[str, "AttributeValueTypeDef"]:
    """The item of a request that the API takes now, for a function to begin with later.

    Args:
        request: The request; its attempt names the opening.
        life_s: Seconds after which no function begins with it any more.
        ttl_s: How long the record is kept.
    """
    item = new_item(request, remaining_s=life_s, ttl_s=ttl_s)
    item["opened_at"] = item.pop("started_at")
    item["status"] = {"S": RecordStatus.PENDING}
    return {**item, **told_values()}


def told_values(*, queued: bool = False) -> dict[str, "AttributeValueTypeDef"]:
    """What the item says of a request that a function is about to be told of.

    Args:
        queued: Whether that is left to Lambda's queue.
    """
    return {"told_at": {"N": f"{time.time():.3f}"}, "queued": {"BOOL": queued}}


def started_values(
    request: RecordedRequest, *, remaining_s: float, ttl_s: int
) -> dict[str, "AttributeValueTypeDef"]:
    """What a function that begins with an opened request changes in its item."""
    item = new_item(request, remaining_s=remaining_s, ttl_s=ttl_s)
    changed = ("model_id", "status", RECORD_ATTEMPT, RECORD_DEADLINE, RECORD_TTL)
    return {name: item[name] for name in changed}


def closed_values(code: str, message: str, token: str) -> dict[str, "AttributeValueTypeDef"]:
    """What the end of a request without an answer adds to its item.

    Args:
        code: Of the failure.
        message: What to tell of it; no word of the request.
        token: Of whoever closes it, to recognise the write by.
    """
    return {
        "status": {"S": RecordStatus.FAILED},
        "finished_at": {"S": iso(time.time())},
        "error_code": {"S": code},
        "error_message": {"S": message},
        "settled_by": {"S": token},
    }


def ended_values(encoded: EncodedAnswer) -> dict[str, "AttributeValueTypeDef"]:
    """What the end of a request adds to its item."""
    answer = encoded.answer
    values: dict[str, AttributeValueTypeDef] = {
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
    if answer.error and answer.error.code == BudgetExceeded.code and not answer.usage.model_calls:
        # It may have been refused after ten calls, or before the first: tools need one to run.
        values["asked_nothing"] = {"BOOL": True}
    return values


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
        started_at=_text(item, "started_at"),
        deadline_at=int(item[RECORD_DEADLINE]["N"]),
        opened_at=_text(item, "opened_at"),
        finished_at=_text(item, "finished_at"),
        error_code=_text(item, "error_code"),
        error_message=_text(item, "error_message"),
        packed=_bytes(item.get("answer", {}).get("B")),
        cancel_requested=item.get("cancel_requested", {}).get("BOOL", False),
        progress=None if "progress" not in item else json.loads(item["progress"]["S"]),
        settled_by=_text(item, "settled_by"),
        told_at=float(item.get("told_at", {}).get("N", "0")),
        queued=item.get("queued", {}).get("BOOL", False),
        asked_nothing=item.get("asked_nothing", {}).get("BOOL", False),
        question=_text(item, "question"),
        question_id=_text(item, "question_id"),
        waits_until=int(item.get("waits_until", {"N": "0"})["N"]),
        continuation=_bytes(item.get(RECORD_CONTINUATION, {}).get("B")),
        reply=_text(item, "reply"),
        replied=_text(item, "replied"),
        used=None if "used" not in item else json.loads(item["used"]["S"]),
        session_key=_text(item, "session_key"),
    )


def now_value() -> "AttributeValueTypeDef":
    """This moment, to compare a deadline with."""
    return {"N": str(int(time.time()))}


def _text(item: "Mapping[str, AttributeValueTypeDef]", name: str) -> str | None:
    return item.get(name, {}).get("S")


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
