import json

import pytest

from agents.report.agent import create_report
from agents.report.tests.reading import (
    ENERGY,
    PAGE,
    PDF,
    page_of,
    pdf_of,
    report_on,
    text_of,
)
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import example, find_land, project_for, run_example
from siting.tests.unit.documents.pictures import png
from siting.wind.iea37 import wind_rose
from siting.wind.net import Losses, Uncertainties, net_yield
from siting.wind.turbines import IEA37_CASE_STUDY
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
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": body})
    energy = json.loads(content[ENERGY])
    net = net_yield(
        aep_mwh=1000.0 * energy["aep_gwh"],
        wake_loss_percent=energy["wake_loss_percent"],
        turbine=IEA37_CASE_STUDY,
        rose=wind_rose(),
        yearly_mean_m_per_s=(8.0, 8.4, 8.8, 8.4, 8.4),
        losses=Losses(curtailment=1.0),
        uncertainties=Uncertainties(),
    )
    content.leave_again(
        {ENERGY: json.dumps({**energy, **net.describe()}).encode()}, read=("terrain/wind.json",)
    )


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
        search={"start_aep_gwh": 412.3, "gain_percent": 1.25, "iterations": 9},
        search_ended="all of its work done",
        estimate_assumption="One turbine, one wind.",
    )
    ProjectContent(store).leave_again({key: json.dumps(layout).encode()})
    run_example("simulation", store)

    report_on(store)

    text = page_of(store).text
    assert "412.30 GWh per year, the best of the patterns, and gained 1.25 % in 9 climbs" in text
    assert "(all of its work done)" in text
    assert "offset grid 30 412.30" in text
    assert "spiral 28 none" in text


def test_the_maps_own_attribution_is_repeated(store: MemoryArtifactStore) -> None:
    key = "terrain/site.geojson"
    site = json.loads(ProjectContent(store)[key])
    site["features"][0]["properties"]["attribution"] = "© map <i>makers</i>."
    ProjectContent(store).leave_again({key: json.dumps(site).encode()})
    content = ProjectContent(store)
    for made_from_it in ("layout/layout.json", ENERGY):
        content.leave_again({made_from_it: content[made_from_it]})

    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "Map data: © map <i>makers</i>." in text


def test_no_yield_is_on_a_cover_whose_wind_is_not_the_places(store: MemoryArtifactStore) -> None:
    report_on(store)
    without = ProjectContent(store)[PAGE].decode()
    assert "<dt>Capacity factor" not in without
    assert "There is no yield on this cover" in without

    computed_from_wind(store)
    report_on(store)
    with_wind = ProjectContent(store)[PAGE].decode()
    assert "<dt>Annual energy, net of wakes and losses (P50)" in with_wind
    assert "<dt>P90, mean of ten years" in with_wind
    assert "<dt>Capacity factor" in with_wind
    assert "There is no yield" not in with_wind


@pytest.mark.parametrize(("factor", "questioned"), [(0.59, False), (0.61, True)])
def test_a_capacity_factor_that_no_farm_reaches_is_questioned(
    store: MemoryArtifactStore, factor: float, questioned: bool
) -> None:
    computed_from_wind(store)
    content = ProjectContent(store)
    energy = {**json.loads(content[ENERGY]), "capacity_factor": factor}
    content.leave_again({ENERGY: json.dumps(energy).encode()}, read=("terrain/wind.json",))
    report_on(store)
    assert ("is more than wind farms reach over years" in page_of(store).text) is questioned


def test_free_land_that_nobody_has_looked_at_is_on_the_cover() -> None:
    site = example("site.geojson")
    boundary = [one for one in site["features"] if one["properties"]["class"] == "boundary"]
    store = MemoryArtifactStore()
    find_land(store, {**site, "features": boundary}, accept_empty_map=True)
    run_example("layout", store)
    run_example("simulation", store)

    report_on(store)

    assert "The map shows nothing at all at this place" in page_of(store).text


def test_it_says_which_turbines_the_land_was_cut_for(store: MemoryArtifactStore) -> None:
    report_on(store)
    text = page_of(store).text
    assert "turbines that reach 175 m at the blade tip; the request named the setback from" in text
    assert "nothing at all at this place" not in text


def test_losses_are_taken_off_one_after_the_other_and_the_rest_is_as_sure_as_it_is(
    store: MemoryArtifactStore,
) -> None:
    computed_from_wind(store)
    report_on(store)
    energy = json.loads(ProjectContent(store)[ENERGY])

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "Availability 3.0 \u2212" in text
        assert "Curtailment 1.0 \u2212" in text
        assert f"Net: what reaches the grid (P50) {energy['net_aep_gwh']:.3f}" in text
        assert "by the means of 5 years" in text
        assert f"{energy['net_aep_gwh']:.1f} GWh per year reach the grid with even odds" in text
        for one in energy["exceeded"]:
            row = f"P{one['probability_percent']} {one['one_year_gwh']:.2f}"
            assert f"{row} {one['ten_years_gwh']:.2f}" in text


@pytest.mark.parametrize("standing", [0, 1, 2])
def test_what_nobody_looked_for_and_what_stands_already_is_told(standing: int) -> None:
    site = example("site.geojson")
    turbine = {
        "type": "Feature",
        "properties": {"class": "wind_turbine"},
        "geometry": {"type": "Point", "coordinates": [9.08, 54.73]},
    }
    store = MemoryArtifactStore()
    planned = {**site, "features": [*site["features"], *[turbine] * standing]}
    find_land(store, planned)
    run_example("layout", store)
    run_example("simulation", store)

    report_on(store)

    text = page_of(store).text
    assert "no map was searched: barns and sheds, residential land" in text
    assert ("existing wind turbines, wetlands" in text) is (standing == 0)
    told = {
        0: "Existing wind turbines are not in the map data",
        1: "1 existing wind turbine stands on or near the site. Wakes between them",
        2: "2 existing wind turbines stand on or near the site.",
    }
    assert told[standing] in text


def test_the_setback_from_the_boundary_is_told(store: MemoryArtifactStore) -> None:
    report_on(store)
    page = page_of(store)
    assert "within the boundary's setback of 65.0 m (half a rotor: no blade reaches" in page.text
    assert page.classed("map-setback")


def test_rules_are_cited_with_the_classes_that_follow_them(store: MemoryArtifactStore) -> None:
    find_land(store, example("site.geojson"), setback_rules="denmark_4h", road_setback_m=200)
    run_example("layout", store)
    run_example("simulation", store)
    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "Setbacks by Denmark's 4 H: buildings, residential land. Source: order on" in text
        assert "as of September 2019" in text
        assert "They follow Denmark's 4 H where it gives one." in text


def test_noise_is_told_as_a_screening_next_to_what_homes_keep(store: MemoryArtifactStore) -> None:
    report_on(store)
    text = page_of(store).text
    assert "needs 575 m for 40 dB(A) and 355 m for 45 dB(A). Homes keep 450 m here." in text
    assert "Screening only: one turbine in its loudest mode" in text
    assert "Slope and height of the ground were not looked at." in text


def test_ground_that_somebody_looked_at_is_told(store: MemoryArtifactStore) -> None:
    key = "terrain/buildable.geojson"
    land = json.loads(ProjectContent(store)[key])
    land["properties"]["ground"] = {
        "max_slope_percent": 15.0, "lowest_m": 3.2, "highest_m": 481.9,
        "steepest_percent": 31.4, "cell_m": 30.0,
    }  # fmt: skip
    ProjectContent(store).leave_again({key: json.dumps(land).encode()})
    run_example("layout", store)
    run_example("simulation", store)

    report_on(store)

    text = page_of(store).text
    assert "The ground lies between 3 and 482 m and is as steep as 31 %" in text
    assert "steeper than 15 % is excluded" in text
    assert "Slope and height of the ground were not" not in text


def test_wakes_are_bracketed_by_every_model(store: MemoryArtifactStore) -> None:
    computed_from_wind(store)
    report_on(store)
    models = json.loads(ProjectContent(store)[ENERGY])["wake_models"]
    losses = sorted(one["wake_loss_percent"] for one in models)

    page, pdf = page_of(store).text, text_of(pdf_of(store))
    assert f"{losses[0]:.1f} to {losses[-1]:.1f} % by 4 models" in page
    for text in (page, pdf):
        assert f"By 4 models wakes take {losses[0]:.1f} %" in text
        assert "This report's energy is by Gaussian, IEA Task 37." in text
        for one in models:
            assert f"{one['wake_loss_percent']:.1f} {one['aep_gwh']:.3f}" in text


def test_the_air_and_the_calendar_of_the_energy_are_shown(store: MemoryArtifactStore) -> None:
    computed_from_wind(store)
    content = ProjectContent(store)
    energy = json.loads(content[ENERGY])
    year = energy["aep_gwh"]
    energy |= {
        "air": {
            "density_kg_per_m3": 1.0065,
            "source": "the <i>standard</i> atmosphere",
            "energy_change_percent": -10.94,
        },
        "monthly": [{"month": one, "aep_gwh": year / 12} for one in range(1, 13)],
        "hourly": [{"hour_utc": one, "aep_gwh": year / 24} for one in range(24)],
    }
    content.leave_again({ENERGY: json.dumps(energy).encode()}, read=("terrain/wind.json",))
    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "1.006 kg/m³, from the <i>standard</i> atmosphere: 10.9 % less energy" in text
        assert f"December {year / 12:.3f} 8.3" in text
        assert f"11 to 12 {year / 24:.3f} 4.2 23 to 24 {year / 24:.3f} 4.2" in text
        assert "the sun here is 0.6 hours ahead" in text
