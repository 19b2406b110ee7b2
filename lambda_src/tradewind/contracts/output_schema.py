"""The JSON Schema that a request may want its output to fit: what of it can be taken.

These checks need no library, so that whoever takes requests can make them. ``run.output`` holds a
schema to the standard besides, and an output to the schema.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

from tradewind.contracts.errors import InvalidRequest

FIELD: Final = "output_schema"
#: Characters of JSON, about 8,000 tokens; every model call carries them.
MAX_SCHEMA_LENGTH: Final = 32_000
#: Levels of objects and lists.
MAX_SCHEMA_DEPTH: Final = 32

DIALECTS: Final = (
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema",
)
#: They would lead out of the schema, or have a reference mean another place in it.
_LEAD_AWAY: Final = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")
_HOLD_NAMES: Final = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
_HOLD_DATA: Final = frozenset({"const", "enum", "default", "examples"})

#: What an object stands for: a schema, schemas by names, or a value that an output may have.
_Kind = Literal["schema", "names", "data"]


def check_output_schema(schema: dict[str, Any]) -> None:
    """Refuse a schema that is none of an object, too large, or not whole in itself.

    Raises:
        InvalidRequest: It is; the message says what can be taken.
    """
    for level, kind, node in _nodes(schema):
        if level > MAX_SCHEMA_DEPTH:
            raise refused(f"It is nested deeper than {MAX_SCHEMA_DEPTH} levels.")
        if kind == "schema" and isinstance(node, dict):
            _check_keywords(node)
    try:
        text = json.dumps(schema, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        raise refused("There is half of a surrogate pair in a text.") from None
    except ValueError:
        raise refused("JSON has no NaN and no infinity.") from None
    if len(text) > MAX_SCHEMA_LENGTH:
        raise refused(
            f"It has {len(text)} characters of JSON; at most {MAX_SCHEMA_LENGTH} are taken."
        )
    if schema.get("type") != "object":
        raise refused('It must describe an object: "type": "object" at its top.')


def refused(why: str) -> InvalidRequest:
    """What is raised for a schema that cannot be taken."""
    return InvalidRequest(f"{FIELD}: {why}", field=FIELD)


def values_of(schema: dict[str, Any], keyword: str) -> Iterator[Any]:
    """Yield what the schema and the schemas in it say for a keyword."""
    for _, kind, node in _nodes(schema):
        if kind == "schema" and isinstance(node, dict) and keyword in node:
            yield node[keyword]


def _check_keywords(node: dict[str, Any]) -> None:
    reference = node.get("$ref", "#")
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise refused("A $ref may only lead to a place in the schema, such as #/$defs/place.")
    for keyword in _LEAD_AWAY:
        if keyword in node:
            raise refused(f"It cannot have {keyword}; refer to places by $ref alone.")
    dialect = node.get("$schema", DIALECTS[0])
    if not isinstance(dialect, str) or dialect.removesuffix("#") not in DIALECTS:
        raise refused(f"$schema can only be {' or '.join(DIALECTS)}.")
    if "patternProperties" in node:
        raise refused("It cannot have patternProperties; name the properties.")


def _nodes(schema: dict[str, Any]) -> Iterator[tuple[int, _Kind, Any]]:
    """Every value in the schema, with its level. Ends whatever its depth."""
    waiting: list[tuple[int, _Kind, Any]] = [(1, "schema", schema)]
    while waiting:
        level, kind, node = waiting.pop()
        yield level, kind, node
        if isinstance(node, dict):
            waiting.extend((level + 1, _kind_of(name, kind), entry) for name, entry in node.items())
        elif isinstance(node, list):
            waiting.extend((level + 1, kind, entry) for entry in node)


def _kind_of(name: str, within: _Kind) -> _Kind:
    if within == "schema" and name in _HOLD_NAMES:
        return "names"
    return "data" if within == "data" or (within == "schema" and name in _HOLD_DATA) else "schema"
