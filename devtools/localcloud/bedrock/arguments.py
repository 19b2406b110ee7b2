"""Arguments for a tool call, taken from what the user wrote.

A value comes from, in this order: a JSON object in the text, by property name; ``name: value`` or
``name = value``; a number whose unit and neighbouring words fit the property's name ("130 m rotor"
for ``rotor_diameter_m``); a position ("at 55.1, 7.9"); an enum's value that the text mentions. A
required property may also take a value of the same name from an earlier tool's result, and is
otherwise filled from its schema. An optional property without a source is left out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from devtools.localcloud.bedrock.quantities import Schema, name_parts, numbers, positions

_LONGEST_STRING: Final = 200
_PYTHON_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def fill(schema: Schema, text: str, results: Sequence[Any] = ()) -> dict[str, Any]:
    """Choose the arguments of one tool call.

    Args:
        schema: The tool's JSON schema, an object.
        text: What the user asked.
        results: JSON values that earlier tools returned.

    Returns:
        The arguments: every required property, and the optional ones that the text speaks of.
    """
    properties = _properties(schema)
    found = _sourced(properties, text)
    for name in schema.get("required", ()):
        if name not in found:
            found[name] = _required(name, properties.get(name, {}), text, results)
    return {name: found[name] for name in properties if name in found}


def missing_numbers(schema: Schema, text: str, results: Sequence[Any] = ()) -> list[str]:
    """Return the required numbers that neither text nor results give: ``fill`` makes them up."""
    properties = _properties(schema)
    found = _sourced(properties, text)
    return [
        name
        for name in schema.get("required", ())
        if name not in found
        and properties.get(name, {}).get("type") in ("number", "integer")
        and not _chosen_by_schema(properties[name])
        and not any(fits(properties[name], v) for v in _named_values(results, name))
    ]


def _properties(schema: Schema) -> dict[str, Schema]:
    definitions: Schema = schema.get("$defs", {})
    return {
        name: {**_plain(entry, definitions), "$defs": definitions}
        for name, entry in schema.get("properties", {}).items()
    }


def _sourced(properties: Mapping[str, Schema], text: str) -> dict[str, Any]:
    """Return the values that the text gives."""
    found: dict[str, Any] = {}
    in_text = list(json_objects(text))
    for name, entry in properties.items():
        for value in _named_values(in_text, name):
            if fits(entry, value):
                found.setdefault(name, value)
        if name not in found and (spelled := _spelled_out(name, entry, text)) is not None:
            found[name] = spelled
    wanted = {name: entry for name, entry in properties.items() if name not in found}
    prose = _without_json(text)
    found.update(positions(wanted, prose))
    found.update(numbers({n: e for n, e in wanted.items() if n not in found}, prose))
    for name, entry in wanted.items():
        if name not in found and (mentioned := _mentioned(entry, prose)) is not None:
            found[name] = mentioned
    return found


def _chosen_by_schema(schema: Schema) -> bool:
    return any(keyword in schema for keyword in ("default", "const", "enum", "examples"))


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects written in a text, outermost only."""
    for value, _, _ in _json_spans(text):
        yield value


def fits(schema: Schema, value: object) -> bool:
    """Say whether a value is of the schema's type and, if it has an enum, in it."""
    if "enum" in schema and value not in schema["enum"]:
        return False
    kind = str(schema.get("type"))
    if isinstance(value, bool):
        return kind == "boolean" or kind not in _PYTHON_TYPES
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _PYTHON_TYPES.get(kind, object))


def _json_spans(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    decoder = json.JSONDecoder(parse_constant=_no_number)
    at = 0
    while (start := text.find("{", at)) >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except ValueError:
            at = start + 1
            continue
        yield value, start, end
        at = end


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON, whatever Python thinks")


def _without_json(text: str) -> str:
    pieces, at = [], 0
    for _, start, end in _json_spans(text):
        pieces.append(text[at:start])
        at = end
    return "\n".join([*pieces, text[at:]])


def _plain(schema: Schema, definitions: Schema) -> Schema:
    """Look through references and ``anyOf: [..., null]``, the way optional fields are written."""
    if "$ref" in schema:
        target = definitions.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
        return _plain({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    for keyword in ("anyOf", "oneOf", "allOf"):
        choices = [c for c in schema.get(keyword, ()) if c.get("type") != "null"]
        if choices:
            rest = {k: v for k, v in schema.items() if k != keyword}
            return _plain({**choices[0], **rest}, definitions)
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        return {**schema, "type": kinds[0] if kinds else "null"}
    return schema


def _named_values(values: Sequence[Any], name: str) -> Iterator[Any]:
    """Yield what is filed under ``name``, outer levels first."""
    level = list(values)
    while level:
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                if name in value:
                    yield value[name]
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        level = deeper


def _spelled_out(name: str, schema: Schema, text: str) -> Any:
    """Find ``name: value``, ``name = value`` or ``named "value"``."""
    spelled = r"[\s_-]?".join(map(re.escape, name_parts(name)))
    # Unquoted, a value goes on over capitalised words: "Title: West Moor".
    match = re.search(
        rf"(?<!\w){spelled}d?[\"'`]?"
        r"(?:[\s:=]+([\"'])(?P<quoted>.*?)\1"
        r"|\s*[:=]\s*(?P<plain>[^\s,;\"']+(?:[ ](?-i:[A-Z])[^\s,;\"']*)*))",
        text,
        re.IGNORECASE,
    )
    if match is None:
        return None
    value: Any = match["quoted"] or match["plain"].rstrip(".")
    if schema.get("type") != "string":
        try:
            value = json.loads(value.split()[0].lower())
        except ValueError:
            return None
    return value if fits(schema, value) else None


def _mentioned(schema: Schema, text: str) -> Any:
    # The longest first: "boundary_grid" mentions "grid" too.
    for value in sorted(schema.get("enum", ()), key=lambda value: -len(str(value))):
        spelled = re.escape(str(value)).replace("_", r"[\s_-]")
        if re.search(rf"(?<!\w){spelled}(?!\w)", text, re.IGNORECASE):
            return value
    return None


def _required(name: str, schema: Schema, text: str, results: Sequence[Any]) -> Any:
    for result in reversed(results):
        for value in _named_values([result], name):
            if fits(schema, value):
                return value
    for keyword in ("default", "const", "minimum"):
        if keyword in schema:
            return schema[keyword]
    for keyword in ("enum", "examples"):
        if schema.get(keyword):
            return schema[keyword][0]
    if schema.get("type") == "object":
        return fill(schema, text, results)
    if schema.get("type") == "array":
        definitions = schema.get("$defs", {})
        items = {**_plain(schema.get("items", {}), definitions), "$defs": definitions}
        return [_required(name, items, text, results) for _ in range(schema.get("minItems", 0))]
    longest = schema.get("maxLength", _LONGEST_STRING)
    blanks = {"string": _first_paragraph(text)[:longest], "boolean": False}
    return blanks.get(str(schema.get("type")), 0)


def _first_paragraph(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in _without_json(text).split("\n\n")]
    return next(filter(None, paragraphs), text)
