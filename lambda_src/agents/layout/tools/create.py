"""A new layout: turbines placed on the project's land."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from agents.layout.tools.current import load_land, save_current
from siting.project_turbines import own_turbines, turbine_named
from siting.project_wind import project_wind, require_wind_of
from siting.wind import noise, scenarios
from siting.wind.errors import require_within
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import Source

if TYPE_CHECKING:
    from siting.wind.layout.constraints import LayoutSpec
    from siting.wind.layout.energy import LayoutEnergy
    from siting.wind.layout.strategies import Planned
    from siting.wind.turbines import FloatArray, Turbine

#: Some five seconds for 30 turbines on one ordinary core.
DEFAULT_ITERATIONS: Final = 30
_MAX_ITERATIONS: Final = 1000
_MIN_LIMIT_S, _MAX_LIMIT_S = 1.0, 600.0
_DEFAULT_DIRECTION_DEGREES: Final = 270.0
#: Coarser than a simulation's: a layout is compared with others many thousand times.
_DIRECTION_STEP_DEGREES: Final = 10.0
#: Of a turbine's data, what a layout repeats.
_OF_THE_TURBINE: Final = ("turbine_model", "rotor_diameter_m", "hub_height_m", "rated_power_mw")
_SPACING_RULE: Final = (
    "Elliptical, hub to hub: (along / spacing_along_wind_m)^2 + (across / spacing_across_wind_m)^2 "
    "is at least 1, and so at least 2 rotor diameters in every direction."
)


@tool(context=True)
@reports_failures
def create_layout(
    *,
    turbine_count: int,
    tool_context: ToolContext,
    strategy: str = "best",
    turbine_model: str = scenarios.DEFAULT_TURBINE,
    spacing_along_wind_diameters: float = 7.0,
    spacing_across_wind_diameters: float = 4.0,
    wind_direction_degrees: float | None = None,
    iterations: int = DEFAULT_ITERATIONS,
    time_limit_s: float = 120.0,
) -> dict[str, Any]:
    """Place turbines in the buildable area and save the layout as the project's current one.

    Every turbine lies within the boundary, half a rotor from it unless the terrain agent was asked
    for another setback, and outside of every exclusion zone, and keeps the spacing: an ellipse of
    the two spacings along and across the main wind, whatever the strategy.
    Returns how many were placed, how many were not and why, and an estimate of the energy.

    Args:
        turbine_count: How many turbines to place, 1 to 300.
        tool_context: The request at work.
        strategy: best (of the four that follow: the most turbines, then the most energy), grid
            (straight rows across the main wind), offset_grid (every second row moved by half a
            spacing), spiral (from the middle outwards), greedy (one after the other where it adds
            the most energy) or optimise (searches on from the best of the others; never worse than
            it).
        turbine_model: A turbine of get_turbine_specs: iea37_3_35mw_130m, iea_3_4mw_130m (rotor
            130 m), iea_10mw_198m, iea_15mw_240m or one that was brought. One type: for a farm of
            several, that of the largest rotor; then call set_turbine_type for the others.
        spacing_along_wind_diameters: Row to row along the wind, in rotor diameters, 2 to 30.
        spacing_across_wind_diameters: Within a row across the wind, in rotor diameters, 2 to 30.
        wind_direction_degrees: Where the main wind comes from, degrees from north, clockwise.
            Leave it out for the most frequent sector of the project's wind data, or 270
            without such data.
        iterations: How much optimise searches, 1 to 1000; more finds more. The same number gives
            the same layout every time.
        time_limit_s: Seconds after which greedy and optimise stop unfinished, 1 to 600; how a
            search ended is in the answer.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind.layout import constraints as layout  # noqa: PLC0415
    from siting.wind.layout import crew  # noqa: PLC0415
    from siting.wind.layout import strategies as layout_strategies  # noqa: PLC0415
    from siting.wind.layout.budget import Budget  # noqa: PLC0415

    require_within("iterations", iterations, 1, _MAX_ITERATIONS)
    require_within("time_limit_s", time_limit_s, _MIN_LIMIT_S, _MAX_LIMIT_S)
    project = project_of(tool_context)
    _require_one_type(project, turbine_model)
    turbine = turbine_named(project, turbine_model)
    wind_json = project_wind(project)
    if wind_direction_degrees is None:
        wind_direction_degrees = _main_direction(wind_json)
    spec = layout.LayoutSpec(
        turbine_count=turbine_count,
        rotor_diameter_m=turbine.rotor_diameter_m,
        spacing_along_wind_diameters=spacing_along_wind_diameters,
        spacing_across_wind_diameters=spacing_across_wind_diameters,
        wind_direction_degrees=wind_direction_degrees,
    )
    land = load_land(project, [turbine])
    if wind_json is not None:
        require_wind_of(land.places_deg, wind_json)
    energy, simulate, assumption = _energy(turbine, wind_json, land.north_degrees)
    planned = layout_strategies.plan(
        strategy,
        land.land,
        spec.on_grid(land.north_degrees),
        energy=energy,
        simulate=simulate,
        budget=Budget(iterations, time_limit_s, _stop_signal(tool_context)),
        workers=crew.cores(),
    )
    why_not = planned.layout.why_not_placed(land.land.buildable_km2)
    if not planned.layout.turbines_placed:
        raise ToolInputError(f"There is no layout: {why_not}")
    summary = {
        "turbines_requested": spec.turbine_count,
        "turbines_placed": planned.layout.turbines_placed,
        "turbines_not_placed": planned.layout.turbines_not_placed,
        "reason_not_placed": why_not,
        "strategy": planned.layout.strategy,
        **{name: value for name, value in turbine.describe().items() if name in _OF_THE_TURBINE},
        **_spec_fields(spec),
        "boundary_setback_m": round(land.boundary.metres, 2),
        "boundary_setback_reason": land.boundary.reason,
        "noise_screening": noise.screening(turbine),
        "places_buildable": planned.layout.places_buildable,
        **_estimate(planned, assumption, time_limit_s),
    }
    used = (*land.sources, *((wind_json,) if wind_json else ()))
    artifacts = save_current(
        project,
        document={**summary, "utm_epsg": land.site.projection.zone.epsg},
        land=land,
        ids=_ids(planned.layout.turbines_placed),
        positions_m=planned.layout.positions_m,
        types=[turbine] * planned.layout.turbines_placed,
        used=used,
    )
    return {**summary, "artifacts": artifacts}


def _require_one_type(project: Project, turbine_model: str) -> None:
    """Refuse several types at once, and say how a farm of them is laid out."""
    from siting.wind.turbines import TURBINES  # noqa: PLC0415

    known = {*TURBINES, *own_turbines(project)}
    names = [name for name in dict.fromkeys(re.findall(r"\w+", turbine_model)) if name in known]
    if turbine_model in known or len(names) < 2:  # noqa: PLR2004
        return
    types = [turbine_named(project, name) for name in names]
    largest = max(types, key=lambda one: one.rotor_diameter_m)
    tallest = max(types, key=lambda one: one.tip_height_m)
    others = ", ".join(one.key for one in types if one is not largest)
    raise ToolInputError(
        "create_layout searches places for turbines of one type. Create the layout of all turbines "
        f"with turbine_model={largest.key}, whose rotor is the largest, on land that is cut for "
        f"{tallest.key}, the tallest; then call set_turbine_type with the turbine_ids that are to "
        f"be {others}. Every place then has room for the largest rotor."
    )


def _main_direction(wind_json: Source | None) -> float:
    from siting.wind.wake.states import read_sectors  # noqa: PLC0415

    if wind_json is None:
        return _DEFAULT_DIRECTION_DEGREES
    return read_sectors(wind_json.data).main_direction_degrees


def _energy(
    turbine: "Turbine", wind_json: Source | None, north_degrees: float
) -> "tuple[LayoutEnergy, Callable[[FloatArray], float], str]":
    """Return what a search climbs, the simulation that decides, and the assumption behind both."""
    from siting.wind import iea37  # noqa: PLC0415
    from siting.wind.air import read_air  # noqa: PLC0415
    from siting.wind.layout.energy import LayoutEnergy  # noqa: PLC0415
    from siting.wind.wake import energy as wake  # noqa: PLC0415

    if wind_json:
        air = read_air(wind_json.data, turbine.hub_height_m)
        turbine = turbine.in_air(air.density_kg_per_m3)
    wind = (
        scenarios.weibull_wind(wind_json.data, wind_json.name, turbine, _DIRECTION_STEP_DEGREES)
        if wind_json
        else scenarios.single_speed_wind(None, iea37.IEA37_WIND_SPEED_M_PER_S)
    )
    model = scenarios.wake_model(scenarios.AUTO, wind, scenarios.DEFAULT_TURBULENCE)
    rose = wind.states.rose.on_grid(north_degrees)

    def simulate(positions_m: "FloatArray") -> float:
        farm = wake.annual_energy(
            positions_m[:, 0], positions_m[:, 1], turbine=turbine, rose=rose, model=model
        )
        return farm.aep_mwh

    assumption = f"{wind.assumption} Wakes: {model.description}."
    return LayoutEnergy(turbine, rose, model), simulate, assumption


def _stop_signal(tool_context: ToolContext) -> Callable[[], bool]:
    """Return what says that the request is over: its deadline has come, or it was cancelled."""
    return tool_context.cancel_signal.is_set


def _spec_fields(spec: "LayoutSpec") -> dict[str, Any]:
    return {
        "spacing_along_wind_m": spec.spacing_along_wind_m,
        "spacing_across_wind_m": spec.spacing_across_wind_m,
        "spacing_rule": _SPACING_RULE,
        "wind_direction_degrees": spec.wind_direction_degrees,
    }


#: What ended a search, in words.
_ENDINGS: Final = {
    "iterations": "all of its work done",
    "ceiling": "stopped by the ceiling of {:g} s, so another run may find another layout",
    "request": "stopped with the request",
}


def _estimate(planned: "Planned", assumption: str, time_limit_s: float) -> dict[str, Any]:
    """Say what the layout may yield, what it was chosen from and what a search gained."""

    def gwh(mwh: float | None) -> float | None:
        return None if mwh is None else round(mwh / 1000.0, 4)

    compared = [
        {"strategy": name, "turbines_placed": placed, "estimated_aep_gwh": gwh(mwh)}
        for name, (placed, mwh) in planned.compared.items()
    ]
    search = planned.search
    found: dict[str, Any] = {
        "estimated_aep_gwh": gwh(planned.mwh),
        "estimate_assumption": assumption,
    }
    if len(compared) > 1:
        found["compared"] = compared
    if search is not None:
        gain = 100.0 * (search.mwh / search.start_mwh - 1.0) if search.start_mwh else 0.0
        found["search"] = {
            "start_aep_gwh": gwh(search.start_mwh),
            "gain_percent": round(gain, 3),
            "iterations": search.iterations,
            "evaluations": search.evaluations,
        }
        if len(search.from_starts_mwh) > 1:
            found["search"]["starts"] = _spread(search.from_starts_mwh)
    if planned.ended is not None:
        found["search_ended"] = _ENDINGS[planned.ended.value].format(time_limit_s)
    return found


def _spread(from_starts_mwh: tuple[float, ...]) -> dict[str, Any]:
    """Say how far apart climbs from different starts ended: the more, the more chance is in it."""
    lowest, highest = min(from_starts_mwh), max(from_starts_mwh)
    return {
        "climbed_from": len(from_starts_mwh),
        "spread_percent": round(100.0 * (1.0 - lowest / highest), 3) if highest else 0.0,
    }


def _ids(count: int) -> list[str]:
    digits = max(2, len(str(count)))
    return [f"T{number:0{digits}d}" for number in range(1, count + 1)]
