"""The table of records in memory, which reads the real conditions and updates.

Stands in place of a DynamoDB client where thousands of orders are tried. ``test_interleaved`` holds
it against a real one's answers in every state of a record.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from botocore.exceptions import ClientError

from tradewind.contracts.names import RECORD_KEY

Item = Mapping[str, Any]
_Test = Callable[[Item, Mapping[str, str], Item], bool]

_TOKEN: Final = re.compile(r"\s*([()=]|<=?|[#:]?\w+)")
_UPDATE: Final = re.compile(r"SET (?P<set>.+?)( REMOVE (?P<remove>#\w+(, #\w+)*))?")
_ASSIGNMENT: Final = re.compile(
    r"(?P<name>#\w+) = (if_not_exists\((?P<unless>#\w+), (?P<first>:\w+)\)|(?P<value>[:#]\w+))"
)


class MemoryTable:
    """As much of a DynamoDB client as records need. Each call is one step, whole or not at all.

    Attributes:
        items: By key.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    def put_item(self, *, Item: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        """Put an item if its condition holds."""
        key = Item[RECORD_KEY]["S"]
        old = self.items.get(key)
        require_condition(old, "PutItem", request)
        self.items[key] = _kept(Item)
        return {} if old is None else {"Attributes": old}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Update an item if its condition holds."""
        key = request["Key"][RECORD_KEY]["S"]
        old = self.items.get(key)
        require_condition(old, "UpdateItem", request)
        names = request["ExpressionAttributeNames"]
        values = _kept(request["ExpressionAttributeValues"])
        update = _UPDATE.fullmatch(request["UpdateExpression"])
        assert update is not None, request["UpdateExpression"]
        new = {**request["Key"], **(old or {})}
        for one in _assignments(update["set"]):
            name = names[one["name"]]
            if one["unless"]:
                assert names[one["unless"]] == name
                new.setdefault(name, values[one["first"]])
            elif one["value"].startswith("#"):
                new[name] = new[names[one["value"]]]
            else:
                new[name] = values[one["value"]]
        for removed in (update["remove"] or "").split(", "):
            new.pop(names.get(removed, ""), None)
        self.items[key] = new
        return {"Attributes": new} if request.get("ReturnValues") == "ALL_NEW" else {}

    def get_item(self, *, Key: Item, **_request: Any) -> dict[str, Any]:  # noqa: N803
        """Return an item, as it is now."""
        item = self.items.get(Key[RECORD_KEY]["S"])
        return {} if item is None else {"Item": item}


def _kept(values: Item) -> dict[str, Any]:
    """Values as they are kept: numbers without zeros that say nothing."""
    kept = dict(values)
    for name, value in values.items():
        number = value.get("N", "")
        if "." in number:
            kept[name] = {"N": number.rstrip("0").rstrip(".")}
    return kept


def _assignments(text: str) -> list[re.Match[str]]:
    found = [*_ASSIGNMENT.finditer(text)]
    assert ", ".join(one[0] for one in found) == text, text
    return found


def require_condition(old: Item | None, operation: str, request: Mapping[str, Any]) -> None:
    """Fail as the service does where a request's condition does not hold of an item."""
    expression = request.get("ConditionExpression")
    names = request.get("ExpressionAttributeNames", {})
    if expression is None:
        return
    if _parsed(expression)(old or {}, names, request["ExpressionAttributeValues"]):
        return
    error: dict[str, Any] = {"Error": {"Code": "ConditionalCheckFailedException"}}
    if old is not None and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        error["Item"] = old
    raise ClientError(error, operation)  # type: ignore[arg-type]  # the stubs know no item


@cache
def _parsed(expression: str) -> _Test:
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression), expression
    test = _any_of(tokens)
    assert not tokens, tokens
    return test


def _any_of(tokens: list[str]) -> _Test:
    tests = [_all_of(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_all_of(tokens))
    return lambda *given: any(test(*given) for test in tests)


def _all_of(tokens: list[str]) -> _Test:
    tests = [_one_of(tokens)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        tests.append(_one_of(tokens))
    return lambda *given: all(test(*given) for test in tests)


def _one_of(tokens: list[str]) -> _Test:
    first = tokens.pop(0)
    if first == "(":
        inner = _any_of(tokens)
        assert tokens.pop(0) == ")"
        return inner
    if first in {"attribute_exists", "attribute_not_exists"}:
        name = tokens[1]
        assert (tokens.pop(0), tokens.pop(0), tokens.pop(0)) == ("(", name, ")")
        wanted = first == "attribute_exists"
        return lambda item, names, _values: (names.get(name, name) in item) is wanted
    operator, value = tokens.pop(0), tokens.pop(0)

    def compare(item: Item, names: Mapping[str, str], values: Item) -> bool:
        held, given = item.get(names.get(first, first)), values[value]
        if held is None or held.keys() != given.keys():
            return False  # what is not there, or of another type, compares as nothing
        if operator == "=":
            return bool(held == given)
        assert operator in {"<", "<="}
        assert [*given] == ["N"]
        least = int(held["N"]) + (operator == "<")
        return least <= int(given["N"])

    return compare
