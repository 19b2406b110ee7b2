"""The simulation agent: how much energy a layout yields, and what wakes cost it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from strands import ToolContext, tool

from siting.crew import LAYOUT, SIMULATION
from siting.project_wind import project_wind, require_wind_of
from siting.wind import scenarios
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.strands_agent import StrandsAgent, project_of, reports_failures
from tradewind.run.tools import (
    Source,
    load_json,
    require_current,
    require_together,
    save_file,
    save_json,
    sources_of,
)

if TYPE_CHECKING:
    from siting.charts.farm import FarmCharts
    from siting.wind.scenarios import Wind
    from siting.wind.turbines import Turbine
    from siting.wind.wake.energy import EnergyYield

_MIN_SECTORS: Final = 4
_MAX_SECTORS: Final = 72
_MAX_ID_LENGTH: Final = 16
#: Metres. UTM coordinates stay below this; farther apart nothing is one wind farm.
_MAX_COORDINATE_M: Final = 2e7
_ENERGY: Final = "energy.json"
_CASE_STUDY_TURBINE: Final = "iea37_3_35mw_130m"
_WIND_SOURCES: Final = ("auto", "project", "single_speed")

SYSTEM_PROMPT: Final = """\
You are the simulation agent of a wind-farm planning service. You compute what a wind farm yields
in a year and what its turbines take from each other by their wakes.

Work: call run_wake_simulation once, with the wake model, the wind speed or the turbulence intensity
if the request names one; leave out the others, they have defaults. Then call generate_charts. The
layout, the project's wind data, and a wind rose or turbines if the request brings its own, reach
the tools by themselves. Never ask for them and never make up positions.

Units: energy in GWh per year (AEP), power in MW, speeds in m/s at hub height, directions in degrees
from north, clockwise, where the wind comes from; the capacity factor is a share from 0 to 1.

Report numbers only from tool results: AEP, wake loss and capacity factor. Repeat the assumptions
the tool lists. Where it says that the wind has one speed all year, say that absolute energy is for
comparing layouts and no yield forecast.
"""


class _Farm(NamedTuple):
    ids: list[str]
    x_m: list[float]
    y_m: list[float]
    turbine: "Turbine"
    positions_from: str
    layout: Source | None


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
) -> dict[str, Any]:
    """Compute the wind farm's annual energy with wakes, and save it.

    Takes the project's layout, or turbines given in the request. Returns annual energy production
    in GWh, wake loss in percent, the capacity factor and the assumptions.

    Args:
        tool_context: The request at work.
        wake_model: iea37_gaussian (IEA Task 37 case study), bastankhah_gaussian (widens with
            turbulence), or auto: the first for a wind of one speed, the second for wind data.
        wind_data: project (the terrain agent's wind data), single_speed (one speed all year,
            with the request's wind rose or the case study's), or auto: the project's data if there
            are any and the request names no speed and brings neither turbines nor a wind rose.
        wind_speed_m_per_s: If the request names one: free wind speed at hub height, all year and
            from every direction, above 0 and up to 25 m/s. For single_speed 9.8 unless given.
        turbulence_intensity: For bastankhah_gaussian: of the free wind at hub height, 0.03 to 0.3;
            0.1 is usual on land, 0.06 offshore.
        turbine_model: For turbines given in the request: iea37_3_35mw_130m (default),
            iea_3_4mw_130m, iea_10mw_198m or iea_15mw_240m. A layout names its own.
    """
    # Some 170 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind.wake import energy as wake  # noqa: PLC0415

    project = project_of(tool_context)
    farm = _farm(project, turbine_model)
    wind, measured = _wind(project, farm.turbine, wind_data, wind_speed_m_per_s)
    if measured is not None and farm.layout is not None:
        turbines = farm.layout.data["turbines"]
        require_wind_of(((one["longitude_deg"], one["latitude_deg"]) for one in turbines), measured)
    model = scenarios.wake_model(wake_model, wind, turbulence_intensity)
    wake.positions(farm.x_m, farm.y_m)
    wake.require_spacing(farm.ids, farm.x_m, farm.y_m, farm.turbine)
    energy = wake.annual_energy(
        farm.x_m, farm.y_m, turbine=farm.turbine, rose=wind.states.rose, model=model
    )
    headline = {
        "aep_gwh": round(energy.aep_mwh / 1000.0, 8),
        "wake_loss_percent": round(energy.wake_loss_percent, 4),
        "capacity_factor": round(energy.capacity_factor, 6),
    }
    turbine = farm.turbine
    summary = {
        **headline,
        "gross_aep_gwh": round(energy.gross_aep_mwh / 1000.0, 8),
        "turbines": len(farm.ids),
        "turbine_model": turbine.key,
        "rated_power_mw": round(turbine.rated_power_mw * len(farm.ids), 3),
        "wake_model": model.key,
        "assumptions": [
            f"Turbine: {turbine.name}, {turbine.rated_power_mw:g} MW, rotor "
            f"{turbine.rotor_diameter_m:g} m, hub height {turbine.hub_height_m:g} m. "
            f"Source: {turbine.source}",
            wind.assumption,
            f"Wakes: {model.description}.",
            "No losses but wakes: electrical losses, downtime, icing and curtailment come on top.",
            "Air density 1.225 kg/m3; flat land, the same wind at every turbine.",
            f"Turbine positions: {farm.positions_from}.",
        ],
    }
    document = {
        **summary,
        "aep_mwh": round(energy.aep_mwh, 5),
        "turbulence_intensity": model.ambient_turbulence,
        "wind_speed_m_per_s": wind.speed_m_per_s,
        "per_turbine": _per_turbine(farm, energy),
        "per_direction": _per_direction(wind, energy),
        "sources": sources_of(*(one for one in (farm.layout, measured) if one is not None)),
    }
    artifacts = [
        save_json(project, _ENERGY, document),
        save_json(project, "simulation.json", _setup(farm, wind, document)),
    ]
    project.report_facts(**headline)
    return {**summary, "artifacts": artifacts}


@tool(context=True)
@reports_failures
def generate_charts(*, tool_context: ToolContext) -> dict[str, Any]:
    """Draw the simulation's charts as pictures and save them.

    Wind rose, wake map for the main wind, energy per turbine, power curve and energy by direction.
    Needs run_wake_simulation to have run on this project.

    Args:
        tool_context: The request at work.
    """
    project = project_of(tool_context)
    energy = load_json(project, SIMULATION, _ENERGY)
    setup = load_json(project, SIMULATION, "simulation.json")
    require_together(energy.file, setup.file)
    charts = _charts(energy.data, setup.data)
    artifacts = [
        save_file(project, name, picture, "image/png") for name, picture in charts.draw().items()
    ]
    return {"charts": len(artifacts), "artifacts": artifacts}


def _farm(project: Project, turbine_model: str) -> _Farm:
    from siting.wind.turbines import turbine_of  # noqa: PLC0415

    if "turbines" in project.parameters:
        ids, x_m, y_m = _given_turbines(project.parameters["turbines"])
        turbine = turbine_of(turbine_model or _CASE_STUDY_TURBINE)
        return _Farm(ids, x_m, y_m, turbine, "coordinates in the request", None)
    layout = load_json(project, LAYOUT, "layout.json")
    # Turbines that were placed on other land, or for another wind, are not this project's farm.
    require_current(project, layout.file)
    laid_for = layout.data.get("turbine_model", _CASE_STUDY_TURBINE)
    turbine = turbine_of(turbine_model or laid_for)
    if layout.data["rotor_diameter_m"] != turbine.rotor_diameter_m:
        raise ToolInputError(
            f"The layout was made for {laid_for} with a rotor of "
            f"{layout.data['rotor_diameter_m']:g} m, but {turbine.key} has "
            f"{turbine.rotor_diameter_m:g} m. Leave turbine_model out, or run the layout agent "
            f"with turbine_model={turbine.key} first."
        )
    if layout.data["hub_height_m"] != turbine.hub_height_m:
        raise ToolInputError(
            f"The layout was made for a hub at {layout.data['hub_height_m']:g} m, and "
            f"{turbine.key} has its at {turbine.hub_height_m:g} m: the land and the wind are of "
            f"another height. Leave turbine_model out, or run the layout agent with "
            f"turbine_model={turbine.key} first."
        )
    turbines = layout.data["turbines"]
    return _Farm(
        [one["id"] for one in turbines],
        [one["x_m"] for one in turbines],
        [one["y_m"] for one in turbines],
        turbine,
        layout.name,
        layout,
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
    rated_mwh = energy.rated_mwh_per_turbine
    return [
        {
            "id": identity,
            "x_m": x_m,
            "y_m": y_m,
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(loss_percent, 4),
            "capacity_factor": round(aep_mwh / rated_mwh, 6),
        }
        for identity, x_m, y_m, aep_mwh, loss_percent in columns
    ]


def _per_direction(wind: "Wind", energy: "EnergyYield") -> list[dict[str, Any]]:
    from siting.wind.wake.energy import loss_percent  # noqa: PLC0415

    states = wind.states
    net = states.by_sector(energy.state_aep_mwh)
    gross = states.by_sector(energy.gross_mwh) * energy.turbine_count
    columns = zip(
        states.sector_degrees.tolist(),
        states.by_sector(states.rose.frequency).tolist(),
        states.sector_speed_m_per_s.tolist(),
        net.tolist(),
        loss_percent(net, gross).tolist(),
        strict=True,
    )
    return [
        {
            "direction_degrees": direction,
            "frequency": round(frequency, 8),
            "wind_speed_m_per_s": round(speed, 4),
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(loss, 4),
        }
        for direction, frequency, speed, aep_mwh, loss in columns
    ]


def _setup(farm: _Farm, wind: "Wind", document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a later step needs to draw the simulation again, beside ``energy.json``."""
    sectors = wind.sectors
    return {
        "turbine": farm.turbine.describe(),
        "wake_model": document["wake_model"],
        "turbulence_intensity": document["turbulence_intensity"],
        "wind": {
            "assumption": wind.assumption,
            "main_direction_degrees": float(
                wind.states.sector_degrees[
                    wind.states.by_sector(wind.states.rose.frequency).argmax()
                ]
            ),
            "sectors": None
            if sectors is None
            else [
                {"weibull_a_m_per_s": round(a, 4), "weibull_k": round(k, 4)}
                for a, k in zip(sectors.a_m_per_s.tolist(), sectors.k.tolist(), strict=True)
            ],
        },
        "aep_mwh": document["aep_mwh"],
        "sources": document["sources"],
    }


def _charts(energy: Mapping[str, Any], setup: Mapping[str, Any]) -> "FarmCharts":
    # Matplotlib takes most of a second to import: for this tool only.
    from siting.charts.farm import FarmCharts  # noqa: PLC0415

    return FarmCharts.of(energy, setup)


DEFINITION: Final = StrandsAgent(
    system_prompt=SYSTEM_PROMPT,
    tools=(run_wake_simulation, generate_charts),
)
