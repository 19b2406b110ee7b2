import hashlib
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from pypdf import PdfReader

from agents.report.agent import create_report, list_project_files, load_project_data
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import project_for, run_example, run_until
from siting.tests.unit.documents.pictures import png
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.project import MemoryArtifactStore, Project

PAGE = "moorkoog/report/report.html"
PDF = "moorkoog/report/report.pdf"
ENERGY = "moorkoog/simulation/energy.json"
VOID = {"meta", "br", "circle", "rect", "path", "img"}
SECTIONS = [
    "1 Site",
    "2 Excluded land",
    "3 Layout",
    "4 Wind",
    "5 Energy",
    "6 Losses",
    "7 Assumptions",
    "8 Limits",
    "9 Sources",
]


class Page(HTMLParser):
    """Reads a page: its visible text, its tags, and whether they nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += f"{data} "
        if self.open[-1:] == ["h2"]:
            self.headings[-1] += data

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


def page_of(store: MemoryArtifactStore) -> Page:
    return Page(store.objects[PAGE].decode())


def pdf_of(store: MemoryArtifactStore) -> Any:
    return PdfReader(io.BytesIO(store.objects[PDF]), strict=True)


def text_of(pdf: Any) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)


def make_charts(store: MemoryArtifactStore, request_id: str = "r-charts") -> Project:
    """Charts of the energy at hand, noted as such in the manifest."""
    project = project_for("simulation", store)
    project.request_id = request_id
    project.load("simulation", "energy.json")
    for at, chart in enumerate(CHARTS):
        # No two alike: a PDF holds equal pictures once.
        project.save(chart.file_name, png(90 + at), "image/png")
    project.record_artifacts()
    return project


def report_on(store: MemoryArtifactStore, title: str = "Moorkoog wind farm") -> dict[str, Any]:
    status, result = call(create_report, project_for("report", store), title=title)
    assert status == "success", result
    returned: dict[str, Any] = result
    return returned


@pytest.fixture(scope="module")
def chain() -> dict[str, bytes]:
    store = run_until("simulation")
    make_charts(store)
    return store.objects


@pytest.fixture
def store(chain: dict[str, bytes]) -> MemoryArtifactStore:
    """A project that lacks only its report."""
    store = MemoryArtifactStore()
    store.objects = dict(chain)
    return store


@pytest.fixture(scope="module")
def whole(chain: dict[str, bytes]) -> MemoryArtifactStore:
    """A project with its report."""
    store = MemoryArtifactStore()
    store.objects = dict(chain)
    report_on(store)
    return store


@pytest.fixture(scope="module")
def page(whole: MemoryArtifactStore) -> Page:
    return page_of(whole)


@pytest.fixture(scope="module")
def pdf(whole: MemoryArtifactStore) -> Any:
    return pdf_of(whole)


def test_the_page_is_well_formed_and_self_contained(page: Page) -> None:
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "iframe"}]
    references = [
        attrs[name] or "" for _, attrs in page.tags for name in ("src", "href") if name in attrs
    ]
    assert len(references) == len(CHARTS)
    assert all(reference.startswith("data:image/png;base64,") for reference in references)
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")


def test_both_have_the_same_sections(page: Page, pdf: Any) -> None:
    assert page.headings == SECTIONS
    outlined = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    assert [title for title in outlined if title != "Contents"] == SECTIONS


def test_both_say_what_the_artifacts_say(page: Page, pdf: Any, whole: MemoryArtifactStore) -> None:
    energy = json.loads(whole.objects[ENERGY])
    layout = json.loads(whole.objects["moorkoog/layout/layout.json"])
    areas = json.loads(whole.objects["moorkoog/terrain/buildable.geojson"])["properties"]
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
        assert "not modelled" in text
        assert "no yield forecast" in text


def test_every_figure_and_table_names_its_source(page: Page, pdf: Any) -> None:
    captions = [tag for tag, _ in page.tags if tag in {"caption", "figcaption"}]
    assert captions.count("figcaption") == 1 + len(CHARTS)
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
            *(f"simulation/{chart.file_name}" for chart in CHARTS),
        ):
            assert squeezed.count(source) >= 2


def test_the_map_shows_everything_there_is(page: Page, whole: MemoryArtifactStore) -> None:
    turbines = json.loads(whole.objects["moorkoog/layout/layout.json"])["turbines_placed"]
    assert len(page.classed("map-turbine")) == turbines + 1  # and one in the legend
    zones = {(one["class"] or "") for one in page.classed("map-zone")}
    assert {"map-zone map-building", "map-zone map-airfield"} <= zones
    for words in ("airfield: setback zone", "1 km", "site boundary", "turbine (not to scale)"):
        assert words in page.text
    assert "main wind from 270°" in page.text


def test_the_pdf_has_a_cover_page_numbers_and_repeated_table_heads(pdf: Any) -> None:
    pages = [" ".join(one.extract_text().split()) for one in pdf.pages]
    assert 5 <= len(pages) <= 15
    for words in (
        "Moorkoog wind farm",
        "Project: moorkoog",
        "Rated power",
        "Contents",
        "9 Sources",
    ):
        assert words in pages[0]
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
    for text in pages[1:]:
        assert "Moorkoog wind farm Wind-farm siting report" in text
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Moorkoog wind farm"


def test_the_pdf_holds_the_charts_and_draws_the_map(pdf: Any) -> None:
    assert sum(len(page.images) for page in pdf.pages) == len(CHARTS)
    # The map is lines and letters, not pixels.
    on_map = next(page for page in pdf.pages if "Figure 1." in page.extract_text())
    assert not on_map.images
    assert "turbine (not to scale)" in on_map.extract_text()


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

    assert result["artifacts"] == [PAGE, PDF]
    assert result["charts_left_out"] == []
    assert project.facts["turbines_placed"] == result["turbines_placed"] > 0
    assert [one.content_type for one in project.artifacts] == [
        "text/html; charset=utf-8",
        "application/pdf",
    ]


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
    assert title in store.objects[PAGE].decode()
    assert len(pdf_of(store).pages) > 4


def test_foreign_words_in_the_artifacts_are_text_too(store: MemoryArtifactStore) -> None:
    key = "moorkoog/layout/layout.json"
    layout = json.loads(store.objects[key])
    layout.update(turbines_not_placed=4, reason_not_placed="<b>4 of 34</b> did #not fit: small.")
    store.objects[key] = json.dumps(layout).encode()
    run_example("simulation", store)

    report_on(store)

    page = page_of(store)
    assert "<b>4 of 34</b> did #not fit: small." in page.text
    assert "<b>4 of 34</b> did #not fit: small." in text_of(pdf_of(store))


@pytest.mark.parametrize(
    ("missing", "agent"),
    [
        ("terrain/site.geojson", "terrain"),
        ("terrain/exclusions.geojson", "terrain"),
        ("terrain/buildable.geojson", "terrain"),
        ("layout/layout.json", "layout"),
        ("simulation/energy.json", "simulation"),
    ],
)
def test_a_missing_step_is_named(store: MemoryArtifactStore, missing: str, agent: str) -> None:
    del store.objects[f"moorkoog/{missing}"]
    project = project_for("report", store)

    status, text = call(create_report, project, title="Half a report")

    assert status == "error"
    assert f"has no {missing}. Run the {agent} agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
    assert PAGE not in store.objects
    assert PDF not in store.objects


@pytest.mark.parametrize(
    ("changed", "stale", "agent"),
    [
        ("terrain/site.geojson", "layout/layout.json", "layout"),
        ("terrain/buildable.geojson", "layout/layout.json", "layout"),
        ("layout/layout.json", "simulation/energy.json", "simulation"),
    ],
)
def test_a_step_out_of_date_is_named(
    store: MemoryArtifactStore, changed: str, stale: str, agent: str
) -> None:
    store.objects[f"moorkoog/{changed}"] += b"\n"

    status, text = call(create_report, project_for("report", store), title="Mixed")

    assert status == "error"
    assert f"{stale} was not made from the {changed}" in text
    assert f"Run the {agent} agent on this project again" in text


@pytest.mark.parametrize("title", ["", "  \n ", "x" * 121, "\x00\u202e"])
def test_a_title_that_is_none_is_refused(store: MemoryArtifactStore, title: str) -> None:
    status, text = call(create_report, project_for("report", store), title=title)

    assert status == "error"
    assert "give 1 to 120" in text


def test_charts_of_another_energy_are_left_out(store: MemoryArtifactStore) -> None:
    energy = json.loads(store.objects[ENERGY])
    energy["aep_gwh"] += 1
    project = project_for("simulation", store)
    project.request_id = "r-later"
    project.save("energy.json", json.dumps(energy).encode(), "application/json")
    project.record_artifacts()

    result = report_on(store)

    assert len(result["charts_left_out"]) == len(CHARTS)
    assert "was not made from the simulation/energy.json" in result["charts_left_out"][0]
    assert "img" not in {tag for tag, _ in page_of(store).tags}
    assert not [image for page in pdf_of(store).pages for image in page.images]


def test_charts_of_the_request_that_made_the_energy_are_shown(store: MemoryArtifactStore) -> None:
    body = store.objects[ENERGY]
    project = project_for("simulation", store)
    project.request_id = "r-both"
    project.save("energy.json", body, "application/json")
    for chart in CHARTS:
        project.save(chart.file_name, png(80, 80), "image/png")
    project.record_artifacts()

    assert report_on(store)["charts_left_out"] == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "there is none"),
        (b"<svg onload=alert(1)>", "no whole PNG"),
        (png()[:-20], "no whole PNG"),
        (png()[:60] + b"\0" + png()[61:], "no whole PNG"),
        (png(0, 10), "no whole PNG"),
    ],
    ids=["missing", "SVG", "cut off", "damaged", "without width"],
)
def test_a_chart_that_is_none_is_left_out_and_named(
    store: MemoryArtifactStore, body: bytes | None, reason: str
) -> None:
    name = CHARTS[0].file_name
    project = make_charts(store, "r-again")
    if body is None:
        del store.objects[f"moorkoog/simulation/{name}"]
    else:
        project.save(name, body, "image/png")
    project.record_artifacts()

    (left_out,) = report_on(store)["charts_left_out"]

    assert left_out.startswith(f"simulation/{name}: ")
    assert reason in left_out


SECTOR = {
    "direction_degrees": 0.0,
    "frequency": 0.25,
    "mean_wind_speed_m_per_s": 7.1234,
    "weibull_a_m_per_s": 8.0412,
    "weibull_k": 2.1,
}
WIND = {
    "latitude": 54.7361,
    "longitude": 8.9712,
    "hub_height_m": 110.0,
    "mean_wind_speed_m_per_s": 8.4321,
    "weibull_a_m_per_s": 9.5,
    "weibull_k": 2.2,
    "hours": 87_600,
    "missing_hours": 12,
    "first_year": 2016,
    "last_year": 2025,
    "sector_width_degrees": 90.0,
    "sectors": [{**SECTOR, "direction_degrees": 90.0 * at} for at in range(4)],
    "method": {"weibull": "By moments.", "height": "By a power law."},
    "source": {"attribution": "A <b>public</b> service."},
    "limits": ["The grid is coarse."],
}


def computed_from_wind(store: MemoryArtifactStore) -> None:
    """Make the energy one that was computed from the project's wind data."""
    body = json.dumps(WIND).encode()
    store.objects["moorkoog/terrain/wind.json"] = body
    energy = json.loads(store.objects[ENERGY])
    energy["sources"]["terrain/wind.json"] = hashlib.sha256(body).hexdigest()
    store.objects[ENERGY] = json.dumps(energy).encode()


def test_wind_data_are_shown_where_the_energy_came_from_them(store: MemoryArtifactStore) -> None:
    report_on(store)
    assert "not computed from wind data of this place" in page_of(store).text

    computed_from_wind(store)
    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "a mean of 8.43 m/s, Weibull A 9.50 m/s and k 2.20" in text
        assert "87,600 hours of 2016 to 2025 (12 missing)" in text
        assert "270.0 25.0 7.12 8.04 2.10" in text
        assert "A <b>public</b> service." in text
        assert "The grid is coarse." in text
        assert "Weibull fit: By moments." in text
        assert "not computed from wind data" not in text
        assert "terrain/wind.json" in text


def test_wind_that_was_fetched_anew_makes_the_energy_stale(store: MemoryArtifactStore) -> None:
    computed_from_wind(store)
    store.objects["moorkoog/terrain/wind.json"] += b"\n"

    status, text = call(create_report, project_for("report", store), title="Mixed")

    assert status == "error"
    assert "simulation/energy.json was not made from the terrain/wind.json" in text


def test_an_optimised_layout_says_what_it_was_chosen_from(store: MemoryArtifactStore) -> None:
    key = "moorkoog/layout/layout.json"
    layout = json.loads(store.objects[key])
    layout.update(
        strategy="optimise",
        compared=[
            {"strategy": "offset_grid", "turbines_placed": 30, "estimated_aep_gwh": 412.3},
            {"strategy": "spiral", "turbines_placed": 28, "estimated_aep_gwh": None},
        ],
        search={"start_aep_gwh": 412.3, "gain_percent": 1.25, "iterations": 9},
        search_ended="all of its work done",
        estimate_assumption="One turbine, one wind.",
    )
    store.objects[key] = json.dumps(layout).encode()
    run_example("simulation", store)

    report_on(store)

    text = page_of(store).text
    assert "412.30 GWh per year, the best of the patterns, and gained 1.25 % in 9 climbs" in text
    assert "(all of its work done)" in text
    assert "offset grid 30 412.30" in text
    assert "spiral 28 none" in text


def test_the_maps_own_attribution_is_repeated(store: MemoryArtifactStore) -> None:
    key = "moorkoog/terrain/site.geojson"
    site = json.loads(store.objects[key])
    site["features"][0]["properties"]["attribution"] = "© map <i>makers</i>."
    store.objects[key] = json.dumps(site).encode()
    for agent in ("layout", "simulation"):
        # As if made from it.
        artifact = f"moorkoog/{agent}/{'layout' if agent == 'layout' else 'energy'}.json"
        made = json.loads(store.objects[artifact])
        for name in made["sources"]:
            made["sources"][name] = hashlib.sha256(store.objects[f"moorkoog/{name}"]).hexdigest()
        store.objects[artifact] = json.dumps(made).encode()

    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "Map data: © map <i>makers</i>." in text


def test_a_listing_tells_what_was_made_from_what(store: MemoryArtifactStore) -> None:
    status, result = call(list_project_files, project_for("report", store))

    assert status == "success"
    assert result["project_id"] == "moorkoog"
    assert result["missing_steps"] == []
    listed = {file["file"]: file for file in result["files"]}
    assert result["file_count"] == len(listed)
    assert listed["layout/layout.json"]["made_from"] == [
        "terrain/buildable.geojson",
        "terrain/site.geojson",
    ]
    assert "terrain/manifest.json" not in listed
    assert len(listed["simulation/energy.json"]["sha256"]) == 64


def test_a_listing_names_the_steps_that_are_missing(store: MemoryArtifactStore) -> None:
    for key in [key for key in store.objects if "/simulation/" in key]:
        del store.objects[key]

    _, result = call(list_project_files, project_for("report", store))

    assert result["missing_steps"] == ["Run the simulation agent on this project."]


def test_a_listing_of_nothing_names_the_first_agent() -> None:
    project = project_for("report", MemoryArtifactStore())

    status, text = call(list_project_files, project)

    assert status == "error"
    assert "Project moorkoog holds nothing to report. Run the terrain agent" in text
    assert isinstance(project.failure, ArtifactNotFound)


def test_a_file_whose_origin_nobody_noted_is_listed_as_such(store: MemoryArtifactStore) -> None:
    store.objects["moorkoog/terrain/stray.json"] = b"{}"

    _, result = call(list_project_files, project_for("report", store))

    (stray,) = [file for file in result["files"] if file["file"] == "terrain/stray.json"]
    assert "unknown" in stray["origin"]


def test_data_is_read_and_cut_short(store: MemoryArtifactStore) -> None:
    energy = json.loads(store.objects[ENERGY])

    status, result = call(
        load_project_data, project_for("report", store), file="simulation/energy.json"
    )

    assert status == "success"
    assert result["data"]["aep_gwh"] == energy["aep_gwh"]
    shown = result["data"]["per_turbine"]
    assert shown[:5] == energy["per_turbine"][:5]
    assert shown[5:] == [
        f"and {len(energy['per_turbine']) - 5} more, {len(energy['per_turbine'])} in all"
    ]


def test_data_of_any_shape_stays_small(store: MemoryArtifactStore) -> None:
    deep: Any = "x" * 100_000
    for _ in range(50):
        deep = [{"a": deep}] * 2
    store.objects["moorkoog/terrain/deep.json"] = json.dumps(
        {
            "long": "x" * 100_000,
            "rings": [[[0.0, 0.0]] * 3000] * 50,
            "many": [deep_part() for _ in range(9)],
        }
    ).encode()

    _, result = call(load_project_data, project_for("report", store), file="terrain/deep.json")

    assert len(json.dumps(result)) < 20_000


def deep_part() -> Any:
    part: Any = 1
    for _ in range(40):
        part = {"next": [part]}
    return part


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("simulation/none.json", "no file 'simulation/none.json'. Its files: terrain/"),
        ("../other/terrain/site.geojson", "no file"),
        ("terrain/../terrain/site.geojson", "no file"),
        ("simulation/manifest.json", "no file"),
        ("", "no file ''"),
        (f"simulation/{CHARTS[0].file_name}", "is not JSON"),
    ],
)
def test_a_file_that_is_not_data_is_refused_with_those_that_are(
    store: MemoryArtifactStore, file: str, message: str
) -> None:
    project = project_for("report", store)

    status, text = call(load_project_data, project, file=file)

    assert status == "error"
    assert message in text
    assert project.failure is None


@pytest.mark.parametrize("tool", [list_project_files, load_project_data])
def test_a_project_that_the_model_made_up_is_answered_with_the_one_there_is(
    store: MemoryArtifactStore, tool: Any
) -> None:
    store.objects["other-project/terrain/site.geojson"] = b"{}"
    arguments = {"file": "terrain/site.geojson"} if tool is load_project_data else {}
    project = project_for("report", store)

    status, text = call(tool, project, project_id="other-project", **arguments)

    assert status == "error"
    assert "There is no project 'other-project' for this request" in text
    assert "exists is moorkoog" in text
    assert call(tool, project, project_id="moorkoog", **arguments)[0] == "success"
