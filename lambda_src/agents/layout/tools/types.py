"""Turbines of the current layout, of another type."""

from typing import Any

from strands import ToolContext, tool

from agents.layout.tools.current import (
    LAYOUT_FILE,
    OF_THE_OLD_PLACES,
    by_model,
    load_land,
    named_turbines,
    positions_of,
    save_current,
    spec_of,
    types_in,
)
from siting.crew import LAYOUT
from siting.project_turbines import turbine_named
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import load_json


@tool(context=True)
@reports_failures
def set_turbine_type(
    *, tool_context: ToolContext, turbine_ids: str, turbine_model: str
) -> dict[str, Any]:
    """Give turbines of the current layout another type, for a farm of several types.

    They stay where they are. The layout's spacing is that of its own rotor, so that no other type
    may have a larger one: lay out with the largest rotor, then set the smaller types. The land must
    be cut for the tallest. The estimate of the energy is dropped; the simulation has the yield.

    Args:
        tool_context: The request at work.
        turbine_ids: Names separated by commas, such as "T03, T07".
        turbine_model: A turbine of get_turbine_specs.
    """
    from siting.wind.layout.constraints import broken_rules  # noqa: PLC0415

    project = project_of(tool_context)
    current = load_json(project, LAYOUT, LAYOUT_FILE)
    types = types_in(project, current.data)
    turbine = turbine_named(project, turbine_model)
    largest_m = current.data["rotor_diameter_m"]
    if turbine.rotor_diameter_m > largest_m:
        raise ToolInputError(
            f"{turbine.key} has a rotor of {turbine.rotor_diameter_m:g} m, and the layout is "
            f"spaced for {largest_m:g} m. Create the layout with turbine_model={turbine.key} and "
            "set the smaller types then."
        )
    ids = [one["id"] for one in current.data["turbines"]]
    changed = named_turbines(turbine_ids, ids)
    if not changed:
        raise ToolInputError(f"Give turbine_ids; the layout has {ids[0]} to {ids[-1]}.")
    for at in changed:
        types[at] = turbine
    land = load_land(project, types)
    positions = positions_of(current.data, land)
    rules = broken_rules(positions, land.land, spec_of(current.data, land))
    broken = [f"{one} ({rule})" for one, rule in zip(ids, rules, strict=True) if rule]
    if broken:
        raise ToolInputError(
            f"{len(broken)} turbines break a rule on the land as it is now: "
            f"{', '.join(broken[:5])}. Call relocate_turbines first."
        )
    artifacts = save_current(
        project,
        document={
            key: value for key, value in current.data.items() if key not in OF_THE_OLD_PLACES
        },
        land=land,
        ids=ids,
        positions_m=positions,
        types=types,
        used=land.sources,
    )
    return {
        "turbines_by_model": by_model(types),
        "turbines_placed": len(ids),
        "artifacts": artifacts,
    }
