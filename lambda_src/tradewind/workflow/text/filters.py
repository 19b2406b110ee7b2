"""The filters and tests of templates: Jinja2's, held to the bounds of ``meter``, and a few more."""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import Environment, Undefined, pass_environment, pass_eval_context
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.filters import do_join
from jinja2.tests import TESTS as JINJA_TESTS

from tradewind.workflow.text.faults import TooMuchWork
from tradewind.workflow.text.meter import CHARACTERS_SHIFT, METER, fits
from tradewind.workflow.text.patterns import search

_ELLIPSIS: Final = "..."
#: The largest number that says how wide, deep or precise something is to be.
_WIDEST: Final = 1000
_WIDE_PLACE: Final = re.compile(r"%(?:\([^)]*\))?[^a-zA-Z%]*(?:\d{4}|\*)")
_WITH_A_WIDTH: Final = ("batch", "center", "indent", "round", "slice", "wordwrap")
#: These look at each character in Python, or at each element at length.
_SLOW: Final = ("pprint", "striptags", "title", "urlize", "wordcount", "wordwrap")
_SLOW_TIMES: Final = 8
#: What they give is what they were given, or a part of it.
_FREE: Final = ("count", "d", "default", "first", "last", "length", "safe")


def narrow(*numbers: Any) -> None:
    """Refuse widths, depths and precisions that make much of little.

    Raises:
        TooMuchWork: One is too large, or of unknown size.
    """
    for number in numbers:
        too_wide = isinstance(number, int | float) and not -_WIDEST <= number <= _WIDEST
        if too_wide or (isinstance(number, str) and len(number) > _WIDEST):
            raise TooMuchWork(f"a width above {_WIDEST:,}")


def replaced(text: str, old: str, new: str, count: int | None = None) -> str:
    """``str.replace``, bounded.

    Raises:
        TooMuchWork: The result would be too long.
    """
    times = text.count(old) if count is None or count < 0 else min(count, text.count(old))
    fits(len(text) + times * len(new))
    return text.replace(old, new, -1 if count is None else count)


def joined(separator: str, parts: list[Any]) -> str:
    """``str.join`` of anything that can be written, bounded.

    Raises:
        TooMuchWork: The result would be too long.
    """
    fits(len(separator) * len(parts))
    written = [part if isinstance(part, str) else str(part) for part in parts]
    fits(len(separator) * len(parts) + sum(map(len, written)))
    return separator.join(written)


@pass_eval_context
def _join(eval_ctx: Any, value: Any, d: str = "", attribute: Any = None) -> str:
    parts = list(value)
    fits(len(str(d)) * len(parts))
    if attribute is None:
        return joined(str(d), parts)
    return str(do_join(eval_ctx, parts, str(d), attribute))


def _replace(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    return replaced(str(value), str(old), str(new), count)


def _truncate(value: Any, n: int = 100, **named: int) -> str:
    text, longest = str(value), int(named.get("length", n))
    if len(text) <= longest:
        return text
    return text[: max(0, longest - len(_ELLIPSIS))] + _ELLIPSIS[: max(0, longest)]


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined):
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return str(value)
    return list(value)


def _tojson(value: Any, indent: int | None = None) -> str:
    METER.get().weigh(value)
    narrow(indent)
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def _regex_search(value: Any, pattern: str) -> str:
    found = search(str(pattern), str(value), ignore_case=True)
    if found is None:
        return ""
    return (found[1] if found.re.groups else found[0]) or ""


def matches(value: Any, pattern: str) -> bool:
    """Whether a regular expression is found in a text."""
    return search(str(pattern), str(value)) is not None


def contains(value: Any, part: Any) -> bool:
    """Whether a text, a list or a mapping has a part."""
    if isinstance(value, str):
        return str(part) in value
    return part in value


@pass_environment
def _sum(environment: Environment, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    if not isinstance(start, int | float):
        raise TooMuchWork("`sum` adds numbers")
    return JINJA_FILTERS["sum"](environment, value, attribute, start)


def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    text = str(value)
    by = len(width) if isinstance(width, str) else width
    fits(len(text) + (text.count("\n") + 1) * max(0, by))
    return str(JINJA_FILTERS["indent"](text, width, first, blank))


def _format(value: Any, *positional: Any, **named: Any) -> str:
    return percent(str(value), named or positional)


def percent(form: str, values: Any) -> str:
    """The ``%`` operator of strings, bounded.

    Raises:
        TooMuchWork: The result would be too long, or a width is not in the text.
    """
    if _WIDE_PLACE.search(form):
        raise TooMuchWork(f"a width above {_WIDEST:,}, or one that is not in the text")
    if isinstance(values, dict):
        parts = list(values.values())
    else:
        parts = list(values) if isinstance(values, tuple) else [values]
    METER.get().weigh(parts)
    longest = max((len(str(part)) for part in parts), default=0)
    places = form.count("%")
    fits(len(form) + places * longest)
    METER.get().spend(places * _WIDEST >> CHARACTERS_SHIFT)
    return str(form % values)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that pays for what it gives."""
    # Some of Jinja2's want a part of the engine first.
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        meter = METER.get()
        meter.spend(1)
        if name in _WITH_A_WIDTH:
            narrow(*arguments[first + 1 :], *named.values())
        if name in _SLOW:
            for _ in range(_SLOW_TIMES):
                meter.weigh(list(arguments[first:]))
        result = function(*arguments, **named)
        if isinstance(result, str):
            fits(len(result))
            meter.spend(len(result) >> CHARACTERS_SHIFT)
        elif isinstance(result, list | dict | tuple):
            meter.weigh(result)
        return result

    return guarded


_OWN: Final[dict[str, Callable[..., Any]]] = {
    "format": _format,
    "indent": _indent,
    "join": _join,
    "regex_search": _regex_search,
    "replace": _replace,
    "search": matches,
    "sum": _sum,
    "tojson": _tojson,
    "truncate": _truncate,
}
_ALL: Final[dict[str, Any]] = {**dict[str, Any](JINJA_FILTERS), **_OWN}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    name: function if name in _FREE else _guarded(name, function) for name, function in _ALL.items()
}
TESTS: Final[dict[str, Callable[..., Any]]] = {
    **dict[str, Any](JINJA_TESTS),
    "contains": contains,
    "search": matches,
}
