import json
from html.parser import HTMLParser

import pytest

from tests.unit.agents.chain import call, project_for, run_example, run_until
from tradewind.agents.project import MemoryArtifactStore
from tradewind.agents.report import create_report
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.contracts.names import AgentName

REPORT = "moorkoog/report/report.html"
VOID = {"meta", "br", "circle", "rect", "path"}


class Page(HTMLParser):
    """Reads a page: its visible text, its tags, and whether they nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += f"{data} "

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    return run_until(AgentName.REPORT).objects


@pytest.fixture
def store(whole: dict[str, bytes]) -> MemoryArtifactStore:
    """A project that lacks only its report."""
    store = MemoryArtifactStore()
    store.objects = {key: body for key, body in whole.items() if key != REPORT}
    return store


@pytest.fixture(scope="module")
def page(whole: dict[str, bytes]) -> Page:
    return Page(whole[REPORT].decode())


def test_the_page_is_well_formed_and_self_contained(page: Page) -> None:
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "img", "iframe"}]
    assert not [
        attrs for _, attrs in page.tags for name in ("src", "href", "xlink:href") if name in attrs
    ]


def test_it_says_what_the_artifacts_say(page: Page, whole: dict[str, bytes]) -> None:
    energy = json.loads(whole["moorkoog/simulation/energy.json"])
    areas = json.loads(whole["moorkoog/terrain/buildable.geojson"])["properties"]

    assert page.text.startswith("Moorkoog wind farm Moorkoog wind farm")
    assert f"{energy['aep_gwh']:.2f} GWh per year" in page.text
    assert f"{100 * energy['capacity_factor']:.1f} %" in page.text
    assert f"{areas['buildable_km2']:.2f} km²" in page.text
    assert "30 of 30 asked for" in page.text
    assert "100.50 MW" in page.text
    for one in energy["per_turbine"]:
        assert f"{one['id']} {one['x_m']:,.1f}" in page.text
    for assumption in energy["assumptions"]:
        assert assumption in page.text
    assert "it is no yield forecast" in page.text


def test_every_figure_and_table_names_its_source(page: Page) -> None:
    captions = [tag for tag, _ in page.tags if tag in {"caption", "figcaption"}]

    assert captions == ["figcaption", "caption", "caption", "caption", "caption"]
    for source in (
        "terrain/site.geojson",
        "terrain/exclusions.geojson",
        "terrain/buildable.geojson",
        "layout/layout.json",
        "simulation/energy.json",
    ):
        assert page.text.count(source) >= 2


def test_the_map_shows_everything_there_is(page: Page) -> None:
    assert len(page.classed("turbine")) == 30 + 1  # and one in the legend
    zones = {tuple((one["class"] or "").split()) for one in page.classed("zone")}
    assert ("zone", "building") in zones
    assert ("zone", "airfield") in zones
    assert "airfield: setback zone" in page.text
    assert "1 km" in page.text
    assert " N site boundary" in page.text
    assert "prevailing wind from 270°" in page.text
    assert "turbine (not to scale)" in page.text


def test_the_example_leaves_its_headline_figures(store: MemoryArtifactStore) -> None:
    project, result = run_example(AgentName.REPORT, store)

    assert result["artifacts"] == [REPORT]
    assert project.facts["turbines_placed"] == 30
    assert project.artifacts[0].content_type == "text/html; charset=utf-8"


def test_foreign_text_cannot_become_markup(store: MemoryArtifactStore) -> None:
    status, _ = call(
        create_report,
        project_for(AgentName.REPORT, store),
        title="<script>alert(1)</script> & \"so\" 'on'",
    )

    page = Page(store.objects[REPORT].decode())
    assert status == "success"
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.startswith("<script>alert(1)</script> & \"so\" 'on'")


def test_turbines_that_did_not_fit_are_explained(store: MemoryArtifactStore) -> None:
    key = "moorkoog/layout/layout.json"
    layout = json.loads(store.objects[key])
    layout.update(turbines_not_placed=4, reason_not_placed="4 of 34 turbines did not fit: small.")
    store.objects[key] = json.dumps(layout).encode()
    run_example(AgentName.SIMULATION, store)

    run_example(AgentName.REPORT, store)

    assert "4 of 34 turbines did not fit: small." in Page(store.objects[REPORT].decode()).text


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
    project = project_for(AgentName.REPORT, store)

    status, text = call(create_report, project, title="Half a report")

    assert status == "error"
    assert f"has no {missing}. Run the {agent} agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
    assert REPORT not in store.objects


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

    status, text = call(create_report, project_for(AgentName.REPORT, store), title="Mixed")

    assert status == "error"
    assert f"{stale} was not made from the {changed}" in text
    assert f"Run the {agent} agent on this project again" in text


@pytest.mark.parametrize("title", ["", "  \n ", "x" * 121])
def test_a_title_that_is_none_is_refused(store: MemoryArtifactStore, title: str) -> None:
    status, text = call(create_report, project_for(AgentName.REPORT, store), title=title)

    assert status == "error"
    assert "give 1 to 120" in text
