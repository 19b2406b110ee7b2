"""Patterns as policies have them: ``*`` for any text, slashes included, ``?`` for one character."""

import re
from collections.abc import Collection
from functools import cache
from typing import Final

#: What parts of ARNs, keys and names are parted by.
_BETWEEN: Final = re.compile(r"[/:#]")


def is_pattern(text: str) -> bool:
    """Whether it stands for more than one text."""
    return "*" in text or "?" in text


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text is one that the pattern stands for."""
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (
        {"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def narrower(pattern: str, texts: Collection[str]) -> str | None:
    """The beginning that would have been enough; None where the pattern is as wide as its use.

    What counts is whole parts, between slashes, colons and hashes: two projects that begin alike
    do not make the beginning a part of its own.

    Args:
        pattern: One with a wildcard.
        texts: What it was used for, at least one.
    """
    begins = re.split(r"[*?]", pattern)[0]
    if any(text == pattern for text in texts):
        return None  # what is asked for is the pattern itself, as where there are no resources
    if len(set(texts)) == 1:
        return next(iter(texts))
    # What the first and the last in order begin with, all others begin with, too.
    first, last = min(texts), max(texts)
    pairs = zip(first, last, strict=False)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), len(first))
    common = first[:same]
    whole = max((found.end() for found in _BETWEEN.finditer(common)), default=0)
    return f"{common[:whole]}*" if whole > len(begins) else None
