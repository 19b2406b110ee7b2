"""``docs/siting-taxonomy.md``: what keeps turbines away, generated from where it is defined.

``python -m siting.geodata.taxonomy_page`` writes it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from siting.geodata.taxonomy import TAXONOMY, Row
from siting.wind.features import MAY_BE_ALLOWED_ON, SETBACK_RULES, FeatureClass
from siting.wind.rule_sets import RULE_SETS

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "siting-taxonomy.md"

_HEAD: Final = """# What keeps turbines away

<!-- Generated from features.py and rule_sets.py in lambda_src/siting/wind and from
     lambda_src/siting/geodata/taxonomy.py by `make docs`. -->

The map is asked by the last table, and its answer is read by it. A site that comes with a request
uses the classes of the first. Distances are from the centre of a turbine; they are planning
defaults, not law. A class with 0 m excludes its own land alone.
[Decision 60](decisions/0060-a-stated-taxonomy.md) has the reasons.

## Classes
"""
_RULES: Final = """
## Rules to choose and to cite

A request chooses one by name (`setback_rules`). It replaces the defaults of the classes that it is
about; metres that the request names itself stand before both. Tip heights are those of the turbine
that is to stand there, and a higher one is refused on land that was cut for a lower. They are
starting points for a study: laws have exceptions that no map knows.
[Decision 62](decisions/0062-setbacks-to-cite.md) has the reasons.
"""
_LOOKED_FOR: Final = """
## What the map is searched for

Tags are OpenStreetMap's, as its [wiki](https://wiki.openstreetmap.org/wiki/Map_features) has them;
`*` is any value. All conditions of a row hold together.
"""
_NOT_LOOKED_FOR: Final = """
## What is not looked for

Tracks, driveways, paths and ditches; fences and walls; single trees, hedges and scrub; microwave
links between masts; what is planned and not begun. Steep ground is on no such map: a request may
bring heights (`parameters.elevation`, an Esri ASCII raster).

An area that encloses the whole search, with no edge in it, may not be found where it is a relation
without a name: Overpass makes [areas](https://wiki.openstreetmap.org/wiki/Overpass_API/Areas) of
relations by rules that ask for one. Closed ways are found.
"""


def render() -> str:
    """Write the page."""
    allowed = ", ".join(f"`{kind}`" for kind in MAY_BE_ALLOWED_ON)
    return "\n".join(
        (
            _HEAD,
            *_table(("Class", "What", "Setback", "Why", "Where the figure is from"), _classes()),
            f"\nA request may let turbines stand on {allowed} (`turbines_allowed_on`).",
            _RULES,
            *_table(("Name", "Setbacks", "Source", "Date", "What a map cannot tell"), _rules()),
            _LOOKED_FOR,
            *_table(("Class", "What", "Tags", "Drawn as"), map(_row, TAXONOMY)),
            _NOT_LOOKED_FOR,
        )
    )


def _classes() -> Iterator[tuple[str, ...]]:
    for kind in FeatureClass:
        rule = SETBACK_RULES[kind]
        yield f"`{kind}`", rule.label, rule.in_words, rule.reason, rule.source


def _rules() -> Iterator[tuple[str, ...]]:
    for name, rules in RULE_SETS.items():
        setbacks = [
            f"{rules.rule(kind).label}: {rules.rule(kind).in_words}"
            for kind in FeatureClass
            if kind in rules.classes
        ]
        if rules.boundary_tip_heights is not None:
            setbacks.append(f"the site's boundary: {rules.boundary_tip_heights:g} tip heights")
        yield f"`{name}`", "; ".join(setbacks), rules.source, rules.date, rules.simplified


def _row(row: Row) -> tuple[str, ...]:
    tags = " and ".join(f"`{tag.in_words}`" for tag in row.tags)
    return f"`{row.kind}`", row.what, tags, "area" if row.is_area else "line"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
