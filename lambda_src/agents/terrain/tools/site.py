"""The site that is planned: the request's, or the one that the project has already."""

from typing import Any, Final

from siting.crew import TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import load_json

SITE_FILE: Final = "site.geojson"


def planned_site(project: Project) -> Any:
    """Return the site that comes with the request, or else the one an earlier call left.

    Raises:
        ToolInputError: There is neither.
    """
    if "site" in project.parameters:
        return project.parameters["site"]
    if project.find(TERRAIN, SITE_FILE) is None:
        raise ToolInputError(
            "The request has no site. Send it as parameters.site: a GeoJSON FeatureCollection "
            'with one polygon of the class "boundary" and the features around it. Or call '
            "get_unbuildable_areas with latitude and longitude.",
            field="parameters.site",
        )
    return load_json(project, TERRAIN, SITE_FILE).data


def middle_of_site(project: Project) -> tuple[float, float]:
    """Return latitude and longitude of the middle of the request's or the project's site.

    Raises:
        ToolInputError: There is none, or it cannot be read.
    """
    from siting.wind import crs, site  # noqa: PLC0415

    if "site" not in project.parameters and project.find(TERRAIN, SITE_FILE) is None:
        raise ToolInputError(
            "Neither the request nor the project has a site. Give latitude and longitude."
        )
    middle = site.read_boundary(planned_site(project)).boundary_deg.centroid
    return round(middle.y, 6), round(crs.wrap_longitude(middle.x), 6)
