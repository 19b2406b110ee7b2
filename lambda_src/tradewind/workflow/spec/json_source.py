"""JSON as plain data with places.

Not ``json.loads``: it says where no value is, and makes millions of them before they are counted.
"""

import json
import math
import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, NoReturn

from tradewind.workflow.spec.places import Budget, Mark, Places, Unreadable
from tradewind.workflow.spec.problem import quoted

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD: Final = re.compile(r"-?[A-Za-z]+")
_WORDS: Final = {"true": True, "false": False, "null": None}
#: What Python would take for numbers.
_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")


def read_json(text: str) -> tuple[Any, Places | Mark, list[tuple[Mark, str]]]:
    """Read a text.

    Returns:
        What it says, where, and its slips.

    Raises:
        Unreadable: It is not JSON, or too much.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Walks through a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._budget = Budget()
        self._slips: list[tuple[Mark, str]] = []

    def scan(self) -> tuple[Any, Places | Mark, list[tuple[Mark, str]]]:
        value, places, end = self._value(self._skip(0), 0)
        end = self._skip(end)
        if end < len(self._text):
            self._expected("the end of the text", end)
        return value, places, self._slips

    def _skip(self, position: int) -> int:
        found = _SPACE.match(self._text, position)
        return found.end() if found else position

    def _mark(self, position: int) -> Mark:
        line = bisect_right(self._lines, position)
        return Mark(line, position - self._lines[line - 1] + 1)

    def _expected(self, what: str, position: int) -> NoReturn:
        raise Unreadable(f"is not valid JSON: expected {what}", self._mark(position))

    def _at(self, position: int) -> str:
        return self._text[position : position + 1]

    def _value(self, at: int, depth: int) -> tuple[Any, Places | Mark, int]:
        mark = self._mark(at)
        self._budget.spend(1, mark)
        match self._at(at):
            case "{":
                return self._mapping(at, mark, depth + 1)
            case "[":
                return self._list(at, mark, depth + 1)
            case '"':
                text, end = self._string(at, mark)
                return text, mark, end
        value, end = self._word_or_number(at, mark)
        return value, mark, end

    def _string(self, at: int, mark: Mark) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1, True)
        except json.JSONDecodeError as broken:
            told = f"is not valid JSON: {broken.msg}"
            raise Unreadable(told, self._mark(broken.pos)) from None
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                self._slips.append((mark, "has half a character (a lone surrogate)"))
        return text, end

    def _word_or_number(self, at: int, mark: Mark) -> tuple[Any, int]:
        found = _WORD.match(self._text, at) or _NUMBER.match(self._text, at)
        if found is None:
            self._expected("a value", at)
        written = found[0]
        if written in _WORDS:
            return _WORDS[written], found.end()
        if written[-1].isalpha() and written not in _NO_NUMBERS:
            self._expected("a value", at)
        try:
            value = json.loads(written)
            if math.isfinite(value):
                return value, found.end()
        except (ValueError, OverflowError):
            pass
        self._slips.append((mark, f"has {quoted(written)}, which is no number or too large"))
        return 1, found.end()

    def _mapping(self, at: int, mark: Mark, depth: int) -> tuple[Any, Places, int]:
        self._budget.enter(depth, mark)
        places = Places(mark)
        value: dict[str, Any] = {}
        at = self._skip(at + 1)
        more = self._at(at) != "}"
        while more:
            if self._at(at) != '"':
                self._expected("a key in double quotes", at)
            key_mark = self._mark(at)
            key, at = self._string(at, key_mark)
            first = places.keys.setdefault(key, key_mark)
            if first is not key_mark:
                slip = f"has the key {quoted(key)} twice; the first is in line {first.line}"
                self._slips.append((key_mark, slip))
            at = self._skip(at)
            if self._at(at) != ":":
                self._expected("a colon", at)
            value[key], places.within[key], at = self._value(self._skip(at + 1), depth)
            at, more = self._after(at, "}")
        return value, places, at + 1

    def _list(self, at: int, mark: Mark, depth: int) -> tuple[Any, Places, int]:
        self._budget.enter(depth, mark)
        places = Places(mark)
        value: list[Any] = []
        at = self._skip(at + 1)
        more = self._at(at) != "]"
        while more:
            entry, places.within[len(value)], at = self._value(at, depth)
            value.append(entry)
            at, more = self._after(at, "]")
        return value, places, at + 1

    def _after(self, at: int, closing: str) -> tuple[int, bool]:
        """Where it goes on after an entry, and whether with another."""
        at = self._skip(at)
        if self._at(at) == ",":
            return self._skip(at + 1), True
        if self._at(at) != closing:
            self._expected(f"a comma or {closing}", at)
        return at, False
