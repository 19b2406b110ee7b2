import json

import pytest

from agents.report.agent import create_report
from agents.report.tests.reading import (
    ENERGY,
    PAGE,
    PDF,
    computed_from_wind,
    page_of,
    pdf_of,
    report_on,
    text_of,
)
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import project_for, run_example
from siting.tests.unit.documents.pictures import png
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.memory_artifacts import MemoryArtifactStore


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
    ProjectContent(store).remove(missing)
    project = project_for("report", store)

    status, text = call(create_report, project, title="Half a report")

    assert status == "error"
    assert f"has no {missing}. Run the {agent} agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
    assert PAGE not in ProjectContent(store)
    assert PDF not in ProjectContent(store)


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
    content = ProjectContent(store)
    content.leave_again({changed: content[changed] + b"\n"})

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
    energy = json.loads(ProjectContent(store)[ENERGY])
    energy["aep_gwh"] += 1
    ProjectContent(store).leave_again({ENERGY: json.dumps(energy).encode()})

    result = report_on(store)

    assert len(result["charts_left_out"]) == len(CHARTS) + 1
    assert "was not made from the simulation/energy.json" in result["charts_left_out"][0]
    assert "img" not in {tag for tag, _ in page_of(store).tags}
    assert not [image for page in pdf_of(store).pages for image in page.images]


def test_charts_of_the_request_that_made_the_energy_are_shown(store: MemoryArtifactStore) -> None:
    body = ProjectContent(store)[ENERGY]
    charts = {f"simulation/{chart.file_name}": png(80, 80) for chart in CHARTS}
    ProjectContent(store).leave({ENERGY: body} | charts, read=("layout/layout.json",))

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
    if body is None:
        ProjectContent(store).remove(f"simulation/{name}")
    else:
        ProjectContent(store).leave({f"simulation/{name}": body}, read=(ENERGY,))

    (left_out,) = report_on(store)["charts_left_out"]

    assert left_out.startswith(f"simulation/{name}: ")
    assert reason in left_out


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
    content = ProjectContent(store)
    content.leave_again({"terrain/wind.json": content["terrain/wind.json"] + b"\n"})

    status, text = call(create_report, project_for("report", store), title="Mixed")

    assert status == "error"
    assert "simulation/energy.json was not made from the terrain/wind.json" in text


def test_an_optimised_layout_says_what_it_was_chosen_from(store: MemoryArtifactStore) -> None:
    key = "layout/layout.json"
    layout = json.loads(ProjectContent(store)[key])
    layout.update(
        strategy="optimise",
        compared=[
            {"strategy": "offset_grid", "turbines_placed": 30, "estimated_aep_gwh": 412.3},
            {"strategy": "spiral", "turbines_placed": 28, "estimated_aep_gwh": None},
        ],
        search={
            "start_aep_gwh": 412.3,
            "gain_percent": 1.25,
            "iterations": 9,
            "starts": {"climbed_from": 6, "spread_percent": 0.814},
        },
        search_ended="all of its work done",
        estimate_assumption="One turbine, one wind.",
    )
    ProjectContent(store).leave_again({key: json.dumps(layout).encode()})
    run_example("simulation", store)

    report_on(store)

    text = page_of(store).text
    assert "412.30 GWh per year, the best of the patterns, and gained 1.25 % in 9 climbs" in text
    assert "(all of its work done)" in text
    assert "6 climbs from different starts ended within 0.81 % of each other" in text
    assert "offset grid 30 412.30" in text
    assert "spiral 28 none" in text
