"""Ground that is too steep, where the request brings heights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from siting.wind.errors import require_within
from siting.wind.features import FeatureClass
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project

if TYPE_CHECKING:
    from siting.wind.site import Site

_PARAMETER: Final = "elevation"
_ARGUMENT: Final = "max_slope_percent"
#: This project's: steeper ground is levelled for cranes only with much earth moved.
DEFAULT_MAX_SLOPE_PERCENT: Final = 20.0


def require_heights_for(project: Project, max_slope_percent: float | None) -> None:
    """Refuse a limit of slopes that is none, or that there are no heights for.

    Raises:
        ToolInputError: It is.
    """
    if max_slope_percent is None:
        return
    require_within(_ARGUMENT, max_slope_percent, 1.0, 100.0, "%")
    if _PARAMETER not in project.parameters:
        raise ToolInputError(
            f"{_ARGUMENT} needs the ground's heights, and the request has none. Send them as "
            f"parameters.{_PARAMETER}, the text of an Esri ASCII raster (.asc) in metres, or "
            f"leave {_ARGUMENT} out.",
            field=f"parameters.{_PARAMETER}",
        )


def with_steep_ground(
    project: Project,
    site: "Site",
    max_slope_percent: float | None,
    known: object = None,
) -> "tuple[Site, Mapping[str, Any] | None]":
    """Add what is too steep to a site's features.

    Args:
        project: Whose request may bring heights, as ``parameters.elevation``.
        site: The site.
        max_slope_percent: What is steeper is too steep; the default if None.
        known: What an earlier call found of the site's ground.

    Returns:
        The site, and what is known of its ground; None if nobody looked.

    Raises:
        ToolInputError: A limit is given and there are no heights.
        WindError: The heights cannot be read, or are not of this site.
    """
    require_heights_for(project, max_slope_percent)
    if _PARAMETER not in project.parameters:
        # A site that comes with the request may say anything of itself.
        if "site" in project.parameters or not isinstance(known, Mapping):
            return site, None
        return site, known
    # As in areas: paid by the request that needs it.
    from siting.geodata import elevation  # noqa: PLC0415
    from siting.wind.site import SiteFeature  # noqa: PLC0415

    limit = DEFAULT_MAX_SLOPE_PERCENT if max_slope_percent is None else max_slope_percent
    ground = elevation.ground_of(
        elevation.read_elevation(project.parameters[_PARAMETER]),
        site.boundary_m,
        site.projection,
        limit,
    )
    # Those of an earlier call are of other heights or of another limit.
    features = tuple(
        one for one in site.features if one.feature_class is not FeatureClass.STEEP_GROUND
    )
    if not ground.steep_m.is_empty:
        shape_deg = site.projection.to_degrees(ground.steep_m)
        steep = SiteFeature(FeatureClass.STEEP_GROUND, "", shape_deg, ground.steep_m)
        features = (*features, steep)
    return replace(site, features=features), {
        _ARGUMENT: limit,
        "lowest_m": round(ground.lowest_m, 1),
        "highest_m": round(ground.highest_m, 1),
        "steepest_percent": round(ground.steepest_percent, 1),
        "cell_m": round(ground.cell_m, 1),
    }
