import json
from typing import Any

import pytest

from agents.simulation.agent import generate_charts, run_wake_simulation
from siting.tests.chain import example, project_for, run_example, run_until
from siting.wind.iea37 import IEA37_FREQUENCIES, IEA37_WIND_SPEED_M_PER_S
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.memory_artifacts import MemoryArtifactStore

CASE_STUDY = example("iea37_case1_16.json")["parameters"]
TWO = [{"x_m": 0, "y_m": 0}, {"x_m": 650.0, "y_m": 0.0}]


WIND: dict[str, Any] = {
    "latitude": 54.74,
    "longitude": 8.97,
    "hub_height_m": 100.0,
    "sectors": [
        {
            "direction_degrees": 30.0 * at,
            "frequency": 0.45 if at == 8 else 0.05,
            "weibull_a_m_per_s": 9.0,
            "weibull_k": 2.1,
            "shear_exponent": 0.15,
        }
        for at in range(12)
    ],
}


def run(parameters: dict[str, Any], **arguments: Any) -> tuple[str, Any, MemoryArtifactStore]:
    store = MemoryArtifactStore()
    project = project_for("simulation", store, parameters)
    return *call(run_wake_simulation, project, **arguments), store


def test_the_published_case_study_to_five_decimals() -> None:
    store = MemoryArtifactStore()
    project = project_for("simulation", store, CASE_STUDY)

    status, result = call(run_wake_simulation, project)

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    assert status == "success"
    assert energy["aep_mwh"] == 366941.57116
    assert result["aep_gwh"] == project.facts["aep_gwh"] == 366.94157116
    assert project.facts["capacity_factor"] == pytest.approx(0.781498)
    assert project.facts["wake_loss_percent"] == pytest.approx(21.8502)


def test_the_tables_add_up_to_the_total() -> None:
    _, result, store = run(CASE_STUDY)

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    for table in ("per_turbine", "per_direction"):
        assert sum(one["aep_gwh"] for one in energy[table]) == pytest.approx(result["aep_gwh"])
    assert [one["direction_degrees"] for one in energy["per_direction"]][:3] == [0.0, 22.5, 45.0]
    assert [one["frequency"] for one in energy["per_direction"]] == list(IEA37_FREQUENCIES)
    assert energy["per_turbine"][1]["x_m"] == 650.0
    assert result["rated_power_mw"] == pytest.approx(53.6)


def test_the_example_simulates_the_projects_layout() -> None:
    store = run_until("layout")
    project, _ = run_example("simulation", store)

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    assert energy["turbines"] == 30
    assert 0.3 < energy["capacity_factor"] < 1.0
    assert "layout/layout.json" in energy["sources"]
    assert "Turbine positions: layout/layout.json." in energy["assumptions"]
    assert {"aep_gwh", "wake_loss_percent", "capacity_factor"} <= set(project.facts)
    charts = {name for name in ProjectContent(store).entries("simulation") if "png" in name}
    assert len(charts) == 5


def project_with_wind() -> MemoryArtifactStore:
    store = run_until("layout")
    ProjectContent(store).leave({"terrain/wind.json": json.dumps(WIND).encode()})
    return store


def test_the_projects_wind_is_simulated_over_all_its_speeds() -> None:
    store = project_with_wind()

    status, result = call(run_wake_simulation, project_for("simulation", store))

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    assert status == "success"
    assert result["wake_model"] == "bastankhah_gaussian"
    assert 0.2 < result["capacity_factor"] < 0.6
    assert 0.0 < result["wake_loss_percent"] < 15.0
    assert list(energy["sources"]) == ["layout/layout.json", "terrain/wind.json"]
    assert [one["direction_degrees"] for one in energy["per_direction"]] == [
        30.0 * at for at in range(12)
    ]
    assert [one["frequency"] for one in energy["per_direction"]] == pytest.approx(
        [one["frequency"] for one in WIND["sectors"]], abs=1e-7
    )
    for table in ("per_turbine", "per_direction"):
        assert sum(one["aep_gwh"] for one in energy[table]) == pytest.approx(result["aep_gwh"])
    assert any("taken from 100 m to the hub" in one for one in result["assumptions"])


def test_what_reaches_the_grid_is_less_and_as_sure_as_it_is() -> None:
    store = project_with_wind()
    project = project_for("simulation", store)

    _, usual = call(run_wake_simulation, project)
    _, known = call(
        run_wake_simulation,
        project,
        availability_loss_percent=0,
        electrical_loss_percent=0,
        performance_loss_percent=0,
        environmental_loss_percent=0,
        wind_speed_uncertainty_percent=3,
    )

    assert usual["net_aep_gwh"] == pytest.approx(0.912956 * usual["aep_gwh"], rel=1e-5)
    assert known["net_aep_gwh"] == pytest.approx(known["aep_gwh"])
    gwh = {one["probability_percent"]: one["ten_years_gwh"] for one in usual["exceeded"]}
    assert list(gwh) == [50, 75, 90, 99]
    assert gwh[50] > gwh[75] > gwh[90] > gwh[99] > 0
    assert known["uncertainty_percent"]["lasting"] < usual["uncertainty_percent"]["lasting"]
    # The wind data of this project name no years.
    assert usual["uncertainty_percent"]["years_seen"] == 0


def test_a_wind_of_one_speed_has_no_yield_to_take_losses_off() -> None:
    _, result, _ = run({"turbines": TWO})
    status, said, _ = run({"turbines": TWO}, electrical_loss_percent=0.0)
    assert "net_aep_gwh" not in result
    assert status == "error"
    assert "electrical_loss_percent cannot be taken off a wind of one speed" in said
    assert any(one.startswith("No losses but wakes") for one in result["assumptions"])


@pytest.mark.parametrize(
    "arguments", [{"curtailment_loss_percent": -1}, {"wind_speed_uncertainty_percent": 31}]
)
def test_a_loss_or_uncertainty_out_of_range_is_refused(arguments: dict[str, float]) -> None:
    status, text = call(
        run_wake_simulation, project_for("simulation", project_with_wind()), **arguments
    )
    assert status == "error"
    assert next(iter(arguments)) in text


def test_a_request_may_ask_for_one_speed_or_another_wake() -> None:
    store = project_with_wind()
    project = project_for("simulation", store)
    asked: dict[str, dict[str, Any]] = {
        "measured": {},
        "iea": {"wake_model": "iea37_gaussian"},
        "one speed": {"wind_data": "single_speed"},
        "rough": {"turbulence_intensity": 0.2},
    }
    runs = {
        name: call(run_wake_simulation, project, **arguments)[1]
        for name, arguments in asked.items()
    }

    assert runs["iea"]["wake_model"] == runs["one speed"]["wake_model"] == "iea37_gaussian"
    assert runs["one speed"]["aep_gwh"] > runs["measured"]["aep_gwh"]
    assert runs["rough"]["wake_loss_percent"] < runs["measured"]["wake_loss_percent"]
    assert runs["iea"]["gross_aep_gwh"] == runs["measured"]["gross_aep_gwh"]


def test_turbines_in_the_request_may_be_of_another_type() -> None:
    far = [{"x_m": 0, "y_m": 0}, {"x_m": 2000.0, "y_m": 0.0}]
    _, result, _ = run({"turbines": far}, turbine_model="iea_15mw_240m")

    assert (result["turbine_model"], result["rated_power_mw"]) == ("iea_15mw_240m", 30.0)


def test_charts_are_made_from_the_energy_they_show() -> None:
    store = project_with_wind()
    project = project_for("simulation", store)
    call(run_wake_simulation, project)

    status, result = call(generate_charts, project)

    assert status == "success"
    assert {name.rpartition("/")[2] for name in result["artifacts"]} == {
        "wind_rose.png",
        "wake_map.png",
        "aep_per_turbine.png",
        "power_curve.png",
        "energy_by_sector.png",
        "wakes.json",
    }
    *charts, wakes = result["artifacts"]
    assert all(ProjectContent(store)[name].startswith(b"\x89PNG") for name in charts)
    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    drawn = json.loads(ProjectContent(store)[wakes])["directions"]
    assert [one["direction_degrees"] for one in drawn] == [
        one["direction_degrees"] for one in energy["per_direction"]
    ]
    # What wakes take by direction adds up to what they take.
    gross = [
        one["aep_gwh"] / (1 - one["wake_loss_percent"] / 100) for one in energy["per_direction"]
    ]
    for one in energy["per_turbine"]:
        by_direction = one["wake_loss_percent_by_direction"]
        lost = sum(of * percent for of, percent in zip(gross, by_direction, strict=True))
        assert lost / sum(gross) == pytest.approx(one["wake_loss_percent"], abs=0.01)
    for name in result["artifacts"]:
        entry = ProjectContent(store).entries("simulation")[name.rpartition("/")[2]]
        # The land is under the wakes.
        assert {
            "simulation/energy.json",
            "simulation/simulation.json",
            "layout/layout.json",
            "terrain/exclusions.geojson",
        } <= set(entry.made_from)


def test_charts_need_a_simulation_first() -> None:
    status, text = call(generate_charts, project_for("simulation", MemoryArtifactStore()))

    assert status == "error"
    assert "no simulation/energy.json" in text


def test_the_default_wind_speed_is_the_case_studys() -> None:
    _, result, store = run({"turbines": TWO})

    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    assert energy["wind_speed_m_per_s"] == IEA37_WIND_SPEED_M_PER_S
    assert any("9.8 m/s at hub height" in one for one in result["assumptions"])


def test_a_speed_that_was_asked_for_is_simulated_though_the_project_has_wind() -> None:
    store = project_with_wind()
    project = project_for("simulation", store)

    status, asked = call(run_wake_simulation, project, wind_speed_m_per_s=9.8)
    _, named = call(run_wake_simulation, project, wind_data="single_speed")
    _, measured = call(run_wake_simulation, project)

    assert status == "success"
    assert any("9.8 m/s at hub height in every hour" in one for one in asked["assumptions"])
    assert asked["aep_gwh"] == named["aep_gwh"] > measured["aep_gwh"]


def test_one_speed_and_the_projects_wind_are_not_both() -> None:
    project = project_for("simulation", project_with_wind())

    status, text = call(run_wake_simulation, project, wind_data="project", wind_speed_m_per_s=9.8)

    assert status == "error"
    assert "Leave one of the two out" in text


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
        (
            {"turbines": TWO},
            {"wake_model": "frandsen"},
            "no wake model 'frandsen'; there are iea37",
        ),
        ({"turbines": TWO}, {"turbine_model": "V90"}, "no turbine 'V90'; there are iea37"),
        ({"turbines": TWO}, {"wind_data": "nowhere"}, "give auto, project, single_speed"),
        ({"turbines": TWO}, {"wind_data": "project"}, "has no wind data. Run the terrain agent"),
        (
            {"turbines": TWO},
            {"wake_model": "bastankhah_gaussian", "turbulence_intensity": 0.9},
            "give 0.03 to 0.3",
        ),
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


@pytest.mark.parametrize(
    ("turbine", "sized"),
    [
        ("iea_10mw_198m", "iea_10mw_198m (rotor 198 m"),
        # As large and as high, and yet another curve and another name on the report.
        ("iea_3_4mw_130m", "iea_3_4mw_130m (rotor 130 m, hub 110 m, 3.37 MW)"),
    ],
)
def test_a_layout_for_another_turbine_is_refused(turbine: str, sized: str) -> None:
    store = run_until("layout")
    project = project_for("simulation", store)

    status, text = call(run_wake_simulation, project, turbine_model=turbine)

    assert status == "error"
    assert "made for iea37_3_35mw_130m (rotor 130 m, hub 110 m, 3.35 MW)" in text
    assert sized in text
    assert f"run the layout agent with turbine_model={turbine} first" in text
    own = call(run_wake_simulation, project, turbine_model="iea37_3_35mw_130m")
    assert own[0] == "success"


def test_wind_data_that_cannot_be_used_become_a_message() -> None:
    store = run_until("layout")
    ProjectContent(store).leave({"terrain/wind.json": b'{"sectors": [], "hub_height_m": 100}'})

    status, text = call(run_wake_simulation, project_for("simulation", store))

    assert status == "error"
    assert "4 to 72 sectors" in text


def test_without_a_layout_the_request_fails_and_names_the_agent() -> None:
    project = project_for("simulation", MemoryArtifactStore())

    status, text = call(run_wake_simulation, project)

    assert status == "error"
    assert "Run the layout agent on this project first" in text
    assert isinstance(project.failure, ArtifactNotFound)
