"""A stream's events, made such that whoever reads them can go on with what they hold.

A framework keeps what the model says and sends it back with the next call. So what cannot be sent
must not get in: half a surrogate pair, or a tool's arguments that are no JSON object. One framework
takes such arguments for none at all, and would run the tool with its defaults.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn

from tradewind.contracts.texts import all_well_formed, is_well_formed, well_formed

#: The one argument that stands for arguments nobody can read; its value is what the model sent.
#: PydanticAI has the same name for it.
UNREADABLE: Final = "INVALID_JSON"
#: And why they cannot be read.
UNREADABLE_WHY: Final = "why"
#: What Bedrock takes for a tool's name; see the service model's ``ToolName``.
_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
#: A name that no tool has, for one that could not be sent back. Strands has the same.
_NO_TOOL: Final = "INVALID_TOOL_NAME"
#: No tool's arguments are nested deeper.
_MAX_DEPTH: Final = 32
#: Of unreadable arguments, as many characters are kept.
_KEPT_LENGTH: Final = 500
_HIGH_SURROGATES: Final = ("\ud800", "\udbff")

Event = dict[str, Any]


def readable(events: Iterable[Event]) -> Iterator[Event]:
    """Yield ConverseStream's events. Each tool's arguments come in one piece, a JSON object."""
    texts: dict[tuple[int, str], str] = {}
    arguments: dict[int, list[str]] = {}
    for event in events:
        if "contentBlockStart" in event:
            _check_tool_name(event["contentBlockStart"])
        if "contentBlockDelta" in event:
            index = event["contentBlockDelta"].get("contentBlockIndex", 0)
            delta = event["contentBlockDelta"]["delta"]
            if "toolUse" in delta:
                arguments.setdefault(index, []).append(delta["toolUse"].get("input", ""))
                continue
            event = {  # noqa: PLW2901  the event as it is passed on
                "contentBlockDelta": {
                    **event["contentBlockDelta"],
                    "delta": _joined(delta, index, texts),
                }
            }
        elif "contentBlockStop" in event or "messageStop" in event:
            ended = event.get("contentBlockStop", {}).get("contentBlockIndex", 0)
            for index in list(arguments) if "messageStop" in event else [ended]:
                yield from _arguments_event(index, arguments.pop(index, None))
            for held in [held for held in texts if "messageStop" in event or held[0] == ended]:
                yield _text_event(held, texts.pop(held))
        yield event


def read_arguments(text: str) -> dict[str, Any]:
    """Read a tool's arguments.

    Raises:
        ValueError: They are not one JSON object of bounded depth, with names given once, finite
            numbers and text that can be encoded. The message says what is wrong.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_named_once)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON from character {error.pos} on: {error.msg}") from None
    _check(value, 0)
    if not isinstance(value, dict):
        raise ValueError("it is not an object of names and values")  # noqa: TRY004  one error
    return value


def _arguments_event(index: int, pieces: list[str] | None) -> Iterator[Event]:
    if pieces is None:
        return
    text = "".join(pieces).strip() or "{}"
    try:
        read_arguments(text)
    except ValueError as error:
        kept = well_formed(text[:_KEPT_LENGTH])
        text = json.dumps({UNREADABLE: kept, UNREADABLE_WHY: str(error)})
    yield {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}}}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("it gives one name twice")
    return named


def _check(value: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
    match value:
        case str() if not is_well_formed(value):
            raise ValueError("it holds half of a surrogate pair")
        case int() | float() if not _is_finite(value):
            raise ValueError("it holds a number that is too large")
        case dict():
            for name, entry in value.items():
                _check(name, depth)
                _check(entry, depth + 1)
        case list():
            for entry in value:
                _check(entry, depth + 1)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond what a float holds
        return False


def _check_tool_name(start: Event) -> None:
    use = start.get("start", {}).get("toolUse")
    if use is not None and not _TOOL_NAME.fullmatch(use.get("name", "")):
        use["name"] = _NO_TOOL


def _joined(delta: Event, index: int, texts: dict[tuple[int, str], str]) -> Event:
    """Return a delta of well-formed text; half a pair at its end waits for the block's next one."""
    if "text" in delta:
        return {**delta, "text": _take(delta["text"], (index, "text"), texts)}
    reasoning = delta.get("reasoningContent")
    if reasoning is not None and "text" in reasoning:
        text = _take(reasoning["text"], (index, "reasoningContent"), texts)
        return {**delta, "reasoningContent": {**reasoning, "text": text}}
    cleaned: Event = all_well_formed(delta)
    return cleaned


def _take(text: str, block: tuple[int, str], texts: dict[tuple[int, str], str]) -> str:
    text = texts.pop(block, "") + text
    if text and _HIGH_SURROGATES[0] <= text[-1] <= _HIGH_SURROGATES[1]:
        texts[block] = text[-1]
        text = text[:-1]
    return well_formed(text)


def _text_event(block: tuple[int, str], text: str) -> Event:
    index, kind = block
    said: Event = {"text": well_formed(text)}
    delta = said if kind == "text" else {kind: said}
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}
