"""The exports, read back by other means than they were written by."""

import csv
import io
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping, shape

from siting.documents.exports.farm import Export, export_of, utm_zone
from siting.documents.exports.geopackage import as_geopackage
from siting.documents.exports.kml import as_kml
from siting.documents.exports.table import as_csv

WRITTEN_AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
HOSTILE = 'A <b>&amp;</b> \x00\u202e\uffff"farm"; DROP TABLE turbines; --'
HOLED = Polygon(
    [(9.0, 54.0), (9.1, 54.0), (9.1, 54.1), (9.0, 54.1)],
    [[(9.02, 54.02), (9.02, 54.04), (9.04, 54.04), (9.04, 54.02)]],
)
#: A site across the antimeridian, as GeoJSON has it.
CUT = MultiPolygon([box(179.9, -17.1, 180.0, -17.0), box(-180.0, -17.1, -179.9, -17.0)])
KML = "{http://www.opengis.net/kml/2.2}"


def an_export(boundary: Any = HOLED, buildable: Any = HOLED, **energy: Any) -> Export:
    zone = {"class": "road", "setback_m": 175.0, "feature_count": 2, "area_km2": 1.25}
    return export_of(
        HOSTILE,
        site={
            "features": [
                feature(boundary, {"class": "boundary"}),
                feature(Point(9.09, 54.09), {"class": "wind_turbine", "name": HOSTILE}),
                feature(Point(9.01, 54.01), {"class": "mast", "name": ""}),
                feature(
                    Point(9.07, 54.02), {"class": "place", "kind": "village", "name": "Groß Ñandú"}
                ),
            ]
        },
        zones={"features": [feature(box(9.0, 54.0, 9.01, 54.1), zone)]},
        buildable=feature(buildable, {"site_km2": 70.25, "buildable_km2": 60.5}),
        layout={
            "turbines": [
                {
                    "id": f"T{at}",
                    "x_m": 500_000.125 + at,
                    "y_m": 5_983_000.5,
                    "longitude_deg": 9.05 + at / 100,
                    "latitude_deg": 54.05,
                    "turbine_model": "iea_3_4mw_130m",
                }
                for at in (1, 2)
            ],
            "turbine_types": {
                "iea_3_4mw_130m": {
                    "turbine_model": "iea_3_4mw_130m",
                    "hub_height_m": 110,
                    "rotor_diameter_m": 130.0,
                }
            },
            "utm_epsg": 32632,
            "boundary_setback_m": 65,
            "boundary_setback_line": mapping(HOLED.buffer(-0.001)),
        },
        energy={
            "aep_gwh": 24.0,
            "per_turbine": [
                {"id": "T2", "aep_gwh": 9.0, "wake_loss_percent": 40.0},
                {"id": "T1", "aep_gwh": 15.0, "wake_loss_percent": 0.0},
            ],
            **energy,
        },
    )


def feature(geometry: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"geometry": mapping(geometry), "properties": properties}


@pytest.mark.parametrize("boundary", [HOLED, CUT], ids=["with a hole", "in two parts"])
def test_a_geopackage_holds_the_same_shapes(boundary: Any) -> None:
    export = an_export(boundary)
    body = as_geopackage(export, WRITTEN_AT)

    assert int.from_bytes(body[60:64]) == 10_300
    assert body[68:72] == b"GPKG"
    assert body == as_geopackage(export, WRITTEN_AT)
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(body)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        for layer in export.layers:
            names = ", ".join(layer.fields)
            rows = database.execute(f"SELECT geom, {names} FROM {layer.name}").fetchall()  # noqa: S608
            assert len(rows) == len(layer.shapes) > 0
            written = [geometry_in(blob) for blob, *_ in rows]
            for one, (_, *row), wanted in zip(written, rows, layer.shapes, strict=True):
                assert one.normalize() == as_many(shape(dict(wanted.geometry)), layer.geometry_type)
                assert row == list(wanted.row.values())
            bounds = shapely.total_bounds(written).tolist()
            contents = database.execute(
                "SELECT min_x, min_y, max_x, max_y, srs_id, last_change, geometry_type_name "
                "FROM gpkg_contents JOIN gpkg_geometry_columns USING (table_name, srs_id) "
                "WHERE table_name = ?",
                (layer.name,),
            ).fetchone()
            assert list(contents[:4]) == bounds
            assert contents[4:] == (4326, "2026-05-04T03:02:01.000Z", layer.geometry_type)


def geometry_in(blob: bytes) -> Any:
    """The geometry in a GeoPackage's blob without an envelope."""
    assert blob[:3] == b"GP\x00"
    assert int.from_bytes(blob[4:8], "little") == 4326
    read = shapely.from_wkb(blob[8:])
    assert blob[3] == (0x11 if read.is_empty else 0x01)
    return read


def as_many(wanted: Any, geometry_type: str) -> Any:
    single = geometry_type == "MULTIPOLYGON" and wanted.geom_type == "Polygon"
    return (MultiPolygon([wanted] if wanted.area else []) if single else wanted).normalize()


@pytest.mark.parametrize("nothing", [Polygon(), MultiPolygon()])
def test_land_without_a_buildable_place_is_written(nothing: Any) -> None:
    export = an_export(buildable=nothing)
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(as_geopackage(export, WRITTEN_AT))
        ((blob,),) = database.execute("SELECT geom FROM buildable").fetchall()
        assert geometry_in(blob).is_empty
        bounds = "SELECT min_x FROM gpkg_contents WHERE table_name = 'buildable'"
        assert database.execute(bounds).fetchone() == (None,)
    assert len(list(folders(as_kml(export)))) == len(export.layers)


def test_kml_holds_the_same_shapes_and_foreign_text_is_text() -> None:
    export = an_export(CUT, HOLED)
    body = as_kml(export)

    found = dict(zip((one.name for one in export.layers), folders(body), strict=True))
    for layer in export.layers:
        read = [shapely.union_all(geometries(one)) for one in placemarks(found[layer.name])]
        for one, wanted in zip(read, layer.shapes, strict=True):
            assert one.symmetric_difference(shape(dict(wanted.geometry))).area < 1e-9
            assert one.bounds == pytest.approx(shape(dict(wanted.geometry)).bounds)
    assert found["turbines"][1].findtext(f"{KML}name") == "T1"
    existing = found["existing_turbines"][1]
    assert existing.findtext(f"{KML}name") == 'A <b>&amp;</b> "farm"; DROP TABLE turbines; --'
    styles = {f"#{one.get('id')}" for one in parsed(body).iter(f"{KML}Style")}
    assert {one.text for one in parsed(body).iter(f"{KML}styleUrl")} == styles


def test_names_of_places_are_in_both_files() -> None:
    export = an_export()

    folder = next(one for one in folders(as_kml(export)) if one.get("id") == "places")
    (named,) = placemarks(folder)
    assert named.findtext(f"{KML}name") == "Groß Ñandú"
    assert geometries(named) == [Point(9.07, 54.02)]
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(as_geopackage(export, WRITTEN_AT))
        rows = database.execute("SELECT name, kind, geom FROM places").fetchall()
    assert [(name, kind, geometry_in(geom)) for name, kind, geom in rows] == [
        ("Groß Ñandú", "village", Point(9.07, 54.02))
    ]


def folders(body: bytes) -> Iterator[ElementTree.Element]:
    return parsed(body).iter(f"{KML}Folder")


def parsed(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314  our own


def placemarks(folder: ElementTree.Element) -> list[ElementTree.Element]:
    return folder.findall(f"{KML}Placemark")


def geometries(placemark: ElementTree.Element) -> list[Any]:
    polygons = [
        Polygon(
            positions(one.find(f"{KML}outerBoundaryIs")),
            [positions(ring) for ring in one.findall(f"{KML}innerBoundaryIs")],
        )
        for one in placemark.iter(f"{KML}Polygon")
    ]
    return polygons or [Point(positions(one)[0]) for one in placemark.iter(f"{KML}Point")]


def positions(element: Any) -> list[tuple[float, ...]]:
    (text,) = (one.text for one in element.iter(f"{KML}coordinates"))
    return [tuple(map(float, one.split(","))) for one in text.split()]


@pytest.mark.parametrize("net_gwh", [None, 18.0])
def test_a_line_of_the_table_is_a_turbine_with_its_own_energy(net_gwh: float | None) -> None:
    known = {} if net_gwh is None else {"net_aep_gwh": net_gwh}
    first, second = csv.DictReader(io.StringIO(as_csv(an_export(**known)).decode()))

    assert (first["id"], first["utm_zone"], first["utm_epsg"]) == ("T1", "32N", "32632")
    assert (first["easting_m"], first["northing_m"]) == ("500001.12", "5983000.5")
    assert (first["latitude_deg"], first["longitude_deg"]) == ("54.05", "9.06")
    assert (second["turbine_model"], second["hub_height_m"]) == ("iea_3_4mw_130m", "110.0")
    for row, gross, left in ((first, 15.0, 15.0), (second, 15.0, 9.0)):
        assert math.isclose(float(row["gross_gwh"]), gross)
        assert math.isclose(float(row["net_of_wakes_gwh"]), left)
        assert row["net_gwh"] == ("" if net_gwh is None else str(left * 0.75))


def test_a_turbine_whose_wind_is_all_taken_has_no_gross_energy_that_is_known() -> None:
    dark = [{"id": f"T{at}", "aep_gwh": 0.0, "wake_loss_percent": 100.0} for at in (1, 2)]
    rows = csv.DictReader(io.StringIO(as_csv(an_export(per_turbine=dark)).decode()))
    assert [row["gross_gwh"] for row in rows] == ["", ""]


@pytest.mark.parametrize(("epsg", "zone"), [(32632, "32N"), (32701, "1S"), (32660, "60N")])
def test_a_zone_is_called_as_maps_call_it(epsg: int, zone: str) -> None:
    assert utm_zone(epsg) == zone
