"""The terrain agent: which land a wind farm may not use, what remains, and the wind there."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from siting.crew import TERRAIN
from siting.geodata.sources import DataSourceEnvironment
from siting.wind.features import (
    DEFAULT_TIP_HEIGHT_M,
    MAX_SETBACK_M,
    MAX_TIP_HEIGHT_M,
    MIN_TIP_HEIGHT_M,
    FeatureClass,
    default_setbacks_m,
)
from tradewind.contracts.errors import ArtifactNotFound, ToolInputError
from tradewind.run.definition import AgentDefinition
from tradewind.run.project import Project
from tradewind.run.tools import (
    load_json,
    project_of,
    save_geojson,
    save_json,
    surfacing_failures,
)

if TYPE_CHECKING:
    from siting.geodata.overpass import OverpassClient
    from siting.geodata.reanalysis import PastWind, PowerClient
    from siting.wind.exclusions import Exclusions
    from siting.wind.rose import WindClimate
    from siting.wind.site import Site

MIN_RADIUS_KM: Final = 0.5
MAX_RADIUS_KM: Final = 20.0
_SITE: Final = "site.geojson"
#: Where a fetched site keeps how far beyond it each class was looked for, in metres.
_SEARCHED: Final = "searched_m"
_ATTRIBUTION: Final = "attribution"
_MAX_ATTRIBUTION_LENGTH: Final = 300

SYSTEM_PROMPT: Final = """\
You are the terrain agent of a wind-farm planning service. You find which parts of a site cannot
carry turbines, how much land remains, and what wind blows there.

Work: for a place given by coordinates, call get_unbuildable_areas once, with the radius and the
setbacks the request names; leave out the others, they have defaults. For a site that comes with
the request, and to try other setbacks on a site that the project has, call find_exclusion_zones
instead: it needs no coordinates. When the request asks for the wind, or for a whole wind farm,
then call get_wind_conditions. Never make up coordinates, and never ask for a site's geometry: it
reaches the tools by itself.

Units: radius in kilometres, setbacks and heights in metres, areas in square kilometres (km2),
shares in percent, wind speeds in m/s, directions in degrees from north, clockwise, where the wind
comes from.

Report numbers only from tool results. Name the setbacks used, the excluded and the buildable area,
the mean wind speed at hub height and the main direction; say that default setbacks are planning
assumptions, not law, and whose data it is. If a tool reports that a place or a value is unusable,
tell the user what to change; call it again only if you can change it. If a data source failed, say
so: an area nobody could look at is not free land.
"""


@tool(context=True)
@surfacing_failures
def get_unbuildable_areas(
    *,
    tool_context: ToolContext,
    latitude: float,
    longitude: float,
    radius_km: float = 5.0,
    tip_height_m: float = DEFAULT_TIP_HEIGHT_M,
    building_setback_m: float | None = None,
    road_setback_m: float | None = None,
    power_line_setback_m: float | None = None,
    water_setback_m: float | None = None,
    protected_area_setback_m: float | None = None,
    airfield_setback_m: float | None = None,
) -> dict[str, Any]:
    """Fetch what OpenStreetMap shows around a place on land, and find where turbines may not stand.

    The site is all land within the radius. Returns areas in km2 by class and in total (zones of
    different classes may overlap, the total counts each place once), and saves the site, its zones
    and what remains as GeoJSON, and a map of them as HTML and PNG.

    Args:
        tool_context: The request at work.
        latitude: Of the site's middle, in degrees north, -80 to 84.
        longitude: Of the site's middle, in degrees east, -180 to 180.
        radius_km: How far the site reaches, in km, 0.5 to 20.
        tip_height_m: Blade tip over ground, in metres; default setbacks from buildings, roads and
            power lines grow with it.
        building_setback_m: Metres to keep from buildings; 500 m and 3 tip heights unless given.
        road_setback_m: Metres to keep from public roads and railways; 1 tip height unless given.
        power_line_setback_m: Metres to keep from power lines; 1.1 tip heights unless given.
        water_setback_m: Metres to keep from water; 50 m unless given.
        protected_area_setback_m: Metres to keep from protected areas; 300 m unless given.
        airfield_setback_m: Metres to keep from airfields; 3000 m unless given.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind import exclusions, site  # noqa: PLC0415

    project = project_of(tool_context)
    if "site" in project.parameters:
        raise ToolInputError(
            "The request brings a site of its own, which is the one to plan. "
            "Call find_exclusion_zones, which needs no coordinates."
        )
    _require("latitude", latitude, -90.0, 90.0, "degrees")
    _require("longitude", longitude, -180.0, 180.0, "degrees")
    _require("radius_km", radius_km, MIN_RADIUS_KM, MAX_RADIUS_KM, "km")
    setbacks_m = _setbacks(
        tip_height_m,
        {
            FeatureClass.BUILDING: building_setback_m,
            FeatureClass.ROAD: road_setback_m,
            FeatureClass.POWER_LINE: power_line_setback_m,
            FeatureClass.WATER: water_setback_m,
            FeatureClass.PROTECTED_AREA: protected_area_setback_m,
            FeatureClass.AIRFIELD: airfield_setback_m,
        },
    )
    radius_m = 1000.0 * radius_km
    around = _overpass().features_around(longitude, latitude, radius_m, setbacks_m)
    found = exclusions.find_exclusions(
        site.site_around(longitude, latitude, radius_m, around.features), setbacks_m
    )
    searched = {kind.value: metres for kind, metres in setbacks_m.items()}
    saved = _save(project, found, attribution=around.attribution, searched_m=searched)
    return {
        **_answer(project, found, saved),
        "latitude": latitude,
        "longitude": longitude,
        "radius_km": radius_km,
        "areas_with_an_open_outline": around.incomplete_areas,
        "map_data": around.attribution,
        "map_data_of": around.data_of,
    }


@tool(context=True)
@surfacing_failures
def find_exclusion_zones(
    *,
    tool_context: ToolContext,
    tip_height_m: float = DEFAULT_TIP_HEIGHT_M,
    building_setback_m: float | None = None,
    road_setback_m: float | None = None,
    power_line_setback_m: float | None = None,
    water_setback_m: float | None = None,
    protected_area_setback_m: float | None = None,
    airfield_setback_m: float | None = None,
) -> dict[str, Any]:
    """Find the exclusion zones of the request's or the project's site, and what remains of it.

    Takes the site that comes with the request, or else the one the project already has. Returns
    areas in km2 by class and in total; zones of different classes may overlap, the total counts
    each place once. Saves the zones and what remains as GeoJSON, and a map as HTML and PNG.

    Args:
        tool_context: The request at work.
        tip_height_m: Blade tip over ground, in metres; default setbacks from buildings, roads and
            power lines grow with it.
        building_setback_m: Metres to keep from buildings; 500 m and 3 tip heights unless given.
        road_setback_m: Metres to keep from public roads and railways; 1 tip height unless given.
        power_line_setback_m: Metres to keep from power lines; 1.1 tip heights unless given.
        water_setback_m: Metres to keep from water; 50 m unless given.
        protected_area_setback_m: Metres to keep from protected areas; 300 m unless given.
        airfield_setback_m: Metres to keep from airfields; 3000 m unless given.
    """
    # As above.
    from siting.wind import exclusions, site  # noqa: PLC0415

    project = project_of(tool_context)
    setbacks_m = _setbacks(
        tip_height_m,
        {
            FeatureClass.BUILDING: building_setback_m,
            FeatureClass.ROAD: road_setback_m,
            FeatureClass.POWER_LINE: power_line_setback_m,
            FeatureClass.WATER: water_setback_m,
            FeatureClass.PROTECTED_AREA: protected_area_setback_m,
            FeatureClass.AIRFIELD: airfield_setback_m,
        },
    )
    geojson = project.parameters["site"] if "site" in project.parameters else _kept_site(project)
    boundary = _boundary_properties(geojson)
    searched = boundary.get(_SEARCHED)
    if isinstance(searched, Mapping):
        _require_searched(searched, setbacks_m)
    attribution = boundary.get(_ATTRIBUTION)
    if not isinstance(attribution, str):
        attribution = "as given in the request"
    found = exclusions.find_exclusions(site.read_site(geojson), setbacks_m)
    saved = _save(
        project,
        found,
        attribution=attribution[:_MAX_ATTRIBUTION_LENGTH],
        searched_m=searched if isinstance(searched, Mapping) else None,
    )
    return _answer(project, found, saved)


@tool(context=True)
@surfacing_failures
def get_wind_conditions(
    *,
    tool_context: ToolContext,
    latitude: float | None = None,
    longitude: float | None = None,
    hub_height_m: float = 110.0,
    sectors: int = 12,
    years: int = 10,
) -> dict[str, Any]:
    """Fetch past years of hourly wind at a place and describe it at hub height, by direction.

    Returns the mean speed, Weibull parameters and how often the wind comes from each sector, each
    sector centred on its direction, and saves them as wind.json. The data are a reanalysis (NASA
    POWER, MERRA-2): good for a first look, no replacement for measurements on the site.

    Args:
        tool_context: The request at work.
        latitude: In degrees north; the middle of the project's site unless given.
        longitude: In degrees east; the middle of the project's site unless given.
        hub_height_m: Hub over ground, in metres, 30 to 250.
        sectors: How many directions to tell apart, 4 to 36.
        years: How many of the latest whole years to take, 1 to 20.
    """
    # As above.
    from siting.geodata import reanalysis  # noqa: PLC0415
    from siting.wind import rose  # noqa: PLC0415

    project = project_of(tool_context)
    if latitude is None or longitude is None:
        latitude, longitude = _middle_of_site(project)
    _require("latitude", latitude, -90.0, 90.0, "degrees")
    _require("longitude", longitude, -180.0, 180.0, "degrees")
    _require("hub_height_m", hub_height_m, rose.MIN_HUB_HEIGHT_M, rose.MAX_HUB_HEIGHT_M, "m")
    _require("sectors", sectors, rose.MIN_SECTORS, rose.MAX_SECTORS, "")
    _require("years", years, 1, reanalysis.MAX_YEARS, "")
    first, last = reanalysis.latest_years(years, datetime.now(UTC).date())
    wind = _power().wind_at(longitude, latitude, first, last)
    climate = rose.wind_climate(wind.hours, hub_height_m=hub_height_m, sectors=sectors)
    document = _wind_document(longitude, latitude, wind, climate)
    key = save_json(project, "wind.json", document)
    main = max(climate.sectors, key=lambda one: one.frequency)
    project.facts.update(
        {
            "mean_wind_speed_m_per_s": round(climate.mean_m_per_s, 2),
            "main_wind_direction_degrees": main.direction_degrees,
        }
    )
    return {
        **{name: value for name, value in document.items() if name not in _ONLY_IN_ARTIFACT},
        "main_wind_direction_degrees": main.direction_degrees,
        "artifacts": [key],
    }


#: What the artifact says and the model knows or does not need.
_ONLY_IN_ARTIFACT: Final = frozenset({"latitude", "longitude", "monthly", "method"})


def _wind_document(
    longitude_deg: float, latitude_deg: float, wind: "PastWind", climate: "WindClimate"
) -> dict[str, Any]:
    from siting.geodata import reanalysis  # noqa: PLC0415
    from siting.wind import rose  # noqa: PLC0415

    hours = wind.hours
    return {
        "latitude": latitude_deg,
        "longitude": longitude_deg,
        "hub_height_m": climate.hub_height_m,
        "mean_wind_speed_m_per_s": round(climate.mean_m_per_s, 4),
        "weibull_a_m_per_s": round(climate.weibull.a_m_per_s, 4),
        "weibull_k": round(climate.weibull.k, 4),
        "hours": len(hours.month),
        "missing_hours": wind.missing_hours,
        "first_year": wind.first_year,
        "last_year": wind.last_year,
        "sector_width_degrees": 360.0 / len(climate.sectors),
        "sectors": [
            {
                "direction_degrees": sector.direction_degrees,
                "frequency": sector.frequency,
                "mean_wind_speed_m_per_s": round(sector.mean_m_per_s, 4),
                "weibull_a_m_per_s": round(sector.weibull.a_m_per_s, 4),
                "weibull_k": round(sector.weibull.k, 4),
                "hours": sector.hours,
                "shear_exponent": round(sector.shear_exponent, 4),
                "fitted_by_itself": sector.fitted_by_itself,
            }
            for sector in climate.sectors
        ],
        "monthly": [
            {"month": month, "mean_wind_speed_m_per_s": None if mean is None else round(mean, 4)}
            for month, mean in enumerate(climate.monthly_mean_m_per_s, start=1)
        ],
        "method": {
            "sectors": "Each sector is centred on its direction, where the wind comes from, in "
            "degrees from north, clockwise.",
            "weibull": rose.FIT_METHOD,
            "height": rose.EXTRAPOLATION_METHOD,
            "data_heights_m": [hours.lower_height_m, hours.upper_height_m],
        },
        "source": {
            "service": reanalysis.SERVICE,
            "dataset": wind.dataset,
            "grid_latitude": wind.grid_latitude_deg,
            "grid_longitude": wind.grid_longitude_deg,
            "attribution": wind.attribution,
            "terms": reanalysis.TERMS,
        },
        "limits": [
            "A reanalysis on a grid of some 50 km knows no hills, coasts or forests of its own "
            "size; measure on the site before a yield forecast.",
            f"Speeds at the hub are extrapolated from {hours.upper_height_m:g} m over ground.",
        ],
    }


@cache
def _overpass() -> "OverpassClient":
    """The process's client: its connections and cache are everybody's, see ``AnswerCache``."""
    from siting.geodata.overpass import OverpassClient  # noqa: PLC0415

    return OverpassClient.at(DataSourceEnvironment.from_variables(os.environ).overpass_url)


@cache
def _power() -> "PowerClient":
    """As ``_overpass``, for wind."""
    from siting.geodata.reanalysis import PowerClient  # noqa: PLC0415

    return PowerClient.at(DataSourceEnvironment.from_variables(os.environ).wind_data_url)


def _setbacks(
    tip_height_m: float, asked_m: Mapping[FeatureClass, float | None]
) -> dict[FeatureClass, float]:
    """Return the setbacks asked for, and for the others those of the tip height."""
    _require("tip_height_m", tip_height_m, MIN_TIP_HEIGHT_M, MAX_TIP_HEIGHT_M, "m")
    for kind, asked in asked_m.items():
        if asked is not None and not (isfinite(asked) and 0.0 <= asked <= MAX_SETBACK_M):
            raise ToolInputError(
                f"The setback from class {kind} is {asked:g} m; give 0 to {MAX_SETBACK_M:g} m."
            )
    named = {kind: asked for kind, asked in asked_m.items() if asked is not None}
    return {**default_setbacks_m(tip_height_m), **named}


def _require(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise ToolInputError(
            f"{name} is {value:g}; give {low:g} to {high:g} {unit}".rstrip() + ".", field=name
        )


def _kept_site(project: Project) -> Any:
    """Return the site that an earlier call left in the project."""
    try:
        return load_json(project, TERRAIN, _SITE).data
    except ArtifactNotFound:
        raise ToolInputError(
            "The request has no site. Send it as parameters.site: a GeoJSON FeatureCollection "
            'with one polygon of the class "boundary" and the features around it. Or call '
            "get_unbuildable_areas with latitude and longitude.",
            field="parameters.site",
        ) from None


def _boundary_properties(geojson: object) -> Mapping[str, Any]:
    """Return what a site's GeoJSON says of its boundary; nothing if it is not what it should be."""
    features = geojson.get("features") if isinstance(geojson, Mapping) else None
    for one in features if isinstance(features, list) else ():
        properties = one.get("properties") if isinstance(one, Mapping) else None
        if isinstance(properties, Mapping) and properties.get("class") == "boundary":
            return properties
    return {}


def _require_searched(
    searched: Mapping[str, Any], setbacks_m: Mapping[FeatureClass, float]
) -> None:
    """Refuse setbacks that reach farther than the map was searched: they would miss features."""
    for kind, setback_m in setbacks_m.items():
        reached_m = searched.get(kind.value)
        if not isinstance(reached_m, int | float) or setback_m > reached_m:
            raise ToolInputError(
                f"The site's map was searched for class {kind} as far as {reached_m} m beyond the "
                f"site; a setback of {setback_m:g} m needs more. Call get_unbuildable_areas again "
                "with this setback."
            )


def _middle_of_site(project: Project) -> tuple[float, float]:
    """Return latitude and longitude of the middle of the project's site."""
    from siting.wind import crs, site  # noqa: PLC0415

    geojson = project.parameters.get("site")
    try:
        planned: Site = site.read_boundary(geojson or _kept_site(project))
    except ToolInputError:
        raise ToolInputError(
            "Neither the request nor the project has a site. Give latitude and longitude."
        ) from None
    middle = planned.boundary_deg.centroid
    return round(middle.y, 6), round(crs.wrap_longitude(middle.x), 6)


def _save(
    project: Project,
    found: "Exclusions",
    *,
    attribution: str,
    searched_m: Mapping[str, Any] | None,
) -> list[str]:
    """Save a site, its zones and its map, and return the artifacts' keys."""
    # The map's own imports, some 40 ms: see above.
    from siting.documents import boundary_map, boundary_png  # noqa: PLC0415

    site_geojson = found.site.to_geojson()
    site_geojson["features"][0]["properties"] |= {
        _ATTRIBUTION: attribution,
        **({} if searched_m is None else {_SEARCHED: dict(searched_m)}),
    }
    page = boundary_map.draw_boundaries(
        found, title=f"Where turbines may stand: {project.project_id}", attribution=attribution
    )
    html = boundary_map.as_html(page).encode()
    boundaries = found.boundaries_geojson()
    # Written once: for a town this takes longer than the geometry itself.
    _, *zones, _, buildable = boundaries["features"]
    return [
        save_geojson(project, _SITE, site_geojson),
        save_geojson(project, "exclusions.geojson", {**boundaries, "features": zones}),
        save_geojson(project, "buildable.geojson", buildable),
        save_geojson(project, "boundaries.geojson", boundaries),
        project.save("boundaries.html", html, "text/html; charset=utf-8").key,
        project.save("boundaries.png", boundary_png.as_png(page), "image/png").key,
    ]


def _answer(project: Project, found: "Exclusions", artifacts: list[str]) -> dict[str, Any]:
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
    system_prompt=SYSTEM_PROMPT,
    tools=(get_unbuildable_areas, find_exclusion_zones, get_wind_conditions),
)
