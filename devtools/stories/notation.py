"""The short texts in stories; docs/alarm-tests.md explains them to the person who writes one."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devtools.cloudwatch.notation import NotationError
from devtools.cloudwatch.notation import parse_time as parse_bounded_time
from devtools.cloudwatch.states import State

_MILLISECONDS: Final = re.compile(r"(\d{1,7})ms")
_SENT: Final = re.compile(
    rf"(?P<first>\S+?)(?:\.\.(?P<last>\S+))?\s+(?P<to>page|notice)\s+(?P<alarm>\S+)"
    rf"\s+(?P<state>{'|'.join(State)})"
)


#: A story lasts at most this many seconds.
LONGEST_S: Final = 31 * 86_400


def parse_time(text: str) -> int:
    """Seconds for a text such as 90s, 10m or 2d5m.

    Raises:
        NotationError: It is none, or longer than a story may be.
    """
    return parse_bounded_time(text, LONGEST_S)


class Recipient(StrEnum):
    """Who is told."""

    #: Somebody who gets up for it.
    PAGE = "page"
    #: Somebody who reads it in the morning.
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Expected:
    """A notification that must go out, once for each alarm that ``alarm`` stands for.

    Attributes:
        text: As written.
        first: From when on, in seconds.
        last: Until when.
        to: Who is told.
        alarm: A pattern, as in alarm tests.
        state: The alarm's new state.
    """

    text: str
    first: int
    last: int
    to: Recipient
    alarm: str
    state: State


def parse_expected(text: str) -> Expected:
    """The notification of a text such as ``2d5m..2d12m page *-unwell ALARM``.

    Raises:
        NotationError: It is none.
    """
    match = _SENT.fullmatch(text.strip())
    if match is None:
        raise NotationError(
            f"{text!r} is no notification; give TIME..TIME, page or notice, an alarm and its new "
            "state: 2d5m..2d12m page terrain-unwell ALARM"
        )
    first = parse_time(match["first"])
    last = parse_time(match["last"] or match["first"])
    if last < first:
        raise NotationError(f"{text!r} ends before it begins")
    return Expected(
        text, first, last, Recipient(match["to"]), match["alarm"], State(match["state"])
    )


def parse_milliseconds(text: str) -> int:
    """Milliseconds for a text such as 2400ms, 20s or 1m30s.

    Raises:
        NotationError: It is none.
    """
    match = _MILLISECONDS.fullmatch(text)
    return int(match[1]) if match else parse_time(text) * 1000
