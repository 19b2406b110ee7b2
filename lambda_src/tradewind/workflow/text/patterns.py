"""Regular expressions of a workflow file, over text of a model: neither is trusted."""

from functools import lru_cache
from typing import Final

import regex

from tradewind.workflow.text.faults import BadText, Fault, TooMuchWork

#: A regular expression that takes longer is refused: some take for ever.
_SECONDS: Final = 0.25
_LONGEST: Final = 10_000
#: Compiling takes time with the number of repeats.
_MANY_TIMES: Final = regex.compile(r"\{\d{5}|\{\d*,\d{5}")
#: ... which multiply where they are in each other: what one is compiled to.
MOST_WEIGHT: Final = 100_000
_PIECE: Final = regex.compile(
    r"\\.|\[\^?\]?(?:[^\]\\]|\\.)*+\]|(?P<open>\()|(?P<close>\))|\{(?P<least>\d*)(?:,(?P<most>\d*))?\}|.",
    regex.DOTALL,
)


@lru_cache(maxsize=256)
def compiled(pattern: str, *, ignore_case: bool = False) -> regex.Pattern[str]:
    """A regular expression, compiled once.

    Raises:
        BadText: It is none.
    """
    if len(pattern) > _LONGEST:
        raise BadText(Fault(f"a regular expression of more than {_LONGEST:,} characters"))
    if _MANY_TIMES.search(pattern):
        raise BadText(Fault("a regular expression that repeats something 10,000 times or more"))
    if weight(pattern) > MOST_WEIGHT:
        raise BadText(Fault("a regular expression with repeats of repeats of repeats"))
    flags = regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0)
    try:
        return regex.compile(pattern, flags)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise BadText(Fault(f"no regular expression: {str(error).splitlines()[0]}")) from None


def weight(pattern: str) -> int:
    """About how many pieces a regular expression is compiled to, repeats written out."""
    groups = [0]
    last = 0
    for piece in _PIECE.finditer(pattern):
        if piece["open"]:
            groups.append(0)
            last = 0
            continue
        if piece["close"] and len(groups) > 1:
            last = 1 + groups.pop()
        elif piece["least"] is not None:
            # The piece before it, some more times.
            times = max(int(piece["least"] or 0), int(piece["most"] or 0), 1)
            groups[-1] += last * (times - 1)
            last *= times
            continue
        else:
            last = 1
        groups[-1] += last
        if groups[-1] > MOST_WEIGHT:
            return groups[-1]
    return sum(groups)


def search(pattern: str, text: str, *, ignore_case: bool = False) -> regex.Match[str] | None:
    """The first match.

    Raises:
        BadText: The pattern is no regular expression.
        TooMuchWork: It takes too long on this text.
    """
    try:
        return compiled(pattern, ignore_case=ignore_case).search(text, timeout=_SECONDS)
    except (TimeoutError, MemoryError):
        raise TooMuchWork("a regular expression takes too long on this text") from None


def replaced(pattern: str, by: str, text: str) -> str:
    """A text with every match replaced.

    Raises:
        BadText: The pattern is no regular expression.
        TooMuchWork: It takes too long on this text.
    """
    try:
        told: str = compiled(pattern).sub(lambda _: by, text, timeout=_SECONDS)
    except (TimeoutError, MemoryError):
        raise TooMuchWork("a regular expression takes too long on this text") from None
    return told


def check_pattern(pattern: str) -> Fault | None:
    """Why a regular expression cannot be used; None if it can."""
    try:
        compiled(pattern)
    except BadText as error:
        return error.fault
    return None
