import json
from typing import Any

import pytest

from agents.report.tests.reading import (
    ENERGY,
    PAGE,
    PDF,
    SECTIONS,
    Page,
    page_of,
    pdf_of,
    report_on,
    text_of,
)
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import run_example
from tests.project_files import ProjectContent
from tradewind.run.memory_artifacts import MemoryArtifactStore

#: The land, the energy and the wakes.
MAPS = 3


def test_the_page_is_well_formed_and_self_contained(page: Page) -> None:
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "iframe"}]
    references = [
        attrs[name] or "" for _, attrs in page.tags for name in ("src", "href") if name in attrs
    ]
    # The charts, and the picture on the map of the wakes.
    assert len(references) == len(CHARTS) + 1
    assert all(reference.startswith("data:image/png;base64,") for reference in references)
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")


def test_both_have_the_same_sections(page: Page, pdf: Any) -> None:
    assert page.headings == SECTIONS
    outlined = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    assert [title for title in outlined if title != "Contents"] == SECTIONS


def test_both_say_what_the_artifacts_say(page: Page, pdf: Any, whole: MemoryArtifactStore) -> None:
    energy = json.loads(ProjectContent(whole)[ENERGY])
    layout = json.loads(ProjectContent(whole)["layout/layout.json"])
    areas = json.loads(ProjectContent(whole)["terrain/buildable.geojson"])["properties"]
    assert page.text.startswith("Moorkoog wind farm Moorkoog wind farm")
    for text in (page.text, text_of(pdf)):
        assert f"{energy['aep_gwh']:.2f} GWh per year" in text
        assert f"capacity factor of {100 * energy['capacity_factor']:.1f} %" in text
        assert f"{areas['buildable_km2']:.2f} km²" in text
        assert f"of {layout['turbines_requested']} asked for" in text
        assert f"EPSG:{layout['utm_epsg']}" in text
        for one in energy["per_turbine"]:
            assert f"{one['id']} {one['x_m']:,.1f}" in text
        for assumption in energy["assumptions"]:
            assert assumption in text
        assert f"\u2212{energy['gross_aep_gwh'] - energy['aep_gwh']:,.3f}" in text
        assert "not taken off" in text
        assert "no yield forecast" in text
        # The cover's answers.
        assert "How much No yield is known" in text
        assert "How sure Not assessed" in text
        assert "What is not known Slope and height of the ground were not looked at." in text


def test_every_figure_and_table_names_its_source(page: Page, pdf: Any) -> None:
    captions = [tag for tag, _ in page.tags if tag in {"caption", "figcaption"}]
    assert captions.count("figcaption") == MAPS + len(CHARTS)
    assert captions.count("caption") >= 5
    for text in (page.text, text_of(pdf)):
        # A space may separate what stands on two lines.
        squeezed = text.replace(" ", "")
        for number in range(1, captions.count("figcaption") + 1):
            assert f"Figure{number}." in squeezed
        for source in (
            "terrain/site.geojson",
            "terrain/exclusions.geojson",
            "terrain/buildable.geojson",
            "layout/layout.json",
            "simulation/energy.json",
            "simulation/wakes.json",
            *(f"simulation/{chart.file_name}" for chart in CHARTS),
        ):
            assert squeezed.count(source) >= 2


def test_the_map_shows_everything_there_is(page: Page, whole: MemoryArtifactStore) -> None:
    turbines = json.loads(ProjectContent(whole)["layout/layout.json"])["turbines_placed"]
    # And one in each legend.
    assert len(page.classed("map-turbine")) == MAPS * (turbines + 1)
    names = [f"T{at:02d}" for at in range(1, turbines + 1)]
    for name in names:
        # On two maps as it is, and on that of the energy with its own.
        assert page.text.count(f" {name} ") >= MAPS - 1
        assert page.text.count(f" {name}: ") == 1
    zones = {(one["class"] or "") for one in page.classed("map-zone")}
    assert {"map-zone map-building", "map-zone map-airfield"} <= zones
    for words in ("m from airfields", "1 km", "Site boundary", "Turbine (not to scale)"):
        assert words in page.text
    assert "main wind from 270°" in page.text
    for words in ("8.96° E", "54.74° N", "GWh per year, net of wakes alone", "free: 9.2 m/s"):
        assert words in page.text


def test_the_pdf_has_a_cover_page_numbers_and_repeated_table_heads(pdf: Any) -> None:
    pages = [" ".join(one.extract_text().split()) for one in pdf.pages]
    assert 5 <= len(pages) <= 15
    for words in (
        "Moorkoog wind farm",
        "Project: moorkoog",
        "Rated power",
        "Contents",
        "10 Sources",
    ):
        assert words in pages[0]
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
    for text in pages[1:]:
        assert "Moorkoog wind farm Wind-farm siting report" in text
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Moorkoog wind farm"


def test_the_pdf_holds_the_charts_and_draws_the_map(pdf: Any) -> None:
    assert sum(len(page.images) for page in pdf.pages) == len(CHARTS) + 1
    # The map is lines and letters, not pixels.
    on_map = next(page for page in pdf.pages if "Figure 1." in page.extract_text())
    assert not on_map.images
    assert "Turbine (not to scale)" in on_map.extract_text()


def test_every_font_of_the_pdf_is_embedded_and_it_is_tagged(pdf: Any) -> None:
    fonts = {
        name: font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        for page in pdf.pages
        for name, font in page["/Resources"].get("/Font", {}).items()
    }
    assert fonts
    for descriptor in fonts.values():
        assert {"/FontFile2", "/FontFile3"} & set(descriptor.get_object())
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"


def test_the_example_leaves_its_headline_figures(store: MemoryArtifactStore) -> None:
    project, result = run_example("report", store)

    assert result["artifacts"] == [
        PAGE,
        PDF,
        "report/map.html",
        "report/turbines.csv",
        "report/site.kml",
        "report/site.gpkg",
    ]
    assert result["charts_left_out"] == []
    assert project.facts["turbines_placed"] == result["turbines_placed"] > 0
    assert [one.content_type for one in project.artifacts] == [
        "text/html; charset=utf-8",
        "application/pdf",
        "text/html; charset=utf-8",
        "text/csv; charset=utf-8",
        "application/vnd.google-earth.kml+xml",
        "application/geopackage+sqlite3",
    ]


def test_the_exports_hold_the_turbines_and_are_named_in_the_report(
    page: Page, whole: MemoryArtifactStore
) -> None:
    content = ProjectContent(whole)
    placed = json.loads(content["layout/layout.json"])["turbines"]
    assert content["report/turbines.csv"].count(b"\r\n") == 1 + len(placed)
    assert content["report/site.kml"].count(b"<Point>") == len(placed)
    assert content["report/site.gpkg"].startswith(b"SQLite format 3\0")
    for name in ("map.html", "turbines.csv", "site.kml", "site.gpkg"):
        assert f"report/{name}" in page.text


HOSTILE = [
    "<script>alert(1)</script> & \"so\" 'on'",
    '#panic("x") *b* $x$ @ref <label> #read("/etc/passwd") \\u{0}',
    "{{ 7 * 7 }} {% raw %} ${x}",
    "%PDF-1.7 endstream endobj (\\) >> /JavaScript",
    "]]></style></svg><img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("title", HOSTILE, ids=["HTML", "Typst", "Jinja", "PDF", "SVG"])
def test_foreign_text_is_text(store: MemoryArtifactStore, title: str) -> None:
    report_on(store, title)

    page = page_of(store)
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert len([tag for tag, _ in page.tags if tag == "img"]) == len(CHARTS)
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    assert page.text.startswith(title)
    pdf = pdf_of(store)
    assert title.replace(" ", "") in text_of(pdf).replace(" ", "").replace("\u200b", "")
    assert (
        "/Names" not in pdf.trailer["/Root"] or "/JavaScript" not in pdf.trailer["/Root"]["/Names"]
    )


@pytest.mark.parametrize(
    "title",
    [
        "Łódź — Ωмега №1 Þórshöfn Ấn",
        "משק רוח צפון",
        "مزرعة الرياح",
        "W" * 120,
        "x \x00\x07\x1b[31m y",
        "a \u202egnp.exe b",
        "lone \ud800 surrogate",
    ],
    ids=["beyond Latin-1", "Hebrew", "Arabic", "one word", "control", "bidi", "surrogate"],
)
def test_any_name_makes_a_report(store: MemoryArtifactStore, title: str) -> None:
    result = report_on(store, title)

    assert "pdf_note" not in result
    text = page_of(store).text
    assert not {"\x00", "\x07", "\x1b", "\u202e"} & set(text)
    pdf = pdf_of(store)
    width = float(pdf.pages[0].mediabox.width)
    positions: list[float] = []
    pdf.pages[0].extract_text(
        visitor_text=lambda text, _cm, matrix, *_: positions.append(matrix[4]) if text else None
    )
    assert max(positions) < width


@pytest.mark.parametrize(
    "title", ["风力发电场", "Wind 🌬️ farm", "ลม"], ids=["Chinese", "emoji", "Thai"]
)
def test_letters_that_the_pdf_lacks_are_said(store: MemoryArtifactStore, title: str) -> None:
    result = report_on(store, title)

    assert "the page shows them" in result["pdf_note"]
    assert title in ProjectContent(store)[PAGE].decode()
    assert len(pdf_of(store).pages) > 4


def test_foreign_words_in_the_artifacts_are_text_too(store: MemoryArtifactStore) -> None:
    key = "layout/layout.json"
    layout = json.loads(ProjectContent(store)[key])
    layout.update(turbines_not_placed=4, reason_not_placed="<b>4 of 34</b> did #not fit: small.")
    ProjectContent(store).leave_again({key: json.dumps(layout).encode()})
    run_example("simulation", store)

    report_on(store)

    page = page_of(store)
    assert "<b>4 of 34</b> did #not fit: small." in page.text
    assert "<b>4 of 34</b> did #not fit: small." in text_of(pdf_of(store))
