"""Each cell of the matrix of cross-checks: the contradiction is made, and what comes of it seen."""

import functools
import json
import re
from html import unescape
from typing import Any, NamedTuple

import pytest

from agents.report import agent as report
from siting.documents.boundaries import picture
from siting.documents.report.pages import Pdf
from siting.tests.chain import DEFINITIONS, example, project_for
from siting.tests.crosschecks.cases import (
    READ_ONLY,
    TOOLS,
    Call,
    Case,
    LeftOver,
    Outcome,
    Step,
    atlas,
    laid,
    own,
    simulated,
    zones,
)
from siting.tests.crosschecks.matrix import MATRIX, PAGE, render
from siting.tests.unit.documents.pictures import png
from siting.tests.unit.wind.brought_files import curve, lib, mast, mast_rows, rose
from siting.wind.features import FeatureClass
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

AGENT_AND_TOOL = {
    tool.tool_name: (agent, tool)
    for agent, definition in DEFINITIONS.items()
    for tool in definition.tools
}
CASES = [
    pytest.param(step, case, id=f"{assumption}-{step}-{at}")
    for assumption, cells in MATRIX.items()
    for step, cases in cells.items()
    for at, case in enumerate(cases)
    if case.outcome is not Outcome.NO_MATTER
]


@pytest.fixture(autouse=True)
def nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow half of two tools, which says nothing that the other half does not."""
    monkeypatch.setattr(picture, "as_png", lambda _: png())
    monkeypatch.setattr(report, "as_pdf", lambda *_: Pdf(b"%PDF-", every_character=True))


def moved_site(east_degrees: float) -> dict[str, Any]:
    """The example's site, elsewhere."""

    def shifted(value: Any) -> Any:
        if isinstance(value[0], list):
            return [shifted(one) for one in value]
        return [value[0] + east_degrees, value[1]]

    site = example("site.geojson")
    for one in site["features"]:
        one["geometry"]["coordinates"] = shifted(one["geometry"]["coordinates"])
    return site


def site_with(*features: dict[str, Any], **of_the_boundary: Any) -> dict[str, Any]:
    """The example's site with more features, and more said of its boundary."""
    site = example("site.geojson")
    for one in site["features"]:
        if one["properties"]["class"] == "boundary":
            one["properties"] |= of_the_boundary
    return {**site, "features": [*site["features"], *features]}


def searched(metres: float) -> dict[str, Any]:
    """The example's site, as if a map had been searched so far around it."""
    return site_with(searched_m=dict.fromkeys(map(str, FeatureClass), metres))


def only_boundary() -> dict[str, Any]:
    site = example("site.geojson")
    kept = [one for one in site["features"] if one["properties"]["class"] == "boundary"]
    return {**site, "features": kept}


def heights(west: float, south: float, cell: float, columns: int, rows: int) -> str:
    """Flat ground."""
    header = (
        f"ncols {columns}\nnrows {rows}\nxllcorner {west}\nyllcorner {south}\ncellsize {cell}\n"
    )
    return header + f"{' '.join(['1900'] * columns)}\n" * rows


FOREST = {
    "type": "Feature",
    "properties": {"class": "forest"},
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[8.95, 54.73], [8.955, 54.73], [8.955, 54.735], [8.95, 54.735], [8.95, 54.73]]
        ],
    },
}
#: What requests bring, by the name that cases have for it.
BROUGHT: dict[str, dict[str, Any]] = {
    "": {},
    "the example": {"site": site_with()},
    "a forest": {"site": site_with(FOREST)},
    "an empty map": {"site": only_boundary()},
    "a map, searched for 300 m": {"site": searched(300.0)},
    "a map, searched for 5 km": {"site": searched(5000.0)},
    "the site 1 km east": {"site": moved_site(0.0155)},
    "the site 5 degrees east": {"site": moved_site(5.0)},
    "heights of 1,900 m": {"elevation": heights(8.90, 54.70, 0.0008, 170, 100)},
    "heights of another place": {"elevation": heights(18.90, 54.70, 0.0008, 170, 100)},
    "heights in metres of zone 33": {"elevation": heights(113_000, 6_080_000, 90, 150, 90)},
    "an atlas": {"wind_file": lib()},
    "a wind rose": {"wind_file": rose()},
    "half a year of a mast": {"wind_file": mast(mast_rows(180))},
    "a power curve": {"power_curve": curve()},
    "a rose of shares": {"wind_rose": {"sector_frequencies": [0.25] * 4}},
    "two turbines": {"turbines": [{"x_m": 0.0, "y_m": 0.0}, {"x_m": 0.0, "y_m": 900.0}]},
}


def make(done: Call, store: MemoryArtifactStore) -> tuple[str, Any]:
    """Make a call, in a request of its own."""
    agent, tool = AGENT_AND_TOOL[done.tool]
    project = project_for(agent, store, BROUGHT[done.brings])
    status, said = call(tool, project, **done.arguments)
    assert project.failure is None, project.failure
    return status, said


@functools.cache
def planned(with_layout: bool) -> dict[str, bytes]:
    """Land and a turbine that was brought; with wind, a layout that is kept, and its energy."""
    store = MemoryArtifactStore()
    calls = [own(hub_height_m=100.0), zones("the example")]
    if with_layout:
        calls += [atlas(), laid(), Call("save_layout", {"layout_name": "kept"}), simulated()]
    for one in calls:
        status, said = make(one, store)
        assert status == "success", said
    if with_layout:
        energy = "simulation/energy.json"
        ProjectContent(store).leave({"simulation/wind_rose.png": png()}, read=(energy,))
    return store.objects


class Done(NamedTuple):
    """What came of calls: how the last one ended, what it said, and the project then."""

    status: str
    said: Any
    objects: dict[str, bytes]


#: Cases begin alike, and some are alike.
_DONE: dict[str, Done] = {}


def done(calls: tuple[Call | LeftOver, ...], *, with_layout: bool) -> Done:
    """Make calls, one request after the other; all but the last have to succeed."""
    if not calls:
        return Done("success", None, planned(with_layout))
    key = repr((with_layout, calls))
    if key not in _DONE:
        before = done(calls[:-1], with_layout=with_layout)
        assert before.status == "success", before.said
        store = MemoryArtifactStore()
        store.objects = dict(before.objects)
        last = calls[-1]
        if isinstance(last, LeftOver):
            content = ProjectContent(store)
            content.leave({last.file: content[last.file]})
            status, said = "success", None
        else:
            status, said = make(last, store)
        _DONE[key] = Done(status, said, store.objects)
    return _DONE[key]


@pytest.mark.parametrize(("step", "case"), CASES)
def test_a_contradiction_ends_as_the_matrix_says(step: Step, case: Case) -> None:
    judged = case.calls[-1]
    assert isinstance(judged, Call)
    assert judged.tool in TOOLS[step]

    status, said, objects = done(case.calls, with_layout=case.with_layout)

    if case.outcome is Outcome.REFUSES:
        assert status == "error", said
        assert case.says in said
        return
    assert status == "success", said
    if case.outcome is Outcome.RECOMPUTES:
        # Without what came before; and where nothing did, without what the request names.
        usual = judged if len(case.calls) > 1 else Call(judged.tool)
        as_usual = done((usual,), with_layout=case.with_layout)
        assert said[case.says] != as_usual.said[case.says]
    elif case.outcome is Outcome.ANSWER:
        assert case.says in json.dumps(said)
    else:
        store = MemoryArtifactStore()
        store.objects = objects
        page = ProjectContent(store)["report/report.html"].decode()
        cover, rest = page.split("<h2", 1)
        assert case.says in text_of(cover if case.outcome is Outcome.COVER else rest)


def text_of(html: str) -> str:
    """Its words, one space apart."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_every_assumption_meets_every_later_step() -> None:
    for assumption, cells in MATRIX.items():
        assert tuple(cells) == tuple(Step), assumption
        assert all(cells.values()), assumption


def test_every_tool_is_a_later_step_or_writes_nothing() -> None:
    assert set.union(*TOOLS.values()) | READ_ONLY == set(AGENT_AND_TOOL)


def test_the_page_shows_what_there_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: make docs"
