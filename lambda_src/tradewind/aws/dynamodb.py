"""What DynamoDB says when it does not do what it is asked."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import StorageAccessDenied, StorageError, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def failed_condition(error: Exception) -> bool:
    """Whether a write's condition did not hold."""
    return (
        isinstance(error, ClientError)
        and error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
    )


def item_met(error: Exception) -> "dict[str, AttributeValueTypeDef] | None":
    """The item that a failed condition met, where the endpoint returns it."""
    response: dict[str, Any] = dict(getattr(error, "response", {}))
    return response.get("Item")


def storage_error(error: ClientError | BotoCoreError, what: str) -> StorageError:
    """Say in a typed error why ``what``, such as "the conversation", was not read or written."""
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code == "AccessDeniedException":
            return StorageAccessDenied(f"The role may not read or write {what}.")
    return StorageUnavailable(f"{what.capitalize()} could not be reached: {code}.")
