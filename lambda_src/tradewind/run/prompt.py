"""The user message that a request becomes."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from tradewind.contracts.errors import QueryTooLong

#: Characters of JSON. Longer parameters stay out of the prompt; tools read them from the project.
_MAX_ENTRY_LENGTH: Final = 200
#: Of all parameters that are in the prompt together, and of all names of those that are not.
_MAX_SHORT_LENGTH: Final = 8_000
_MAX_NAMES_LENGTH: Final = 2_000


def compose_prompt(
    query: str,
    parameters: Mapping[str, Any],
    context: str | None = None,
    *,
    has_tools: bool = True,
) -> str:
    """Return the request's context, its query, and its short parameters as JSON.

    Bulky values, such as a site's GeoJSON, are named but not sent: tools read them directly, and
    a model would pay for every coordinate. The same holds for what is over the limit of all of
    them together, in the order in which they were sent.

    Args:
        query: What is wanted.
        parameters: Values for tools, and for the model as far as they are short.
        context: What the model should know when it reads the query.
        has_tools: Whether the agent has tools, which can read parameters.

    Raises:
        QueryTooLong: There are bulky parameters, and nobody to read them.
    """
    short: dict[str, Any] = {}
    bulky: list[str] = []
    left = _MAX_SHORT_LENGTH
    for name, value in parameters.items():
        length = len(json.dumps({name: value}, ensure_ascii=False))
        if len(json.dumps(value)) <= _MAX_ENTRY_LENGTH and length <= left:
            short[name] = value
            left -= length
        else:
            bulky.append(name)
    if bulky and not has_tools:
        raise QueryTooLong(
            f"parameters: {_listed(bulky)}: This agent has no tools to read what is longer than "
            f"{_MAX_ENTRY_LENGTH} characters of JSON, or {_MAX_SHORT_LENGTH} in all. Give it as "
            "context.",
            field="parameters",
        )
    parts = [query] if context is None else [_apart(context), query]
    if short:
        parts.append(f"Parameters: {json.dumps(short, ensure_ascii=False)}")
    if bulky:
        parts.append(f"Available to the tools without passing it: {_listed(bulky)}")
    return "\n\n".join(parts)


def _apart(context: str) -> str:
    """The context between two marks, of which it holds neither."""
    mark = "context"
    if f"{mark}>" in context.lower():
        mark = f"context-{sha256(context.encode()).hexdigest()[:16]}"
    return f"<{mark}>\n{context}\n</{mark}>"


def _listed(names: list[str]) -> str:
    """The names that there is room for, and how many more there are."""
    listed: list[str] = []
    left = _MAX_NAMES_LENGTH
    for name in names:
        if len(name) + 2 <= left:
            listed.append(name)
            left -= len(name) + 2
    more = len(names) - len(listed)
    return ", ".join([*listed, f"and {more} more"] if more else listed)
