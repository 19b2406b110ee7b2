"""A layer of the map as SVG, in metres east and south of the site's middle."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from siting.documents.boundaries.layers import Kind, LabelledShape, Layer


class Style(NamedTuple):
    """How a kind of layer looks.

    Attributes:
        fill_opacity: How much of its colour covers what is below, 0 to 1.
        stroke_px: How wide its edges are, in pixels.
    """

    fill_opacity: float
    stroke_px: float


STYLES: Final[dict[Kind, Style]] = {
    "area": Style(0.38, 1.0),
    "zone": Style(0.3, 1.0),
    "feature": Style(0.85, 1.5),
    "outline": Style(0.0, 2.5),
}
#: What has no area, such as a road.
_LINE_PX: Final = 3.0


def svg_layer(layer: Layer, metres_per_pixel: float = 1.0) -> str:
    """Draw a layer.

    Args:
        layer: What to draw.
        metres_per_pixel: The scale, which strokes are measured by. Where a page keeps them from
            scaling, it is 1.
    """
    style = STYLES[layer.kind]
    paths = "".join(_svg_shape(one, metres_per_pixel) for one in layer.shapes)
    return (
        f'<g id="{layer.key}" class="{layer.kind}" fill="{layer.colour}" '
        f'fill-opacity="{style.fill_opacity:g}" fill-rule="evenodd" stroke="{layer.colour}" '
        f'stroke-width="{style.stroke_px * metres_per_pixel:g}" stroke-linejoin="round" '
        f'stroke-linecap="round">{paths}</g>'
    )


def _svg_shape(one: LabelledShape, metres_per_pixel: float) -> str:
    text = f' data-t="{escape(one.text)}"' if one.text else ""
    areas: list[str] = []
    lines: list[str] = []
    for part in flat_parts(one.shape):
        dimension = shapely.get_dimensions(part)
        (areas if dimension > 1 else lines).append(_path(part))
    line = f'class="line" fill="none" stroke-width="{_LINE_PX * metres_per_pixel:g}"'
    return "".join(
        f'<path {look}{text} d="{"".join(paths)}"/>'
        for look, paths in (('class="fill"', areas), (line, lines))
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
