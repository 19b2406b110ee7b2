"""The simulation agent: how much energy a layout yields, and what wakes cost it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from strands import ToolContext, tool

from tradewind.agents.base import AgentDefinition
from tradewind.agents.project import Project
from tradewind.agents.tools import load_json, project_of, save_json, sources_of, surfacing_failures
from tradewind.contracts.errors import ToolInputError
from tradewind.contracts.names import AgentName

if TYPE_CHECKING:
    from tradewind.wind.wake import EnergyYield, WindRose

_MIN_SECTORS: Final = 4
_MAX_SECTORS: Final = 72
_MAX_ID_LENGTH: Final = 16
#: Metres. UTM coordinates stay below this; farther apart nothing is one wind farm.
_MAX_COORDINATE_M: Final = 2e7

SYSTEM_PROMPT: Final = """\
You are the simulation agent of a wind-farm planning service. You compute what a wind farm yields
in a year and what its turbines take from each other by their wakes.

Work: call simulate_energy once, with the wind speed if the request names one. The layout, and a
wind rose if the request brings its own, reach the tool by themselves. Never ask for them and never
make up positions.

Units: energy in GWh per year (AEP), speeds in m/s at hub height, directions in degrees from north,
clockwise, where the wind comes from; the capacity factor is a share from 0 to 1.

Report numbers only from tool results: AEP, wake loss and capacity factor. Repeat the assumptions
the tool lists; say that the wind has one speed all year, so absolute energy is for comparing
layouts and no yield forecast.
"""


class _Farm(NamedTuple):
    ids: list[str]
    x_m: list[float]
    y_m: list[float]
    positions_from: str
    sources: dict[str, str]


# The default is the case study's own speed, ``iea37.IEA37_WIND_SPEED_M_PER_S``.
@tool(context=True)
@surfacing_failures
def simulate_energy(tool_context: ToolContext, wind_speed_m_per_s: float = 9.8) -> dict[str, Any]:
    """Compute the wind farm's annual energy with wakes (IEA Task 37 Gaussian), and save it.

    Takes the project's layout, or turbines given in the request. Returns annual energy production
    in GWh, wake loss in percent, the capacity factor and the assumptions.

    Args:
        tool_context: The request at work.
        wind_speed_m_per_s: Free wind speed at hub height, all year and from every direction, above
            0 and up to 25 m/s.
    """
    # Some 170 ms to import: paid by the request that needs them, not by every cold start.
    from tradewind.wind import iea37, wake  # noqa: PLC0415

    project = project_of(tool_context)
    turbine = iea37.IEA37_TURBINE
    # Above cut-out a wake would start turbines that the free wind has stopped.
    if not 0.0 < wind_speed_m_per_s <= turbine.cut_out_m_per_s:
        raise ToolInputError(
            f"wind_speed_m_per_s is {wind_speed_m_per_s:g}; give more than 0 and at most "
            f"{turbine.cut_out_m_per_s:g} m/s, where the turbine shuts down."
        )
    frequencies = _frequencies(project)
    rose = iea37.wind_rose(frequencies or iea37.IEA37_FREQUENCIES, wind_speed_m_per_s)
    farm = _farm(project, turbine.rotor_diameter_m)
    expansion = iea37.IEA37_WAKE_EXPANSION
    energy = wake.annual_energy(
        farm.x_m, farm.y_m, turbine=turbine, rose=rose, wake_expansion=expansion
    )
    wake.require_spacing(farm.ids, farm.x_m, farm.y_m, turbine)

    headline = {
        "aep_gwh": round(energy.aep_mwh / 1000.0, 8),
        "wake_loss_percent": round(energy.wake_loss_percent, 4),
        "capacity_factor": round(energy.capacity_factor, 6),
    }
    summary = {
        **headline,
        "turbines": len(farm.ids),
        "rated_power_mw": round(turbine.rated_power_mw * len(farm.ids), 3),
        "assumptions": [
            f"Turbine: {turbine.name}, {turbine.rated_power_mw:g} MW, rotor "
            f"{turbine.rotor_diameter_m:g} m, hub height {turbine.hub_height_m:g} m.",
            f"Wind: {wind_speed_m_per_s:g} m/s at hub height in every hour of the year, from "
            f"{len(rose.frequency)} directions with the frequencies of "
            + ("IEA Task 37, case study 1." if frequencies is None else "the request."),
            "Wakes: simplified Gaussian model of IEA Task 37, "
            f"expansion {expansion:g} per metre, root-sum-square superposition.",
            "No losses but wakes: electrical losses, downtime, icing and curtailment come on top.",
            f"Turbine positions: {farm.positions_from}.",
        ],
    }
    document = {
        **summary,
        "aep_mwh": round(energy.aep_mwh, 5),
        "gross_aep_gwh": round(energy.gross_aep_mwh / 1000.0, 8),
        "per_turbine": _per_turbine(farm, energy),
        "per_direction": _per_direction(rose, energy),
        "sources": farm.sources,
    }
    key = save_json(project, "energy.json", document)
    project.facts.update(headline)
    return {**summary, "artifacts": [key]}


def _farm(project: Project, rotor_diameter_m: float) -> _Farm:
    if "turbines" in project.parameters:
        ids, x_m, y_m = _given_turbines(project.parameters["turbines"])
        return _Farm(ids, x_m, y_m, "coordinates in the request", {})
    layout = load_json(project, AgentName.LAYOUT, "layout.json")
    laid_for_m = layout.data["rotor_diameter_m"]
    if laid_for_m != rotor_diameter_m:
        raise ToolInputError(
            f"The layout was made for a rotor of {laid_for_m:g} m, but the simulated turbine has "
            f"{rotor_diameter_m:g} m. Run the layout agent with rotor_diameter_m="
            f"{rotor_diameter_m:g} first."
        )
    turbines = layout.data["turbines"]
    return _Farm(
        [one["id"] for one in turbines],
        [one["x_m"] for one in turbines],
        [one["y_m"] for one in turbines],
        layout.name,
        sources_of(layout),
    )


def _given_turbines(given: object) -> tuple[list[str], list[float], list[float]]:
    if not isinstance(given, list) or not given:
        raise ToolInputError(
            'parameters.turbines must be a list of objects such as {"x_m": 0.0, "y_m": 650.0}.',
            field="parameters.turbines",
        )
    ids, x_m, y_m = [], [], []
    for at, one in enumerate(given):
        place = one if isinstance(one, Mapping) else {}
        x: Any = place.get("x_m")
        y: Any = place.get("y_m")
        if not (_is_number(x, _MAX_COORDINATE_M) and _is_number(y, _MAX_COORDINATE_M)):
            raise ToolInputError(
                f"parameters.turbines[{at}] needs x_m (metres east) and y_m (metres north), both "
                "finite numbers.",
                field=f"parameters.turbines[{at}]",
            )
        ids.append(str(place.get("id", f"T{at + 1:02d}"))[:_MAX_ID_LENGTH])
        x_m.append(float(x))
        y_m.append(float(y))
    return ids, x_m, y_m


def _frequencies(project: Project) -> tuple[float, ...] | None:
    """Return the sector frequencies the request brings, or None."""
    if "wind_rose" not in project.parameters:
        return None
    rose = project.parameters["wind_rose"]
    given = rose.get("sector_frequencies") if isinstance(rose, Mapping) else None
    if (
        not isinstance(given, list)
        or not _MIN_SECTORS <= len(given) <= _MAX_SECTORS
        or not all(_is_number(share, 1.0) for share in given)
    ):
        raise ToolInputError(
            f"parameters.wind_rose needs sector_frequencies: {_MIN_SECTORS} to {_MAX_SECTORS} "
            "shares of the year from 0 to 1 that sum to 1, the first sector centred on north, the "
            "others following clockwise.",
            field="parameters.wind_rose.sector_frequencies",
        )
    return tuple(float(share) for share in given)


def _is_number(value: Any, limit: float) -> bool:
    # The comparison refuses NaN, infinity and integers too large to be a float.
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit
    )


def _per_turbine(farm: _Farm, energy: "EnergyYield") -> list[dict[str, Any]]:
    columns = zip(
        farm.ids,
        farm.x_m,
        farm.y_m,
        energy.turbine_aep_mwh.tolist(),
        energy.turbine_wake_loss_percent.tolist(),
        strict=True,
    )
    return [
        {
            "id": identity,
            "x_m": x_m,
            "y_m": y_m,
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(loss_percent, 4),
        }
        for identity, x_m, y_m, aep_mwh, loss_percent in columns
    ]


def _per_direction(rose: "WindRose", energy: "EnergyYield") -> list[dict[str, Any]]:
    columns = zip(
        rose.direction_degrees.tolist(),
        rose.frequency.tolist(),
        rose.wind_speed_m_per_s.tolist(),
        energy.state_aep_mwh.tolist(),
        energy.state_wake_loss_percent.tolist(),
        strict=True,
    )
    return [
        {
            "direction_degrees": direction,
            "frequency": frequency,
            "wind_speed_m_per_s": speed,
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(loss_percent, 4),
        }
        for direction, frequency, speed, aep_mwh, loss_percent in columns
    ]


DEFINITION: Final = AgentDefinition(
    name=AgentName.SIMULATION, system_prompt=SYSTEM_PROMPT, tools=(simulate_energy,)
)
