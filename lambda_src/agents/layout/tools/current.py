"""The project's current layout and the land it stands on: read and written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from siting.charts.graticule import Plane
from siting.crew import TERRAIN
from siting.project_land import BoundarySetback, boundary_setback, require_land_for
from siting.project_request import require_addressed
from siting.project_turbines import turbine_named, turbines_of
from siting.wind import noise
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import (
    Source,
    load_json,
    require_together,
    save_geojson,
    save_json,
    sources_of,
)

if TYPE_CHECKING:
    from siting.wind.layout.constraints import Land, LayoutSpec
    from siting.wind.site import Site
    from siting.wind.turbines import FloatArray, Turbine

LAYOUT_FILE: Final = "layout.json"
#: Of a layout's document: what a model need not read.
BULKY: Final = frozenset({"turbines", "turbine_types", "sources", "boundary_setback_line", "grid"})
#: And what is no longer true once turbines have moved.
OF_THE_OLD_PLACES: Final = BULKY | {"estimated_aep_gwh", "compared", "search", "search_ended"}


class ProjectLand(NamedTuple):
    """The project's land as it is now."""

    site: "Site"
    land: "Land"
    boundary: BoundarySetback
    sources: tuple[Source, Source]

    @property
    def north_degrees(self) -> float:
        """Where the land's metres have their north, clockwise from true north."""
        return Plane.of_layout({"grid": _grid(self.site)}).north_degrees

    @property
    def places_deg(self) -> list[tuple[float, float]]:
        """Longitude and latitude of places of the site: its middle, and all along its boundary."""
        import shapely  # noqa: PLC0415

        boundary = self.site.boundary_deg
        middle = boundary.centroid
        return [(middle.x, middle.y), *map(tuple, shapely.get_coordinates(boundary).tolist())]


def load_land(project: Project, turbines: "Iterable[Turbine]") -> ProjectLand:
    """Read the land that the terrain agent left for turbines.

    Raises:
        ToolInputError: Its parts are of different runs, or it was cut for lower turbines; or the
            request brings what another agent reads.
    """
    from siting.wind import exclusions, site  # noqa: PLC0415
    from siting.wind.layout import constraints as layout  # noqa: PLC0415

    require_addressed(project)
    site_json = load_json(project, TERRAIN, "site.geojson")
    buildable_json = load_json(project, TERRAIN, "buildable.geojson")
    require_together(site_json.file, buildable_json.file)
    types = {one.key: one for one in turbines}.values()
    for one in types:
        require_land_for(one.key, one.tip_height_m, buildable_json.data)
    found = site.read_boundary(site_json.data)
    buildable = exclusions.read_buildable(buildable_json.data, found)
    # One setback for the whole farm: whichever turbine stands at its edge keeps it.
    boundary = boundary_setback(
        buildable_json.data,
        max(one.tip_height_m for one in types),
        max(one.rotor_diameter_m for one in types),
        of_several=len(types) > 1,
    )
    land = layout.Land(found.boundary_m, buildable, boundary.metres)
    if land.inset_m.is_empty:
        raise ToolInputError(
            f"No place of the site is {boundary.metres:g} m from its boundary "
            f"({boundary.reason}). Take a smaller turbine or a larger site, or run the terrain "
            "agent again with another boundary_setback_m, if the request allows it."
        )
    return ProjectLand(found, land, boundary, (site_json, buildable_json))


def types_in(project: Project, document: Mapping[str, Any]) -> "list[Turbine]":
    """Return the type of each of a layout's turbines, as the project has them now.

    Raises:
        ToolInputError: A type that was brought was replaced since, or is gone.
    """
    types = turbines_of(document)
    for one in {one.key: one for one in types}.values():
        if turbine_named(project, one.key) != one:
            raise ToolInputError(
                f"The turbine {one.key} was brought anew since the layout was made. Create a new "
                "layout."
            )
    return types


def spec_of(document: Mapping[str, Any], land: ProjectLand) -> "LayoutSpec":
    """Return what was asked of a layout that was written, as it lies on the land's grid."""
    from siting.wind.layout.constraints import LayoutSpec  # noqa: PLC0415

    diameter = document["rotor_diameter_m"]
    return LayoutSpec(
        turbine_count=document["turbines_requested"],
        rotor_diameter_m=diameter,
        spacing_along_wind_diameters=document["spacing_along_wind_m"] / diameter,
        spacing_across_wind_diameters=document["spacing_across_wind_m"] / diameter,
        wind_direction_degrees=document["wind_direction_degrees"],
    ).on_grid(land.north_degrees)


def named_turbines(turbine_ids: str, ids: Sequence[str]) -> list[int]:
    """Return the places in ``ids`` of names separated by commas, each once.

    Raises:
        ToolInputError: The layout has no turbine of a name.
    """
    names = [name.strip() for name in turbine_ids.split(",") if name.strip()]
    unknown = [name[:16] for name in names if name not in ids]
    if unknown:
        raise ToolInputError(
            f"The layout has no turbine {', '.join(unknown[:5])}; it has {ids[0]} to {ids[-1]}."
        )
    return [ids.index(name) for name in dict.fromkeys(names)]


def positions_of(document: Mapping[str, Any], land: ProjectLand) -> "FloatArray":
    """Return (east, north) of each turbine of a layout that was written, in the land's own metres.

    Raises:
        ToolInputError: The layout is of another UTM zone.
    """
    import numpy as np  # noqa: PLC0415

    epsg = land.site.projection.zone.epsg
    if document["utm_epsg"] != epsg:
        raise ToolInputError(
            f"The layout was made for a site in EPSG:{document['utm_epsg']}, and the project's "
            f"site lies in EPSG:{epsg} now. Create a new layout."
        )
    return np.array([(one["x_m"], one["y_m"]) for one in document["turbines"]], dtype=np.float64)


def save_current(
    project: Project,
    *,
    document: Mapping[str, Any],
    land: ProjectLand,
    ids: Sequence[str],
    positions_m: "FloatArray",
    types: "Sequence[Turbine]",
    used: Sequence[Source],
) -> list[str]:
    """Write the project's current layout, and return the artifacts' names."""
    turbines = _turbines(ids, positions_m, types, land)
    by_key = {one.key: one.as_document() for one in types}
    artifacts = [
        save_json(
            project,
            LAYOUT_FILE,
            {
                **document,
                **_kept_from_boundary(land),
                "grid": _grid(land.site),
                "noise_screening": noise.heard_farthest(types),
                "turbines_by_model": by_model(types),
                "turbine_types": by_key,
                "turbines": turbines,
                "sources": sources_of(*used),
            },
        ),
        save_geojson(project, "layout.geojson", _as_geojson(turbines)),
    ]
    project.report_facts(
        turbines_placed=document["turbines_placed"],
        turbines_not_placed=document["turbines_not_placed"],
    )
    return artifacts


def _kept_from_boundary(land: ProjectLand) -> dict[str, Any]:
    """What hubs keep from the boundary, and the line they keep within, for maps."""
    from siting.wind.geojson import to_geojson  # noqa: PLC0415

    return {
        "boundary_setback_m": round(land.boundary.metres, 2),
        "boundary_setback_reason": land.boundary.reason,
        "boundary_setback_line": to_geojson(land.site.projection.to_degrees(land.land.inset_m)),
        "buildable_km2_within_setback": round(land.land.buildable_km2, 6),
    }


def _grid(site: "Site") -> dict[str, Any]:
    """How the layout's metres lie on the earth, about the site's middle, for maps alone."""
    import numpy as np  # noqa: PLC0415

    middle = site.boundary_m.centroid
    origin = np.array((middle.x, middle.y))
    corners = site.projection.points_to_degrees(origin + np.array(((0, 0), (1, 0), (0, 1))))
    (longitude, latitude), *steps = corners.tolist()
    return {
        "origin_m": origin.round(2).tolist(),
        "origin_deg": [longitude, latitude],
        "degrees_per_metre": [[x - longitude, y - latitude] for x, y in steps],
    }


def by_model(types: "Iterable[Turbine]") -> dict[str, int]:
    """Count turbines by type."""
    return dict(Counter(one.key for one in types))


def _turbines(
    ids: Sequence[str], positions_m: "FloatArray", types: "Sequence[Turbine]", land: ProjectLand
) -> list[dict[str, Any]]:
    from siting.wind.crs import unwrap  # noqa: PLC0415
    from siting.wind.surroundings import surroundings_of  # noqa: PLC0415

    site_json, _ = land.sources
    degrees = land.site.projection.points_to_degrees(positions_m).round(8)
    # Of a site across the antimeridian they run past 180, which no GeoJSON may.
    degrees[:, 0] = unwrap(degrees[:, 0], 0.0)
    return [
        {
            "id": identity,
            "x_m": x_m,
            "y_m": y_m,
            "longitude_deg": longitude_deg,
            "latitude_deg": latitude_deg,
            "turbine_model": turbine.key,
            "nearest_home_m": near.nearest_home_m and round(near.nearest_home_m, 1),
            "across_water": near.across_water,
        }
        for identity, (x_m, y_m), (longitude_deg, latitude_deg), turbine, near in zip(
            ids,
            positions_m.tolist(),
            degrees.tolist(),
            types,
            surroundings_of(site_json.data, positions_m),
            strict=True,
        )
    ]


def _as_geojson(turbines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "class": "turbine",
                    "id": turbine["id"],
                    "turbine_model": turbine["turbine_model"],
                },
                "geometry": {
                    "type": "Point",
                    "coordinates": [turbine["longitude_deg"], turbine["latitude_deg"]],
                },
            }
            for turbine in turbines
        ],
    }
