"""``dynamodb:LeadingKeys``: the partition keys that a request on items names.

A policy may allow a role the items of some partitions only. AWS gives every request on items the
key with their values (Service Authorization Reference, "Condition keys for Amazon DynamoDB";
Developer Guide, "Using IAM policy conditions for fine-grained access control"), a query those of
the table, or of the index that it asks. A scan has none. MiniStack gives none at all, so that
``ForAllValues`` would hold for whatever is asked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import dynamodb

LEADING_KEYS: Final = "dynamodb:LeadingKeys"

#: What is compared with what in an expression of key conditions; anything but ``=`` is the sort
#: key's, since a query asks one partition.
_EQUALS: Final = re.compile(r"(?<![\w:#.])(#?[\w.-]+)\s*=\s*(:\w+)|(:\w+)\s*=\s*(#?[\w.-]+)")


def install() -> None:
    """Give the requests on items their keys."""
    context_of = iam_actions.dynamodb_service_context

    def with_leading_keys(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        keys = leading_keys(body)
        return {**context, LEADING_KEYS: keys} if keys else context

    iam_actions.dynamodb_service_context = with_leading_keys


def leading_keys(body: bytes) -> list[str]:
    """The values of partition keys in a request to DynamoDB; none where it names no item.

    A batch or a transaction has those of all its items, whichever table they are of: what may not
    touch one of them may not do any of it.
    """
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    return sorted({_as_text(value) for value in _values(request) if isinstance(value, dict)})


def _values(request: Mapping[str, Any]) -> Iterator[Any]:
    yield from _of_items(request)
    for member in request.get("TransactItems") or ():
        for operation in member.values():
            yield from _of_items(operation)
    for table, batch in (request.get("RequestItems") or {}).items():
        key = _partition_key(table, None)
        if isinstance(batch, Mapping):  # of a batch of reads
            yield from (one.get(key) for one in batch.get("Keys", ()))
        else:
            for write in batch:
                yield write.get("PutRequest", {}).get("Item", {}).get(key)
                yield write.get("DeleteRequest", {}).get("Key", {}).get(key)


def _of_items(request: Mapping[str, Any]) -> Iterator[Any]:
    """Those of a request on one item, or of a query."""
    table = request.get("TableName")
    if not isinstance(table, str):
        return
    key = _partition_key(table, request.get("IndexName"))
    for member in ("Key", "Item"):
        yield (request.get(member) or {}).get(key)
    for name, condition in (request.get("KeyConditions") or {}).items():
        if name == key:
            yield from condition.get("AttributeValueList", ())
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for found in _EQUALS.finditer(request.get("KeyConditionExpression") or ""):
        name, value = (found[1], found[2]) if found[1] else (found[4], found[3])
        if names.get(name, name) == key:
            yield values.get(value)


def _partition_key(table: str, index: str | None) -> str | None:
    """The name of a table's partition key, or of its index's; None where there is none such."""
    described = dynamodb._tables.get(table.rpartition(":table/")[2]) or {}
    if index is not None:
        indexes = [
            *(described.get("GlobalSecondaryIndexes") or ()),
            *(described.get("LocalSecondaryIndexes") or ()),
        ]
        described = next((one for one in indexes if one["IndexName"] == index), {})
    for part in described.get("KeySchema", ()):
        if part["KeyType"] == "HASH":
            return str(part["AttributeName"])
    return None


def _as_text(value: Mapping[str, Any]) -> str:
    """A text, a number's digits, or the base64 of bytes."""
    return str(next(iter(value.values()), ""))
