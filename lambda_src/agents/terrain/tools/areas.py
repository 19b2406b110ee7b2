"""Where turbines may not stand, and what remains."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from agents.terrain.tools.ground import require_heights_for, with_steep_ground
from agents.terrain.tools.services import overpass
from agents.terrain.tools.setbacks import takes_setbacks
from agents.terrain.tools.site import SITE_FILE, planned_site
from siting.project_land import ASSUMES, EMPTY_MAP, GROUND, NOT_FOUND, SEARCHED, Setbacks
from siting.project_request import require_addressed
from siting.wind.errors import require_within
from siting.wind.features import ON_MAPS, WAKES_REACH_M, FeatureClass
from siting.wind.rule_sets import RULE_SETS
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import save_file, save_geojson

if TYPE_CHECKING:
    from siting.wind.exclusions import Exclusions
    from siting.wind.site import Site

MIN_RADIUS_KM: Final = 0.5
MAX_RADIUS_KM: Final = 20.0
_ATTRIBUTION: Final = "attribution"
_MAX_ATTRIBUTION_LENGTH: Final = 300
_MAX_LATITUDE_DEG: Final = 90.0


@tool(context=True)
@reports_failures
@takes_setbacks
def get_unbuildable_areas(
    *,
    tool_context: ToolContext,
    latitude: float,
    longitude: float,
    radius_km: float = 5.0,
    accept_empty_map: bool = False,
    max_slope_percent: float | None = None,
    setbacks: Setbacks,
) -> dict[str, Any]:
    """Fetch what OpenStreetMap shows around a place on land, and find where turbines may not stand.

    The site is all land within the radius. Returns areas in km2 by class and in total (zones of
    different classes may overlap, the total counts each place once) and the classes that were
    looked for and not found (classes_without_features), and saves the site, its zones
    and what remains as GeoJSON, and a map of them as HTML and PNG.

    Args:
        tool_context: The request at work.
        latitude: Of the site's middle, in degrees north, -80 to 84.
        longitude: Of the site's middle, in degrees east, -180 to 180.
        radius_km: How far the site reaches, in km, 0.5 to 20.
        accept_empty_map: Whether a map that shows nothing at all here is taken for free land. Only
            if the request says so.
        max_slope_percent: Ground that is steeper is excluded; 20 unless given. Only if the request
            brings heights (parameters.elevation).
        setbacks: Of every class, in metres.
    """
    # Some 240 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind import exclusions, site  # noqa: PLC0415

    project = project_of(tool_context)
    require_addressed(project)
    if "site" in project.parameters:
        raise ToolInputError(
            "The request brings a site of its own, which is the one to plan. "
            "Call find_exclusion_zones, which needs no coordinates."
        )
    require_within("latitude", latitude, -90.0, 90.0, "degrees")
    require_within("longitude", longitude, -180.0, 180.0, "degrees")
    require_within("radius_km", radius_km, MIN_RADIUS_KM, MAX_RADIUS_KM, "km")
    require_heights_for(project, max_slope_percent)
    radius_m = 1000.0 * radius_km
    reach_m = {
        **{kind: metres for kind, metres in setbacks.metres.items() if kind in ON_MAPS},
        FeatureClass.WIND_TURBINE: max(setbacks.metres[FeatureClass.WIND_TURBINE], WAKES_REACH_M),
    }
    around = overpass().features_around(longitude, latitude, radius_m, reach_m)
    if not around.features and not accept_empty_map:
        raise ToolInputError(_nothing_here(latitude, longitude))
    planned, ground = with_steep_ground(
        project,
        site.site_around(longitude, latitude, radius_m, around.features, around.places),
        max_slope_percent,
    )
    found = exclusions.find_exclusions(planned, setbacks.metres, setbacks.allowed_on)
    searched = {kind.value: metres for kind, metres in reach_m.items()}
    saved = _save(
        project,
        found,
        setbacks,
        attribution=around.attribution,
        searched_m=searched,
        ground=ground,
    )
    return {
        **_answer(project, found, setbacks, saved, ground),
        "latitude": latitude,
        "longitude": longitude,
        "radius_km": radius_km,
        "areas_with_an_open_outline": around.incomplete_areas,
        "map_data": around.attribution,
        "map_data_of": around.data_of,
    }


@tool(context=True)
@reports_failures
@takes_setbacks
def find_exclusion_zones(
    *,
    tool_context: ToolContext,
    accept_empty_map: bool = False,
    max_slope_percent: float | None = None,
    setbacks: Setbacks,
) -> dict[str, Any]:
    """Find the exclusion zones of the request's or the project's site, and what remains of it.

    Takes the site that comes with the request, or else the one the project already has. Returns
    areas in km2 by class and in total; zones of different classes may overlap, the total counts
    each place once, and the classes that the site has no feature of (classes_without_features),
    which nobody may have looked for. Saves the zones and what remains as GeoJSON, and a map as HTML
    and PNG.

    Args:
        tool_context: The request at work.
        accept_empty_map: Whether a site without any feature is taken for free land. Only if the
            request says so.
        max_slope_percent: Ground that is steeper is excluded; 20 unless given. Only if the request
            brings heights (parameters.elevation).
        setbacks: Of every class, in metres.
    """
    # As above.
    from siting.wind import exclusions, site  # noqa: PLC0415

    project = project_of(tool_context)
    require_addressed(project)
    geojson = planned_site(project)
    boundary = _boundary_properties(geojson)
    searched = boundary.get(SEARCHED)
    if isinstance(searched, Mapping):
        _require_searched(searched, setbacks.metres)
    attribution = boundary.get(_ATTRIBUTION)
    if not isinstance(attribution, str):
        attribution = "as given in the request"
    planned = site.read_site(geojson)
    known_empty = accept_empty_map or boundary.get(EMPTY_MAP) is True
    if _is_empty(planned) and not known_empty:
        raise ToolInputError(
            "The site has no feature of any kind, neither a house nor a road: nobody looked, or it "
            "lies at sea. Send the features around it in parameters.site, or call "
            "get_unbuildable_areas, which fetches them. If nothing is there, and the request says "
            "so, call again with accept_empty_map=true."
        )
    planned, ground = with_steep_ground(project, planned, max_slope_percent, boundary.get(GROUND))
    found = exclusions.find_exclusions(planned, setbacks.metres, setbacks.allowed_on)
    saved = _save(
        project,
        found,
        setbacks,
        attribution=attribution[:_MAX_ATTRIBUTION_LENGTH],
        searched_m=searched if isinstance(searched, Mapping) else None,
        ground=ground,
    )
    return _answer(project, found, setbacks, saved, ground)


def _not_found(site: "Site", ground: Mapping[str, Any] | None) -> list[str]:
    """The classes that were looked for, or could have been given, and that the site has none of."""
    looked_for = ON_MAPS if ground is None else FeatureClass
    return [kind.value for kind in FeatureClass if kind in looked_for and kind not in site.classes]


def _is_empty(site: "Site") -> bool:
    return not site.classes & ON_MAPS and not site.features_out_of_reach


def _nothing_here(latitude: float, longitude: float) -> str:
    swapped = (
        f" Were latitude and longitude swapped? The other way round it is latitude={longitude:g}, "
        f"longitude={latitude:g}."
        if abs(longitude) <= _MAX_LATITUDE_DEG
        else ""
    )
    return (
        f"The map shows nothing at all around {latitude:g} degrees north, {longitude:g} degrees "
        "east: no house, no road, no water. Most likely it is open sea, or nobody has mapped it; "
        f"neither is free land.{swapped} If the place is right and known to be empty, and the "
        "request says so, call again with accept_empty_map=true."
    )


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
        if kind not in ON_MAPS:
            continue
        reached_m = searched.get(kind.value)
        if not isinstance(reached_m, int | float) or setback_m > reached_m:
            raise ToolInputError(
                f"The site's map was searched for class {kind} as far as {reached_m} m beyond the "
                f"site; a setback of {setback_m:g} m needs more. Call get_unbuildable_areas again "
                "with this setback."
            )


def _save(
    project: Project,
    found: "Exclusions",
    setbacks: Setbacks,
    *,
    attribution: str,
    searched_m: Mapping[str, Any] | None,
    ground: Mapping[str, Any] | None,
) -> list[str]:
    """Save a site, its zones and its map, and return the artifacts' names."""
    # The map's own imports, some 40 ms: see above.
    from siting.documents.boundaries.layers import lay_out  # noqa: PLC0415
    from siting.documents.boundaries.page import as_html  # noqa: PLC0415
    from siting.documents.boundaries.picture import as_png  # noqa: PLC0415

    site_geojson = found.site.to_geojson()
    site_geojson["features"][0]["properties"] |= {
        _ATTRIBUTION: attribution,
        **({} if searched_m is None else {SEARCHED: dict(searched_m)}),
        **({EMPTY_MAP: True} if _is_empty(found.site) else {}),
        **({} if ground is None else {GROUND: dict(ground)}),
    }
    page = lay_out(
        found,
        title=f"Where turbines may stand: {project.project_id}",
        attribution=attribution,
        boundary_setback_m=setbacks.from_boundary_m,
        rules=RULE_SETS[setbacks.rules].title if setbacks.rules else None,
    )
    html = as_html(page).encode()
    boundaries = found.boundaries_geojson()
    # Written once: for a town this takes longer than the geometry itself.
    _, *zones, _, buildable = boundaries["features"]
    buildable["properties"] |= {
        ASSUMES: setbacks.as_assumption(),
        NOT_FOUND: _not_found(found.site, ground),
        **({} if searched_m is None else {SEARCHED: dict(searched_m)}),
        **({} if ground is None else {GROUND: dict(ground)}),
    }
    return [
        save_geojson(project, SITE_FILE, site_geojson),
        save_geojson(project, "exclusions.geojson", {**boundaries, "features": zones}),
        save_geojson(project, "buildable.geojson", buildable),
        save_geojson(project, "boundaries.geojson", boundaries),
        save_file(project, "boundaries.html", html, "text/html; charset=utf-8"),
        save_file(project, "boundaries.png", as_png(page), "image/png"),
    ]


def _answer(
    project: Project,
    found: "Exclusions",
    setbacks: Setbacks,
    artifacts: list[str],
    ground: Mapping[str, Any] | None,
) -> dict[str, Any]:
    areas = {
        "site_km2": round(found.site_km2, 3),
        "excluded_km2": round(found.excluded_km2, 3),
        "buildable_km2": round(found.buildable_km2, 3),
        "buildable_percent": round(100.0 * found.buildable_share, 2),
    }
    project.report_facts(**areas)
    return {
        **areas,
        "tip_height_m": setbacks.tip_height_m,
        "setback_rules": RULE_SETS[setbacks.rules].describe() if setbacks.rules else None,
        "map_is_empty": _is_empty(found.site),
        "zones": [
            {
                "class": zone.feature_class.value,
                "setback_m": zone.setback_m,
                "features": zone.feature_count,
                "area_km2": round(zone.area_km2, 3),
            }
            for zone in found.zones
        ],
        NOT_FOUND: _not_found(found.site, ground),
        GROUND: ground or "not looked at: the request brings no heights",
        "turbines_allowed_on": sorted(setbacks.allowed_on),
        "features_too_far_to_matter": found.site.features_out_of_reach,
        "artifacts": artifacts,
    }
