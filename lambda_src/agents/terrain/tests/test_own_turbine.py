"""A turbine whose curve comes with the request."""

import json
from typing import Any

import pytest

from agents.terrain.tests.fakes import SITE, stored
from agents.terrain.tools.areas import find_exclusion_zones
from agents.terrain.tools.own_turbine import add_turbine
from siting.tests.chain import project_for
from siting.tests.unit.wind.brought_files import curve
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

OWN: dict[str, Any] = {
    "turbine_model": "own_2mw",
    "source": "The maker's offer of May",
    "rotor_diameter_m": 90.0,
    "hub_height_m": 105.0,
}


def test_a_turbine_that_was_brought_decides_the_setbacks() -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"power_curve": curve(), "site": SITE})

    status, result = call(add_turbine, project, **OWN, rated_power_mw=2.0)
    assert status == "success", result
    assert (result["tip_height_m"], result["rated_power_mw"]) == (150.0, 2.0)
    kept = json.loads(stored(project, "turbine-own_2mw.json"))
    assert kept["source"] == "The maker's offer of May"

    status, result = call(find_exclusion_zones, project, turbine_model="own_2mw")
    assert status == "success", result
    assert result["tip_height_m"] == 150.0


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({}, {}, "Send its text as parameters.power_curve"),
        ({"power_curve": curve()}, {"turbine_model": "iea_15mw_240m"}, "none of iea37_3_35mw"),
        ({"power_curve": curve()}, {"turbine_model": "../x"}, "lower-case letters"),
        ({"power_curve": curve()}, {"source": " "}, "whose curve this is"),
        ({"power_curve": curve()}, {"hub_height_m": 40.0}, "hub_height_m is 40; give 45 to 250 m"),
        ({"power_curve": curve()}, {"rotor_diameter_m": 3000.0}, "rotor_diameter_m is 3000"),
        ({"power_curve": curve()}, {"rated_power_mw": 2000.0}, "rated_power_mw is 2000"),
        ({"power_curve": {}}, {}, "must come as text"),
    ],
)
def test_a_turbine_that_is_none_is_refused(
    parameters: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    project = project_for("terrain", MemoryArtifactStore(), parameters)

    status, said = call(add_turbine, project, **{**OWN, **arguments})

    assert (status, project.failure) == ("error", None)
    assert message in said


def test_a_turbine_that_nobody_brought_is_told_with_those_there_are() -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"site": SITE})

    status, said = call(find_exclusion_zones, project, turbine_model="own_2mw")

    assert status == "error"
    assert "The terrain agent takes others" in said
