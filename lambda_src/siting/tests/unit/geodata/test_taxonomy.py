"""The taxonomy: asked and read by the same table, and shown as it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.geodata import overpass as stand_in
from siting.geodata.overpass import _query, _tags
from siting.geodata.taxonomy import ELEMENTS, TAXONOMY, Row, classes_of
from siting.geodata.taxonomy_page import PAGE, render
from siting.wind.features import DEFAULT_SETBACKS_M, ON_MAPS
from siting.wind.site import site_around

_KEYS = sorted({tag.key for row in TAXONOMY for tag in row.tags})
_VALUES = sorted({value for row in TAXONOMY for tag in row.tags for value in tag.values})
tags = st.dictionaries(st.sampled_from(_KEYS), st.sampled_from([*_VALUES, "yes"]), max_size=4)


def asked_for(row: Row, element: str, given_tags: dict[str, str]) -> bool:
    """Whether Overpass, as the stand-in has it, finds a thing by the row's own query."""
    line = [{"lat": 0.5, "lon": 0.5}, {"lat": 0.6, "lon": 0.6}]
    shape = {"geometry": line, "members": [{"geometry": line}], "lat": 0.5, "lon": 0.5}
    one = {"type": element, "tags": given_tags, **shape}
    query = f"{row.elements}{_tags(row)}(0,0,1,1);"
    return len(stand_in.answer(query, [one])["elements"]) == 2


@given(st.sampled_from(TAXONOMY), st.sampled_from(["node", "way", "relation"]), tags)
def test_what_is_asked_for_is_what_is_read(row: Row, element: str, drawn: dict[str, str]) -> None:
    # Half of what is drawn at random would meet no row at all.
    for given_tags in (drawn, drawn | {t.key: (*t.values, "x")[0] for t in row.tags}):
        assert row.takes(element, given_tags) == asked_for(row, element, given_tags)


def test_every_row_can_be_met_and_puts_it_in_its_class() -> None:
    for row in TAXONOMY:
        met = {tag.key: (*tag.values, "x")[0] for tag in row.tags if not tag.negated}
        for element in ELEMENTS[row.elements]:
            assert row.kind in classes_of(element, met), row.what


def test_every_class_is_looked_for() -> None:
    assert {row.kind for row in TAXONOMY} == ON_MAPS


def test_the_whole_query_is_one_that_the_stand_in_knows() -> None:
    window = site_around(8.97, 54.7, 6000.0).boundary_deg
    query = _query(8.97, 54.7, dict.fromkeys(DEFAULT_SETBACKS_M, window), window, window)  # type: ignore[arg-type]
    assert len(stand_in.answer(query, [])["elements"]) == 1


@pytest.mark.parametrize(
    ("element", "given_tags", "kinds"),
    [
        ("node", "power=generator generator:source=wind", "wind_turbine"),
        ("node", "power=generator generator:source=solar", ""),
        ("way", "natural=wetland", "wetland"),
        ("relation", "landuse=forest", "forest"),
        ("way", "natural=wood", "forest"),
        ("way", "landuse=military", "military"),
        ("node", "military=bunker", "military"),
        ("way", "man_made=pipeline", "pipeline"),
        ("node", "man_made=mast", "mast"),
        ("way", "power=substation", "substation"),
        ("way", "landuse=residential", "settlement"),
        ("way", "amenity=school", "sensitive_place"),
        ("node", "tourism=camp_site", "sensitive_place"),
        ("way", "aeroway=terminal building=yes", "airfield building"),
        ("way", "water=lake", "water"),
        ("way", "highway=construction construction=primary", "road"),
        ("way", "highway=construction", "road"),
        ("way", "highway=construction construction=track", ""),
        ("way", "highway=track", ""),
        ("way", "building=barn", "outbuilding"),
        ("way", "building=yes", "building"),
        ("way", "building=no", ""),
        ("way", "power=cable", "cable"),
        ("way", "power=line", "power_line"),
        ("way", "power=line location=underground", "cable"),
        ("relation", "boundary=protected_area protect_class=5", "landscape_protection"),
        ("relation", "leisure=nature_reserve protect_class=5", "landscape_protection"),
        ("relation", "boundary=protected_area protect_class=4", "protected_area"),
        ("relation", "boundary=protected_area", "protected_area"),
        ("way", "landuse=quarry", "developed_land"),
        ("node", "historic=castle", "monument"),
    ],
)
def test_what_a_planner_looks_for_is_found(element: str, given_tags: str, kinds: str) -> None:
    pairs = dict(pair.split("=") for pair in given_tags.split())
    assert set(classes_of(element, pairs)) == set(kinds.split())


def test_a_word_in_overpass_is_a_word_and_no_pattern() -> None:
    for row in TAXONOMY:
        for tag in row.tags:
            assert all(re.fullmatch(r"[a-z0-9_-]+", one) for one in tag.values), row


def test_the_page_shows_what_there_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: make docs"
