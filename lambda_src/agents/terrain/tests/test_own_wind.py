"""Wind from a file that comes with the request."""

import json
from typing import Any

import pytest

from agents.terrain.tests.fakes import stored
from agents.terrain.tools.own_wind import use_wind_file
from siting.tests.chain import project_for
from siting.tests.unit.wind.brought_files import lib, mast, mast_rows, rose
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

SOURCE = {"source": "Measured by  the county's own mast, 2024"}
HERE = {"latitude": 54.74, "longitude": 8.97}


def with_file(text: object) -> Project:
    return project_for("terrain", MemoryArtifactStore(), {"wind_file": text})


def test_an_atlas_says_its_own_place() -> None:
    project = with_file(lib())

    status, result = call(use_wind_file, project, **SOURCE, roughness_length_m=0.1)

    assert status == "success", result
    kept = json.loads(stored(project, "wind.json"))
    assert (kept["latitude"], kept["longitude"], kept["hub_height_m"]) == (54.7365, 8.972, 110.0)
    assert kept["source"]["attribution"] == "Measured by the county's own mast, 2024"
    assert "roughness length of 0.1 m" in kept["data"]
    assert result["main_wind_direction_degrees"] == 240.0
    assert project.facts["mean_wind_speed_m_per_s"] == round(kept["mean_wind_speed_m_per_s"], 2)
    assert any("no hill, coast or forest" in one for one in kept["limits"])


def test_a_rose_needs_its_place_and_height_and_keeps_them() -> None:
    project = with_file(rose())

    status, result = call(use_wind_file, project, **SOURCE, **HERE, height_m=80.0)

    assert status == "success", result
    kept = json.loads(stored(project, "wind.json"))
    assert (kept["latitude"], kept["longitude"], kept["hub_height_m"]) == (54.74, 8.97, 80.0)
    assert {one["shear_exponent"] for one in kept["sectors"]} == {0.1429}
    assert "a usual value that nobody measured here" in kept["limits"][-1]


def test_a_mast_says_what_it_covers() -> None:
    project = with_file(mast(mast_rows(180)))

    status, result = call(
        use_wind_file, project, **SOURCE, **HERE, height_m=80.0, sectors=16, shear_exponent=0.2
    )

    assert status == "success", result
    assert len(result["sectors"]) == 16
    assert result["hours"] == 4320.0
    assert "less than a year" in result["notes"][0]
    assert result["limits"][-1].endswith("a shear exponent of 0.2, as given.")


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (lib(), HERE, "Give the one of them that is like the site as roughness_length_m"),
        (lib(), {"roughness_length_m": 0.1, "height_m": 80.0}, "height_m means nothing"),
        (lib(), {"roughness_length_m": 0.1, "sectors": 12}, "a wind atlas, for which sectors"),
        (lib(), {"roughness_length_m": 0.1, "hub_height_m": 0.0}, "hub_height_m is 0"),
        (lib(None), {"roughness_length_m": 0.1}, "Give latitude and longitude: where"),
        (
            lib(),
            {"roughness_length_m": 0.1, "latitude": -54.74, "longitude": 8.97},
            "The file is of latitude 54.7365, longitude 8.972",
        ),
        (rose(), {"height_m": 80.0}, "Give latitude and longitude: where"),
        (rose(), {"height_m": 80.0, "latitude": 54.0}, "Give both"),
        (rose(), {"height_m": 80.0, "latitude": 540.0, "longitude": 9.0}, "latitude is 540"),
        (rose(), HERE, "Give height_m"),
        (rose(), {**HERE, "height_m": 0.5}, "height_m is 0.5; give 2 to 500 m"),
        (rose(), {**HERE, "height_m": 80.0, "sectors": 8}, "a wind rose, for which sectors"),
        (rose(), {**HERE, "height_m": 80.0, "shear_exponent": 0.9}, "shear_exponent is 0.9"),
        (rose(), {**HERE, "height_m": 80.0, "roughness_length_m": 0.1}, "means nothing"),
        (mast(mast_rows(40)), {**HERE, "height_m": 80.0, "hub_height_m": 110.0}, "means nothing"),
        (mast(mast_rows(40)), {**HERE, "height_m": 80.0, "sectors": 2}, "sectors is 2"),
        (b"no text".hex().encode(), {**HERE, "height_m": 80.0}, "must come as text"),
        ("", HERE, "The file is empty"),
    ],
)
def test_what_does_not_go_together_is_refused(
    text: object, arguments: dict[str, Any], message: str
) -> None:
    project = with_file(text)

    status, said = call(use_wind_file, project, **SOURCE, **arguments)

    assert (status, project.failure) == ("error", None)
    assert message in said


@pytest.mark.parametrize("source", ["", "  ", "x" * 301])
def test_whose_data_they_are_is_said(source: str) -> None:
    status, said = call(use_wind_file, with_file(rose()), source=source, height_m=80.0, **HERE)

    assert status == "error"
    assert "whose data these are" in said


def test_a_request_without_a_file_is_told_how_to_send_it() -> None:
    status, said = call(use_wind_file, project_for("terrain", MemoryArtifactStore()), **SOURCE)

    assert status == "error"
    assert "Send its text as parameters.wind_file" in said
