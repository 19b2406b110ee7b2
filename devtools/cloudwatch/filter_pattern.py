"""The patterns of CloudWatch Logs' metric filters: which messages match, and what value they have.

Source: "Filter pattern syntax for metric filters" in the CloudWatch Logs user guide. Terms,
``{...}`` for JSON and ``%...%`` for regular expressions are read; ``[...]`` for space-delimited
messages is refused. The guide leaves open, and is decided here:

- a comparison, ``!=`` too, matches only where the selector leads to a string or a number;
- a number without quotes is compared as a number with numbers, and as a text with strings.
"""

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from devtools.cloudwatch.tokens import Tokens

Predicate = Callable[[str], bool]
_Condition = Callable[[Any], bool]
_Path = tuple[str | int, ...]

#: Longest pattern, in characters; and how many regular expressions one may have.
_MOST_CHARACTERS: Final = 1024
_MOST_EXPRESSIONS: Final = 2

_SELECTOR: Final = r"\$(?:\.[A-Za-z0-9_-]+(?:\[\d+\])*)+"
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<selector>{_SELECTOR})"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\")|(?P<regex>%[^%]*%)"
    r"|(?P<sign>&&|\|\||!=|<=|>=|[=<>()])"
    r"|(?P<word>[^\s\"%&|!<>=(){}$]+)|(?P<end>$))"
)
_TERM: Final = re.compile(
    r"(?P<mark>[-?]?)(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<regex>%[^%]*%)|(?P<word>\w+))(?=\s|$)"
)
_STEP: Final = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")
#: What a regular expression may be written with; groups are refused.
_EXPRESSION: Final = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.\s]+")
_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: What a selector is, or is not.
_EQUAL: Final = re.compile(
    rf"({_SELECTOR})\s*!?=\s*(\"(?:[^\"\\]|\\.)*\"|%[^%]*%|[^\s\"%&|!<>=(){{}}$]+)"
)
_MISSING: Final = object()


class FilterPatternError(ValueError):
    """CloudWatch Logs would refuse the pattern or the value, or it is not supported here."""


def matches(pattern: str, message: str) -> bool:
    """Whether a message matches a pattern.

    Raises:
        FilterPatternError: The pattern is none.
    """
    return compile_pattern(pattern)(message)


def value(metric_value: str, message: str) -> float | None:
    """The value that a matching message adds to the metric.

    Args:
        metric_value: A transformation's ``metricValue``: a number, or a selector.
        message: The log event's.

    Returns:
        None where the selector leads to no finite number; nothing is published then.

    Raises:
        FilterPatternError: It is neither a number nor a selector.
    """
    if _NUMBER.fullmatch(metric_value):
        return float(metric_value)
    found = _at(_document(message), _path(metric_value))
    return float(found) if _is_number(found) and math.isfinite(found) else None


def text(selector: str, message: str) -> str | None:
    """The text that a dimension takes from a message; None where there is no string or number.

    Raises:
        FilterPatternError: It is no selector.
    """
    return _text(_at(_document(message), _path(selector)))


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Predicate:
    """What tells whether a message matches.

    Raises:
        FilterPatternError: The pattern is none.
    """
    if len(pattern) > _MOST_CHARACTERS:
        raise FilterPatternError(f"a pattern has at most {_MOST_CHARACTERS} characters")
    stripped = pattern.strip()
    if stripped.startswith("["):
        raise FilterPatternError("patterns for space-delimited messages are not supported here")
    if not stripped.startswith("{"):
        return _terms(stripped)
    if not stripped.endswith("}"):
        raise FilterPatternError("a pattern for JSON ends with }")
    condition = _Json(stripped[1:-1]).read()

    def match(message: str) -> bool:
        document = _document(message)
        return isinstance(document, dict) and condition(document)

    return match


def selectors_in(pattern: str) -> frozenset[str]:
    """The selectors of a pattern for JSON; a metric's value is one of them, or a number."""
    return (
        frozenset(re.findall(_SELECTOR, pattern))
        if pattern.strip().startswith("{")
        else frozenset()
    )


def equalities_in(pattern: str) -> frozenset[str]:
    """For each selector that a pattern for JSON compares with a value, a pattern of that alone."""
    if not pattern.strip().startswith("{"):
        return frozenset()
    return frozenset(f"{{ {selector} = {wanted} }}" for selector, wanted in _EQUAL.findall(pattern))


def _terms(pattern: str) -> Predicate:
    """Every plain term is in the message and no term after a minus; or one of those after a ?."""
    kinds: dict[str, list[Predicate]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(pattern):
        match = _TERM.match(pattern, position)
        if match is None:
            raise FilterPatternError(f"no term at {position} in {pattern!r}")
        kinds[match["mark"]].append(_term(match))
        position = match.end()
        position += len(pattern[position:]) - len(pattern[position:].lstrip())
    if kinds["?"] and (kinds[""] or kinds["-"]):
        raise FilterPatternError("terms after a question mark do not go with others")

    def match_terms(message: str) -> bool:
        if kinds["?"]:
            return any(term(message) for term in kinds["?"])
        if any(term(message) for term in kinds["-"]):
            return False
        return all(term(message) for term in kinds[""])

    return match_terms


def _term(match: re.Match[str]) -> Predicate:
    if match["regex"]:
        found = _expression(match["regex"])
        return lambda message: found.search(message) is not None
    word = match["word"] if match["quoted"] is None else _unescaped(match["quoted"])
    return lambda message: word in message


class _Json:
    """Reads what is between the braces; && binds closer than ||."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._expressions = 0
        self._tokens = Tokens(pattern, _TOKEN, self._wrong)

    def read(self) -> _Condition:
        condition = self._any()
        if self._tokens.kind != "end":
            raise self._wrong(self._tokens.position)
        return condition

    def _any(self) -> _Condition:
        parts = [self._all()]
        while self._tokens.accept("||"):
            parts.append(self._all())
        return lambda document: any(part(document) for part in parts)

    def _all(self) -> _Condition:
        parts = [self._one()]
        while self._tokens.accept("&&"):
            parts.append(self._one())
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> _Condition:
        if self._tokens.accept("("):
            inner = self._any()
            if not self._tokens.accept(")"):
                raise self._wrong(self._tokens.position)
            return inner
        path = _path(self._take("selector"))
        if self._tokens.accept("NOT"):
            self._expect("EXISTS")
            return lambda document: _at(document, path) is _MISSING
        if self._tokens.accept("IS"):
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[
                self._expect("NULL", "TRUE", "FALSE")
            ]
            return lambda document: _at(document, path) is wanted
        return self._comparison(path, self._expect(*_ORDERS))

    def _comparison(self, path: _Path, sign: str) -> _Condition:
        kind, token, position = self._tokens.kind, self._tokens.token, self._tokens.position
        if kind not in {"word", "quoted", "regex"}:
            raise self._wrong(position)
        self._tokens.advance()
        if kind == "word" and _NUMBER.fullmatch(token):
            return _number_condition(path, sign, token)
        if sign not in {"=", "!="}:
            raise FilterPatternError(f"{sign} compares numbers, and {token} is none")
        if kind == "regex":
            self._expressions += 1
            if self._expressions > _MOST_EXPRESSIONS:
                raise FilterPatternError(
                    f"a pattern has at most {_MOST_EXPRESSIONS} regular expressions"
                )
            found = _expression(token)
            return _text_condition(path, sign, lambda text: found.search(text) is not None)
        return _text_condition(
            path, sign, _likeness(_unescaped(token[1:-1]) if kind == "quoted" else token)
        )

    def _take(self, kind: str) -> str:
        if self._tokens.kind != kind:
            raise self._wrong(self._tokens.position)
        token = self._tokens.token
        self._tokens.advance()
        return token

    def _expect(self, *tokens: str) -> str:
        token = self._tokens.accept(*tokens)
        if token is None:
            raise self._wrong(self._tokens.position)
        return token

    def _wrong(self, position: int) -> FilterPatternError:
        return FilterPatternError(f"not understood at {position} in {{{self._pattern}}}")


def _number_condition(path: _Path, sign: str, token: str) -> _Condition:
    number, compare = float(token), _ORDERS[sign]

    def hold(document: Any) -> bool:
        found = _at(document, path)
        if _is_number(found):
            return compare(found, number)
        return isinstance(found, str) and {"=": found == token, "!=": found != token}.get(
            sign, False
        )

    return hold


def _text_condition(path: _Path, sign: str, like: Predicate) -> _Condition:
    def hold(document: Any) -> bool:
        found = _text(_at(document, path))
        return found is not None and like(found) is (sign == "=")

    return hold


def _likeness(wanted: str) -> Predicate:
    """Likeness to a text; an asterisk at its begin or end stands for anything, and only there."""
    if wanted == "*":
        return lambda _: True
    before, after = wanted.startswith("*"), wanted.endswith("*")
    core = wanted[before : len(wanted) - after]
    if before and after:
        return lambda text: core in text
    if before:
        return lambda text: text.endswith(core)
    if after:
        return lambda text: text.startswith(core)
    return lambda text: text == core


def _expression(token: str) -> re.Pattern[str]:
    inner = token[1:-1]
    if not _EXPRESSION.fullmatch(inner):
        raise FilterPatternError(f"{token} has a character that regular expressions may not have")
    try:
        return re.compile(inner, re.ASCII)
    except re.error as error:
        raise FilterPatternError(f"{token}: {error}") from error


def _path(selector: str) -> _Path:
    if not re.fullmatch(_SELECTOR, selector):
        raise FilterPatternError(f"{selector!r} is no selector such as $.record.status")
    return tuple(name or int(at) for name, at in _STEP.findall(selector))


def _at(document: Any, path: _Path) -> Any:
    for step in path:
        if isinstance(step, str):
            there = isinstance(document, dict) and step in document
        else:
            there = isinstance(document, list) and step < len(document)
        if not there:
            return _MISSING
        document = document[step]
    return document


@lru_cache(maxsize=16)
def _document(message: str) -> Any:
    """The JSON of a message, which all filters of a group look at; None when it is none."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        return json.loads(message, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _text(found: Any) -> str | None:
    if isinstance(found, str):
        return found
    return json.dumps(found) if _is_number(found) else None


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)
