"""What a run asks a person: kept while it waits, answered once, asked again where nobody went on.

A question is a state of its request's record, ``waiting``, and what the run goes on from is in the
same item: one conditional write asks, and one answers. So whatever dies between two writes leaves a
question that is open, or an answer that is kept with what it answers.

::

    running --ask--> waiting --reply--> pending --(a function begins)--> running
                     waiting <--put_back-- pending (nobody took it up), running (nothing was done)
                     waiting --give_up--> failed, NOT_ANSWERED
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.contracts.errors import Cancelled, DuplicateRequest, NotAnswered
from tradewind.contracts.names import (
    RECORD_ATTEMPT,
    RECORD_CONTINUATION,
    RECORD_DEADLINE,
    RECORD_TTL,
)
from tradewind.records.conditional import ConditionalTable, text
from tradewind.records.item import (
    RecordedRequest,
    RecordStatus,
    StoredRecord,
    closed_values,
    now_value,
    told_values,
)

_DAY_S: Final = 86_400
#: As in ``openings``.
_LOOKS: Final = 4
_NOT_ANSWERED: Final = "Nobody answered what it asks a person, for as long as it waits."


@dataclass(frozen=True)
class Asking:
    """A question, and what the run goes on from with its answer.

    Attributes:
        question: What a person is asked.
        continuation: See ``handlers.continuation``.
        used: The request's usage until now.
        life_days: How long it may be answered.
    """

    question: str
    continuation: bytes
    used: Mapping[str, Any]
    life_days: int


@dataclass(frozen=True)
class Replied:
    """What became of an answer.

    Attributes:
        record: As it is now; None where there is none.
        taken: Whether the answer is the one that the question has, by this call or by an earlier
            one whose reply was lost.
    """

    record: StoredRecord | None
    taken: bool


class Questions:
    """Asks, answers and gives up.

    Args:
        table: Where the records are.
    """

    def __init__(self, table: ConditionalTable) -> None:
        self._table = table

    def ask(self, request: RecordedRequest, asking: Asking, *, ttl_days: int) -> bool:
        """Record that a run asks a person, and has ended.

        Args:
            request: The request; its attempt is the run, and names the question.
            asking: What it asks.
            ttl_days: How long the record is kept after nobody answered.

        Returns:
            Whether it waits now. If not, the record is gone or another run's by now.

        Raises:
            Cancelled: The caller wanted the run stopped.
            StorageError: It could not be written.
        """
        until = int(time.time()) + asking.life_days * _DAY_S
        written = self._table.update(
            request.record_id,
            {
                "status": text(RecordStatus.WAITING),
                "question": text(asking.question),
                "question_id": text(request.attempt),
                "waits_until": {"N": str(until)},
                RECORD_CONTINUATION: {"B": asking.continuation},
                "used": text(json.dumps(dict(asking.used))),
                RECORD_DEADLINE: {"N": str(until)},
                RECORD_TTL: {"N": str(until + ttl_days * _DAY_S)},
            },
            remove=("reply",),
            condition=f"{RECORD_ATTEMPT} = :attempt AND #status = :running "
            "AND attribute_not_exists(cancel_requested)",
            compared={
                ":attempt": text(request.attempt),
                ":running": text(RecordStatus.RUNNING),
            },
        )
        if written.done:
            return True
        met = written.record
        if met is None or met.attempt != request.attempt:
            # Our own write, whose reply was lost and which was answered since, has our question.
            return met is not None and met.question_id == request.attempt
        if met.status is RecordStatus.RUNNING and met.cancel_requested:
            raise Cancelled("The request was cancelled. The response is what there was of it.")
        return met.status is RecordStatus.WAITING

    def reply(
        self,
        record_id: str,
        answer: str,
        *,
        question_id: str | None,
        attempt: str,
        life_s: int,
    ) -> Replied:
        """Answer what a request asks; the first answer to a question is the one it gets.

        Args:
            record_id: The record's key.
            answer: A person's.
            question_id: Which question is meant; None for the one that is asked now.
            attempt: Names this answering; no two share one.
            life_s: Seconds after which no function goes on with it any more.

        Raises:
            StorageError: It could not be read or written.
            DuplicateRequest: The record changes whenever it is looked at.
        """
        for _ in range(_LOOKS):
            record = self._table.read(record_id)
            if record is None:
                return Replied(None, taken=False)
            if record.attempt == attempt:
                return Replied(record, taken=True)  # our own write, whose reply was lost
            if not _is_open(record, question_id):
                return Replied(record, taken=_is_its_answer(record, question_id, answer))
            asked = record.question_id or ""
            written = self._table.update(
                record_id,
                {
                    "status": text(RecordStatus.PENDING),
                    RECORD_ATTEMPT: text(attempt),
                    "reply": text(answer),
                    "replied": text(_mark(asked, answer)),
                    RECORD_DEADLINE: {"N": str(int(time.time()) + life_s)},
                    **told_values(),
                },
                condition="#status = :waiting AND question_id = :asked",
                compared={
                    ":waiting": text(RecordStatus.WAITING),
                    ":asked": text(asked),
                },
                tell=True,
            )
            if written.done:
                return Replied(written.record, taken=True)
        raise DuplicateRequest("The request's state changes too fast. Send it again later.")

    def put_back(self, record_id: str, attempt: str, *, late: bool = False) -> bool:
        """Ask again what was answered: nothing was done with the answer.

        Args:
            record_id: The record's key.
            attempt: The answering that no function took up, or the run that did nothing with it.
            late: Whether to do so only where the time to take it up is over.

        Returns:
            Whether the question is open again. If not, there was none, or somebody went on.

        Raises:
            Cancelled: The caller wanted the run stopped that did nothing with the answer.
            StorageError: It could not be written.
        """
        compared = {":attempt": text(attempt), ":pending": text(RecordStatus.PENDING)}
        if late:
            statuses = f"#status = :pending AND {RECORD_DEADLINE} < :now"
            compared[":now"] = now_value()
        else:
            statuses = "(#status = :pending OR #status = :running)"
            compared[":running"] = text(RecordStatus.RUNNING)
        written = self._table.update(
            record_id,
            {"status": text(RecordStatus.WAITING)},
            copied={RECORD_DEADLINE: "waits_until"},
            remove=("reply", "replied"),
            condition=f"{RECORD_ATTEMPT} = :attempt AND attribute_exists({RECORD_CONTINUATION}) "
            f"AND attribute_not_exists(cancel_requested) AND {statuses}",
            compared=compared,
        )
        met = written.record
        if written.done or met is None or met.attempt != attempt:
            return written.done
        if met.status is RecordStatus.RUNNING and met.cancel_requested and not late:
            raise Cancelled("The request was cancelled. Nothing was done with the answer.")
        return met.status is RecordStatus.WAITING  # our own write, whose reply was lost

    def give_up(self, record_id: str, attempt: str) -> bool:
        """Close a record whose question nobody answered in time.

        Returns:
            Whether this call closed it.

        Raises:
            StorageError: It could not be written.
        """
        token = uuid.uuid4().hex
        written = self._table.update(
            record_id,
            closed_values(NotAnswered.code, _NOT_ANSWERED, token),
            condition=f"{RECORD_ATTEMPT} = :attempt AND #status = :waiting "
            f"AND {RECORD_DEADLINE} < :now",
            compared={
                ":attempt": text(attempt),
                ":waiting": text(RecordStatus.WAITING),
                ":now": now_value(),
            },
            close=True,
        )
        return written.done or (written.record is not None and written.record.settled_by == token)


def _is_open(record: StoredRecord, question_id: str | None) -> bool:
    return record.status is RecordStatus.WAITING and question_id in {None, record.question_id}


def _is_its_answer(record: StoredRecord, question_id: str | None, answer: str) -> bool:
    """Whether the question that was answered last is the one meant, and has just this answer."""
    replied = record.replied or ""
    return replied == _mark(question_id or replied.partition("#")[0], answer)


def _mark(question_id: str, answer: str) -> str:
    return f"{question_id}#{hashlib.sha256(answer.encode(errors='replace')).hexdigest()}"
