"""Quantities in a text, and the properties they are meant for, by unit and neighbouring words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

Schema = Mapping[str, Any]

#: What a property's last name part says about its unit, and how texts write that unit.
_UNIT_SUFFIXES: Final[Mapping[tuple[str, ...], str]] = {
    ("m",): "m",
    ("metres",): "m",
    ("meters",): "m",
    ("km",): "km",
    ("km2",): "km2",
    ("mw",): "MW",
    ("kw",): "kW",
    ("ms",): "m/s",
    ("mps",): "m/s",
    ("m", "s"): "m/s",
    ("m", "per", "s"): "m/s",
    ("deg",): "deg",
    ("degrees",): "deg",
    ("pct",): "%",
    ("percent",): "%",
    ("d",): "D",
    ("diameters",): "D",
    ("rd",): "D",
    ("h",): "h",
    ("hours",): "h",
    ("years",): "years",
}
_UNIT_SPELLINGS: Final[Mapping[str, str]] = {
    "m/s": "m/s",
    "metres": "m",
    "meters": "m",
    "metre": "m",
    "meter": "m",
    "m": "m",
    "kilometres": "km",
    "kilometers": "km",
    "km": "km",
    "km2": "km2",
    "km²": "km2",
    "megawatts": "MW",
    "megawatt": "MW",
    "mw": "MW",
    "kw": "kW",
    "degrees": "deg",
    "deg": "deg",
    "°": "deg",
    "percent": "%",
    "%": "%",
    "rotor diameters": "D",
    "diameters": "D",
    "hours": "h",
    "h": "h",
    "years": "years",
    "d": "D",
}
_FACTORS: Final[Mapping[tuple[str | None, str | None], float]] = {
    ("km", "m"): 1000.0,
    ("m", "km"): 0.001,
    ("MW", "kW"): 1000.0,
    ("kW", "MW"): 0.001,
}
#: Units that say by themselves what is measured, so that no word needs to match.
_TELLING_UNITS: Final = frozenset({"MW", "kW", "m/s", "D"})
#: Name parts that say how a number is meant, not what it counts.
_FILLERS: Final = frozenset(
    {"count", "number", "num", "no", "of", "n", "min", "max", "minimum", "maximum", "total", "the"}
)
_WINDOW_WORDS: Final = 4

_NUMBER = re.compile(
    r"(?<![\w.])(?P<number>[-+\u2212]?\d{1,15}(?:,\d{3})*(?:\.\d+)?)(?!\d)"
    r"(?:[\s\u00a0-]?(?P<unit>" + "|".join(map(re.escape, _UNIT_SPELLINGS)) + r")(?![\w/]))?",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"(?P<lat>[-+]?\d{1,2}(?:\.\d+)?)\s*°?\s*(?P<ns>[NS])?\s*[,;/]\s*"
    r"(?P<lon>[-+]?\d{1,3}(?:\.\d+)?)\s*°?\s*(?P<ew>[EW])?(?!\w|\.\d)"
)
_NUMBER_WORDS: Final[Mapping[str, str]] = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;()\n]|\.(?!\d)|\band\b|\bwith\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")


def positions(properties: Mapping[str, Schema], text: str) -> dict[str, float]:
    """Give the first position in the text ("at 55.1, 7.9") to latitude and longitude."""
    match = next((m for m in _POSITION.finditer(text) if _is_position(m)), None)
    if match is None:
        return {}
    latitude = float(match["lat"]) * (-1 if match["ns"] == "S" else 1)
    longitude = float(match["lon"]) * (-1 if match["ew"] == "W" else 1)
    found = {}
    for name, schema in properties.items():
        if schema.get("type") == "number":
            if {"latitude", "lat"} & set(name_parts(name)):
                found[name] = latitude
            elif {"longitude", "lon", "lng"} & set(name_parts(name)):
                found[name] = longitude
    return found


def _is_position(match: re.Match[str]) -> bool:
    # "16, 130" is a list of numbers; a position has decimals or says N and E.
    return ("." in match["lat"] and "." in match["lon"]) or bool(match["ns"] and match["ew"])


@dataclass(frozen=True)
class _Number:
    value: float
    unit: str | None
    before: tuple[str, ...]
    after: tuple[str, ...]


def numbers(properties: Mapping[str, Schema], text: str) -> dict[str, float | int]:
    """Give each number to the property whose name it fits best.

    Numbers that fit several names alike are dealt out in order ("7 D by 4 D"); a single one goes
    to them all ("5 D spacing" along and across the wind).
    """
    named = {n: s for n, s in properties.items() if s.get("type") in ("number", "integer")}
    fitting: dict[tuple[str, ...], list[tuple[float, _Number]]] = {}
    for number in _numbers_in(text):
        scores = {name: _score(name, schema, number) for name, schema in named.items()}
        best = max(scores.values(), default=0)
        if best > 0:
            alike = tuple(name for name in named if scores[name] == best)
            fitting.setdefault(alike, []).append((best, number))
    # The best fit is dealt out first, and a property keeps what it has.
    found: dict[str, float | int] = {}
    for alike, scored in sorted(fitting.items(), key=lambda each: -max(s for s, _ in each[1])):
        if len(alike) == 1 or len(scored) == 1:
            chosen = [max(scored, key=lambda each: each[0])[1]] * len(alike)
        else:
            chosen = [number for _, number in scored]
        for name, number in zip(alike, chosen, strict=False):
            found.setdefault(name, _converted(name, named[name], number))
    return found


def _numbers_in(text: str) -> Iterator[_Number]:
    text = _NUMBER_WORD.sub(lambda word: _NUMBER_WORDS[word[0].lower()], text)
    matches = list(_NUMBER.finditer(text))
    for index, match in enumerate(matches):
        previous_end = matches[index - 1].end() if index else 0
        before = _CLAUSE_END.split(text[previous_end : match.start()])[-1]
        after = ""
        for this, following in zip_longest(matches[index:], matches[index + 1 :]):
            after += text[this.end() : following.start() if following else len(text)]
            # What is counted may have a measure in front: "12 3.35 MW turbines".
            if match["unit"] or not (following and following["unit"]):
                break
        yield _Number(
            value=float(match["number"].replace(",", "").replace("\u2212", "-")),
            unit=_UNIT_SPELLINGS[match["unit"].lower()] if match["unit"] else None,
            before=tuple(map(_stem, _WORD.findall(before)[-_WINDOW_WORDS:])),
            after=tuple(map(_stem, _WORD.findall(_CLAUSE_END.split(after)[0])[:_WINDOW_WORDS])),
        )


def _score(name: str, schema: Schema, number: _Number) -> float:
    parts, unit = _meaning(name)
    counts = schema.get("type") == "integer"
    if counts and not number.value.is_integer():
        return 0
    words = {_stem(part) for part in parts if part not in _FILLERS} or set(parts)
    near = words & {*number.before, *number.after}
    if number.unit is None and unit is not None:
        # "16 turbines" is no turbine_spacing_m; "rotor diameter 130" is a rotor_diameter_m.
        return float(len(near)) if near == words else 0
    same_unit = number.unit == unit or (number.unit, unit) in _FACTORS
    if not same_unit and (unit is not None or counts):
        return 0
    if not near:
        return 0.1 if same_unit and number.unit in _TELLING_UNITS else 0
    # The word right behind the number, or else right before it, is the one that is meant.
    if number.after[:1] and number.after[0] in words:
        return len(near) + 0.5
    return len(near) + (0.25 if number.before[-1:] and number.before[-1] in words else 0)


def _converted(name: str, schema: Schema, number: _Number) -> float | int:
    _, unit = _meaning(name)
    value = number.value
    if number.unit is not None and number.unit != unit:
        value *= _FACTORS.get((number.unit, unit), 1.0)
    return int(value) if schema.get("type") == "integer" or value == int(value) else value


def _meaning(name: str) -> tuple[list[str], str | None]:
    """Split a property's name into the words for what it measures, and its unit."""
    parts = name_parts(name)
    for length in (3, 2, 1):
        unit = _UNIT_SUFFIXES.get(tuple(parts[-length:]))
        if unit is not None and len(parts) > length:
            return parts[:-length], unit
    return parts, None


def name_parts(name: str) -> list[str]:
    """Split a property's name, in snake, kebab or camel case, into lower-case parts."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").split("_")


def _stem(word: str) -> str:
    return re.sub(r"(?<=\w\w[^s])s$", "", word.lower())
