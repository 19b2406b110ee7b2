"""What the log keeps of an unforeseen exception: where it came from, and not what it says.

The message of a foreign exception may repeat a prompt, an answer or a tool's arguments. The names
of classes, functions and files are written by programmers; where one may not be, it is left out: a
class made at run time, say from what a service sent, goes by its nearest base that is in a module.
"""

import re
import sys
import traceback
from collections.abc import Iterator
from typing import Final

from tradewind.telemetry.logger import get_logger

#: A log line is cut at 256 KB. Of a deep recursion the two ends tell enough.
_MAX_CAUSES: Final = 12
_OUTER_FRAMES, _INNER_FRAMES = 10, 20
_NAME: Final = re.compile(r"[A-Za-z0-9_.<>/\\:+-]{1,200}")
_UNNAMED: Final = "(a name that is left out)"


def log_defect(message: str, error: BaseException) -> None:
    """Log an exception's types and places, with all that led to it, as an error."""
    get_logger().error(message, error_causes=describe_causes(error))


def describe_causes(error: BaseException) -> list[str]:
    """Describe an exception and all that led to it by types and places, the outermost first."""
    return [_describe(how, cause) for how, cause in _what_led_to(error)]


def _what_led_to(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield an exception and what it came of, each once, outermost first, with how they relate.

    That is what it was raised ``from``, or else what was being handled when it was raised; and
    of a group, its members.
    """
    waiting = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_CAUSES:
        how, cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield how, cause
        if cause.__cause__ is not None:
            waiting.append(("", cause.__cause__))
        elif cause.__context__ is not None and not cause.__suppress_context__:
            waiting.append(("while handling ", cause.__context__))
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(("in the group ", member) for member in cause.exceptions)


def _describe(how: str, cause: BaseException) -> str:
    frames = traceback.extract_tb(cause.__traceback__)
    places = [f"  {_name(frame.filename)}:{frame.lineno} {_name(frame.name)}" for frame in frames]
    if len(places) > _OUTER_FRAMES + _INNER_FRAMES:
        between = len(places) - _OUTER_FRAMES - _INNER_FRAMES
        places[_OUTER_FRAMES:-_INNER_FRAMES] = [f"  and {between} more"]
    return "\n".join([how + _kind(type(cause)), *places])


def _kind(kind: type[BaseException]) -> str:
    known = next(one for one in kind.__mro__ if _is_in_its_module(one))
    name = _name(f"{known.__module__}.{known.__qualname__}")
    return name if known is kind else f"{name}, one of its kind"


def _is_in_its_module(kind: type) -> bool:
    found: object = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind


def _name(name: str) -> str:
    return name if _NAME.fullmatch(name) else _UNNAMED
