"""The site that a project has already."""

from typing import TYPE_CHECKING, Any, Final

from siting.crew import TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import load_json

if TYPE_CHECKING:
    from siting.wind.site import Site

SITE_FILE: Final = "site.geojson"


def kept_site(project: Project) -> Any:
    """Return the site that an earlier call left in the project."""
    if project.find(TERRAIN, SITE_FILE) is None:
        raise ToolInputError(
            "The request has no site. Send it as parameters.site: a GeoJSON FeatureCollection "
            'with one polygon of the class "boundary" and the features around it. Or call '
            "get_unbuildable_areas with latitude and longitude.",
            field="parameters.site",
        )
    return load_json(project, TERRAIN, SITE_FILE).data


def middle_of_site(project: Project) -> tuple[float, float]:
    """Return latitude and longitude of the middle of the project's site."""
    from siting.wind import crs, site  # noqa: PLC0415

    geojson = project.parameters.get("site")
    try:
        planned: Site = site.read_boundary(geojson or kept_site(project))
    except ToolInputError:
        raise ToolInputError(
            "Neither the request nor the project has a site. Give latitude and longitude."
        ) from None
    middle = planned.boundary_deg.centroid
    return round(middle.y, 6), round(crs.wrap_longitude(middle.x), 6)
