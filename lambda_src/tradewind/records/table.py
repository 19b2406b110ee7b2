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
    RequestIdReused,
    StorageAccessDenied,
    StorageError,
    StorageUnavailable,
)
from tradewind.contracts.names import RECORD_ATTEMPT, RECORD_DEADLINE, RECORD_KEY, RECORD_OPEN
from tradewind.records.item import (
    RecordedRequest,
    RecordStatus,
    StoredRecord,
    ended_values,
    iso,
    new_item,
    read_item,
)
from tradewind.records.kept_answer import EncodedAnswer

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
#: Starts of one request that may find the record changed under them before it is given up.
_STARTS: Final = 3


@dataclass(frozen=True)
class Start:
    """What became of a request's start.

    Attributes:
        kept: The answer of an earlier run that succeeded; nothing is to be done then.
        settled: Whether the record was overdue: the function of an earlier run died.
        repeated: Whether there may have been an earlier run, and what it left.
    """

    kept: dict[str, Any] | None = None
    settled: bool = False
    repeated: bool = False


class Records(Protocol):
    """Where invocation records are kept; ``RecordTable`` deployed."""

    def start(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        """Record that a request is running, unless it has been answered before.

        Args:
            request: The request.
            remaining_s: Seconds until its function is killed.
            ttl_days: How long the record is kept.

        Raises:
            DuplicateRequest: It is running.
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


class RecordTable:
    """``Records`` in a DynamoDB table.

    Args:
        name: The table's.
        client: A client that reaches it.
    """

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self.name = name
        self._client = client

    def start(self, request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        """Put the record. See ``Records``."""
        item = new_item(request, remaining_s=remaining_s, ttl_s=ttl_days * _DAY_S)
        at_most = ""
        for _ in range(_STARTS):
            try:
                replaced = self._put(request, item)
                return Start(
                    settled=replaced is not None and replaced.overdue,
                    repeated=replaced is not None,
                )
            except ClientError as error:
                stored = self._refused_by(error, request.record_id)
            except BotoCoreError as error:
                raise storage_error(error) from error
            except DeadlineExceeded as error:
                # Nothing was done for the request: it must not be taken for answered.
                raise StorageUnavailable("There was no time to open the record.") from error
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

    def finish(self, request: RecordedRequest, encoded: EncodedAnswer) -> bool:
        """Update the record. See ``Records``."""
        try:
            self._update(
                request.record_id,
                ended_values(encoded),
                condition=f"{RECORD_ATTEMPT} = :attempt",
                compared={":attempt": {"S": request.attempt}},
            )
        except (ClientError, BotoCoreError) as error:
            if _failed_condition(error):
                return False
            raise storage_error(error) from error
        return True

    def read(self, record_id: str) -> StoredRecord | None:
        """Return a record; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        try:
            found = self._client.get_item(
                TableName=self.name, Key={RECORD_KEY: {"S": record_id}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error
        item = found.get("Item")
        return read_item(item) if item else None

    def settle(self, record_id: str, attempt: str) -> bool:
        """Close the record of a run whose function died: it failed with ``FUNCTION_DIED``.

        Args:
            record_id: The record's key.
            attempt: The run that was found overdue.

        Returns:
            Whether this call closed it. If not, it was not overdue, or somebody else was first.

        Raises:
            StorageError: The record could not be written.
        """
        token = uuid.uuid4().hex
        values: dict[str, AttributeValueTypeDef] = {
            "status": {"S": RecordStatus.FAILED},
            "finished_at": {"S": iso(time.time())},
            "error_code": {"S": FunctionDied.code},
            "settled_by": {"S": token},
        }
        try:
            self._update(
                record_id,
                values,
                condition=f"{RECORD_ATTEMPT} = :attempt AND {_OVERDUE}",
                compared={":attempt": {"S": attempt}, **_overdue_values()},
            )
        except (ClientError, BotoCoreError) as error:
            if not _failed_condition(error):
                raise storage_error(error) from error
            met = _item_met(error)
            return met is not None and met.get("settled_by") == {"S": token}
        return True

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

    def _refused_by(self, error: ClientError, record_id: str) -> StoredRecord | None:
        """The record that a failed condition met."""
        if not _failed_condition(error):
            raise storage_error(error) from error
        met = _item_met(error)
        return read_item(met) if met else self.read(record_id)  # not every endpoint returns it

    def _update(
        self,
        record_id: str,
        values: "dict[str, AttributeValueTypeDef]",
        *,
        condition: str,
        compared: "dict[str, AttributeValueTypeDef]",
    ) -> None:
        """Set attributes, and take the record out of the open ones."""
        assignments = ", ".join(f"#{name} = :set_{name}" for name in values)
        self._client.update_item(
            TableName=self.name,
            Key={RECORD_KEY: {"S": record_id}},
            UpdateExpression=f"SET {assignments} REMOVE #{RECORD_OPEN}",
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in (*values, RECORD_OPEN)},
            ExpressionAttributeValues={
                **{f":set_{name}": value for name, value in values.items()},
                **compared,
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )


def _overdue_values() -> "dict[str, AttributeValueTypeDef]":
    return {":running": {"S": RecordStatus.RUNNING}, ":now": {"N": str(int(time.time()))}}


def _item_met(error: ClientError | BotoCoreError) -> "dict[str, AttributeValueTypeDef] | None":
    """The item that a failed condition met, where the service returns it."""
    response: dict[str, Any] = dict(getattr(error, "response", {}))
    return response.get("Item")


def _failed_condition(error: Exception) -> bool:
    return (
        isinstance(error, ClientError)
        and error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
    )


def storage_error(error: ClientError | BotoCoreError) -> StorageError:
    """Say what went wrong with the table, in a typed error."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code == "AccessDeniedException":
            return StorageAccessDenied("The role may not read or write the invocation record.")
        return StorageUnavailable(f"The invocation record could not be reached: {code}.")
    return StorageUnavailable(
        f"The invocation record could not be reached: {type(error).__name__}."
    )
