"""What the exports hold: one row per turbine, and layers of shapes.

Coordinates are WGS 84 degrees, longitude first, and the site's UTM zone in metres; energy is in GWh
per year.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from siting.documents.wording import plain
from siting.wind.features import PLACE

#: EPSG codes of UTM on WGS 84 are these and the zone's number.
_NORTH, _SOUTH = 32600, 32700
_ALL_PERCENT: Final = 100.0
_ROW: Final[Mapping[str, type]] = {
    "id": str,
    "latitude_deg": float,
    "longitude_deg": float,
    "utm_zone": str,
    "utm_epsg": int,
    "easting_m": float,
    "northing_m": float,
    "turbine_model": str,
    "hub_height_m": float,
    "rotor_diameter_m": float,
    "nearest_home_m": float,
    "gross_gwh": float,
    "wake_loss_percent": float,
    "net_of_wakes_gwh": float,
    "net_gwh": float,
}
_ZONE: Final[Mapping[str, type]] = {
    "class": str,
    "setback_m": float,
    "feature_count": int,
    "area_km2": float,
}

Row = Mapping[str, Any]
GeometryType = Literal["POINT", "MULTIPOLYGON", "GEOMETRY"]


class ExportFile(NamedTuple):
    """A file that a project is exported as.

    Attributes:
        name: Under the report agent's name.
        content_type: Its type.
        holds: What it is for.
    """

    name: str
    content_type: str
    holds: str


CSV: Final = ExportFile(
    "turbines.csv",
    "text/csv; charset=utf-8",
    "The turbines: coordinates in degrees and UTM, type, hub height, nearest home, energy gross "
    "and net. For spreadsheets.",
)
KML: Final = ExportFile(
    "site.kml",
    "application/vnd.google-earth.kml+xml",
    "Boundary, zones, buildable land, names of places, turbines and those that stand already. For "
    "globes and map viewers.",
)
GEOPACKAGE: Final = ExportFile(
    "site.gpkg",
    "application/geopackage+sqlite3",
    "The same in layers, with every column of the turbines. For geographic information systems.",
)
MAP: Final = ExportFile(
    "map.html",
    "text/html; charset=utf-8",
    "A map to look around in: turbines, their wakes by direction, and their table. For a browser, "
    "without any network.",
)
EXPORTS: Final = (MAP, CSV, KML, GEOPACKAGE)


class Shape(NamedTuple):
    """A geometry as GeoJSON has it, in degrees, and its row."""

    geometry: Mapping[str, Any]
    row: Row


@dataclass(frozen=True, slots=True)
class ExportLayer:
    """Shapes of one kind.

    Attributes:
        name: Of a table.
        title: What it is.
        geometry_type: Of all its shapes; GEOMETRY where they differ.
        fields: Its columns and their types.
        shapes: Its shapes.
    """

    name: str
    title: str
    geometry_type: GeometryType
    fields: Mapping[str, type]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """All that is exported of a project.

    Attributes:
        title: The report's.
        layers: From the bottom up, the turbines last.
    """

    title: str
    layers: tuple[ExportLayer, ...]

    @property
    def turbines(self) -> ExportLayer:
        """The turbines that are planned."""
        return self.layers[-1]


def export_of(
    title: str,
    *,
    site: Mapping[str, Any],
    zones: Mapping[str, Any],
    buildable: Mapping[str, Any],
    layout: Mapping[str, Any],
    energy: Mapping[str, Any],
) -> Export:
    """Take what is exported from a project's artifacts.

    Args:
        title: The report's.
        site: ``site.geojson``, its boundary first.
        zones: ``exclusions.geojson``.
        buildable: ``buildable.geojson``.
        layout: ``layout.json``.
        energy: ``energy.json`` of this layout.
    """
    boundary, *features = site["features"]
    kept = Shape(layout["boundary_setback_line"], {"setback_m": layout["boundary_setback_m"]})
    areas = buildable["properties"]
    standing = [one for one in features if one["properties"]["class"] == "wind_turbine"]
    named = [one for one in features if one["properties"]["class"] == PLACE]
    return Export(
        plain(title),
        (
            _layer(
                "boundary", "Site boundary", "MULTIPOLYGON", {"area_km2": float},
                [Shape(boundary["geometry"], {"area_km2": areas["site_km2"]})],
            ),
            _layer(
                "buildable", "Buildable land", "MULTIPOLYGON", {"area_km2": float},
                [Shape(buildable["geometry"], {"area_km2": areas["buildable_km2"]})],
            ),
            _layer(
                "zones", "Exclusion zones", "MULTIPOLYGON", _ZONE,
                [Shape(one["geometry"], one["properties"]) for one in zones["features"]],
            ),
            _layer(
                "boundary_setback", "Land within the boundary's setback", "MULTIPOLYGON",
                {"setback_m": float}, [kept],
            ),
            _layer(
                "existing_turbines", "Wind turbines that stand already", "GEOMETRY", {"name": str},
                [Shape(one["geometry"], one["properties"]) for one in standing],
            ),
            _layer(
                "places", "Names of places", "POINT", {"name": str, "kind": str},
                [Shape(one["geometry"], one["properties"]) for one in named],
            ),
            _layer("turbines", "Turbines", "POINT", _ROW, list(_turbines(layout, energy))),
        ),
    )  # fmt: skip


def utm_zone(epsg: int) -> str:
    """Return a UTM zone's name, such as ``32N``, from its EPSG code."""
    return f"{epsg - _SOUTH}S" if epsg > _SOUTH else f"{epsg - _NORTH}N"


def _layer(
    name: str,
    title: str,
    geometry_type: GeometryType,
    fields: Mapping[str, type],
    shapes: Sequence[Shape],
) -> ExportLayer:
    taken = tuple(
        Shape(shape.geometry, {key: _value(shape.row.get(key), of) for key, of in fields.items()})
        for shape in shapes
    )
    return ExportLayer(name, title, geometry_type, fields, taken)


def _value(value: Any, of: type) -> Any:
    """Return a value as its column's type; foreign text without what nothing can show."""
    if value is None:
        return None
    return plain(value) if of is str else of(value)


def _turbines(layout: Mapping[str, Any], energy: Mapping[str, Any]) -> Iterator[Shape]:
    yields = {one["id"]: one for one in energy["per_turbine"]}
    # All losses but wakes are the whole farm's, and so the same share of every turbine's energy.
    kept = energy["net_aep_gwh"] / energy["aep_gwh"] if energy.get("net_aep_gwh") else None
    for one in layout["turbines"]:
        of_it, its_type = yields[one["id"]], _type_of(one, layout)
        left_percent = _ALL_PERCENT - of_it["wake_loss_percent"]
        yield Shape(
            {"type": "Point", "coordinates": [one["longitude_deg"], one["latitude_deg"]]},
            {
                "id": one["id"],
                "latitude_deg": one["latitude_deg"],
                "longitude_deg": one["longitude_deg"],
                "utm_zone": utm_zone(layout["utm_epsg"]),
                "utm_epsg": layout["utm_epsg"],
                "easting_m": round(one["x_m"], 2),
                "northing_m": round(one["y_m"], 2),
                "turbine_model": its_type["turbine_model"],
                "hub_height_m": its_type["hub_height_m"],
                "rotor_diameter_m": its_type["rotor_diameter_m"],
                "nearest_home_m": one.get("nearest_home_m"),
                "gross_gwh": round(of_it["aep_gwh"] * _ALL_PERCENT / left_percent, 4)
                if left_percent
                else None,
                # As simulated: whoever rounds it again shall come to the same figure as the report.
                "wake_loss_percent": of_it["wake_loss_percent"],
                "net_of_wakes_gwh": round(of_it["aep_gwh"], 4),
                "net_gwh": None if kept is None else round(of_it["aep_gwh"] * kept, 4),
            },
        )


def _type_of(turbine: Mapping[str, Any], layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of a turbine's type."""
    its_type: Mapping[str, Any] = layout["turbine_types"][turbine["turbine_model"]]
    return its_type
