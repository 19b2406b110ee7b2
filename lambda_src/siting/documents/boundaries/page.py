"""The map as one HTML file to look around in."""

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from siting.documents.boundaries.drawing import svg_layer
from siting.documents.boundaries.layers import BoundaryMap, Layer
from siting.documents.map_labels import MAX_PLACES

_TEMPLATES: Final = files("siting.documents") / "templates"


def as_html(page: BoundaryMap) -> str:
    """Write the map as one HTML file that needs no other, and no network."""
    west, south, east, north = page.bounds
    view = {
        "box": [round(v, 1) for v in (west, -north, east - west, north - south)],
        "metres": 1.0,
        "origin": page.origin_deg,
        "east": page.degrees_per_metre[0],
        "north": page.degrees_per_metre[1],
    }
    template = Template((_TEMPLATES / "boundaries.html").read_text(encoding="utf-8"))
    return template.substitute(
        pan_css=(_TEMPLATES / "pan.css").read_text(encoding="utf-8"),
        pan_js=(_TEMPLATES / "pan.js").read_text(encoding="utf-8"),
        title=escape(page.title),
        headline=escape(page.headline),
        notes="".join(f"<p>{escape(note)}</p>" for note in page.notes),
        layers="\n".join(svg_layer(layer) for layer in page.layers),
        places="".join(
            f'<g transform="translate({x} {-y})">'
            f'<text class="place scaled">{escape(name)}</text></g>'
            for name, x, y in page.places[:MAX_PLACES]
        ),
        true_north=f"{-page.plane.north_degrees:.2f}",
        legend="\n".join(_legend_entry(layer) for layer in reversed(page.layers)),
        # "<" in a string could end the script.
        view=json.dumps(view).replace("<", "\\u003c"),
    )


def _legend_entry(layer: Layer) -> str:
    return (
        f'<li><label><input type="checkbox" checked data-layer="#{layer.key}">'
        f'<span class="swatch {layer.kind}" style="--c:{layer.colour}"></span>'
        f'<span class="what">{escape(layer.label)}</span>'
        f'<span class="much">{escape(layer.detail)}</span></label></li>'
    )
