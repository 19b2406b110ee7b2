"""The terrain agent: which land a wind farm may not use, and what remains."""

from typing import Any, Final

from strands import ToolContext, tool

from tradewind.agents.base import AgentDefinition
from tradewind.agents.tools import project_of, save_geojson, surfacing_failures
from tradewind.contracts.errors import ToolInputError
from tradewind.contracts.names import AgentName
from tradewind.wind.features import DEFAULT_SETBACKS_M, FeatureClass

SYSTEM_PROMPT: Final = """\
You are the terrain agent of a wind-farm planning service. You find which parts of a site cannot
carry turbines and how much land remains.

Work: call find_exclusion_zones once, with the setbacks the request names; leave out the others,
they have defaults. The site's boundary and features come with the request and reach the tool by
themselves. Never ask for them and never make up coordinates.

Units: setbacks in metres, areas in square kilometres (km2), shares in percent.

Report numbers only from tool results. Name the setbacks used, the excluded and the buildable area,
and say that default setbacks are planning assumptions, not law. If the tool reports that the site
or a value is unusable, tell the user what to change; call it again only if you can change it.
"""


@tool(context=True)
@surfacing_failures
def find_exclusion_zones(
    *,
    tool_context: ToolContext,
    building_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.BUILDING],
    road_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.ROAD],
    power_line_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.POWER_LINE],
    water_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.WATER],
    protected_area_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.PROTECTED_AREA],
    airfield_setback_m: float = DEFAULT_SETBACKS_M[FeatureClass.AIRFIELD],
) -> dict[str, Any]:
    """Find the site's exclusion zones and its buildable remainder, and save both as GeoJSON.

    The site is taken from the request. Returns areas in km2 by class and in total; zones of
    different classes may overlap, the total counts each place once.

    Args:
        tool_context: The request at work.
        building_setback_m: Metres to keep from buildings.
        road_setback_m: Metres to keep from roads.
        power_line_setback_m: Metres to keep from power lines.
        water_setback_m: Metres to keep from water.
        protected_area_setback_m: Metres to keep from protected areas.
        airfield_setback_m: Metres to keep from airfields.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from tradewind.wind import exclusions, site  # noqa: PLC0415

    project = project_of(tool_context)
    if "site" not in project.parameters:
        raise ToolInputError(
            "The request has no site. Send it as parameters.site: a GeoJSON FeatureCollection "
            'with one polygon of the class "boundary" and the features around it.',
            field="parameters.site",
        )
    found = exclusions.find_exclusions(
        site.read_site(project.parameters["site"]),
        {
            FeatureClass.BUILDING: building_setback_m,
            FeatureClass.ROAD: road_setback_m,
            FeatureClass.POWER_LINE: power_line_setback_m,
            FeatureClass.WATER: water_setback_m,
            FeatureClass.PROTECTED_AREA: protected_area_setback_m,
            FeatureClass.AIRFIELD: airfield_setback_m,
        },
    )
    artifacts = [
        save_geojson(project, "site.geojson", found.site.to_geojson()),
        save_geojson(project, "exclusions.geojson", found.zones_geojson()),
        save_geojson(project, "buildable.geojson", found.buildable_geojson()),
    ]
    areas = {
        "site_km2": round(found.site_km2, 3),
        "excluded_km2": round(found.excluded_km2, 3),
        "buildable_km2": round(found.buildable_km2, 3),
        "buildable_percent": round(100.0 * found.buildable_share, 2),
    }
    project.facts.update(areas)
    return {
        **areas,
        "zones": [
            {
                "class": zone.feature_class.value,
                "setback_m": zone.setback_m,
                "features": zone.feature_count,
                "area_km2": round(zone.area_km2, 3),
            }
            for zone in found.zones
        ],
        "features_too_far_to_matter": found.site.features_out_of_reach,
        "artifacts": artifacts,
    }


DEFINITION: Final = AgentDefinition(
    name=AgentName.TERRAIN, system_prompt=SYSTEM_PROMPT, tools=(find_exclusion_zones,)
)
