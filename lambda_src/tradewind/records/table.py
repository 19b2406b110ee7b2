"""Records in a DynamoDB table. Each write is conditional, and recognises itself when repeated.

A write whose reply is lost is sent again, by the client or by a caller, and then meets what it
wrote. So every write says whose it is: an attempt of its own for the request, or a token for the
settling.
"""

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import (
    DeadlineExceeded,
    DuplicateRequest,
    FunctionDied,
    NotAccepted,
    RequestIdReused,
    StorageUnavailable,
)
from tradewind.contracts.moments import iso
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
    ended_values,
    new_item,
    now_value,
    read_item,
    started_values,
)
from tradewind.records.kept_answer import EncodedAnswer
from tradewind.records.questions import Asking, Questions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400

#: "Running" though the function has been killed by now.
_OVERDUE: Final = f"#status = :running AND {RECORD_DEADLINE} < :now"
# An id stands for one request. It may run again once it failed, or when its function died.
_FREE: Final = (
    f"attribute_not_exists({RECORD_KEY}) "
    f"OR (request_sha256 = :sha256 AND (#status = :failed OR ({_OVERDUE})))"
)
_DIED: Final = "The function ended before the request did."
#: Starts of one request that may find the record changed under them before it is given up.
_STARTS: Final = 3


@dataclass(frozen=True)
class Start:
    """What became of a request's start.

    Attributes:
        kept: The answer of an earlier run that succeeded; nothing is to be done then.
        settled: Whether the record was overdue: the function of an earlier run died.
        repeated: Whether there may have been an earlier run, and what it left.
        answered: The record of a question that this run goes on from, with the answer; None for a
            run that begins.
    """

    kept: dict[str, Any] | None = None
    settled: bool = False
    repeated: bool = False
    answered: StoredRecord | None = None


class Records(Protocol):
    """Where invocation records are kept; ``RecordTable`` deployed."""

    def start(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        """Record that a request is running, unless it has been answered before.

        Args:
            request: The request.
            remaining_s: Seconds until its function is killed.
            ttl_days: How long the record is kept.

        Raises:
            DuplicateRequest: It is running; or the API has taken it, and it has ended.
            NotAccepted: The API should have taken it, and has not.
            RequestIdReused: The id was used for something else.
            StorageError: The record could not be written.
        """

    def finish(self, request: RecordedRequest, encoded: EncodedAnswer) -> bool:
        """Record how the request ended, and keep its answer.

        Returns:
            Whether it did. If not, the record is gone, or another run's by now.

        Raises:
            StorageError: The record could not be written.
        """

    def ask(self, request: RecordedRequest, asking: Asking, *, ttl_days: int) -> bool:
        """Record that the request waits for a person. See ``Questions.ask``."""

    def put_back(self, request: RecordedRequest) -> bool:
        """Ask again what this run has the answer of. See ``Questions.put_back``."""


class RecordTable:
    """``Records`` in a DynamoDB table.

    Args:
        name: The table's.
        client: A client that reaches it.
    """

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self.name = name
        self._client = client
        self.table = ConditionalTable(name, client)
        self.questions = Questions(self.table)

    def start(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        """Put the record, or take the opened one. See ``Records``."""
        try:
            if request.accepted:
                return self._take(request, remaining_s=remaining_s, ttl_days=ttl_days)
            return self._begin(request, remaining_s=remaining_s, ttl_days=ttl_days)
        except DeadlineExceeded as error:
            # Nothing was done for the request: it must not be taken for answered.
            raise StorageUnavailable("There was no time to open the record.") from error

    def _begin(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        item = new_item(request, remaining_s=remaining_s, ttl_s=ttl_days * _DAY_S)
        at_most = ""
        for _ in range(_STARTS):
            try:
                replaced = self._put(request, item)
                return Start(
                    settled=replaced is not None and replaced.overdue,
                    repeated=replaced is not None,
                )
            except (ClientError, BotoCoreError) as error:
                stored = self.table.met(error, request.record_id)
            if stored is None:
                continue  # deleted meanwhile
            if stored.attempt == request.attempt:
                # Our own write, whose reply was lost: what it replaced is not known.
                return Start(repeated=True)
            if stored.sha256 != request.sha256:
                raise RequestIdReused(
                    f"Request id {request.request_id} was used for another request. "
                    "Use a new request id.",
                    field="request_id",
                )
            if stored.status is RecordStatus.SUCCEEDED and stored.answer is not None:
                return Start(kept=stored.answer)
            if stored.status is RecordStatus.RUNNING and not stored.overdue:
                # Also when its function died; then the id is free again.
                at_most = f", for {max(1, stored.deadline_at - int(time.time()))} s at most"
                break
        raise DuplicateRequest(
            f"Request {request.request_id} is being worked on{at_most}. "
            "Send it again later for its answer.",
            field="request_id",
        )

    def _take(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        """Begin with a record that the API has opened, or go on with it; with no other."""
        goes_on = f" AND attribute_exists({RECORD_CONTINUATION})" if request.goes_on else ""
        written = self.table.update(
            request.record_id,
            started_values(request, remaining_s=remaining_s, ttl_s=ttl_days * _DAY_S),
            unless_there={"started_at": text(iso(time.time()))},
            condition=f"#status = :pending AND request_sha256 = :sha256{goes_on}",
            compared={
                ":pending": text(RecordStatus.PENDING),
                ":sha256": text(request.sha256),
            },
            tell=True,
        )
        met = written.record
        if written.done:
            return _begun(met)
        if met is None or met.sha256 != request.sha256:
            raise NotAccepted(
                f"The API has opened no record for request {request.request_id}.",
                field="request_id",
            )
        if met.attempt == request.attempt:
            return _begun(met)  # our own write, whose reply was lost
        if met.ended and met.answer is not None:
            return Start(kept=met.answer)
        state = "is being worked on"
        if met.rests:
            state = f"failed with {met.error_code}" if met.ended else "waits for a person's answer"
        raise DuplicateRequest(f"Request {request.request_id} {state}.", field="request_id")

    def finish(self, request: RecordedRequest, encoded: EncodedAnswer) -> bool:
        """Update the record. See ``Records``."""
        condition = f"{RECORD_ATTEMPT} = :attempt"
        compared: dict[str, AttributeValueTypeDef] = {":attempt": text(request.attempt)}
        if request.accepted:
            # Its end stays, whoever wrote it. Our own, whose reply was lost, is written again.
            condition += " AND (#status = :running OR answer = :set_answer)"
            compared[":running"] = text(RecordStatus.RUNNING)
        written = self.table.update(
            request.record_id,
            ended_values(encoded),
            condition=condition,
            compared=compared,
            close=True,
        )
        return written.done

    def ask(self, request: RecordedRequest, asking: Asking, *, ttl_days: int) -> bool:
        """Update the record. See ``Records``."""
        return self.questions.ask(request, asking, ttl_days=ttl_days)

    def put_back(self, request: RecordedRequest) -> bool:
        """Update the record. See ``Records``."""
        return self.questions.put_back(request.record_id, request.attempt)

    def read(self, record_id: str) -> StoredRecord | None:
        """Return a record; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        return self.table.read(record_id)

    def settle(self, record_id: str, attempt: str, kept: EncodedAnswer | None = None) -> bool:
        """Close the record of a run whose function died: it failed with ``FUNCTION_DIED``.

        Args:
            record_id: The record's key.
            attempt: The run that was found overdue.
            kept: Its answer, where it is known after all; the record ends with it then.

        Returns:
            Whether this call closed it. If not, it was not overdue, or somebody else was first.

        Raises:
            StorageError: The record could not be written.
        """
        token = uuid.uuid4().hex
        values = (
            closed_values(FunctionDied.code, _DIED, token)
            if kept is None
            else {**ended_values(kept), "settled_by": text(token)}
        )
        written = self.table.update(
            record_id,
            values,
            condition=f"{RECORD_ATTEMPT} = :attempt AND {_OVERDUE}",
            compared={":attempt": text(attempt), **_overdue_values()},
            close=True,
        )
        return written.done or (written.record is not None and written.record.settled_by == token)

    def _put(
        self, request: RecordedRequest, item: "dict[str, AttributeValueTypeDef]"
    ) -> StoredRecord | None:
        put = self._client.put_item(
            TableName=self.name,
            Item=item,
            ConditionExpression=_FREE,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":failed": {"S": RecordStatus.FAILED},
                ":sha256": {"S": request.sha256},
                **_overdue_values(),
            },
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        replaced = put.get("Attributes")
        return read_item(replaced) if replaced else None


def _begun(record: StoredRecord | None) -> Start:
    """Where a run stands that has just taken a record: at its beginning, or at an answer."""
    goes_on = record is not None and record.continuation is not None and record.reply is not None
    return Start(answered=record if goes_on else None)


def _overdue_values() -> "dict[str, AttributeValueTypeDef]":
    return {":running": {"S": RecordStatus.RUNNING}, ":now": now_value()}
