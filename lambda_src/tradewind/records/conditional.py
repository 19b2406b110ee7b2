"""Writes that are done only while a condition holds, and say what they met where it does not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws import dynamodb
from tradewind.contracts.errors import StorageError
from tradewind.contracts.names import RECORD_KEY
from tradewind.records.item import UNTIL_THE_END, StoredRecord, read_item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        unless_there: "Mapping[str, AttributeValueTypeDef] | None" = None,
        copied: "Mapping[str, str] | None" = None,
        remove: "Sequence[str]" = (),
        close: bool = False,
        tell: bool = False,
    ) -> Written:
        """Set attributes.

        Args:
            record_id: Whose.
            values: By name.
            condition: May name ``#status``, and ``:set_NAME`` for a value that is set.
            compared: What it compares with, besides.
            unless_there: Likewise; of these, those that are there stay.
            copied: Attributes that become what another one is, by that one's name.
            remove: Attributes that go.
            close: Whether the request ends: out of the open ones, and what it has until then.
            tell: Whether to return the record as it is then.

        Raises:
            StorageError: It could not be written.
        """
        given = {**values, **(unless_there or {})}
        removed = [*remove, *(UNTIL_THE_END if close else ())]
        copies = copied or {}
        named = {f"#{name}": name for name in (*given, *copies, *copies.values(), *removed)}
        if "#status" in condition:
            named["#status"] = "status"
        assignments = [f"#{name} = :set_{name}" for name in values]
        assignments += [
            f"#{name} = if_not_exists(#{name}, :set_{name})" for name in unless_there or ()
        ]
        assignments += [f"#{name} = #{source}" for name, source in copies.items()]
        removals = ", ".join(f"#{name}" for name in removed)
        try:
            updated = self.client.update_item(
                TableName=self.name,
                Key={RECORD_KEY: {"S": record_id}},
                UpdateExpression=f"SET {', '.join(assignments)}"
                + (f" REMOVE {removals}" if removals else ""),
                ConditionExpression=condition,
                ExpressionAttributeNames=named,
                ExpressionAttributeValues={
                    **{f":set_{name}": value for name, value in given.items()},
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
