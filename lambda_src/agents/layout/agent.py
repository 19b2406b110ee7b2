"""The layout agent: where the turbines stand."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from strands import ToolContext, tool

from siting import wind_source
from siting.crew import LAYOUT, TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.definition import AgentDefinition
from tradewind.run.project import Project
from tradewind.run.tools import (
    Source,
    load_json,
    project_of,
    save_geojson,
    save_json,
    sources_of,
    surfacing_failures,
)

if TYPE_CHECKING:
    from siting.wind.layout.constraints import Land, LayoutSpec
    from siting.wind.layout.energy import LayoutEnergy
    from siting.wind.layout.strategies import Planned
    from siting.wind.site import Site
    from siting.wind.turbines import FloatArray, Turbine

SYSTEM_PROMPT: Final = """\
You are the layout agent of a wind-farm planning service. You place turbines on the buildable land
that the terrain agent found for this project.

Work: call get_turbine_specs if the request leaves the turbine open or names a rotor or a power.
Then call create_layout once, with the number of turbines the request asks for, and the strategy,
turbine, spacings, wind direction and time budget if it names them; leave out the others, they have
defaults. Call relocate_turbines when the user wants turbines moved, or when the land has changed
since the layout was made: without names it moves the turbines that break a rule now. Call
save_layout to keep a layout under a name, and load_layout to look at the current layout or to go
back to a kept one. The buildable area and the wind reach the tools by themselves. Never ask for
them and never make up coordinates.

Units: diameters in metres, spacings in rotor diameters (hub to hub, 2 at least), directions in
degrees from north, clockwise, where the wind comes from, energy in GWh per year.

Report numbers only from tool results. If turbines did not fit, say how many and why, as the tool
gives it. The energy of a layout here is an estimate to compare layouts with; the simulation agent
computes the yield. If the tool reports that a value is unusable, change it only within what the
request allows, otherwise tell the user what to change.
"""

_LAYOUT: Final = "layout.json"
_CURRENT: Final = "current"
_LAYOUT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MIN_BUDGET_S, _MAX_BUDGET_S = 1.0, 600.0
_MAX_SHIFT_M: Final = 20_000.0
_DIRECTION_FROM_WIND: Final = -1.0
_DEFAULT_DIRECTION_DEGREES: Final = 270.0
#: Coarser than a simulation's: a layout is compared with others many thousand times.
_DIRECTION_STEP_DEGREES: Final = 10.0
_SPACING_RULE: Final = (
    "Elliptical, hub to hub: (along / spacing_along_wind_m)^2 + (across / spacing_across_wind_m)^2 "
    "is at least 1, and so at least 2 rotor diameters in every direction."
)


class _Place(NamedTuple):
    """The project's land as it is now."""

    site: "Site"
    land: "Land"
    sources: tuple[Source, ...]


@tool(context=True)
@surfacing_failures
def get_turbine_specs(*, tool_context: ToolContext, turbine_model: str = "") -> dict[str, Any]:
    """List the turbines that layouts and simulations can use, with their sizes and sources.

    Args:
        tool_context: The request at work.
        turbine_model: One turbine's name, to get its power and thrust curve too; leave it out for
            the list.
    """
    import numpy as np  # noqa: PLC0415

    from siting.wind.turbines import TURBINES, turbine_of  # noqa: PLC0415

    if not turbine_model:
        return {
            "turbines": [wind_source.describe_turbine(one) for one in TURBINES.values()],
            "default": wind_source.DEFAULT_TURBINE,
        }
    turbine = turbine_of(turbine_model)
    speeds = np.arange(0.0, turbine.cut_out_m_per_s + 2.0)
    columns = (speeds, turbine.power_mw(speeds), turbine.thrust(speeds))
    return {
        **wind_source.describe_turbine(turbine),
        "curve": [
            {"wind_speed_m_per_s": v, "power_mw": round(p, 4), "thrust_coefficient": round(t, 4)}
            for v, p, t in zip(*(column.tolist() for column in columns), strict=True)
        ],
    }


@tool(context=True)
@surfacing_failures
def create_layout(
    *,
    turbine_count: int,
    tool_context: ToolContext,
    strategy: str = "grid",
    turbine_model: str = wind_source.DEFAULT_TURBINE,
    spacing_along_wind_diameters: float = 7.0,
    spacing_across_wind_diameters: float = 4.0,
    wind_direction_degrees: float = _DIRECTION_FROM_WIND,
    time_budget_s: float = 30.0,
) -> dict[str, Any]:
    """Place turbines in the buildable area and save the layout as the project's current one.

    Every turbine lies within the boundary and outside of every exclusion zone, and keeps the
    spacing: an ellipse of the two spacings along and across the main wind, whatever the strategy.
    Returns how many were placed, how many were not and why, and an estimate of the energy.

    Args:
        turbine_count: How many turbines to place, 1 to 300.
        tool_context: The request at work.
        strategy: grid (straight rows across the main wind), offset_grid (every second row moved by
            half a spacing), spiral (from the middle outwards), greedy (one after the other where
            it adds the most energy) or optimise (searches from the best of the others within the
            time budget; never worse than it).
        turbine_model: A turbine of get_turbine_specs: iea37_3_35mw_130m, iea_3_4mw_130m (rotor
            130 m), iea_10mw_198m or iea_15mw_240m.
        spacing_along_wind_diameters: Row to row along the wind, in rotor diameters, 2 to 30.
        spacing_across_wind_diameters: Within a row across the wind, in rotor diameters, 2 to 30.
        wind_direction_degrees: Where the main wind comes from, degrees from north, clockwise.
            Leave it out (-1) for the most frequent sector of the project's wind data, or 270
            without such data.
        time_budget_s: Seconds that greedy and optimise may take, 1 to 600.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind import turbines  # noqa: PLC0415
    from siting.wind.layout import constraints as layout  # noqa: PLC0415
    from siting.wind.layout import strategies as layout_strategies  # noqa: PLC0415
    from siting.wind.layout.optimise import Budget  # noqa: PLC0415

    if not _MIN_BUDGET_S <= time_budget_s <= _MAX_BUDGET_S:
        raise ToolInputError(
            f"time_budget_s is {time_budget_s:g}; give {_MIN_BUDGET_S:g} to {_MAX_BUDGET_S:g}."
        )
    project = project_of(tool_context)
    turbine = turbines.turbine_of(turbine_model)
    wind_json = wind_source.project_wind(project)
    if wind_direction_degrees == _DIRECTION_FROM_WIND:
        wind_direction_degrees = _main_direction(wind_json)
    spec = layout.LayoutSpec(
        turbine_count=turbine_count,
        rotor_diameter_m=turbine.rotor_diameter_m,
        spacing_along_wind_diameters=spacing_along_wind_diameters,
        spacing_across_wind_diameters=spacing_across_wind_diameters,
        wind_direction_degrees=wind_direction_degrees,
    )
    place = _place(project)
    energy, judge, assumption = _energy(turbine, wind_json)
    planned = layout_strategies.plan(
        strategy,
        place.land,
        spec,
        energy=energy,
        judge=judge,
        budget=Budget(seconds=time_budget_s, stop=_stop_signal(tool_context)),
    )
    why_not = planned.layout.why_not_placed(place.land.buildable_km2)
    if not planned.layout.turbines_placed:
        raise ToolInputError(f"There is no layout: {why_not}")
    summary = {
        "turbines_requested": spec.turbine_count,
        "turbines_placed": planned.layout.turbines_placed,
        "turbines_not_placed": planned.layout.turbines_not_placed,
        "reason_not_placed": why_not,
        "strategy": strategy,
        **_turbine_fields(turbine),
        **_spec_fields(spec),
        "places_buildable": planned.layout.places_buildable,
        **_estimate(planned, turbine, assumption),
    }
    used = (*place.sources, *((wind_json,) if wind_json else ()))
    artifacts = _save_current(
        project,
        document={**summary, "utm_epsg": place.site.projection.zone.epsg},
        place=place,
        ids=_ids(planned.layout.turbines_placed),
        positions_m=planned.layout.positions_m,
        used=used,
    )
    return {**summary, "artifacts": artifacts}


@tool(context=True)
@surfacing_failures
def relocate_turbines(
    *,
    tool_context: ToolContext,
    turbine_ids: str = "",
    east_m: float = 0.0,
    north_m: float = 0.0,
) -> dict[str, Any]:
    """Move turbines of the current layout to the nearest place that keeps every rule.

    With names: moves those by the given metres, or as near to there as the rules allow. Without
    names: moves the turbines that break a rule on the land as it is now, and no others. A turbine
    for which there is no place is taken out of the layout.

    Args:
        tool_context: The request at work.
        turbine_ids: Names separated by commas, such as "T03, T07"; leave it out for those that
            break a rule.
        east_m: How far the named turbines go east, in metres; negative for west.
        north_m: How far the named turbines go north, in metres; negative for south.
    """
    import numpy as np  # noqa: PLC0415

    from siting.wind.layout.moves import relocate  # noqa: PLC0415

    project = project_of(tool_context)
    current = load_json(project, LAYOUT, _LAYOUT)
    place = _place(project)
    spec = _spec_of(current.data)
    ids = [one["id"] for one in current.data["turbines"]]
    before = _positions(current.data)
    shift = np.array((east_m, north_m))
    if not (np.isfinite(shift).all() and np.abs(shift).max() <= _MAX_SHIFT_M):
        raise ToolInputError(f"east_m and north_m must lie within {_MAX_SHIFT_M:g} m.")
    named = _named(turbine_ids, ids)
    if bool(named) != bool(shift.any()):
        raise ToolInputError(
            "To move turbines, give both turbine_ids and east_m or north_m; leave all out to move "
            "the turbines that break a rule."
        )
    moved = relocate(before, place.land, spec, {at: before[at] + shift for at in named})
    moves = [
        {"id": ids[one.index], "reason": one.reason, "moved_m": _rounded(one.moved_m)}
        for one in moved.moves
    ]
    removed = [one["id"] for one in moves if one["moved_m"] is None]
    result = {
        "moves": moves,
        "removed": removed,
        "turbines_placed": len(moved.kept),
        **({} if moves else {"note": "No turbine breaks a rule; the layout stays as it is."}),
    }
    if not moves:
        return {**result, "artifacts": []}
    if not moved.kept:
        raise ToolInputError("No turbine of this layout has a place on the land as it is now.")
    requested = current.data["turbines_requested"]
    reason = str(current.data["reason_not_placed"])
    if removed:
        reason = f"{reason} No place was left for {', '.join(removed)}.".strip()
    changed = {
        **{key: value for key, value in current.data.items() if key not in _OF_THE_OLD_PLACES},
        "turbines_placed": len(moved.kept),
        "turbines_not_placed": requested - len(moved.kept),
        "reason_not_placed": reason,
        "relocated": moves,
    }
    artifacts = _save_current(
        project,
        document=changed,
        place=place,
        ids=[ids[at] for at in moved.kept],
        positions_m=moved.positions_m,
        used=place.sources,
    )
    return {**result, "reason_not_placed": reason, "artifacts": artifacts}


@tool(context=True)
@surfacing_failures
def save_layout(*, tool_context: ToolContext, layout_name: str = "kept") -> dict[str, Any]:
    """Keep a copy of the current layout under a name, to go back to with load_layout.

    Args:
        tool_context: The request at work.
        layout_name: Up to 32 lower-case letters, digits and hyphens, such as "grid-30". A layout
            kept under the same name before is replaced.
    """
    project = project_of(tool_context)
    file_name = _file_of(layout_name, for_saving=True)
    current = load_json(project, LAYOUT, _LAYOUT)
    key = save_json(project, file_name, {**current.data, "layout_name": layout_name})
    return {
        "layout_name": layout_name,
        "turbines_placed": current.data["turbines_placed"],
        "artifacts": [key],
    }


@tool(context=True)
@surfacing_failures
def load_layout(*, tool_context: ToolContext, layout_name: str = _CURRENT) -> dict[str, Any]:
    """Look at the current layout, or make one that was kept with save_layout the current one.

    Says which turbines break a rule on the land as it is now. A kept layout that breaks one is not
    made current.

    Args:
        tool_context: The request at work.
        layout_name: The name it was kept under, or "current".
    """
    from siting.wind.layout.constraints import broken_rules  # noqa: PLC0415

    project = project_of(tool_context)
    kept = load_json(project, LAYOUT, _file_of(layout_name, for_saving=False))
    place = _place(project)
    ids = [one["id"] for one in kept.data["turbines"]]
    positions = _positions(kept.data)
    rules = broken_rules(positions, place.land, _spec_of(kept.data))
    broken = [{"id": one, "rule": rule} for one, rule in zip(ids, rules, strict=True) if rule]
    result = {
        **{key: value for key, value in kept.data.items() if key not in _BULKY},
        "layout_name": layout_name,
        "broken_rules": broken,
    }
    if layout_name == _CURRENT:
        return {**result, "artifacts": []}
    if broken:
        names = ", ".join(f"{one['id']} ({one['rule']})" for one in broken[:5])
        raise ToolInputError(
            f"The layout {layout_name!r} no longer fits the land: {len(broken)} turbines break a "
            f"rule: {names}. Create a new layout instead."
        )
    document = {key: value for key, value in kept.data.items() if key not in _BULKY}
    artifacts = _save_current(
        project,
        document=document,
        place=place,
        ids=ids,
        positions_m=positions,
        used=place.sources,
    )
    return {**result, "artifacts": artifacts}


#: Of a layout's document: what a model need not read.
_BULKY: Final = frozenset({"turbines", "sources"})
#: And what is no longer true once turbines have moved.
_OF_THE_OLD_PLACES: Final = _BULKY | {"estimated_aep_gwh", "compared", "search"}


def _place(project: Project) -> _Place:
    from siting.wind import exclusions, site  # noqa: PLC0415
    from siting.wind.layout import constraints as layout  # noqa: PLC0415

    site_json = load_json(project, TERRAIN, "site.geojson")
    buildable_json = load_json(project, TERRAIN, "buildable.geojson")
    found = site.read_boundary(site_json.data)
    buildable = exclusions.read_buildable(buildable_json.data, found)
    return _Place(found, layout.Land(found.boundary_m, buildable), (site_json, buildable_json))


def _main_direction(wind_json: Source | None) -> float:
    from siting.wind.wake.states import read_sectors  # noqa: PLC0415

    if wind_json is None:
        return _DEFAULT_DIRECTION_DEGREES
    return read_sectors(wind_json.data).main_direction_degrees


def _energy(
    turbine: "Turbine", wind_json: Source | None
) -> "tuple[LayoutEnergy, Callable[[FloatArray], float], str]":
    """Return what a search climbs, what judges it, and the assumption behind both."""
    from siting.wind import iea37  # noqa: PLC0415
    from siting.wind.layout.energy import LayoutEnergy  # noqa: PLC0415
    from siting.wind.wake import energy as wake  # noqa: PLC0415

    wind = (
        wind_source.weibull_wind(wind_json, turbine, _DIRECTION_STEP_DEGREES)
        if wind_json
        else wind_source.single_speed_wind(None, iea37.IEA37_WIND_SPEED_M_PER_S)
    )
    model = wind_source.wake_model(wind_source.AUTO, wind, wind_source.DEFAULT_TURBULENCE)
    rose = wind.states.rose

    def judge(positions_m: "FloatArray") -> float:
        farm = wake.annual_energy(
            positions_m[:, 0], positions_m[:, 1], turbine=turbine, rose=rose, model=model
        )
        return farm.aep_mwh

    assumption = f"{wind.assumption} Wakes: {model.description}."
    return LayoutEnergy(turbine, rose, model), judge, assumption


def _stop_signal(tool_context: ToolContext) -> Callable[[], bool]:
    """Return what says that the request is over: its deadline has come, or it was cancelled."""
    return tool_context.cancel_signal.is_set


def _turbine_fields(turbine: "Turbine") -> dict[str, Any]:
    return {
        "turbine_model": turbine.key,
        "rotor_diameter_m": turbine.rotor_diameter_m,
        "hub_height_m": turbine.hub_height_m,
        "rated_power_mw": turbine.rated_power_mw,
    }


def _spec_fields(spec: "LayoutSpec") -> dict[str, Any]:
    return {
        "spacing_along_wind_m": spec.spacing_along_wind_m,
        "spacing_across_wind_m": spec.spacing_across_wind_m,
        "spacing_rule": _SPACING_RULE,
        "wind_direction_degrees": spec.wind_direction_degrees,
    }


def _estimate(planned: "Planned", turbine: "Turbine", assumption: str) -> dict[str, Any]:
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
    if search is not None:
        gain = 100.0 * (search.mwh / search.start_mwh - 1.0) if search.start_mwh else 0.0
        found["compared"] = compared
        found["search"] = {
            "start_aep_gwh": gwh(search.start_mwh),
            "gain_percent": round(gain, 3),
            "rounds": search.rounds,
            "seconds": round(search.seconds, 1),
        }
    return found


def _ids(count: int) -> list[str]:
    digits = max(2, len(str(count)))
    return [f"T{number:0{digits}d}" for number in range(1, count + 1)]


def _named(turbine_ids: str, ids: Sequence[str]) -> list[int]:
    names = [name.strip() for name in turbine_ids.split(",") if name.strip()]
    unknown = [name[:16] for name in names if name not in ids]
    if unknown:
        raise ToolInputError(
            f"The layout has no turbine {', '.join(unknown[:5])}; it has {ids[0]} to {ids[-1]}."
        )
    return [ids.index(name) for name in dict.fromkeys(names)]


def _spec_of(document: Mapping[str, Any]) -> "LayoutSpec":
    from siting.wind.layout.constraints import LayoutSpec  # noqa: PLC0415

    diameter = document["rotor_diameter_m"]
    return LayoutSpec(
        turbine_count=document["turbines_requested"],
        rotor_diameter_m=diameter,
        spacing_along_wind_diameters=document["spacing_along_wind_m"] / diameter,
        spacing_across_wind_diameters=document["spacing_across_wind_m"] / diameter,
        wind_direction_degrees=document["wind_direction_degrees"],
    )


def _positions(document: Mapping[str, Any]) -> "FloatArray":
    import numpy as np  # noqa: PLC0415

    return np.array([(one["x_m"], one["y_m"]) for one in document["turbines"]], dtype=np.float64)


def _file_of(layout_name: str, *, for_saving: bool) -> str:
    if layout_name == _CURRENT and not for_saving:
        return _LAYOUT
    if layout_name == _CURRENT or not _LAYOUT_NAME.fullmatch(layout_name):
        raise ToolInputError(
            f"layout_name is {layout_name[:40]!r}; give up to 32 lower-case letters, digits and "
            f"hyphens{', but not ' + repr(_CURRENT) if for_saving else ''}."
        )
    return f"layout-{layout_name}.json"


def _rounded(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 2)


def _save_current(
    project: Project,
    *,
    document: Mapping[str, Any],
    place: _Place,
    ids: Sequence[str],
    positions_m: "FloatArray",
    used: Sequence[Source],
) -> list[str]:
    turbines = _turbines(ids, positions_m, place.site)
    artifacts = [
        save_json(
            project, _LAYOUT, {**document, "turbines": turbines, "sources": sources_of(*used)}
        ),
        save_geojson(project, "layout.geojson", _as_geojson(turbines)),
    ]
    project.facts.update(
        turbines_placed=document["turbines_placed"],
        turbines_not_placed=document["turbines_not_placed"],
    )
    return artifacts


def _turbines(ids: Sequence[str], positions_m: "FloatArray", land: "Site") -> list[dict[str, Any]]:
    degrees = land.projection.points_to_degrees(positions_m).round(8).tolist()
    return [
        {
            "id": identity,
            "x_m": x_m,
            "y_m": y_m,
            "longitude_deg": longitude_deg,
            "latitude_deg": latitude_deg,
        }
        for identity, (x_m, y_m), (longitude_deg, latitude_deg) in zip(
            ids, positions_m.tolist(), degrees, strict=True
        )
    ]


def _as_geojson(turbines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"class": "turbine", "id": turbine["id"]},
                "geometry": {
                    "type": "Point",
                    "coordinates": [turbine["longitude_deg"], turbine["latitude_deg"]],
                },
            }
            for turbine in turbines
        ],
    }


DEFINITION: Final = AgentDefinition(
    system_prompt=SYSTEM_PROMPT,
    tools=(get_turbine_specs, create_layout, relocate_turbines, save_layout, load_layout),
)
