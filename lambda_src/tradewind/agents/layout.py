"""The layout agent: where the turbines stand."""

from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from tradewind.agents.base import AgentDefinition
from tradewind.agents.tools import (
    load_json,
    project_of,
    save_geojson,
    save_json,
    sources_of,
    surfacing_failures,
)
from tradewind.contracts.errors import ToolInputError
from tradewind.contracts.names import AgentName

if TYPE_CHECKING:
    from tradewind.wind.layout import GridLayout
    from tradewind.wind.site import Site

SYSTEM_PROMPT: Final = """\
You are the layout agent of a wind-farm planning service. You place turbines on the buildable land
that the terrain agent found for this project.

Work: call create_grid_layout once, with the number of turbines the request asks for, and the rotor
diameter, spacings and wind direction if it names them; leave out the others, they have defaults.
The buildable area reaches the tool by itself. Never ask for it and never make up coordinates.

Units: diameters in metres, spacings in rotor diameters (hub to hub, 2 at least), directions in
degrees from north, clockwise, where the wind comes from.

Report numbers only from tool results. If turbines did not fit, say how many and why, as the tool
gives it. If the tool reports that a value is unusable, change it only within what the request
allows, otherwise tell the user what to change.
"""


@tool(context=True)
@surfacing_failures
def create_grid_layout(
    *,
    turbine_count: int,
    tool_context: ToolContext,
    rotor_diameter_m: float = 130.0,
    spacing_along_wind_diameters: float = 7.0,
    spacing_across_wind_diameters: float = 4.0,
    wind_direction_degrees: float = 270.0,
) -> dict[str, Any]:
    """Place turbines on a grid in the buildable area and save the layout.

    Every turbine lies within the boundary and outside of every exclusion zone, and keeps the
    spacing. Returns how many were placed, and how many were not and why.

    Args:
        turbine_count: How many turbines to place, 1 to 300.
        tool_context: The request at work.
        rotor_diameter_m: Rotor diameter in metres; the IEA 3.35 MW turbine has 130.
        spacing_along_wind_diameters: Row to row along the wind, in rotor diameters, 2 to 30.
        spacing_across_wind_diameters: Within a row across the wind, in rotor diameters, 2 to 30.
        wind_direction_degrees: Where the prevailing wind comes from, degrees from north, clockwise.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from tradewind.wind import exclusions, layout, site  # noqa: PLC0415

    spec = layout.GridSpec(
        turbine_count=turbine_count,
        rotor_diameter_m=rotor_diameter_m,
        spacing_along_wind_diameters=spacing_along_wind_diameters,
        spacing_across_wind_diameters=spacing_across_wind_diameters,
        wind_direction_degrees=wind_direction_degrees,
    )
    project = project_of(tool_context)
    site_json = load_json(project, AgentName.TERRAIN, "site.geojson")
    buildable_json = load_json(project, AgentName.TERRAIN, "buildable.geojson")
    land = site.read_boundary(site_json.data)
    grid = layout.grid_layout(
        land.boundary_m, exclusions.read_buildable(buildable_json.data, land), spec
    )
    why_not = grid.why_not_placed(buildable_json.data["properties"]["buildable_km2"])
    if not grid.turbines_placed:
        raise ToolInputError(f"There is no layout: {why_not}")

    turbines = _turbines(grid, land)
    summary = {
        "turbines_requested": spec.turbine_count,
        "turbines_placed": grid.turbines_placed,
        "turbines_not_placed": grid.turbines_not_placed,
        "reason_not_placed": why_not,
        "grid_positions_buildable": grid.grid_positions_buildable,
        "rotor_diameter_m": spec.rotor_diameter_m,
        "spacing_along_wind_m": spec.spacing_along_wind_m,
        "spacing_across_wind_m": spec.spacing_across_wind_m,
        "wind_direction_degrees": spec.wind_direction_degrees,
    }
    document = {
        **summary,
        "utm_epsg": land.projection.zone.epsg,
        "turbines": turbines,
        "sources": sources_of(site_json, buildable_json),
    }
    artifacts = [
        save_json(project, "layout.json", document),
        save_geojson(project, "layout.geojson", _as_geojson(turbines)),
    ]
    project.facts.update(
        turbines_placed=grid.turbines_placed, turbines_not_placed=grid.turbines_not_placed
    )
    return {**summary, "artifacts": artifacts}


def _turbines(grid: "GridLayout", land: "Site") -> list[dict[str, Any]]:
    digits = max(2, len(str(grid.turbines_placed)))
    degrees = land.projection.points_to_degrees(grid.positions_m).round(8).tolist()
    return [
        {
            "id": f"T{number:0{digits}d}",
            "x_m": x_m,
            "y_m": y_m,
            "longitude_deg": longitude_deg,
            "latitude_deg": latitude_deg,
        }
        for number, ((x_m, y_m), (longitude_deg, latitude_deg)) in enumerate(
            zip(grid.positions_m.tolist(), degrees, strict=True), start=1
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
    name=AgentName.LAYOUT, system_prompt=SYSTEM_PROMPT, tools=(create_grid_layout,)
)
