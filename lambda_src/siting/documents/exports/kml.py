"""A project as KML 2.2 (OGC 07-147r2): a folder for each layer, coordinates in WGS 84 degrees."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from siting.documents.exports.farm import Export, ExportLayer, Shape

_NAMESPACE: Final = "http://www.opengis.net/kml/2.2"
#: Edge and fill of each layer, as KML writes colours: alpha, blue, green, red.
_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "boundary": ("ff352a1d", "00ffffff"),
    "buildable": ("ff3fc68c", "663fc68c"),
    "zones": ("ff5b49d1", "555b49d1"),
    "boundary_setback": ("ff352a1d", "00ffffff"),
    "existing_turbines": ("ff6b6b6b", "ff6b6b6b"),
    "places": ("ff5b6b78", "ff5b6b78"),
    "turbines": ("ff352a1d", "ff352a1d"),
}
#: What names a shape, the first that it has.
_NAMES: Final = ("id", "name", "class")


def as_kml(export: Export) -> bytes:
    """Write a project as KML."""
    kml = Element("kml", xmlns=_NAMESPACE)
    document = SubElement(kml, "Document")
    SubElement(document, "name").text = export.title
    for layer in export.layers:
        _style(document, layer.name)
    for layer in export.layers:
        folder = SubElement(document, "Folder", id=layer.name)
        SubElement(folder, "name").text = layer.title
        for shape in layer.shapes:
            _placemark(folder, layer, shape)
    body: bytes = tostring(kml, encoding="utf-8", xml_declaration=True)
    return body


def _style(document: Element, name: str) -> None:
    edge, fill = _COLOURS[name]
    style = SubElement(document, "Style", id=f"{name}-style")
    line = SubElement(style, "LineStyle")
    SubElement(line, "color").text = edge
    SubElement(line, "width").text = "2"
    SubElement(SubElement(style, "PolyStyle"), "color").text = fill


def _placemark(folder: Element, layer: ExportLayer, shape: Shape) -> None:
    placemark = SubElement(folder, "Placemark")
    named = next((shape.row[one] for one in _NAMES if shape.row.get(one)), layer.title)
    SubElement(placemark, "name").text = str(named)
    SubElement(placemark, "styleUrl").text = f"#{layer.name}-style"
    data = SubElement(placemark, "ExtendedData")
    for key, value in shape.row.items():
        if value is not None:
            SubElement(SubElement(data, "Data", name=key), "value").text = str(value)
    _geometry(placemark, shape.geometry)


def _geometry(parent: Element, geometry: Mapping[str, Any]) -> None:
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Point":
            _positions(SubElement(parent, "Point"), [coordinates])
        case "LineString":
            _positions(SubElement(parent, "LineString"), coordinates)
        case "Polygon":
            _polygon(parent, coordinates)
        case several:  # MultiPoint, MultiLineString, MultiPolygon
            parts = SubElement(parent, "MultiGeometry")
            for part in coordinates:
                _geometry(parts, {"type": several.removeprefix("Multi"), "coordinates": part})


def _polygon(parent: Element, rings: Sequence[Sequence[Sequence[float]]]) -> None:
    polygon = SubElement(parent, "Polygon")
    for at, ring in enumerate(rings):
        side = SubElement(polygon, "innerBoundaryIs" if at else "outerBoundaryIs")
        _positions(SubElement(side, "LinearRing"), ring)


def _positions(parent: Element, positions: Sequence[Sequence[float]]) -> None:
    SubElement(parent, "coordinates").text = " ".join(
        f"{one[0]:.8f},{one[1]:.8f}" for one in positions
    )
