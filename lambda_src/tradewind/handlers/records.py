"""Invocation records: what was asked of whom, when, and how it ended. No prompts, no answers."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import (
    DuplicateRequest,
    StorageAccessDenied,
    StorageError,
    StorageUnavailable,
)
from tradewind.contracts.names import RECORD_KEY, RECORD_TTL
from tradewind.contracts.response import AgentAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400

# A request id is taken for good once it succeeded. A failed one may be sent again, and so may one
# whose function was killed: it still says "running" after its deadline.
_FREE: Final = (
    f"attribute_not_exists({RECORD_KEY}) OR #status = :failed "
    "OR (#status = :running AND deadline_at < :now)"
)


class Records(Protocol):
    """Where invocation records are kept; ``RecordTable`` deployed."""

    def start(
        self, *, request_id: str, project_id: str, agent: str, model_id: str, remaining_s: float
    ) -> None:
        """Record that a request is running.

        Raises:
            DuplicateRequest: The id is taken by a request that is running or succeeded.
            StorageError: The record could not be written.
        """

    def finish(self, answer: AgentAnswer) -> None:
        """Record how the request ended.

        Raises:
            StorageError: The record could not be written.
        """


class RecordTable:
    """``Records`` in a DynamoDB table."""

    def __init__(self, table_name: str, ttl_days: int, client: "DynamoDBClient") -> None:
        self._table_name = table_name
        self._ttl_s = ttl_days * _DAY_S
        self._client = client

    def start(
        self, *, request_id: str, project_id: str, agent: str, model_id: str, remaining_s: float
    ) -> None:
        """Put the record. Raises: see ``Records``."""
        now = time.time()
        item: dict[str, AttributeValueTypeDef] = {
            RECORD_KEY: {"S": request_id},
            "project_id": {"S": project_id},
            "agent": {"S": agent},
            "model_id": {"S": model_id},
            "status": {"S": "running"},
            "started_at": {"S": _iso(now)},
            "deadline_at": {"N": str(int(now + remaining_s))},
            RECORD_TTL: {"N": str(int(now) + self._ttl_s)},
        }
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=item,
                ConditionExpression=_FREE,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":failed": {"S": "failed"},
                    ":running": {"S": "running"},
                    ":now": {"N": str(int(now))},
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise _record_error(error, request_id) from error

    def finish(self, answer: AgentAnswer) -> None:
        """Update the record. Raises: see ``Records``."""
        values: dict[str, AttributeValueTypeDef] = {
            ":status": {"S": "succeeded" if answer.success else "failed"},
            ":finished_at": {"S": _iso(time.time())},
            ":error_code": {"S": answer.error.code} if answer.error else {"NULL": True},
            ":execution_ms": {"N": str(round(answer.performance.executionTime))},
            ":cold_start": {"BOOL": answer.performance.coldStart},
            ":input_tokens": {"N": str(answer.usage.input_tokens)},
            ":output_tokens": {"N": str(answer.usage.output_tokens)},
            ":artifacts": {"L": [{"S": artifact.key} for artifact in answer.artifacts]},
        }
        assignments = ", ".join(f"#{name[1:]} = {name}" for name in values)
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key={RECORD_KEY: {"S": answer.request_id}},
                UpdateExpression=f"SET {assignments}",
                ExpressionAttributeNames={f"#{name[1:]}": name[1:] for name in values},
                ExpressionAttributeValues=values,
            )
        except (ClientError, BotoCoreError) as error:
            raise _record_error(error, answer.request_id) from error


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")


def _record_error(error: ClientError | BotoCoreError, request_id: str) -> StorageError:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ConditionalCheckFailedException":
            return DuplicateRequest(
                f"Request {request_id} is already running or done. Use a new request id.",
                field="request_id",
            )
        if code == "AccessDeniedException":
            return StorageAccessDenied("The function's role may not write the invocation record.")
        return StorageUnavailable(f"Could not write the invocation record: {code}.")
    return StorageUnavailable(f"Could not write the invocation record: {type(error).__name__}.")
