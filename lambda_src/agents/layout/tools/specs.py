"""Which turbines there are."""

from typing import Any

from strands import ToolContext, tool

from siting.project_turbines import own_turbines, turbine_named
from siting.wind import noise, scenarios
from tradewind.run.strands_agent import project_of, reports_failures


@tool(context=True)
@reports_failures
def get_turbine_specs(*, tool_context: ToolContext, turbine_model: str = "") -> dict[str, Any]:
    """List the turbines that layouts and simulations can use, with their sizes and sources.

    Args:
        tool_context: The request at work.
        turbine_model: One turbine's name, to get its power and thrust curve too, and how far it is
            heard; leave it out for the list.
    """
    import numpy as np  # noqa: PLC0415

    from siting.wind.turbines import TURBINES  # noqa: PLC0415

    project = project_of(tool_context)
    if not turbine_model:
        own = [turbine_named(project, key) for key in own_turbines(project)]
        return {
            "turbines": [one.describe() for one in (*TURBINES.values(), *own)],
            "default": scenarios.DEFAULT_TURBINE,
        }
    turbine = turbine_named(project, turbine_model)
    speeds = np.arange(0.0, turbine.cut_out_m_per_s + 2.0)
    columns = (speeds, turbine.power_mw(speeds), turbine.thrust(speeds))
    return {
        **turbine.describe(),
        "noise_screening": noise.screening(turbine),
        "curve": [
            {"wind_speed_m_per_s": v, "power_mw": round(p, 4), "thrust_coefficient": round(t, 4)}
            for v, p, t in zip(*(column.tolist() for column in columns), strict=True)
        ],
    }
