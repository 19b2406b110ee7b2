"""A project as a GeoPackage (OGC 12-128r17, version 1.3): an SQLite file with a table per layer.

Coordinates are WGS 84, longitude first: the standard's order for every reference system.
"""

import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from siting.documents.exports.farm import Export, ExportLayer, GeometryType

_APPLICATION_ID: Final = 0x47504B47  # "GPKG"
_VERSION: Final = 10_300
_WGS_84: Final = 4326
_WGS_84_WKT: Final = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,'
    'AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,'
    'AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],'
    'AUTHORITY["EPSG","4326"]]'
)
_TABLES: Final = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL,
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""
#: The standard wants the two undefined systems as well.
_SYSTEMS: Final = (
    ("Undefined Cartesian", -1, "NONE", -1, "undefined"),
    ("Undefined geographic", 0, "NONE", 0, "undefined"),
    ("WGS 84", _WGS_84, "EPSG", _WGS_84, _WGS_84_WKT),
)
_SQL_TYPES: Final = {str: "TEXT", int: "INTEGER", float: "DOUBLE"}
#: Well-known binary's number of each type that GeoJSON has.
_WKB_TYPES: Final = {
    "Point": 1, "LineString": 2, "Polygon": 3,
    "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6,
}  # fmt: skip
_LITTLE_ENDIAN: Final = 1
_EMPTY_FLAG: Final = 0x10


def as_geopackage(export: Export, written_at: datetime) -> bytes:
    """Write a project as a GeoPackage.

    Args:
        export: What it holds.
        written_at: In UTC.
    """
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.executescript(_TABLES)
        database.executemany(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", _SYSTEMS
        )
        for layer in export.layers:
            _write(database, layer, f"{written_at:%Y-%m-%dT%H:%M:%S.000Z}")
        database.commit()
        return database.serialize()


def _write(database: sqlite3.Connection, layer: ExportLayer, changed_at: str) -> None:
    # Of text in the statements, all is this package's own; what comes from outside is bound.
    columns = "".join(f', "{name}" {_SQL_TYPES[of]}' for name, of in layer.fields.items())
    database.execute(
        f'CREATE TABLE "{layer.name}" '
        f"(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY{columns})"
    )
    points = [one for shape in layer.shapes for one in _points(shape.geometry["coordinates"])]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    bounds = (min(xs), min(ys), max(xs), max(ys)) if points else (None,) * 4
    database.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
        (layer.name, layer.title, changed_at, *bounds, _WGS_84),
    )
    database.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
        (layer.name, layer.geometry_type, _WGS_84),
    )
    database.executemany(
        f'INSERT INTO "{layer.name}" VALUES (NULL, ?{", ?" * len(layer.fields)})',  # noqa: S608
        [
            (_blob(*_as(layer.geometry_type, shape.geometry)), *shape.row.values())
            for shape in layer.shapes
        ],
    )


def _as(wanted: GeometryType, geometry: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """Return a geometry's type and coordinates, a single polygon as one of several where asked."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if wanted == "MULTIPOLYGON" and kind == "Polygon":
        return "MultiPolygon", [coordinates] if coordinates else []
    return kind, coordinates


def _blob(kind: str, coordinates: Sequence[Any]) -> bytes:
    """Return a geometry as a GeoPackage holds it: a header, then well-known binary."""
    empty = 0 if _points(coordinates) else _EMPTY_FLAG
    header = struct.pack("<2sBBi", b"GP", 0, _LITTLE_ENDIAN | empty, _WGS_84)
    return header + _wkb(kind, coordinates)


def _wkb(kind: str, coordinates: Sequence[Any]) -> bytes:
    header = struct.pack("<BI", _LITTLE_ENDIAN, _WKB_TYPES[kind])
    match kind:
        case "Point":
            return header + _position(coordinates)
        case "LineString":
            return header + _line(coordinates)
        case "Polygon":
            return header + _count(coordinates) + b"".join(map(_line, coordinates))
        case _:
            single = kind.removeprefix("Multi")
            parts = (_wkb(single, part) for part in coordinates)
            return header + _count(coordinates) + b"".join(parts)


def _line(positions: Sequence[Sequence[float]]) -> bytes:
    return _count(positions) + b"".join(map(_position, positions))


def _count(parts: Sequence[Any]) -> bytes:
    return struct.pack("<I", len(parts))


def _position(position: Sequence[float]) -> bytes:
    return struct.pack("<2d", position[0], position[1])


def _points(coordinates: Sequence[Any]) -> list[tuple[float, float]]:
    """Return the points of coordinates of any depth."""
    if coordinates and not isinstance(coordinates[0], Sequence):
        return [(coordinates[0], coordinates[1])]
    return [point for part in coordinates for point in _points(part)]
