"""What the conversations' calls of DynamoDB have in common."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import StorageAccessDenied, StorageError, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


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


def failed_condition(error: Exception) -> bool:
    """Whether a write's condition did not hold."""
    return (
        isinstance(error, ClientError)
        and error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
    )


def item_met(error: ClientError | BotoCoreError) -> "dict[str, AttributeValueTypeDef] | None":
    """The item that a failed condition met, where the service returns it."""
    response: dict[str, Any] = dict(getattr(error, "response", {}))
    return response.get("Item")


def storage_error(error: ClientError | BotoCoreError) -> StorageError:
    """Say what went wrong with the table, in a typed error."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code == "AccessDeniedException":
            return StorageAccessDenied("The role may not read or write the conversation.")
        return StorageUnavailable(f"The conversation could not be reached: {code}.")
    return StorageUnavailable(f"The conversation could not be reached: {type(error).__name__}.")


def iso(epoch_s: float) -> str:
    """A moment as text."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")
