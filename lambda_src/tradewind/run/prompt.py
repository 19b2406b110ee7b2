"""The user message that a request becomes."""

import json
from collections.abc import Mapping
from typing import Any, Final

#: Characters of JSON. Longer parameters stay out of the prompt; tools read them from the project.
_MAX_VALUE_LENGTH: Final = 200


def compose_prompt(query: str, parameters: Mapping[str, Any]) -> str:
    """Return the query and the request's short parameters as JSON.

    Bulky values, such as a site's GeoJSON, are named but not sent: tools read them directly, and
    a model would pay for every coordinate.
    """
    short: dict[str, Any] = {}
    bulky: list[str] = []
    for name, value in parameters.items():
        if len(json.dumps(value)) <= _MAX_VALUE_LENGTH:
            short[name] = value
        else:
            bulky.append(name)
    parts = [query]
    if short:
        parts.append(f"Parameters: {json.dumps(short, ensure_ascii=False)}")
    if bulky:
        parts.append(f"Available to the tools without passing it: {', '.join(bulky)}")
    return "\n\n".join(parts)
