"""Every number that a tool of the crew takes has bounds, and what is no such number is refused."""

from typing import Any

import pytest

from siting.tests.chain import DEFINITIONS, project_for, run_until
from siting.tests.unit.wind.brought_files import curve, lib, mast, mast_rows, rose
from tests.unit.run.tool_calls import call
from tradewind.bedrock.tool_arguments import refusal
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.strands_model import schema_of

#: Beyond all bounds, and beyond what a float holds.
NO_NUMBERS = (float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 10**400)
#: All others count, measure or point: -1 is none of theirs.
MAY_BE_NEGATIVE = {"latitude", "longitude", "elevation_m", "east_m", "north_m"}
PLACE = {"latitude": 54.7365, "longitude": 8.972}
#: What a call needs for its numbers to be looked at.
NEEDED: dict[str, dict[str, Any]] = {
    "get_unbuildable_areas": PLACE,
    "get_wind_conditions": PLACE,
    "use_wind_file": {**PLACE, "source": "A test"},
    "add_turbine": {
        "turbine_model": "own_2mw",
        "source": "A test",
        "rotor_diameter_m": 90.0,
        "hub_height_m": 100.0,
    },
    "create_layout": {"turbine_count": 3, "strategy": "grid"},
    "relocate_turbines": {"turbine_ids": "T01"},
    "run_wake_simulation": {},
    "find_exclusion_zones": {},
}
#: Of a wind file's numbers, those that say nothing of an atlas, and the file that they are of.
OF_FILES = {
    "height_m": rose(),
    "shear_exponent": rose(),
    "sectors": mast(mast_rows(40)),
}
NUMBERS = [
    pytest.param(agent, tool, name, id=f"{tool.tool_name}-{name}")
    for agent, definition in DEFINITIONS.items()
    for tool in definition.tools
    for name, schema in schema_of(tool.tool_spec)["properties"].items()
    if {"number", "integer"} & {one.get("type") for one in schema.get("anyOf", [schema])}
]


@pytest.fixture(scope="module")
def laid_out() -> dict[str, bytes]:
    store = run_until("layout")
    wind = project_for("terrain", store, {"wind_file": lib()})
    terrain = {one.tool_name: one for one in DEFINITIONS["terrain"].tools}
    given = {"source": "A test", "roughness_length_m": 0.1}
    assert call(terrain["use_wind_file"], wind, **given)[0] == "success"
    layout = {one.tool_name: one for one in DEFINITIONS["layout"].tools}
    made = call(layout["create_layout"], project_for("layout", store), **NEEDED["create_layout"])
    assert made[0] == "success", made
    return store.objects


@pytest.mark.parametrize(("agent", "tool", "name"), NUMBERS)
def test_what_is_no_number_of_its_kind_is_refused(
    agent: str, tool: Any, name: str, laid_out: dict[str, bytes]
) -> None:
    store = MemoryArtifactStore()
    store.objects = dict(laid_out)
    brings: dict[str, Any] = {}
    needed = dict(NEEDED[tool.tool_name])
    if tool.tool_name == "use_wind_file":
        brings = {"wind_file": OF_FILES.get(name, lib())}
        needed |= {"height_m": 100.0} if name in OF_FILES else {"roughness_length_m": 0.1}
    if tool.tool_name == "add_turbine":
        brings = {"power_curve": curve()}
    about = name.removesuffix("_setback_m")

    for value in (*NO_NUMBERS, *(() if name in MAY_BE_NEGATIVE else (-1,))):
        project = project_for(agent, store, brings)
        status, said = call(tool, project, **{**needed, name: value})
        assert (status, project.failure) == ("error", None), (value, said)
        assert about in said, (value, said)


@pytest.mark.parametrize(("agent", "tool", "name"), NUMBERS)
def test_true_and_text_are_no_numbers_and_names_are_as_they_stand(
    agent: str, tool: Any, name: str
) -> None:
    schema = schema_of(tool.tool_spec)
    for value in (True, "3", [3]):
        assert f"{name} must be" in str(refusal(tool.tool_name, schema, {name: value})), agent
    said = refusal(tool.tool_name, schema, {f"{name}s": 3})
    assert f"There is no argument {name}s." in str(said)
