"""Text from outside, made fit for a terminal."""

import re
from typing import Any, Final

#: What a terminal obeys instead of showing: all control characters but line ends and tabs.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: Any) -> str:
    """Return ``text`` without what would move a terminal's cursor, or set its title or clipboard.

    A model's words may be anybody's who wrote what the model read.
    """
    return _CONTROL.sub("", str(text)).encode("utf-8", "replace").decode()


def sentence(text: str) -> str:
    """Return ``text`` with an end, so that another sentence can follow."""
    return text if text.endswith((".", "!", "?", ")", "`")) else f"{text}."


def one_line(text: Any, length: int = 500) -> str:
    """Return ``text`` as a line of at most ``length`` characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= length else f"{line[: length - 3]}..."
