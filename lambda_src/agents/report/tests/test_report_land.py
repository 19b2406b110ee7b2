"""What a report says of the land: what it was cut for, who looked at it, and whose data it is."""

import json

import pytest

from agents.report.tests.reading import (
    ENERGY,
    page_of,
    pdf_of,
    report_on,
    text_of,
)
from siting.tests.chain import example, find_land, run_example
from tests.project_files import ProjectContent
from tradewind.run.memory_artifacts import MemoryArtifactStore


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
