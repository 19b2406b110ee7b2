"""Calls of the table of conversations: what appending and deleting have in common."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws import dynamodb
from tradewind.aws.dynamodb import failed_condition, item_met
from tradewind.contracts.errors import SessionBusy, StorageError
from tradewind.contracts.names import SESSION_KEY, SESSION_TURN
from tradewind.conversations.item import HEAD, Head, read_head, turn_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400

#: No turn is at work on it, or its function has been killed by now.
UNHELD: Final = "attribute_not_exists(#holder) OR #held_until < :now"


@dataclass(frozen=True)
class Update:
    """A conditional update of an item.

    Attributes:
        values: What is set.
        unless_there: What is set where there is nothing yet.
        remove: What is removed.
        condition: When; attributes are written ``#name``.
        compared: The values in the condition.
    """

    condition: str
    compared: "dict[str, AttributeValueTypeDef]"
    values: "dict[str, AttributeValueTypeDef]" = field(default_factory=dict)
    unless_there: "dict[str, AttributeValueTypeDef]" = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def expressions(self) -> dict[str, Any]:
        """As arguments of ``update_item``."""
        assignments = [f"#{name} = :set_{name}" for name in self.values]
        assignments += [
            f"#{name} = if_not_exists(#{name}, :set_{name})" for name in self.unless_there
        ]
        clauses = []
        if assignments:
            clauses.append(f"SET {', '.join(assignments)}")
        if self.remove:
            clauses.append(f"REMOVE {', '.join(f'#{name}' for name in self.remove)}")
        names = {*self.values, *self.unless_there, *self.remove}
        names |= set(re.findall(r"#(\w+)", self.condition))
        given = {**self.values, **self.unless_there}
        return {
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": self.condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in sorted(names)},
            "ExpressionAttributeValues": {
                **{f":set_{name}": value for name, value in given.items()},
                **self.compared,
            },
        }


def storage_error(error: ClientError | BotoCoreError) -> StorageError:
    """Say what went wrong with the table, in a typed error."""
    return dynamodb.storage_error(error, "the conversation")


class SessionCalls:
    """A table of conversations, call by call.

    Args:
        name: The table's.
        client: A client that reaches it.
        ttl_days: How long a conversation is kept after its last turn.
    """

    def __init__(self, name: str, client: "DynamoDBClient", *, ttl_days: int) -> None:
        self.name = name
        self.client = client
        self._ttl_s = ttl_days * _DAY_S

    def head(self, key: str) -> Head | None:
        """Return a conversation's head; None when there is none.

        Raises:
            StorageError: It could not be read.
        """
        try:
            found = self.client.get_item(
                TableName=self.name, Key=turn_key(key, HEAD), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise storage_error(error) from error
        item = found.get("Item")
        return read_head(item) if item else None

    def head_met(self, error: ClientError | BotoCoreError, key: str) -> Head | None:
        """The head that a failed condition met.

        Raises:
            StorageError: The call failed for another reason.
        """
        if not failed_condition(error):
            raise storage_error(error) from error
        met = item_met(error)
        return read_head(met) if met else self.head(key)  # not every endpoint returns it

    def query(
        self, key: str, prefix: str, *, limit: int | None = None, keys_only: bool = False
    ) -> "Iterator[dict[str, AttributeValueTypeDef]]":
        """Read the items whose keys begin so, the last ones first.

        Raises:
            StorageError: They could not be read.
        """
        query: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "#key = :key AND begins_with(#turn, :prefix)",
            "ExpressionAttributeNames": {"#key": SESSION_KEY, "#turn": SESSION_TURN},
            "ExpressionAttributeValues": {":key": {"S": key}, ":prefix": {"S": prefix}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        if limit is not None:
            query["Limit"] = limit
        if keys_only:
            query["ProjectionExpression"] = "#key, #turn"
        while True:
            try:
                page = self.client.query(**query)
            except (ClientError, BotoCoreError) as error:
                raise storage_error(error) from error
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def update(self, key: str, update: Update) -> "dict[str, AttributeValueTypeDef]":
        """Update a head; return it as it is then. Raises what the client does."""
        done = self.client.update_item(
            TableName=self.name,
            Key=turn_key(key, HEAD),
            **update.expressions(),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return done["Attributes"]

    def expiry(self, now: float) -> "AttributeValueTypeDef":
        """When an item goes that is written now."""
        return {"N": str(int(now) + self._ttl_s)}


def busy(head: Head | None, now: float) -> SessionBusy:
    """Say that a turn is at work, and for how long at most."""
    at_most = f", for {max(1, head.held_until - int(now))} s at most" if head else ""
    return SessionBusy(
        f"Another turn of this conversation is at work{at_most}. Send it again later.",
        field="session_id",
    )
