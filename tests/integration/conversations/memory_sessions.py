"""The table of conversations in memory, which reads the real conditions and updates.

``test_memory_sessions`` holds it against a real one's answers in every state of a conversation.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.integration.bad_day.memory_table import Item, require_condition
from tradewind.contracts.names import SESSION_KEY, SESSION_TURN

_UPDATE: Final = re.compile(r"(?:SET (?P<set>.+?))?\s*(?:REMOVE (?P<remove>[#\w, ]+))?")
_IF_THERE: Final = re.compile(r"if_not_exists\((#\w+), (:\w+)\)")
_ASSIGNMENTS: Final = re.compile(r", (?=#\w+ =)")

_Key = tuple[str, str]


class MemorySessions:
    """As much of a DynamoDB client as conversations need. Each call is one step, whole or not.

    Attributes:
        items: By key.
    """

    def __init__(self) -> None:
        self.items: dict[_Key, Item] = {}

    def put_item(self, *, Item: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        """Put an item if its condition holds."""
        key = _key_of(Item)
        require_condition(self.items.get(key), "PutItem", request)
        self.items[key] = dict(Item)
        return {}

    def update_item(self, *, Key: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        """Update an item if its condition holds."""
        key = _key_of(Key)
        old = self.items.get(key)
        require_condition(old, "UpdateItem", request)
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        update = _UPDATE.fullmatch(request["UpdateExpression"])
        assert update is not None, request["UpdateExpression"]
        new = {**Key, **(old or {})}
        for assignment in _ASSIGNMENTS.split(update["set"]) if update["set"] else ():
            name, _, value = assignment.partition(" = ")
            unless = _IF_THERE.fullmatch(value)
            if unless is None:
                new[names[name]] = values[value]
            elif names[name] not in new:
                assert unless[1] == name
                new[names[name]] = values[unless[2]]
        for name in update["remove"].split(", ") if update["remove"] else ():
            new.pop(names[name], None)
        self.items[key] = new
        return {"Attributes": new}

    def get_item(self, *, Key: Item, **_request: Any) -> dict[str, Any]:  # noqa: N803
        """Return an item, as it is now."""
        item = self.items.get(_key_of(Key))
        return {} if item is None else {"Item": item}

    def delete_item(self, *, Key: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        """Delete an item if its condition holds."""
        key = _key_of(Key)
        require_condition(self.items.get(key), "DeleteItem", request)
        self.items.pop(key, None)
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        """Return a page of a conversation's items, the last ones first."""
        assert request["KeyConditionExpression"] == "#key = :key AND begins_with(#turn, :prefix)"
        assert request["ConsistentRead"]
        assert not request["ScanIndexForward"]
        values = request["ExpressionAttributeValues"]
        wanted, prefix = values[":key"]["S"], values[":prefix"]["S"]
        found = sorted(
            (key for key in self.items if key[0] == wanted and key[1].startswith(prefix)),
            reverse=True,
        )
        start: Mapping[str, Any] | None = request.get("ExclusiveStartKey")
        if start is not None:
            found = [key for key in found if key < _key_of(start)]
        limit = request.get("Limit", len(found))
        page: dict[str, Any] = {"Items": [self.items[key] for key in found[:limit]]}
        if len(found) > limit:
            last = self.items[found[limit - 1]]
            page["LastEvaluatedKey"] = {name: last[name] for name in (SESSION_KEY, SESSION_TURN)}
        return page


def _key_of(item: Item) -> _Key:
    return item[SESSION_KEY]["S"], item[SESSION_TURN]["S"]
