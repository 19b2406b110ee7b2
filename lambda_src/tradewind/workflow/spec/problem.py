"""A mistake in a workflow file: where it is, and what would be right, in one line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from typing import Any, Final

#: A place in a file: keys and positions, from the top.
Path = tuple[str | int, ...]

#: Characters of a value that are repeated in a message.
_LONGEST: Final = 80
#: Names that are listed in a message.
_MOST: Final = 20


class Severity(StrEnum):
    """What a problem keeps a workflow from.

    Attributes:
        ERROR: The file is wrong.
        MISSING_INPUT: The file is sound, but the run lacks an input, or has one that does not fit.
        UNSUPPORTED: The file is sound, but asks for what there is not.
        UNDEFINED_NAME: A template reads what nobody defines: it can be validated, and not run.
        WARNING: It runs, and may not do what was meant.
    """

    ERROR = "error"
    MISSING_INPUT = "missing input"
    UNSUPPORTED = "unsupported"
    UNDEFINED_NAME = "undefined name"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, by its place in the file's data.

    Attributes:
        severity: What it keeps from.
        path: Where it is.
        message: What is wrong, in one line.
        allowed: What may be there instead.
        at_key: Whether the key is at fault, rather than its value.
    """

    severity: Severity
    path: Path
    message: str
    allowed: tuple[str, ...] = ()
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, by its place in the file's text.

    Attributes:
        severity: What it keeps from.
        file: The file, as it was named.
        line: From 1; 0 where no line is at fault.
        column: From 1; 0 where no line is at fault.
        pointer: The JSON pointer of its place (RFC 6901).
        message: What is wrong, in one line.
        allowed: What may be there instead.
    """

    severity: Severity
    file: str
    line: int
    column: int
    pointer: str
    message: str
    allowed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: where, and what is wrong."""
        place = shown(self.file, len(self.file))
        if self.line:
            place += f":{self.line}:{self.column}"
        pointer = f"{shown(self.pointer, len(self.pointer))}: " if self.pointer else ""
        allowed = f"; allowed: {_listed(self.allowed)}" if self.allowed else ""
        return f"{place}: {self.severity}: {pointer}{self.message}{allowed}"


def pointer_of(path: Path) -> str:
    """The JSON pointer of a place."""
    return "".join(
        "/"
        + (str(part).replace("~", "~0").replace("/", "~1") if isinstance(part, str) else str(part))
        for part in path
    )


#: Names that another is compared with.
_MOST_COMPARED: Final = 100


def shown(text: str, longest: int = _LONGEST) -> str:
    """Text of a file, fit for one line on a terminal."""
    cut = text if len(text) <= longest else f"{text[:longest]}..."
    return cut if cut.isprintable() else repr(cut)[1:-1]


def shown_path(path: str) -> str:
    """The path of a file, fit for one line; whole, as its end is what tells it from others."""
    return shown(path, len(path))


def quoted(value: Any) -> str:
    """A value of a file, fit for one line on a terminal."""
    if isinstance(value, str):
        return f"'{shown(value)}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else shown(str(value))


def closest(name: str, known: Iterable[str]) -> str:
    """What a name was meant to be, as the end of a sentence; empty where nothing is close."""
    # Comparing takes time with the square of the length, and with their number.
    few = list(islice(known, _MOST_COMPARED))
    near = get_close_matches(name, few, n=1) if len(name) <= _LONGEST else []
    return f" (did you mean `{shown(near[0])}`?)" if near else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(shown(name) or "''" for name in names[:_MOST]) + more
