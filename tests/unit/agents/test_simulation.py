import inspect
import json
from typing import Any

import pytest

from tests.unit.agents.chain import call, example, project_for, run_example, run_until
from tradewind.agents.project import MemoryArtifactStore
from tradewind.agents.simulation import simulate_energy
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.contracts.names import AgentName
from tradewind.wind.iea37 import IEA37_FREQUENCIES, IEA37_WIND_SPEED_M_PER_S

CASE_STUDY = example("iea37_case1_16.json")["parameters"]
TWO = [{"x_m": 0, "y_m": 0}, {"x_m": 650.0, "y_m": 0.0}]


def run(parameters: dict[str, Any], **arguments: Any) -> tuple[str, Any, MemoryArtifactStore]:
    store = MemoryArtifactStore()
    project = project_for(AgentName.SIMULATION, store, parameters)
    return *call(simulate_energy, project, **arguments), store


def test_the_published_case_study_to_five_decimals() -> None:
    store = MemoryArtifactStore()
    project = project_for(AgentName.SIMULATION, store, CASE_STUDY)

    status, result = call(simulate_energy, project)

    energy = json.loads(store.objects["moorkoog/simulation/energy.json"])
    assert status == "success"
    assert energy["aep_mwh"] == 366941.57116
    assert result["aep_gwh"] == project.facts["aep_gwh"] == 366.94157116
    assert project.facts["capacity_factor"] == pytest.approx(0.781498)
    assert project.facts["wake_loss_percent"] == pytest.approx(21.8502)


def test_the_tables_add_up_to_the_total() -> None:
    _, result, store = run(CASE_STUDY)

    energy = json.loads(store.objects["moorkoog/simulation/energy.json"])
    for table in ("per_turbine", "per_direction"):
        assert sum(one["aep_gwh"] for one in energy[table]) == pytest.approx(result["aep_gwh"])
    assert [one["direction_degrees"] for one in energy["per_direction"]][:3] == [0.0, 22.5, 45.0]
    assert [one["frequency"] for one in energy["per_direction"]] == list(IEA37_FREQUENCIES)
    assert energy["per_turbine"][1]["x_m"] == 650.0
    assert result["rated_power_mw"] == pytest.approx(53.6)


def test_the_example_simulates_the_projects_layout() -> None:
    store = run_until(AgentName.LAYOUT)
    project, result = run_example(AgentName.SIMULATION, store)

    energy = json.loads(store.objects["moorkoog/simulation/energy.json"])
    assert result["turbines"] == 30
    assert 0.5 < result["capacity_factor"] < 0.9
    assert list(energy["sources"]) == ["layout/layout.json"]
    assert "Turbine positions: layout/layout.json." in result["assumptions"]
    assert set(project.facts) == {"aep_gwh", "wake_loss_percent", "capacity_factor"}


def test_the_default_wind_speed_is_the_case_studys() -> None:
    default = inspect.signature(simulate_energy).parameters["wind_speed_m_per_s"].default

    assert default == IEA37_WIND_SPEED_M_PER_S


def test_a_request_may_bring_its_own_wind_rose() -> None:
    all_from_west = {"sector_frequencies": [0.0, 0.0, 0.0, 1.0]}

    _, west, _ = run({"turbines": TWO, "wind_rose": all_from_west})
    _, north, _ = run({"turbines": TWO, "wind_rose": {"sector_frequencies": [1.0, 0, 0, 0]}})

    assert north["wake_loss_percent"] == pytest.approx(0.0, abs=1e-4)
    assert west["wake_loss_percent"] > 10
    assert any("4 directions with the frequencies of the request" in a for a in west["assumptions"])


def test_less_wind_gives_less_energy() -> None:
    _, slow, _ = run({"turbines": TWO}, wind_speed_m_per_s=7.0)
    _, fast, _ = run({"turbines": TWO})

    assert 0 < slow["aep_gwh"] < fast["aep_gwh"]
    assert any("7 m/s at hub height" in assumption for assumption in slow["assumptions"])


def test_a_calm_year_is_no_division_by_zero() -> None:
    status, calm, _ = run({"turbines": TWO}, wind_speed_m_per_s=3.0)

    assert status == "success"
    assert (calm["aep_gwh"], calm["wake_loss_percent"], calm["capacity_factor"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({"turbines": TWO}, {"wind_speed_m_per_s": 0}, "give more than 0 and at most 25 m/s"),
        ({"turbines": TWO}, {"wind_speed_m_per_s": 26}, "give more than 0 and at most 25 m/s"),
        ({"turbines": TWO}, {"wind_speed_m_per_s": float("nan")}, "give more than 0"),
        ({"turbines": []}, {}, "must be a list of objects"),
        ({"turbines": {"x_m": 1}}, {}, "must be a list of objects"),
        ({"turbines": [*TWO, [0, 900]]}, {}, "parameters.turbines[2] needs x_m"),
        ({"turbines": [{"x_m": "0", "y_m": 0}]}, {}, "parameters.turbines[0] needs x_m"),
        ({"turbines": [{"x_m": True, "y_m": 0}]}, {}, "parameters.turbines[0] needs x_m"),
        ({"turbines": [{"x_m": 10**400, "y_m": 0}]}, {}, "parameters.turbines[0] needs x_m"),
        ({"turbines": [{"x_m": float("nan"), "y_m": 0}]}, {}, "parameters.turbines[0] needs"),
        ({"turbines": [*TWO, {"x_m": 0, "y_m": 200}]}, {}, "T01 and T03 are 200.0 m apart"),
        ({"turbines": TWO * 200}, {}, "400 turbines; at most 300"),
        ({"turbines": TWO, "wind_rose": [1.0]}, {}, "needs sector_frequencies: 4 to 72 shares"),
        ({"turbines": TWO, "wind_rose": {"sector_frequencies": [1.0]}}, {}, "4 to 72 shares"),
        ({"turbines": TWO, "wind_rose": {"sector_frequencies": ["1", 0, 0, 0]}}, {}, "4 to 72"),
        ({"turbines": TWO, "wind_rose": {"sector_frequencies": [0.5] * 4}}, {}, "sum to 2"),
    ],
)
def test_unusable_input_becomes_a_message(
    parameters: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    status, text, store = run(parameters, **arguments)

    assert status == "error"
    assert message in text
    assert store.objects == {}


def test_a_layout_for_another_rotor_is_refused() -> None:
    store = run_until(AgentName.LAYOUT)
    key = "moorkoog/layout/layout.json"
    store.objects[key] = store.objects[key].replace(
        b'"rotor_diameter_m": 130', b'"rotor_diameter_m": 110'
    )

    status, text = call(simulate_energy, project_for(AgentName.SIMULATION, store))

    assert status == "error"
    assert "made for a rotor of 110 m" in text
    assert "Run the layout agent with rotor_diameter_m=130 first" in text


def test_without_a_layout_the_request_fails_and_names_the_agent() -> None:
    project = project_for(AgentName.SIMULATION, MemoryArtifactStore())

    status, text = call(simulate_energy, project)

    assert status == "error"
    assert "Run the layout agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
