"""Writes that are done only while a condition holds, and say what they met where it does not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws import dynamodb
from tradewind.contracts.errors import StorageError
from tradewind.contracts.names import RECORD_KEY, RECORD_OPEN
from tradewind.records.item import StoredRecord, read_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(frozen=True)
class Written:
    """What became of a write.

    Attributes:
        done: Whether the condition held.
        record: What was met, or what there is now where that was asked for; None for no record.
    """

    done: bool
    record: StoredRecord | None


class ConditionalTable:
    """A table of records.

    Args:
        name: The table's.
        client: A client that reaches it.
    """

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self.name = name
        self.client = client

    def read(self, record_id: str) -> StoredRecord | None:
        """Return a record; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        try:
            found = self.client.get_item(
                TableName=self.name, Key={RECORD_KEY: {"S": record_id}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error
        item = found.get("Item")
        return read_item(item) if item else None

    def put(
        self,
        item: "dict[str, AttributeValueTypeDef]",
        *,
        condition: str,
        compared: "Mapping[str, AttributeValueTypeDef]",
    ) -> Written:
        """Put a record; ``#status`` in the condition is its status.

        Raises:
            StorageError: It could not be written.
        """
        try:
            self.client.put_item(
                TableName=self.name,
                Item=item,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=dict(compared),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            return Written(done=False, record=self.met(error, item[RECORD_KEY]["S"]))
        return Written(done=True, record=None)

    def update(
        self,
        record_id: str,
        values: "Mapping[str, AttributeValueTypeDef]",
        *,
        condition: str,
        compared: "Mapping[str, AttributeValueTypeDef]",
        close: bool = False,
        tell: bool = False,
    ) -> Written:
        """Set attributes.

        Args:
            record_id: Whose.
            values: By name.
            condition: May name ``#status``, and ``:set_NAME`` for a value that is set.
            compared: What it compares with, besides.
            close: Whether to take the record out of the open ones.
            tell: Whether to return the record as it is then.

        Raises:
            StorageError: It could not be written.
        """
        named = {f"#{name}": name for name in values}
        if close:
            named[f"#{RECORD_OPEN}"] = RECORD_OPEN
        if "#status" in condition:
            named["#status"] = "status"
        assignments = ", ".join(f"#{name} = :set_{name}" for name in values)
        try:
            updated = self.client.update_item(
                TableName=self.name,
                Key={RECORD_KEY: {"S": record_id}},
                UpdateExpression=f"SET {assignments}"
                + (f" REMOVE #{RECORD_OPEN}" if close else ""),
                ConditionExpression=condition,
                ExpressionAttributeNames=named,
                ExpressionAttributeValues={
                    **{f":set_{name}": value for name, value in values.items()},
                    **compared,
                },
                ReturnValues="ALL_NEW" if tell else "NONE",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            return Written(done=False, record=self.met(error, record_id))
        return Written(done=True, record=read_item(updated["Attributes"]) if tell else None)

    def met(self, error: ClientError | BotoCoreError, record_id: str) -> StoredRecord | None:
        """The record that a failed condition met.

        Raises:
            StorageError: The write failed for another reason.
        """
        if not dynamodb.failed_condition(error):
            raise storage_error(error) from error
        item = dynamodb.item_met(error)
        return read_item(item) if item else self.read(record_id)  # not every endpoint returns it


def storage_error(error: ClientError | BotoCoreError) -> StorageError:
    """Say what went wrong with the table, in a typed error."""
    return dynamodb.storage_error(error, "the invocation record")


def text(value: str) -> "AttributeValueTypeDef":
    """A text as DynamoDB takes it."""
    return {"S": value}
