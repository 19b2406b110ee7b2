"""The part of Overpass' query language that is asked here, over elements given in advance.

Anything else in a query is refused, so that a query nobody has thought about cannot pass by luck.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

Element = Mapping[str, Any]
Position = Mapping[str, float]

COPYRIGHT: Final = "A made-up map of Tradewind's stand-in; no real place looks like this."

_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "nwr": frozenset({"node", "way", "relation"}),
    "wr": frozenset({"way", "relation"}),
    "nw": frozenset({"node", "way"}),
    "way": frozenset({"way"}),
    "rel": frozenset({"relation"}),
    "node": frozenset({"node"}),
}
_SETTINGS: Final = re.compile(r"\[out:json\]\[timeout:\d+\]\[maxsize:\d+\];")
_IS_IN: Final = re.compile(r"is_in\(([-\d.]+),([-\d.]+)\)->\.here;")
_SEARCH: Final = re.compile(
    r"(nwr|wr|nw|way|rel|node)((?:\[[^\]]*\])*)\(([^)]*)\)((?:\[[^\]]*\])*);"
)
_TAG: Final = re.compile(r'\["([^"]+)"(?:(!=|!~|=|~)"([^"]*)")?\]')
_FIXED: Final = frozenset({"(", ")->.all;", ".all out count;", ".all out geom qt;"})


class QueryRefused(ValueError):
    """A line of the query is not among those known here."""


def answer(query: str, elements: Sequence[Element]) -> dict[str, Any]:
    """Answer a query as Overpass does.

    Raises:
        QueryRefused: The query has a line that is not known here.
    """
    searches: list[Callable[[Element], bool]] = []
    here: tuple[float, float] | None = None
    for line in query.splitlines():
        if line in _FIXED or _SETTINGS.fullmatch(line):
            continue
        if place := _IS_IN.fullmatch(line):
            here = float(place[1]), float(place[2])
        elif search := _SEARCH.fullmatch(line):
            searches.append(_search(search[1], search[2] + search[4], search[3], here))
        else:
            raise QueryRefused(line)
    found = [one for one in elements if any(finds(one) for finds in searches)]
    return written(found)


def written(found: Sequence[Element]) -> dict[str, Any]:
    """Write elements as a whole answer, their count first."""
    total = {kind: sum(one["type"] == kind for one in found) for kind in _KINDS["nwr"]}
    counts = {f"{kind}s": str(number) for kind, number in total.items()}
    return {
        "version": 0.6,
        "generator": "Tradewind stand-in",
        "osm3s": {
            "timestamp_osm_base": "2026-01-01T00:00:00Z",
            "timestamp_areas_base": "2026-01-01T00:00:00Z",
            "copyright": COPYRIGHT,
        },
        "elements": [
            {"type": "count", "id": 0, "tags": {**counts, "total": str(len(found))}},
            *found,
        ],
    }


def _search(
    kind: str, tags: str, where: str, here: tuple[float, float] | None
) -> Callable[[Element], bool]:
    wanted = [(m[1], m[2] or "", m[3] or "") for m in _TAG.finditer(tags)]
    if where == "pivot.here" and here is not None:
        place: tuple[float, float] = here

        def is_there(one: Element) -> bool:
            return _encloses(one, *place)

    else:
        south, west, north, east = (float(part) for part in where.split(","))

        def is_there(one: Element) -> bool:
            return any(_crosses(line, south, west, north, east) for line in _lines(one))

    def finds(one: Element) -> bool:
        return (
            one["type"] in _KINDS[kind]
            and all(_has(one["tags"], *tag) for tag in wanted)
            and is_there(one)
        )

    return finds


def _has(tags: Mapping[str, str], key: str, operator: str, value: str) -> bool:
    if operator == "!=":
        return tags.get(key) != value
    # As with Overpass, what an element has no tag for, it has not.
    if operator == "!~":
        return re.search(value, tags.get(key, "")) is None
    if key not in tags:
        return False
    if operator == "~":
        return re.search(value, tags[key]) is not None
    return not operator or tags[key] == value


def _lines(one: Element) -> Iterable[Sequence[Position]]:
    if one["type"] == "node":
        return [[{"lat": one["lat"], "lon": one["lon"]}]]
    if one["type"] == "way":
        return [one["geometry"]]
    return [member["geometry"] for member in one["members"] if "geometry" in member]


def _crosses(
    line: Sequence[Position], south: float, west: float, north: float, east: float
) -> bool:
    """Whether a piece of the line comes into the rectangle, by the piece's own bounds.

    An outline that runs around the rectangle does not, as with Overpass.
    """
    pieces = zip(line, line[1:] or line, strict=False)
    return any(
        min(a["lat"], b["lat"]) <= north
        and max(a["lat"], b["lat"]) >= south
        and min(a["lon"], b["lon"]) <= east
        and max(a["lon"], b["lon"]) >= west
        for a, b in pieces
    )


def _encloses(one: Element, latitude: float, longitude: float) -> bool:
    """Whether a place lies inside an area, counted by the crossings of its outlines."""
    crossings = 0
    for line in _lines(one):
        for a, b in pairwise(line):
            if (a["lat"] > latitude) != (b["lat"] > latitude):
                share = (latitude - a["lat"]) / (b["lat"] - a["lat"])
                crossings += a["lon"] + share * (b["lon"] - a["lon"]) > longitude
    return crossings % 2 == 1
