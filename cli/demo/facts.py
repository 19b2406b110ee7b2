"""Facts of answers, such as ``buildable_km2: 21.875``, in words: buildable 21.88 km²."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: How a fact's name ends, and the unit that says. Longer ends come before those they end in.
_UNITS: Final = {
    "_gwh_per_year": "GWh per year",
    "_m_per_s": "m/s",
    "_percent": "%",
    "_degrees": "°",
    "_gwh": "GWh",
    "_mwh": "MWh",
    "_km2": "km²",
    "_usd": "US$",
    "_eur": "€",
    "_mw": "MW",
    "_kw": "kW",
    "_kv": "kV",
    "_km": "km",
    "_m2": "m²",
    "_m": "m",
}
#: What insiders abbreviate.
_WORDS: Final = {"aep": "annual energy"}
_MOST_KEY_FACTS: Final = 6
_LONGEST: Final = 200


@dataclass(frozen=True)
class Fact:
    """A fact to show.

    Attributes:
        label: What it is, in words.
        value: The number or text, rounded as people say it.
        unit: Its unit, or nothing.
    """

    label: str
    value: str
    unit: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.label, self.value, self.unit)))


def readable(name: str, value: Any) -> Fact:
    """Read a fact's name for its label and unit, and round its value."""
    unit = ""
    for end, known in _UNITS.items():
        if name.endswith(end) and name != end:
            name, unit = name.removesuffix(end), known
            break
    return Fact(plain(words(name)), plain(_shown(value)), unit)


def plain(text: str) -> str:
    """Text on one line, without what would steer a terminal or turn its direction."""
    return "".join(one if one.isprintable() else " " for one in text)


def words(name: str) -> str:
    """A name such as ``aep_per_turbine`` in words."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_") if word)


def sentence(facts: Mapping[str, Any], at_most: int | None = None) -> str:
    """Several facts on one line."""
    return ", ".join(str(readable(*fact)) for fact in list(facts.items())[:at_most])


def key_facts(by_agent: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the whole chain came to: facts that a later agent took up from an earlier one.

    Where nobody did, the first few there are. Of a fact that several state, the last one's value.
    """
    latest = {name: value for facts in by_agent for name, value in facts.items()}
    stated = Counter(name for facts in by_agent for name in facts)
    taken_up = {name: value for name, value in latest.items() if stated[name] > 1}
    return dict(list((taken_up or latest).items())[:_MOST_KEY_FACTS])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _rounded(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _rounded(value: float) -> str:
    """Four digits that count, two decimals at most; of a share below 1, three digits."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if abs(value) < 1:
        return f"{value:.3g}"
    decimals = min(2, max(0, 3 - math.floor(math.log10(abs(value)))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
