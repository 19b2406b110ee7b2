"""A farm of several types, one of them brought, from its land to its report."""

import csv
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from shapely.geometry import Point, shape

from agents.layout.tools.create import create_layout
from agents.layout.tools.keep import load_layout, save_layout
from agents.layout.tools.relocate import relocate_turbines
from agents.layout.tools.specs import get_turbine_specs
from agents.layout.tools.types import set_turbine_type
from agents.report.agent import create_report
from agents.simulation.agent import generate_charts, run_wake_simulation
from agents.terrain.tools.own_turbine import add_turbine
from agents.terrain.tools.own_wind import use_wind_file
from siting.tests.chain import project_for, run_until
from siting.tests.unit.wind.brought_files import curve, lib
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

SOURCE = "The maker's offer, revision 3"


def done(tool: Any, agent: str, store: MemoryArtifactStore, **arguments: Any) -> Any:
    status, said = call(tool, project_for(agent, store), **arguments)
    assert status == "success", said
    return said


def refused(tool: Any, agent: str, store: MemoryArtifactStore, **arguments: Any) -> str:
    project = project_for(agent, store)
    status, said = call(tool, project, **arguments)
    assert (status, project.failure) == ("error", None), said
    text: str = said
    return text


def bring(store: MemoryArtifactStore, hub_height_m: float = 100.0, text: str = curve()) -> None:
    status, said = call(
        add_turbine,
        project_for("terrain", store, {"power_curve": text}),
        turbine_model="own_2mw",
        source=SOURCE,
        rotor_diameter_m=90.0,
        hub_height_m=hub_height_m,
    )
    assert status == "success", said


@pytest.fixture(scope="module")
def laid_out() -> dict[str, bytes]:
    """Four turbines of the library, and a type that was brought."""
    store = run_until("terrain")
    bring(store)
    status, said = call(
        use_wind_file,
        project_for("terrain", store, {"wind_file": lib()}),
        source="Global Wind Atlas",
        roughness_length_m=0.1,
    )
    assert status == "success", said
    done(create_layout, "layout", store, turbine_count=4, strategy="grid")
    return store.objects


@pytest.fixture
def store(laid_out: dict[str, bytes]) -> MemoryArtifactStore:
    made = MemoryArtifactStore()
    made.objects = dict(laid_out)
    return made


def layout_in(store: MemoryArtifactStore) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ProjectContent(store)["layout/layout.json"])
    return found


def test_a_farm_of_two_types_is_simulated_drawn_and_reported(store: MemoryArtifactStore) -> None:
    one_type = done(run_wake_simulation, "simulation", store)
    mixed = done(set_turbine_type, "layout", store, turbine_ids="T02, T03", turbine_model="own_2mw")
    assert mixed["turbines_by_model"] == {"iea_3_4mw_130m": 2, "own_2mw": 2}
    assert "estimated_aep_gwh" not in layout_in(store)

    result = done(run_wake_simulation, "simulation", store)
    assert result["rated_power_mw"] == pytest.approx(2 * 3.37 + 2 * 2.0)
    assert result["aep_gwh"] < one_type["aep_gwh"]
    assert 0.0 < result["energy_percent_per_speed_percent"] < 3.0
    assert any(SOURCE in one for one in result["assumptions"])
    assert any("the lowest hub, at 100 m" in one for one in result["assumptions"])
    energy = json.loads(ProjectContent(store)["simulation/energy.json"])
    models = [one["turbine_model"] for one in energy["per_turbine"]]
    assert models == ["iea_3_4mw_130m", "own_2mw", "own_2mw", "iea_3_4mw_130m"]
    alone = energy["per_turbine"][1]["aep_gwh"] / (8.76 * 2.0)
    assert energy["per_turbine"][1]["capacity_factor"] == pytest.approx(alone, abs=1e-5)

    assert done(generate_charts, "simulation", store)["charts"] == 5
    done(create_report, "report", store, title="Two types")
    page = ProjectContent(store)["report/report.html"].decode()
    assert "4 turbines of 2 types (2 of iea_3_4mw_130m, 2 of own_2mw)" in page
    assert "2 of IEA 3.4 MW onshore reference turbine, hub at 110 m, rotor of 130 m; 2 of " in page
    assert "The maker&#39;s offer, revision 3" in page
    assert "Wakes at the lowest hub, 100 m over ground in the main wind" in page
    assert "By 2 models wakes take" in page
    assert "do not say how a wake meets a rotor of another height" in page
    assert "How the energy falls on months and hours of the day is not known" in page
    assert "one turbine of iea_3_4mw_130m, the type that is heard farthest, assumed" in page
    rows = list(csv.DictReader(ProjectContent(store)["report/turbines.csv"].decode().splitlines()))
    assert [(one["turbine_model"], float(one["hub_height_m"])) for one in rows] == [
        ("iea_3_4mw_130m", 110.0),
        ("own_2mw", 100.0),
        ("own_2mw", 100.0),
        ("iea_3_4mw_130m", 110.0),
    ]


def test_every_type_stands_in_the_same_air_and_wakes_are_those_of_models_that_know_heights(
    store: MemoryArtifactStore,
) -> None:
    done(set_turbine_type, "layout", store, turbine_ids="T02, T03", turbine_model="own_2mw")
    usual = done(run_wake_simulation, "simulation", store)
    content = ProjectContent(store)
    wind = json.loads(content["terrain/wind.json"])
    thin = {"density_kg_per_m3": 1.0, "source": "hours of the place", "ground_m": 1900.0}
    per_part = {"weibull_a_m_per_s": wind["weibull_a_m_per_s"], "weibull_k": wind["weibull_k"]}
    wind |= {
        "air": thin,
        "monthly": [{"month": one, **per_part} for one in range(1, 13)],
        "hourly": [{"hour_utc": one, **per_part} for one in range(24)],
    }
    content.leave_again({"terrain/wind.json": json.dumps(wind).encode()})
    done(create_layout, "layout", store, turbine_count=4, strategy="grid")
    done(set_turbine_type, "layout", store, turbine_ids="T02, T03", turbine_model="own_2mw")

    result = done(run_wake_simulation, "simulation", store)

    energy = json.loads(content["simulation/energy.json"])
    change = energy["air"]["energy_change_percent"]
    assert -20.0 < change < -5.0
    assert 100.0 * (result["gross_aep_gwh"] / usual["gross_aep_gwh"] - 1.0) == pytest.approx(
        change, abs=1e-3
    )
    assert [one["wake_model"] for one in result["wake_models"]] == [
        "iea37_gaussian",
        "bastankhah_gaussian",
    ]
    for part in ("monthly", "hourly"):
        assert sum(one["aep_gwh"] for one in energy[part]) == pytest.approx(energy["aep_gwh"])
    setup = json.loads(content["simulation/simulation.json"])
    # Of the lowest hub, 10 m below that of the wind.
    assert setup["air_density_kg_per_m3"] == pytest.approx(1.0010, abs=2e-5)
    # Files have the types as they are, so that the layout still knows them.
    assert setup["turbine_types"] == layout_in(store)["turbine_types"]
    said = refused(run_wake_simulation, "simulation", store, wake_model="jensen")
    assert "Take bastankhah_gaussian" in said


def test_hubs_keep_half_of_the_largest_rotor_from_the_boundary(store: MemoryArtifactStore) -> None:
    kept = []
    for ids in ("T02", "T01, T03, T04"):
        done(set_turbine_type, "layout", store, turbine_ids=ids, turbine_model="own_2mw")
        kept.append(layout_in(store)["boundary_setback_m"])

    assert kept == [65.0, 45.0]
    assert layout_in(store)["noise_screening"]["turbine_model"] == "own_2mw"


def test_report_map_and_files_agree_on_what_the_strictest_type_keeps(
    store: MemoryArtifactStore,
) -> None:
    done(set_turbine_type, "layout", store, turbine_ids="T02", turbine_model="own_2mw")
    done(run_wake_simulation, "simulation", store)
    done(create_report, "report", store, title="Two types")

    content, layout = ProjectContent(store), layout_in(store)
    page = content["report/report.html"].decode()
    assert "setback of 65.0 m (half of the largest rotor: no blade reaches beyond it)" in page
    assert "Setbacks are for turbines that reach 175 m at the blade tip" in page
    site = json.loads(content["terrain/site.geojson"])
    boundary = shape(site["features"][0]["geometry"])
    line = shape(layout["boundary_setback_line"])
    # In the south, by degrees of latitude; a boundary that leans there adds a metre.
    assert (line.bounds[1] - boundary.bounds[1]) * 111_300 == pytest.approx(65.0, abs=2.0)
    assert all(line.contains(Point(one["longitude_deg"], one["latitude_deg"]))
               for one in layout["turbines"])  # fmt: skip
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content["report/site.gpkg"])
        assert database.execute("SELECT setback_m FROM boundary_setback").fetchall() == [(65.0,)]


def test_several_types_at_once_are_refused_with_what_to_do_instead(
    store: MemoryArtifactStore,
) -> None:
    before = layout_in(store)
    for asked in ("own_2mw, iea_3_4mw_130m", "2 iea_3_4mw_130m and 2 own_2mw"):
        said = refused(create_layout, "layout", store, turbine_count=4, turbine_model=asked)
        assert "with turbine_model=iea_3_4mw_130m, whose rotor is the largest" in said
        assert "set_turbine_type with the turbine_ids that are to be own_2mw" in said
    assert layout_in(store) == before


def test_the_types_stay_with_their_turbines(store: MemoryArtifactStore) -> None:
    done(set_turbine_type, "layout", store, turbine_ids="T04", turbine_model="own_2mw")
    done(save_layout, "layout", store, layout_name="mixed")
    done(relocate_turbines, "layout", store, turbine_ids="T01", east_m=25.0)
    done(create_layout, "layout", store, turbine_count=2, strategy="grid")
    done(load_layout, "layout", store, layout_name="mixed")

    assert [one["turbine_model"] for one in layout_in(store)["turbines"]] == [
        *["iea_3_4mw_130m"] * 3,
        "own_2mw",
    ]


def test_a_rotor_larger_than_the_spacings_is_refused(store: MemoryArtifactStore) -> None:
    said = refused(
        set_turbine_type, "layout", store, turbine_ids="T01", turbine_model="iea_15mw_240m"
    )
    assert "spaced for 130 m. Create the layout with turbine_model=iea_15mw_240m" in said


def test_land_must_be_cut_for_the_tallest_type(store: MemoryArtifactStore) -> None:
    bring(store, hub_height_m=180.0)

    said = refused(set_turbine_type, "layout", store, turbine_ids="T01", turbine_model="own_2mw")

    assert "own_2mw reaches 225 m" in said


def test_a_type_that_was_brought_anew_is_not_mixed_with_the_old_one(
    store: MemoryArtifactStore,
) -> None:
    done(set_turbine_type, "layout", store, turbine_ids="T01", turbine_model="own_2mw")
    bring(store, text=curve().replace("25.0,2000.0", "25.0,1500.0"))

    said = refused(run_wake_simulation, "simulation", store)
    assert "was not made from the terrain/turbine-own_2mw.json" in said
    said = refused(relocate_turbines, "layout", store)
    assert "own_2mw was brought anew since the layout was made" in said


def test_several_types_have_no_one_turbine_in_their_place(store: MemoryArtifactStore) -> None:
    done(set_turbine_type, "layout", store, turbine_ids="T01", turbine_model="own_2mw")

    said = refused(run_wake_simulation, "simulation", store, turbine_model="iea_3_4mw_130m")

    assert "several types: iea_3_4mw_130m, own_2mw. Leave turbine_model out" in said


def test_a_brought_type_is_listed_and_laid_out_by_name(store: MemoryArtifactStore) -> None:
    listed = done(get_turbine_specs, "layout", store)["turbines"]
    assert [one["turbine_model"] for one in listed][-1] == "own_2mw"
    assert len(done(get_turbine_specs, "layout", store, turbine_model="own_2mw")["curve"]) == 27

    done(create_layout, "layout", store, turbine_count=3, strategy="grid", turbine_model="own_2mw")
    assert layout_in(store)["hub_height_m"] == 100.0
    assert done(run_wake_simulation, "simulation", store)["rated_power_mw"] == 6.0


def test_turbines_of_a_request_may_be_of_several_types() -> None:
    turbines: list[dict[str, Any]] = [
        {"x_m": 0.0, "y_m": 0.0},
        {"x_m": 900.0, "y_m": 0.0, "turbine_model": "iea_15mw_240m"},
    ]
    project = project_for("simulation", MemoryArtifactStore(), {"turbines": turbines})

    status, result = call(run_wake_simulation, project)

    assert status == "success", result
    assert result["turbine_model"] == "iea37_3_35mw_130m, iea_15mw_240m"
    assert any("the same speed at every hub" in one for one in result["assumptions"])
    project.parameters = {"turbines": [{**turbines[0], "turbine_model": 7}]}
    status, said = call(run_wake_simulation, project)
    assert (status, "needs the name of a turbine" in said) == ("error", True)
