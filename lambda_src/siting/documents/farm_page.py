"""The farm as a map to look around in: one HTML file that needs no other, and no network."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from siting.documents.exports.farm import Export
from siting.documents.report.maps import WakePictures, energy_title, net_of_what_is_known
from siting.documents.report.pages import templates
from siting.documents.site_map import SiteMap


def as_page(
    export: Export,
    land: SiteMap,
    *,
    losses: Mapping[str, Sequence[float]],
    wakes: WakePictures | None,
    notes: Sequence[str],
    sources: Sequence[str],
) -> str:
    """Write the page: the site, its turbines, their wakes by direction, and their table.

    Args:
        export: The turbines with their energy.
        land: The site's map.
        losses: What wakes take from each turbine by sector, in percent, by its id.
        wakes: The wakes of each direction; None where there are none of this energy.
        notes: What has to be known first.
        sources: Whose data it shows.
    """
    # Some 70 ms to import: paid by the request that needs it, not by every cold start.
    from markupsafe import Markup  # noqa: PLC0415

    frame, plane = land.frame, land.frame.plane
    origin = plane.to_degrees(0.0, 0.0)
    data: dict[str, Any] = {
        "view": {
            "box": [0.0, 0.0, land.width, land.height],
            "metres": 1.0 / frame.pixels_per_metre,
            "origin": origin,
            "east": plane.x_deg,
            "north": [-plane.y_deg[0], -plane.y_deg[1]],
        },
        "energy": energy_title(export),
        # A site at a zone's edge has turbines whose own zone is the other one.
        "zone": f"UTM {export.turbines.shapes[0].row['utm_zone']}",
        "turbines": [
            {
                "id": marker.name,
                "x": marker.x,
                "y": marker.y,
                "gwh": net_of_what_is_known(shape.row),
                "loss": shape.row["wake_loss_percent"],
                "losses": losses[shape.row["id"]],
                "east": shape.row["easting_m"],
                "north": shape.row["northing_m"],
            }
            for marker, shape in zip(land.turbines, export.turbines.shapes, strict=True)
        ],
        "directions": [],
    }
    if wakes is not None:
        data |= wakes.for_page(frame)
    return (
        templates()
        .get_template("map.html")
        .render(
            map=land,
            title=export.title,
            notes=notes,
            sources=sources,
            # "<" in a string could end the script.
            data=Markup(json.dumps(data, allow_nan=False).replace("<", "\\u003c")),  # noqa: S704
        )
    )
