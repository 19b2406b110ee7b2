"""What bounds the turbines of a site, as layers to draw, and as a page to look around in.

Shapes are metres east and north of the site's middle, in its UTM zone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Final, Literal, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from siting.wind.exclusions import Exclusions
from siting.wind.features import FeatureClass

_TEMPLATES: Final = files("siting.documents") / "templates"
#: Of a class, as many features get a shape and a word of their own; the others share one.
_MAX_NAMED: Final = 1_000
#: Kept around the boundary when the map opens, as a share of its size.
_PADDING: Final = 0.06
_PER_KM: Final = 1000.0

#: Colour and name of each class. The colours are those of the report's map.
_CLASSES: Final[Mapping[FeatureClass, tuple[str, str]]] = {
    FeatureClass.BUILDING: ("#d1495b", "Buildings"),
    FeatureClass.ROAD: ("#7d8790", "Roads and railways"),
    FeatureClass.POWER_LINE: ("#e0a100", "Power lines"),
    FeatureClass.WATER: ("#3a86c8", "Water"),
    FeatureClass.PROTECTED_AREA: ("#2f8f5b", "Protected areas"),
    FeatureClass.AIRFIELD: ("#8a5cc2", "Airfields"),
}
_BUILDABLE: Final = "#8cc63f"
_BOUNDARY: Final = "#1d2a35"

Kind = Literal["area", "zone", "feature", "outline"]


class Drawn(NamedTuple):
    """A shape and what it says about itself when pointed at."""

    shape: BaseGeometry
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Something the map shows or hides as one.

    Attributes:
        key: Its name in the page.
        kind: How it is drawn.
        label: What it is, in the legend.
        detail: How much of it, in the legend.
        colour: As ``#rrggbb``.
        drawn: Its shapes.
    """

    key: str
    kind: Kind
    label: str
    detail: str
    colour: str
    drawn: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class BoundaryMap:
    """A map of a site.

    Attributes:
        title: What it shows.
        headline: The areas, in words.
        notes: Whose data it is, and what the setbacks are.
        layers: From the bottom up.
        bounds: West, south, east and north of what is shown at first, in metres.
        origin_deg: Longitude and latitude of the middle.
        degrees_per_metre: Longitude and latitude gained by a metre east, and by a metre north.
    """

    title: str
    headline: str
    notes: tuple[str, ...]
    layers: tuple[Layer, ...]
    bounds: tuple[float, float, float, float]
    origin_deg: tuple[float, float]
    degrees_per_metre: tuple[tuple[float, float], tuple[float, float]]


def draw_boundaries(found: Exclusions, *, title: str, attribution: str) -> BoundaryMap:
    """Lay out the map of a site's exclusions.

    Args:
        found: The site and what is excluded from it.
        title: The map's title.
        attribution: Whose map data it shows.
    """
    west, south, east, north = found.site.boundary_m.bounds
    middle = np.array(((west + east) / 2.0, (south + north) / 2.0))
    margin = _PADDING * max(east - west, north - south)
    half_width, half_height = (east - west) / 2.0 + margin, (north - south) / 2.0 + margin
    corners = found.site.projection.points_to_degrees(middle + np.array(((0, 0), (1, 0), (0, 1))))
    (longitude, latitude), *steps = corners.tolist()
    (east_x, east_y), (north_x, north_y) = ((x - longitude, y - latitude) for x, y in steps)
    return BoundaryMap(
        title=title,
        headline=(
            f"Site {found.site_km2:.2f} km², excluded {found.excluded_km2:.2f} km², "
            f"buildable {found.buildable_km2:.2f} km² ({100.0 * found.buildable_share:.1f} %)"
        ),
        notes=(
            f"Map data: {attribution}",
            "Setbacks are distances from the centre of a turbine and planning assumptions, not "
            "law. Areas are in the site's UTM zone; zones of different classes may overlap.",
        ),
        layers=tuple(_layers(found, middle)),
        bounds=(-half_width, -half_height, half_width, half_height),
        origin_deg=(longitude, latitude),
        degrees_per_metre=((east_x, east_y), (north_x, north_y)),
    )


def as_html(page: BoundaryMap) -> str:
    """Write the map as one HTML file that needs no other, and no network."""
    west, south, east, north = page.bounds
    view = {
        "box": [round(v, 1) for v in (west, -north, east - west, north - south)],
        "origin": page.origin_deg,
        "east": page.degrees_per_metre[0],
        "north": page.degrees_per_metre[1],
    }
    template = Template((_TEMPLATES / "boundaries.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(page.title),
        headline=escape(page.headline),
        notes="".join(f"<p>{escape(note)}</p>" for note in page.notes),
        layers="\n".join(_svg_layer(layer) for layer in page.layers),
        legend="\n".join(_legend_entry(layer) for layer in reversed(page.layers)),
        # "<" in a string could end the script.
        view=json.dumps(view).replace("<", "\\u003c"),
    )


def _layers(found: Exclusions, middle: np.ndarray) -> Iterator[Layer]:
    def placed(shape_m: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape_m, lambda points: points - middle)

    buildable = Drawn(placed(found.buildable_m), f"Buildable, {found.buildable_km2:.2f} km²")
    yield Layer(
        "buildable",
        "area",
        "Buildable",
        f"{found.buildable_km2:.2f} km²",
        _BUILDABLE,
        (buildable,),
    )
    for zone in found.zones:
        colour, name = _CLASSES[zone.feature_class]
        text = f"{zone.setback_m:g} m from {name.lower()}, {zone.area_km2:.2f} km² of the site"
        yield Layer(
            f"zone-{zone.feature_class}",
            "zone",
            f"{zone.setback_m:g} m from {name.lower()}",
            f"{zone.area_km2:.2f} km²",
            colour,
            (Drawn(placed(zone.area_m), text),),
        )
    for zone in found.zones:
        kind = zone.feature_class
        colour, name = _CLASSES[kind]
        features = [one for one in found.site.features if one.feature_class is kind]
        named = [one for one in features if one.name][:_MAX_NAMED]
        own = {id(one) for one in named}
        others = [one.shape_m for one in features if id(one) not in own]
        drawn = [Drawn(placed(one.shape_m), f"{one.name} ({_singular(kind)})") for one in named]
        if others:
            drawn.insert(0, Drawn(placed(shapely.geometrycollections(others)), name))
        yield Layer(
            f"feature-{kind}", "feature", name, f"{zone.feature_count} on the map", colour,
            tuple(drawn),
        )  # fmt: skip
    boundary = Drawn(placed(found.site.boundary_m), "")
    yield Layer(
        "boundary",
        "outline",
        "Site boundary",
        f"{found.site_km2:.2f} km²",
        _BOUNDARY,
        (boundary,),
    )


def _singular(kind: FeatureClass) -> str:
    return kind.value.replace("_", " ")


def _svg_layer(layer: Layer) -> str:
    paths = "".join(_svg_shape(layer, one) for one in layer.drawn)
    return f'<g id="{layer.key}" class="{layer.kind}" style="--c:{layer.colour}">{paths}</g>'


def _svg_shape(layer: Layer, one: Drawn) -> str:
    text = f' data-t="{escape(one.text)}"' if one.text else ""
    areas: list[str] = []
    lines: list[str] = []
    for part in flat_parts(one.shape):
        dimension = shapely.get_dimensions(part)
        (areas if dimension > 1 else lines).append(_path(part))
    return "".join(
        f'<path class="{name}"{text} d="{"".join(paths)}"/>'
        for name, paths in (("fill", areas), ("line", lines))
        if paths
    )


def flat_parts(shape: BaseGeometry) -> Sequence[BaseGeometry]:
    """Return a geometry's polygons, lines and points, none of them a collection."""
    parts = shapely.get_parts(shape)
    while any(hasattr(part, "geoms") for part in parts):
        parts = shapely.get_parts(parts)
    return [part for part in parts if not part.is_empty]


def _path(part: BaseGeometry) -> str:
    rings = shapely.get_rings(part) if shapely.get_dimensions(part) > 1 else [part]
    closed = "Z" if shapely.get_dimensions(part) > 1 else ""
    written = []
    for ring in rings:
        points = np.round(shapely.get_coordinates(ring), 1).tolist()
        if len(points) == 1:
            points *= 2  # a point shows by its line's round ends
        written.append("M" + "L".join(f"{x:g} {-y:g}" for x, y in points) + closed)
    return "".join(written)


def _legend_entry(layer: Layer) -> str:
    return (
        f'<li><label><input type="checkbox" checked data-layer="{layer.key}">'
        f'<span class="swatch {layer.kind}" style="--c:{layer.colour}"></span>'
        f'<span class="what">{escape(layer.label)}</span>'
        f'<span class="much">{escape(layer.detail)}</span></label></li>'
    )
