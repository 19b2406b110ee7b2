"""Names on a map, each where it covers as little as can be. Standard library only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from siting.documents.wording import plain
from siting.wind.features import PLACE_KINDS, SETBACK_RULES, FeatureClass

#: The classes of features whose names say where one is, the most telling first.
NAMED_KINDS: Final = (
    "settlement", "airfield", "protected_area", "water", "forest", "wetland", "military",
    "landscape_protection", "sensitive_place", "developed_land", "monument",
)  # fmt: skip
#: All kinds of names, places before features.
RANKED: Final = (*PLACE_KINDS, *NAMED_KINDS)
#: Of those, what is as small as a building.
_SMALL: Final = frozenset({"sensitive_place", "developed_land", "monument"})
#: Names of places on a map; more would be a list.
MAX_PLACES: Final = 24
MAX_PLACE_LENGTH: Final = 32
#: An average letter's width and a line's height, of the letters' size; Open Sans, bold.
_LETTER: Final = 0.62
_LINE: Final = 1.1
#: Pixels between a turbine's edge and its name.
_GAP: Final = 2.0
#: Between the names of two places, of the letters' size: nearer ones read as one name.
_APART: Final = 0.5
#: Where a turbine's name is tried, nearest first: of its half width and half height, from there.
_AROUND: Final = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1))
#: And how far out.
_RINGS: Final = (1.0, 1.8, 2.6)
#: Of the letters' size, how far a place's name may be above or below its place, nearest first.
_LINES_OFF: Final = (0.0, -1.7, 1.7, -3.4, 3.4)


def place_name(name: str) -> str:
    """Return a place's name as maps write it; one that is too long ends in dots."""
    name = plain(name)
    return name if len(name) <= MAX_PLACE_LENGTH else f"{name[: MAX_PLACE_LENGTH - 1].rstrip()}…"


def says_no_more(kind: str, name: str, told: Collection[str]) -> bool:
    """Whether a name adds nothing to those that are told already, as a village's school's does."""
    return name in told or (kind in _SMALL and any(one in name for one in told))


def class_label(kind: str) -> str:
    """Return what a class is called on every map and in every table, such as "Overhead lines"."""
    return SETBACK_RULES[FeatureClass(kind)].label.capitalize()


def zone_label(kind: str, setback_m: float) -> str:
    """Return what a zone is called in a legend, such as "175 m from roads and railways"."""
    label = SETBACK_RULES[FeatureClass(kind)].label
    return f"{setback_m:g} m from {label}" if setback_m else label.capitalize()


@dataclass(frozen=True, slots=True)
class Label:
    """A text around whose middle it is set, in pixels."""

    text: str
    x: float
    y: float


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: "_Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Labels:
    """A map's names; what is set first is in the way of what comes later."""

    def __init__(
        self, width: float, height: float, taken: Sequence[tuple[float, float]], radius: float
    ) -> None:
        """Begin with what must stay free.

        Args:
            width: Of the map, in pixels.
            height: Of the map.
            taken: The middles of the turbines.
            radius: Of what is drawn of a turbine, in pixels.
        """
        self._width, self._height = width, height
        self._points, self._radius = taken, radius
        self._taken: list[_Box] = []

    def beside(self, text: str, x: float, y: float, *, size: float) -> Label:
        """Set a turbine's name beside it: every turbine has one, if need be on another's."""
        half_width, half_height = _LETTER * size * len(text) / 2, _LINE * size / 2
        radius = self._radius
        best, least = (x, y - radius - _GAP - half_height), len(self._taken) + len(self._points) + 1
        for ring in _RINGS:
            for right, down in _AROUND:
                at = (
                    x + right * (radius * ring + _GAP + half_width),
                    y + down * (radius * ring + _GAP + half_height),
                )
                in_the_way = self._in_the_way(_box(*at, half_width, half_height))
                if in_the_way is not None and in_the_way < least:
                    best, least = at, in_the_way
            if not least:
                break
        self._taken.append(_box(*best, half_width, half_height))
        return Label(text, round(best[0], 1), round(best[1], 1))

    def over(self, text: str, x: float, y: float, *, size: float) -> Label | None:
        """Set a place's name over it or a line or two off; nothing where all that is taken."""
        half_width, half_height = _LETTER * size * len(text) / 2, _LINE * size / 2
        apart = _APART * size
        wide, high = half_width + apart, half_height + apart
        x = min(max(x, wide), self._width - wide)
        for lines in _LINES_OFF:
            beside = min(max(y + lines * size, high), self._height - high)
            if not self._in_the_way(_box(x, beside, wide, high)):
                self._taken.append(_box(x, beside, half_width, half_height))
                return Label(text, round(x, 1), round(beside, 1))
        return None

    def _in_the_way(self, box: _Box) -> int | None:
        """Count what a text would cover; None where it would leave the map."""
        if box.left < 0 or box.top < 0 or box.right > self._width or box.bottom > self._height:
            return None
        radius = self._radius
        turbines = sum(
            box.left - radius < x < box.right + radius
            and box.top - radius < y < box.bottom + radius
            for x, y in self._points
        )
        return turbines + sum(box.covers(other) for other in self._taken)


def _box(x: float, y: float, half_width: float, half_height: float) -> _Box:
    return _Box(x - half_width, y - half_height, x + half_width, y + half_height)
