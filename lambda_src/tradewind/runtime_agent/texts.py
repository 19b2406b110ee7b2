"""The words in a JSON value of an agent's answer, whatever the agent is written with.

Agents stream pieces, in strings or under a name such as ``data``; others answer with the whole of
it at once, under a name such as ``result``, some as blocks of content. Frameworks may do both.
"""

from dataclasses import dataclass
from typing import Any, Final

#: What holds a piece of an answer, and what the whole of one, the likeliest first.
_PIECES: Final = ("text", "data", "delta")
_WHOLES: Final = ("response", "result", "message", "output", "content")
#: Deeper in than any agent has its words.
_DEEPEST: Final = 8


@dataclass(frozen=True)
class Said:
    """Words that were found.

    Attributes:
        text: They.
        whole: Whether they are all of an answer, and not a piece to be put behind the others.
    """

    text: str
    whole: bool


def said_in(value: Any) -> Said | None:
    """The words in a value; None where there are none."""
    if isinstance(value, str):
        return Said(value, whole=False)
    if not isinstance(value, dict):
        return None
    for names, whole in ((_PIECES, False), (_WHOLES, True)):
        for name in names:
            text = _words(value.get(name), _DEEPEST)
            if text is not None:
                return Said(text, whole)
    return None


def _words(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        found = [text for one in value if (text := _words(one, depth - 1)) is not None]
        return "".join(found) if found else None
    if isinstance(value, dict):
        for name in (*_PIECES, *_WHOLES):
            text = _words(value.get(name), depth - 1)
            if text is not None:
                return text
    return None
