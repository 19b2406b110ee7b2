"""Which turbines there are."""

from typing import Any

from strands import ToolContext, tool

from siting.wind import noise, scenarios
from tradewind.run.strands_agent import reports_failures


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

    from siting.wind.turbines import TURBINES, turbine_of  # noqa: PLC0415

    if not turbine_model:
        return {
            "turbines": [one.describe() for one in TURBINES.values()],
            "default": scenarios.DEFAULT_TURBINE,
        }
    turbine = turbine_of(turbine_model)
    speeds = np.arange(0.0, turbine.cut_out_m_per_s + 2.0)
    columns = (speeds, turbine.power_mw(speeds), turbine.thrust(speeds))
    return {
        **turbine.describe(),
        "noise_screening": noise.screening(turbine.rated_power_mw, turbine.hub_height_m),
        "curve": [
            {"wind_speed_m_per_s": v, "power_mw": round(p, 4), "thrust_coefficient": round(t, 4)}
            for v, p, t in zip(*(column.tolist() for column in columns), strict=True)
        ],
    }
