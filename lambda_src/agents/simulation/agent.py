"""The simulation agent: how much energy a layout yields, and what wakes cost it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from agents.simulation.documents import (
    air_of,
    by_model,
    by_time,
    per_direction,
    per_turbine,
    setup,
)
from agents.simulation.farm import farm_of, is_number
from agents.simulation.simulated import reference, simulate
from siting.crew import LAYOUT, SIMULATION, TERRAIN
from siting.net_energy import net_of_all
from siting.project_wind import project_wind, require_wind_of
from siting.wind import scenarios
from tradewind.contracts.errors import ArtifactNotFound, ToolInputError
from tradewind.run.project import Project
from tradewind.run.strands_agent import StrandsAgent, project_of, reports_failures
from tradewind.run.tools import (
    Source,
    load_json,
    require_made_from,
    require_together,
    save_file,
    save_json,
    sources_of,
)

if TYPE_CHECKING:
    from siting.charts.farm import FarmCharts
    from siting.charts.land import FarmLand
    from siting.wind.scenarios import Wind
    from siting.wind.turbines import Turbine

_MIN_SECTORS: Final = 4
_MAX_SECTORS: Final = 72
_ENERGY: Final = "energy.json"
_WIND_SOURCES: Final = ("auto", "project", "single_speed")

SYSTEM_PROMPT: Final = """\
You are the simulation agent of a wind-farm planning service. You compute what a wind farm yields
in a year and what its turbines take from each other by their wakes.

Work: call run_wake_simulation once, with the wake model, the wind speed, the turbulence intensity,
losses or uncertainty that the request names; leave out the others, they have defaults. Then call
generate_charts. The
layout, the project's wind data, and a wind rose or turbines if the request brings its own, reach
the tools by themselves. Never ask for them and never make up positions.

Units: energy in GWh per year (AEP), power in MW, speeds in m/s at hub height, directions in degrees
from north, clockwise, where the wind comes from; the capacity factor is a share from 0 to 1.

Report numbers only from tool results: AEP, wake loss and capacity factor; where the tool gives
them, the energy net of all losses (P50), P90 over ten years, and the losses taken off. Give the
least and the most that wakes take by the models in wake_models. Repeat the assumptions the tool
lists. Where it says that the wind has one speed all year, say that absolute energy is for comparing
layouts and no yield forecast.
"""


@tool(context=True)
@reports_failures
def run_wake_simulation(
    *,
    tool_context: ToolContext,
    wake_model: str = scenarios.AUTO,
    wind_data: str = "auto",
    wind_speed_m_per_s: float | None = None,
    turbulence_intensity: float = scenarios.DEFAULT_TURBULENCE,
    turbine_model: str = "",
    availability_loss_percent: float | None = None,
    electrical_loss_percent: float | None = None,
    performance_loss_percent: float | None = None,
    environmental_loss_percent: float | None = None,
    curtailment_loss_percent: float | None = None,
    wind_speed_uncertainty_percent: float | None = None,
) -> dict[str, Any]:
    """Compute the wind farm's annual energy with wakes, and save it.

    Takes the project's layout, or turbines given in the request. Returns annual energy production
    in GWh, wake loss in percent, the capacity factor and the assumptions, and the wake loss by each
    model there is; for the project's wind also the energy net of all losses (P50), what is exceeded
    in 75, 90 and 99 % of years, and the air density at the hub. Energy by month and hour of the day
    is saved where the wind data have them.

    Args:
        tool_context: The request at work.
        wake_model: iea37_gaussian (IEA Task 37 case study), bastankhah_gaussian (widens with
            turbulence), jensen, turbopark, or auto: the first for a wind of one speed, the second
            for wind data. All are computed, of farms of several types of turbine the first two;
            this one gives the energy.
        wind_data: project (the terrain agent's wind data), single_speed (one speed all year,
            with the request's wind rose or the case study's), or auto: the project's data if there
            are any and the request names no speed and brings neither turbines nor a wind rose.
        wind_speed_m_per_s: If the request names one: free wind speed at hub height, all year and
            from every direction, above 0 and up to 25 m/s. For single_speed 9.8 unless given.
        turbulence_intensity: For bastankhah_gaussian and turbopark: of the free wind at hub
            height, 0.03 to 0.3; 0.1 is usual on land, 0.06 offshore.
        turbine_model: For turbines given in the request: iea37_3_35mw_130m (default),
            iea_3_4mw_130m, iea_10mw_198m, iea_15mw_240m or one that was brought; each may name its
            own. A layout names its own.
        availability_loss_percent: Standstill of turbines and grid; 3 unless given.
        electrical_loss_percent: In cables and transformers; 2 unless given.
        performance_loss_percent: Turbines below their power curve; 2 unless given.
        environmental_loss_percent: Ice, dirt and wear; 2 unless given.
        curtailment_loss_percent: For noise, shadow, animals or the grid; 0 unless given.
        wind_speed_uncertainty_percent: Standard deviation of the long-term mean; 6 unless given,
            some 3 with a good year of measurements on the site.
    """
    # Some 170 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind.air import energy_change_percent, read_air  # noqa: PLC0415

    project = project_of(tool_context)
    farm = farm_of(project, turbine_model)
    laid_out_for = reference(farm)
    wind, measured = _wind(project, laid_out_for, wind_data, wind_speed_m_per_s)
    wind_from = []
    if measured is not None and farm.layout is not None:
        turbines = farm.layout.data["turbines"]
        away_km = require_wind_of(
            ((one["longitude_deg"], one["latitude_deg"]) for one in turbines), measured
        )
        wind_from.append(f"The wind is of a place {away_km:.1f} km from the nearest turbine.")
    air = None if measured is None else read_air(measured.data, laid_out_for.hub_height_m)
    if air is not None:
        farm = farm.in_air(air.density_kg_per_m3)
    losses = {
        "availability": availability_loss_percent,
        "electrical": electrical_loss_percent,
        "performance": performance_loss_percent,
        "environmental": environmental_loss_percent,
        "curtailment": curtailment_loss_percent,
    }
    if measured is None:
        _require_no_yield(losses, wind_speed_uncertainty_percent)
    model = scenarios.wake_model(wake_model, wind, turbulence_intensity)
    simulated = simulate(farm, wind, model, turbulence_intensity)
    energy = simulated.energies[model.key]
    net = None
    if measured is not None:
        net = net_of_all(
            energy,
            wind,
            measured.data,
            turbine=simulated.free,
            losses_percent=losses,
            wind_speed_percent=wind_speed_uncertainty_percent,
        )
    change_percent = energy_change_percent(simulated.free, wind.states.rose)
    headline = {
        "aep_gwh": round(energy.aep_mwh / 1000.0, 8),
        "wake_loss_percent": round(energy.wake_loss_percent, 4),
        "capacity_factor": round(energy.capacity_factor, 6),
    }
    summary = {
        **headline,
        "gross_aep_gwh": round(energy.gross_aep_mwh / 1000.0, 8),
        "turbines": len(farm.ids),
        "turbine_model": ", ".join(dict.fromkeys(one.key for one in farm.types)),
        "rated_power_mw": round(sum(one.rated_power_mw for one in farm.types), 3),
        "wake_model": model.key,
        "wake_models": by_model(simulated.energies, net),
        **({} if net is None else net.describe()),
        "assumptions": [
            *simulated.assumptions,
            wind.assumption,
            *wind_from,
            f"Wakes: {model.description}.",
            "No losses but wakes: electrical losses, downtime, icing and curtailment come on top."
            if net is None
            else "Energy is net of wakes alone, but for what is said to reach the grid (P50).",
            "Air density 1.225 kg/m³." if air is None else air.assumption(change_percent),
            "Flat land, the same wind at every place.",
            f"Turbine positions: {farm.positions_from}.",
        ],
    }
    document = {
        **summary,
        "aep_mwh": round(energy.aep_mwh, 5),
        "turbulence_intensity": model.ambient_turbulence,
        "wind_speed_m_per_s": wind.speed_m_per_s,
        "per_turbine": per_turbine(farm, wind, energy),
        "per_direction": per_direction(wind, energy),
        **air_of(air, change_percent),
        **by_time(measured, wind, energy, laid_out_for),
        "sources": sources_of(*(one for one in (farm.layout, measured) if one is not None)),
    }
    artifacts = [
        save_json(project, _ENERGY, document),
        save_json(project, "simulation.json", setup(farm, wind, document, simulated.ratio)),
    ]
    project.report_facts(**headline)
    return {**summary, "artifacts": artifacts}


@tool(context=True)
@reports_failures
def generate_charts(*, tool_context: ToolContext) -> dict[str, Any]:
    """Draw the simulation's charts as pictures and save them.

    Wind rose, wake map for the main wind, energy per turbine, power curve and energy by direction;
    and the wakes of each direction, which the report lays over its maps. Needs
    run_wake_simulation to have run on this project.

    Args:
        tool_context: The request at work.
    """
    project = project_of(tool_context)
    energy = load_json(project, SIMULATION, _ENERGY)
    setting = load_json(project, SIMULATION, "simulation.json")
    require_together(energy.file, setting.file)
    charts = _charts(project, energy, setting.data)
    artifacts = [
        save_file(project, name, picture, "image/png") for name, picture in charts.draw().items()
    ]
    wakes = save_json(project, "wakes.json", charts.wakes())
    return {"charts": len(artifacts), "artifacts": [*artifacts, wakes]}


def _require_no_yield(losses: Mapping[str, float | None], uncertain: float | None) -> None:
    """Refuse what says how a yield is to be read, for a wind that has none."""
    named = [f"{name}_loss_percent" for name, given in losses.items() if given is not None]
    if uncertain is not None:
        named.append("wind_speed_uncertainty_percent")
    if named:
        raise ToolInputError(
            f"{', '.join(named)} cannot be taken off a wind of one speed, whose energy compares "
            "layouts and is no yield. Leave it out, or simulate the project's wind: "
            "wind_data=project, without a speed."
        )


def _wind(
    project: Project, turbine: "Turbine", name: str, asked_m_per_s: float | None
) -> "tuple[Wind, Source | None]":
    """Return the wind, and the artifact it comes from if it is the project's."""
    from siting.wind.iea37 import IEA37_WIND_SPEED_M_PER_S  # noqa: PLC0415

    if name not in _WIND_SOURCES:
        raise ToolInputError(f"wind_data is {name[:40]!r}; give {', '.join(_WIND_SOURCES)}.")
    if name == "project" and asked_m_per_s is not None:
        raise ToolInputError(
            f"wind_speed_m_per_s is {asked_m_per_s:g}, and wind_data=project has the speeds of "
            "every hour. Leave one of the two out."
        )
    if name == "project" and "wind_rose" in project.parameters:
        raise ToolInputError(
            "The request brings a wind rose, and wind_data=project has its own. Leave one of the "
            "two out.",
            field="parameters.wind_rose",
        )
    brings_its_own = (
        asked_m_per_s is not None
        or "turbines" in project.parameters
        or "wind_rose" in project.parameters
    )
    if name == "project" or (name == "auto" and not brings_its_own):
        measured = project_wind(project)
        if measured is not None:
            return scenarios.weibull_wind(measured.data, measured.name, turbine), measured
        if name == "project":
            raise ToolInputError(
                "The project has no wind data. Run the terrain agent for them, or take "
                "wind_data=single_speed."
            )
    wind_speed_m_per_s = IEA37_WIND_SPEED_M_PER_S if asked_m_per_s is None else asked_m_per_s
    # Above cut-out every turbine stands still all year.
    if not 0.0 < wind_speed_m_per_s <= turbine.cut_out_m_per_s:
        raise ToolInputError(
            f"wind_speed_m_per_s is {wind_speed_m_per_s:g}; give more than 0 and at most "
            f"{turbine.cut_out_m_per_s:g} m/s, where the turbine shuts down."
        )
    return scenarios.single_speed_wind(_frequencies(project), wind_speed_m_per_s), None


def _frequencies(project: Project) -> tuple[float, ...] | None:
    """Return the sector frequencies the request brings, or None."""
    if "wind_rose" not in project.parameters:
        return None
    rose = project.parameters["wind_rose"]
    given = rose.get("sector_frequencies") if isinstance(rose, Mapping) else None
    if (
        not isinstance(given, list)
        or not _MIN_SECTORS <= len(given) <= _MAX_SECTORS
        or not all(is_number(share, 1.0) for share in given)
    ):
        raise ToolInputError(
            f"parameters.wind_rose needs sector_frequencies: {_MIN_SECTORS} to {_MAX_SECTORS} "
            "shares of the year from 0 to 1 that sum to 1, the first sector centred on north, the "
            "others following clockwise.",
            field="parameters.wind_rose.sector_frequencies",
        )
    return tuple(float(share) for share in given)


def _charts(project: Project, energy: Source, setup: Mapping[str, Any]) -> "FarmCharts":
    # Matplotlib takes most of a second to import: for this tool only.
    from siting.charts.farm import FarmCharts  # noqa: PLC0415

    return FarmCharts.of(energy.data, setup, _land(project, energy))


def _land(project: Project, energy: Source) -> "FarmLand | None":
    """Return the land of an energy's layout; None where the project holds none, or another."""
    from siting.charts.land import FarmLand  # noqa: PLC0415

    if f"{LAYOUT}/layout.json" not in energy.file.entry.made_from:
        return None
    try:
        layout = load_json(project, LAYOUT, "layout.json")
        site = load_json(project, TERRAIN, "site.geojson")
        zones = load_json(project, TERRAIN, "exclusions.geojson")
        require_made_from(energy.file, layout.file)
        require_made_from(layout.file, site.file)
        require_together(site.file, zones.file)
    except (ArtifactNotFound, ToolInputError):
        return None
    if "grid" not in layout.data:  # laid out before layouts said where they lie
        return None
    return FarmLand.of(site.data, zones.data, layout.data)


DEFINITION: Final = StrandsAgent(
    system_prompt=SYSTEM_PROMPT,
    tools=(run_wake_simulation, generate_charts),
)
