"""How much work it is to check a file's texts, counted before any of them is looked at closely."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tradewind.workflow.spec.units import listed, mapping, units
from tradewind.workflow.text.patterns import weight

#: Characters of the expressions in all templates and conditions; each text counts as some more.
MOST_CODE: Final = 200_000
_PER_TEXT: Final = 30
#: What all regular expressions may weigh together; each counts as some more.
MOST_WEIGHT: Final = 500_000
_PER_PATTERN: Final = 500
_CODE: Final = re.compile(r"\{[{%].*?(?:[%}]\}|\Z)", re.DOTALL)


def too_much(data: Mapping[str, Any]) -> str | None:
    """What of a file is more than is checked, as the end of a sentence; None for nothing."""
    left = MOST_CODE
    for text in set(_templates(data)):
        left -= _PER_TEXT + sum(found.end() - found.start() for found in _CODE.finditer(text))
        if left < 0:
            return f"has more than {MOST_CODE:,} characters of expressions in its templates"
    left = MOST_WEIGHT
    for pattern in _patterns(data):
        left -= _PER_PATTERN + weight(pattern)
        if left < 0:
            return "has regular expressions that take too much work to compile"
    return None


def values_in(data: Any) -> int:
    """How many values there are in a value, itself included."""
    count, pending = 0, [data]
    while pending:
        one = pending.pop()
        count += 1
        if isinstance(one, Mapping):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return count


def _templates(data: Mapping[str, Any]) -> Iterator[str]:
    config = mapping(mapping(data.get("pattern")).get("config"))
    found: list[Any] = [text for unit in units(data) for _, text in unit.texts()]
    found.append(config.get("revise_prompt"))
    found += [mapping(agent).get("prompt") for agent in mapping(data.get("agents")).values()]
    for artifact in listed(mapping(data.get("outputs")).get("artifacts")):
        found += [mapping(artifact).get("path"), mapping(artifact).get("from")]
    yield from (text for text in found if isinstance(text, str) and "{" in text)
    for edge in listed(config.get("edges")):
        for choice in listed(mapping(edge).get("choose")):
            when = mapping(choice).get("when")
            if isinstance(when, str):
                # All of it is an expression.
                yield f"{{{{{when}"


def _patterns(data: Mapping[str, Any]) -> Iterator[str]:
    redact = mapping(mapping(data.get("telemetry")).get("redact"))
    found = [*listed(redact.get("custom_patterns"))]
    found += [mapping(unit.step.get("validation")).get("pattern") for unit in units(data)]
    yield from (pattern for pattern in found if isinstance(pattern, str))
