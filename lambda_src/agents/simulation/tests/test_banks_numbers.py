"""What a lender asks beside the yield: other wakes, the air, and when in the year it comes."""

import json
from typing import Any

import numpy as np
import pytest

from agents.simulation.agent import run_wake_simulation
from siting.tests.chain import project_for, run_until
from siting.wind.air import air_at_hub
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

SPEED = {"weibull_a_m_per_s": 9.0, "weibull_k": 2.1}


def wind(**more: Any) -> dict[str, Any]:
    return {
        "latitude": 54.74,
        "longitude": 8.97,
        "hub_height_m": 110.0,
        "sectors": [
            {
                "direction_degrees": 30.0 * at,
                "frequency": 0.45 if at == 8 else 0.05,
                "shear_exponent": 0.15,
                **SPEED,
            }
            for at in range(12)
        ],
        **more,
    }


@pytest.fixture(scope="module")
def planned() -> dict[str, bytes]:
    return run_until("layout").objects


def simulate(planned: dict[str, bytes], document: dict[str, Any], **arguments: Any) -> Any:
    store = MemoryArtifactStore()
    store.objects = dict(planned)
    ProjectContent(store).leave({"terrain/wind.json": json.dumps(document).encode()})
    status, result = call(run_wake_simulation, project_for("simulation", store), **arguments)
    assert status == "success", result
    return json.loads(ProjectContent(store)["simulation/energy.json"]), result, store


def test_every_model_says_what_wakes_take_and_the_one_asked_for_is_the_energy(
    planned: dict[str, bytes],
) -> None:
    energy, result, _ = simulate(planned, wind(), wake_model="turbopark")

    by_model = {one["wake_model"]: one for one in energy["wake_models"]}
    assert list(by_model) == ["iea37_gaussian", "bastankhah_gaussian", "jensen", "turbopark"]
    assert by_model["turbopark"]["aep_gwh"] == energy["aep_gwh"]
    assert by_model["turbopark"]["net_aep_gwh"] == pytest.approx(energy["net_aep_gwh"])
    assert len({one["wake_loss_percent"] for one in by_model.values()}) == 4
    for one in by_model.values():
        kept = 1 - one["wake_loss_percent"] / 100
        assert one["aep_gwh"] == pytest.approx(kept * energy["gross_aep_gwh"], rel=1e-5)
    assert result["wake_models"] == energy["wake_models"]


def test_with_hubs_at_two_thousand_metres_there_is_a_tenth_less_and_it_is_said(
    planned: dict[str, bytes],
) -> None:
    none = np.empty(0)
    air = air_at_hub(none, none, hub_height_m=110.0, data_ground_m=1890.0, ground_m=None)
    thin = {"density_kg_per_m3": air.density_kg_per_m3, "source": air.source, "ground_m": 1890.0}

    usual, _, _ = simulate(planned, wind())
    high, result, store = simulate(planned, wind(air=thin))

    less = 100 * (1 - high["gross_aep_gwh"] / usual["gross_aep_gwh"])
    assert 8.0 < less < 12.0
    assert high["air"]["energy_change_percent"] == pytest.approx(-less, abs=1e-3)
    assert high["air"]["density_kg_per_m3"] == pytest.approx(1.0065, abs=1e-3)
    assert any(
        "the standard atmosphere, 1,890 m over sea level" in s for s in result["assumptions"]
    )
    assert any("as the wind data say nothing of it" in s for s in usual["assumptions"])
    setup = json.loads(ProjectContent(store)["simulation/simulation.json"])
    assert setup["air_density_kg_per_m3"] == air.density_kg_per_m3


def test_air_of_another_hub_is_taken_to_the_turbines(planned: dict[str, bytes]) -> None:
    """Over ground at 1,890 m, ISO 2533 has 1.0066 kg/m3 at 110 m and 0.9 % more 90 m below."""
    thick = {"density_kg_per_m3": 1.0156, "source": "hours", "ground_m": 1890.0}

    _, result, store = simulate(planned, wind(air=thick, hub_height_m=20.0))

    setup = json.loads(ProjectContent(store)["simulation/simulation.json"])
    assert setup["air_density_kg_per_m3"] == pytest.approx(1.0066, abs=2e-4)
    assert any(
        "from hours, taken from 20 m to 110 m over ground" in s for s in result["assumptions"]
    )


@pytest.mark.parametrize("density", [0.0, 12.25, "1.2", True])
def test_air_that_is_none_is_refused(planned: dict[str, bytes], density: object) -> None:
    store = MemoryArtifactStore()
    store.objects = dict(planned)
    document = json.dumps(wind(air={"density_kg_per_m3": density}))
    ProjectContent(store).leave({"terrain/wind.json": document.encode()})

    status, text = call(run_wake_simulation, project_for("simulation", store))

    assert status == "error"
    assert "density_kg_per_m3 from 0.5 to 1.6" in text


def test_months_and_hours_of_the_day_add_up_to_the_year(planned: dict[str, bytes]) -> None:
    monthly = [{"month": one, **SPEED} for one in range(1, 13)]
    monthly[0] = {"month": 1, "weibull_a_m_per_s": 11.0, "weibull_k": 2.1}
    hourly = [{"hour_utc": one, **SPEED} for one in range(24)]

    energy, _, _ = simulate(planned, wind(monthly=monthly, hourly=hourly))
    rose, _, _ = simulate(planned, wind())

    for table, count in (("monthly", 12), ("hourly", 24)):
        assert len(energy[table]) == count
        assert sum(one["aep_gwh"] for one in energy[table]) == pytest.approx(energy["aep_gwh"])
    january, march = energy["monthly"][0], energy["monthly"][2]
    assert january["aep_gwh"] > 1.2 * march["aep_gwh"]
    assert "monthly" not in rose
