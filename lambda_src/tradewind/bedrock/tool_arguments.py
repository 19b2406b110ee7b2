"""A tool's arguments, held to the schema that the model was told.

Frameworks differ in what they do with arguments that do not fit: one drops unknown names, both make
numbers of text and of true. Each would be a run with other values than the model believes. So a
call is checked here, the same for every tool, before the framework sees it; a tool whose arguments
do not fit is not run, and the model is told what to change.

What is understood of JSON Schema is what Pydantic writes for the signature of a tool.
"""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Final

from tradewind.bedrock.reading import UNREADABLE, UNREADABLE_WHY

Schema = Mapping[str, Any]

_KINDS: Final[Mapping[str, str]] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": NoneType,
}
#: A message names as many problems, and as much of a name or value that the model made up.
_MOST_SHOWN: Final = 8
_SHOWN_LENGTH: Final = 60


def refusal(tool: str, schema: Schema, arguments: Any) -> str | None:
    """Say why a tool cannot be run with these arguments.

    Args:
        tool: Its name.
        schema: The JSON Schema of its arguments, as the model was told it.
        arguments: What the model gave.

    Returns:
        What to tell the model; None when they fit.
    """
    if isinstance(arguments, dict) and set(arguments) == {UNREADABLE, UNREADABLE_WHY}:
        problems = [f"The arguments cannot be read: {arguments[UNREADABLE_WHY]}."]
    else:
        problems = list(_problems(arguments, schema, "", schema))
    if not problems:
        return None
    shown, more = problems[:_MOST_SHOWN], len(problems) - _MOST_SHOWN
    if more > 0:
        shown.append(f"And {more} more.")
    return " ".join([f"{tool} was not run.", *shown, _takes(tool, schema)])


def closed(schema: Schema) -> dict[str, Any]:
    """Return the schema of a tool's arguments with the word that there are no others."""
    return {"additionalProperties": False, **schema}


def _takes(tool: str, schema: Schema) -> str:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    if not properties:
        return f"{tool} takes no arguments."
    required = schema.get("required", ())
    listed = ", ".join(
        f"{name} ({_kind(entry, schema)}{', required' if name in required else ''})"
        for name, entry in properties.items()
    )
    return f"{tool} takes: {listed}."


def _problems(value: Any, schema: Schema, at: str, root: Schema) -> Iterator[str]:
    """Yield what is wrong with a value; ``at`` is where it stands."""
    schema = _resolved(schema, root)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if value is None and schema.get("default", value) is None and "default" in schema:
        return  # the same as leaving it out
    if choices is not None:
        if all(any(_problems(value, choice, at, root)) for choice in choices):
            yield f"{_place(at)} must be {_kind(schema, root)}, not {_named(value)}."
        return
    for part in schema.get("allOf", ()):
        yield from _problems(value, part, at, root)
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None and not any(_same(value, one) for one in allowed):
        yield f"{_place(at)} must be {_kind(schema, root)}, not {_shown(value)}."
        return
    kinds = schema.get("type", ())
    if kinds and not any(
        _is_kind(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)
    ):
        yield f"{_place(at)} must be {_kind(schema, root)}, not {_named(value)}."
        return
    if isinstance(value, dict):
        yield from _of_object(value, schema, at, root)
    if isinstance(value, list):
        leading = schema.get("prefixItems", ())
        for number, entry in enumerate(value):
            following = schema.get("items", {})
            entry_schema = leading[number] if number < len(leading) else following
            if isinstance(entry_schema, Mapping):
                yield from _problems(entry, entry_schema, f"{at}[{number}]", root)


def _of_object(value: dict[str, Any], schema: Schema, at: str, root: Schema) -> Iterator[str]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    # A free mapping says what it takes; an object that lists its names takes no others.
    others = schema.get("additionalProperties", not properties and at != "")
    for name, entry in value.items():
        where = f"{at}.{name}" if at else name
        if name in properties:
            yield from _problems(entry, properties[name], where, root)
        elif others is False:
            yield f"There is no argument {_shown(where)}."
        elif isinstance(others, Mapping):
            yield from _problems(entry, others, where, root)
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{_place(f'{at}.{name}' if at else name)} is missing."


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        schema = {**root.get("$defs", {}).get(name, {}), **_without_reference(schema)}
    return schema


def _without_reference(schema: Schema) -> Schema:
    return {name: entry for name, entry in schema.items() if name != "$ref"}


def _is_kind(value: Any, kind: str) -> bool:
    if isinstance(value, bool):  # which Python counts among the whole numbers
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, object))


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _kind(schema: Schema, root: Schema) -> str:
    """What a schema takes, in words."""
    schema = _resolved(schema, root)
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None:
        return " or ".join(map(repr, allowed))
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices is not None:
        return " or ".join(dict.fromkeys(_kind(choice, root) for choice in choices))
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds)


def _named(value: Any) -> str:
    """Which kind of value it is, and which one where that may be mistaken."""
    for kind, words in _KINDS.items():
        if kind != "number" and _is_kind(value, kind):
            return f"{words}: {_shown(value)}" if kind in ("string", "boolean") else words
    return "a fraction"


def _place(at: str) -> str:
    return _shown(at) if at else "The whole"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value.isidentifier() else repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
