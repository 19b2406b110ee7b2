"""Which land a layout is for: no turbine stands on land that was cut for a lower one."""

import json

import pytest

from agents.layout.tests.placing import current, cut_for, run
from agents.layout.tools.keep import load_layout, save_layout
from agents.layout.tools.relocate import relocate_turbines
from siting.tests.chain import example, find_land, project_for
from siting.wind.turbines import TURBINES
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


@pytest.mark.parametrize("turbine", TURBINES)
@pytest.mark.parametrize("land", TURBINES)
def test_no_turbine_stands_on_land_that_was_cut_for_a_lower_one(
    store: MemoryArtifactStore, land: str, turbine: str
) -> None:
    cut_for(land, store)

    status, result = run(store, turbine_count=2, turbine_model=turbine)

    if TURBINES[turbine].tip_height_m <= TURBINES[land].tip_height_m:
        assert status == "success"
    else:
        assert status == "error"
        assert f"reach {TURBINES[land].tip_height_m:g} m at the blade tip" in result
        assert f"turbine_model={turbine}" in result
        assert not ProjectContent(store).entries("layout")


def test_setbacks_that_the_request_named_are_the_planners_own(store: MemoryArtifactStore) -> None:
    cut_for(
        "iea_3_4mw_130m",
        store,
        building_setback_m=800,
        road_setback_m=100,
        power_line_setback_m=100,
    )
    assert run(store, turbine_count=2, turbine_model="iea_15mw_240m")[0] == "success"


def test_rules_in_tip_heights_are_kept_by_the_turbine_that_stands(
    store: MemoryArtifactStore,
) -> None:
    """Ten tip heights of the lower turbine are fewer of the higher one, whatever the defaults."""
    cut_for("iea_3_4mw_130m", store, setback_rules="bavaria_10h", road_setback_m=300,
            power_line_setback_m=300)  # fmt: skip

    status, text = run(store, turbine_count=2, turbine_model="iea_15mw_240m")

    assert status == "error"
    assert "with 1750 m to class building" in text
    assert "keeps 2700 m by bavaria_10h" in text


def test_rules_in_metres_are_the_same_for_every_turbine(store: MemoryArtifactStore) -> None:
    """The default for so high a turbine would be 810 m from homes."""
    cut_for("iea_3_4mw_130m", store, setback_rules="france_500m", road_setback_m=300,
            power_line_setback_m=300)  # fmt: skip
    assert run(store, turbine_count=2, turbine_model="iea_15mw_240m")[0] == "success"


def test_a_layout_is_not_moved_or_brought_back_on_land_for_lower_turbines(
    store: MemoryArtifactStore,
) -> None:
    cut_for("iea_15mw_240m", store)
    run(store, turbine_count=2, turbine_model="iea_15mw_240m")
    call(save_layout, project_for("layout", store), layout_name="high")
    cut_for("iea_3_4mw_130m", store)

    for tool, arguments in ((relocate_turbines, {}), (load_layout, {"layout_name": "high"})):
        status, result = call(tool, project_for("layout", store), **arguments)
        assert status == "error"
        assert "The land was cut for turbines that reach 175 m" in result


def test_land_that_does_not_say_what_it_was_cut_for_is_not_used(store: MemoryArtifactStore) -> None:
    key = "terrain/buildable.geojson"
    land = json.loads(ProjectContent(store)[key])
    del land["properties"]["assumes"]
    ProjectContent(store).leave_again({key: json.dumps(land).encode()})

    status, result = run(store, turbine_count=2)

    assert status == "error"
    assert "does not say which height of turbines it was cut for" in result


def test_a_layout_that_fits_other_land_as_it_is_becomes_that_lands(
    store: MemoryArtifactStore,
) -> None:
    run(store, turbine_count=3)
    before = current(store)
    find_land(store, example("site.geojson"), building_setback_m=449)

    _, result = call(relocate_turbines, project_for("layout", store))

    content = ProjectContent(store)
    made_from = content.entries("layout")["layout.json"].made_from
    name = "terrain/buildable.geojson"
    assert (result["moves"], len(result["artifacts"])) == ([], 2)
    assert made_from[name] == content.entries("terrain")["buildable.geojson"].sha256
    assert current(store)["turbines"] == before["turbines"]
    assert current(store)["estimated_aep_gwh"] == before["estimated_aep_gwh"]
