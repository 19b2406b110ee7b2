"""Documents checked against the shapes of botocore's service models.

Clients check next to nothing of lengths, patterns and values; the services check them all.
"""

import re
from collections.abc import Iterator
from typing import Any


def wrong(shape: Any, value: Any, path: str = "", without: str | None = None) -> Iterator[str]:
    """Say each place of a document that is not as its shape, in words that AWS's services share.

    Args:
        shape: Of the service model.
        value: The document, as parsed from JSON.
        path: Where it stands in a bigger one.
        without: A required member of the shape that may be missing.
    """
    kind = shape.type_name
    if kind == "structure":
        yield from _wrong_structure(shape, value, path, without)
    elif kind == "list":
        if not isinstance(value, list):
            yield _said(path, "be a list")
            return
        yield from _wrong_size(shape, len(value), path, "length")
        for index, each in enumerate(value):
            yield from wrong(shape.member, each, f"{path}.{index + 1}.member")
    elif kind == "map":
        if not isinstance(value, dict):
            yield _said(path, "be a map")
            return
        yield from _wrong_size(shape, len(value), path, "length")
        for key, each in value.items():
            yield from wrong(shape.key, key, f"{path}.key")
            yield from wrong(shape.value, each, f"{path}.{key}")
    elif kind == "string":
        yield from _wrong_text(shape, value, path)
    elif kind in ("integer", "long", "double", "float"):
        numbers = int if kind in ("integer", "long") else int | float
        if isinstance(value, bool) or not isinstance(value, numbers):
            yield _said(path, "be a number")
        else:
            yield from _wrong_size(shape, value, path, "value")
    elif kind == "boolean" and not isinstance(value, bool):
        yield _said(path, "be a boolean")


def _wrong_structure(shape: Any, value: Any, path: str, without: str | None) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _said(path, "be an object")
        return
    for name in shape.required_members:
        if name not in value and name != without:
            yield _said(f"{path}.{name}", "not be null")
    if shape.metadata.get("union") and len(value) != 1:
        yield _said(path, "have exactly one member")
    for name, each in value.items():
        if name in shape.members:
            yield from wrong(shape.members[name], each, f"{path}.{name}")
        else:
            yield _said(f"{path}.{name}", "be a member that there is")


def _wrong_text(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _said(path, "be a string")
        return
    yield from _wrong_size(shape, len(value), path, "length")
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _said(path, f"satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield _said(path, f"satisfy regular expression pattern: {pattern}")


def _wrong_size(shape: Any, size: float, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _said(path, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _said(path, f"have {what} less than or equal to {most}")


def _said(path: str, rule: str) -> str:
    place = path.lstrip(".") or "input"
    return f"Value at '{place}' failed to satisfy constraint: Member must {rule}"
