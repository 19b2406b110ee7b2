"""The API's side of a record: it opens one, and closes what no function has begun with.

A function begins only with a record that is pending, and each of the writes here is done only on
one that is. So a request is worked on once, however often and by whomever its function is told to;
and what is closed here was never worked on.

A write whose reply is lost is sent again, by the client or by a caller, and then meets what it
wrote: so an opening has an attempt of its own, and a closing a token.
"""

import uuid
from typing import TYPE_CHECKING, Final

from tradewind.contracts.errors import (
    Cancelled,
    DuplicateRequest,
    NotStarted,
    every_error,
)
from tradewind.contracts.names import (
    RECORD_ATTEMPT,
    RECORD_CONTINUATION,
    RECORD_DEADLINE,
    RECORD_KEY,
)
from tradewind.records.conditional import ConditionalTable, text
from tradewind.records.item import (
    RecordedRequest,
    RecordStatus,
    StoredRecord,
    closed_values,
    now_value,
    opened_item,
    read_item,
    told_values,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400
#: A record that changes under whoever looks at it is looked at so often.
_LOOKS: Final = 4
_CANCELLED: Final = "It was cancelled while no function worked on it."
#: No function has begun with it, not even up to a question: what is closed so is lost to nobody.
_UNTOUCHED: Final = f"#status = :pending AND attribute_not_exists({RECORD_CONTINUATION})"


class Openings:
    """Opens and closes records of requests that come through the API.

    Args:
        table: Where they are.
    """

    def __init__(self, table: ConditionalTable) -> None:
        self._table = table

    def open(self, request: RecordedRequest, *, life_s: int, ttl_days: int) -> StoredRecord:
        """Record that a request was taken, unless there is a record of it.

        One that failed before anything was asked is opened again, for the same question.

        Args:
            request: The request; its attempt names this opening.
            life_s: Seconds after which no function begins with it any more.
            ttl_days: How long the record is kept.

        Returns:
            The record there is now: this opening's, or another one's.

        Raises:
            StorageError: It could not be written.
        """
        item = opened_item(request, life_s=life_s, ttl_s=ttl_days * _DAY_S)
        codes = {f":nothing_{n}": text(code) for n, code in enumerate(sorted(asked_nothing()))}
        any_of_them = " OR ".join(f"error_code = {name}" for name in codes)
        condition = (
            f"attribute_not_exists({RECORD_KEY}) OR "
            # One that has come to a question asked a model, whatever it failed with later.
            "(request_sha256 = :sha256 AND #status = :failed AND attribute_not_exists(used) "
            f"AND (asked_nothing = :true OR {any_of_them}))"
        )
        compared: dict[str, AttributeValueTypeDef] = {
            ":sha256": text(request.sha256),
            ":failed": text(RecordStatus.FAILED),
            ":true": {"BOOL": True},
            **codes,
        }
        for _ in range(_LOOKS):
            written = self._table.put(item, condition=condition, compared=compared)
            if written.done:
                return read_item(item)
            if written.record is None:
                continue  # deleted meanwhile
            # Our own write whose reply was lost, or somebody else's.
            return written.record
        raise DuplicateRequest("The request's record comes and goes. Send it again later.")

    def take_over(self, record: StoredRecord, attempt: str) -> StoredRecord | None:
        """Be the one who tells a function of a pending request, in place of who was to.

        Args:
            record: As it was read.
            attempt: Of who wants to.

        Returns:
            The record there is now, with this attempt if it was taken over; None for none.

        Raises:
            StorageError: It could not be written.
        """
        written = self._table.update(
            record.record_id,
            {RECORD_ATTEMPT: text(attempt), **told_values()},
            condition=f"{RECORD_ATTEMPT} = :before AND #status = :pending",
            compared={":before": text(record.attempt), ":pending": text(RecordStatus.PENDING)},
            tell=True,
        )
        return written.record

    def queued(self, record_id: str, attempt: str) -> StoredRecord | None:
        """Say that a pending request's event is in Lambda's queue, which repeats it by itself.

        Args:
            record_id: The record's key.
            attempt: Who has put it there.

        Returns:
            The record there is now; None for none.

        Raises:
            StorageError: It could not be written.
        """
        written = self._table.update(
            record_id,
            told_values(queued=True),
            condition=f"{RECORD_ATTEMPT} = :attempt AND #status = :pending",
            compared={":attempt": text(attempt), ":pending": text(RecordStatus.PENDING)},
            tell=True,
        )
        return written.record

    def close(self, record_id: str, code: str, message: str) -> bool:
        """Close a record that is pending: it failed before anything was done for it.

        Args:
            record_id: The record's key.
            code: Of the failure.
            message: What to tell of it; no word of the request.

        Returns:
            Whether this call closed it.

        Raises:
            StorageError: It could not be written.
        """
        return self._close(record_id, code, message, _UNTOUCHED, {})

    def expire(self, record_id: str, attempt: str) -> bool:
        """Close a record that no function has begun with in time. As ``close``."""
        message = "No function began with the request in time. It may be sent again."
        condition = f"{RECORD_ATTEMPT} = :attempt AND {_UNTOUCHED} AND {RECORD_DEADLINE} < :now"
        compared: dict[str, AttributeValueTypeDef] = {
            ":attempt": text(attempt),
            ":now": now_value(),
        }
        return self._close(record_id, NotStarted.code, message, condition, compared)

    def cancel(self, record_id: str) -> StoredRecord | None:
        """Cancel a request: at once while no function works on it, later if one does.

        Args:
            record_id: The record's key.

        Returns:
            The record; None where there is none.

        Raises:
            StorageError: It could not be written.
            DuplicateRequest: It changes whenever it is looked at.
        """
        for _ in range(_LOOKS):
            record = self._table.read(record_id)
            if record is None or record.ended or record.cancel_requested:
                return record
            if record.status is not RecordStatus.RUNNING:
                at_rest = "(#status = :pending OR #status = :waiting)"
                waiting = {":waiting": text(RecordStatus.WAITING)}
                if self._close(record_id, Cancelled.code, _CANCELLED, at_rest, waiting):
                    return self._table.read(record_id)
                continue
            written = self._table.update(
                record_id,
                {"cancel_requested": {"BOOL": True}},
                condition="#status = :running",
                compared={":running": text(RecordStatus.RUNNING)},
                tell=True,
            )
            if written.done:
                return written.record
        raise DuplicateRequest("The request's state changes too fast. Send it again later.")

    def _close(
        self,
        record_id: str,
        code: str,
        message: str,
        condition: str,
        compared: "dict[str, AttributeValueTypeDef]",
    ) -> bool:
        token = uuid.uuid4().hex
        written = self._table.update(
            record_id,
            closed_values(code, message, token),
            condition=condition,
            compared={":pending": text(RecordStatus.PENDING), **compared},
            close=True,
        )
        return written.done or (written.record is not None and written.record.settled_by == token)


def opens_again(record: StoredRecord, request: RecordedRequest) -> bool:
    """Whether ``Openings.open`` would open this record again for ``request``."""
    return (
        record.sha256 == request.sha256
        and record.status is RecordStatus.FAILED
        and record.used is None
        and (record.asked_nothing or record.error_code in asked_nothing())
    )


def asked_nothing() -> set[str]:
    """The codes of failures after which a request may be opened again."""
    return {error.code for error in every_error() if error.asked_nothing}
