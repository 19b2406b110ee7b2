"""Turbines that people bring themselves."""

from typing import Any, Final

from strands import ToolContext, tool

from agents.terrain.tools.brought import file_text, stated_source
from siting.project_turbines import file_of
from siting.wind.errors import require_within
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import save_json

_PARAMETER: Final = "power_curve"
_MIN_ROTOR_M, _MAX_ROTOR_M = 10.0, 300.0
_MIN_HUB_M, _MAX_HUB_M = 15.0, 250.0
_MAX_RATED_MW: Final = 30.0


@tool(context=True)
@reports_failures
def add_turbine(
    *,
    tool_context: ToolContext,
    turbine_model: str,
    source: str,
    rotor_diameter_m: float,
    hub_height_m: float,
    rated_power_mw: float | None = None,
) -> dict[str, Any]:
    """Add the turbine whose power curve comes with the request, to be named by every agent.

    The file is CSV: wind speed in m/s, power in kW, thrust coefficient (ct). It is checked against
    physics and the rated power. Never make up a rotor or a hub: ask for what the request lacks.

    Args:
        tool_context: The request at work.
        turbine_model: Its name from now on: 3 to 32 lower-case letters, digits and underscores.
        source: Whose curve it is, in the request's words; the report prints them.
        rotor_diameter_m: Its rotor, in metres, 10 to 300.
        hub_height_m: Its hub over ground, in metres, 15 to 250.
        rated_power_mw: Its rated power, if the request states it: the curve must have the same.
    """
    # Paid by the request that needs it, not by every cold start.
    from siting.wind.brought.power_curve import read_turbine  # noqa: PLC0415

    project = project_of(tool_context)
    text = file_text(project, _PARAMETER)
    file_name = file_of(turbine_model)
    source = stated_source(source, "whose curve this is")
    require_within("rotor_diameter_m", rotor_diameter_m, _MIN_ROTOR_M, _MAX_ROTOR_M, "m")
    # No blade reaches the ground.
    require_within(
        "hub_height_m", hub_height_m, max(_MIN_HUB_M, rotor_diameter_m / 2.0), _MAX_HUB_M, "m"
    )
    if rated_power_mw is not None:
        require_within("rated_power_mw", rated_power_mw, 0.0, _MAX_RATED_MW, "MW")
    turbine = read_turbine(
        text,
        key=turbine_model,
        name=turbine_model,
        rotor_diameter_m=rotor_diameter_m,
        hub_height_m=hub_height_m,
        rated_power_mw=rated_power_mw,
        source=source,
    )
    name = save_json(project, file_name, turbine.as_document())
    return {**turbine.describe(), "artifacts": [name]}
