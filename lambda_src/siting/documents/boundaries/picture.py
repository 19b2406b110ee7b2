"""The map as a PNG: the map on the left, its legend on the right.

It is drawn as SVG, the layers by the same lines as the page's, and made pixels of by resvg, which
needs no network and no fonts of the system. It lets no other thread run meanwhile, for seconds
where the map is a town's; a request's deadline is kept by another thread. So it runs in a process
of its own, which costs some 30 ms.
"""

import os
import subprocess
import sys
from html import escape
from importlib.resources import as_file, files
from itertools import islice
from math import floor, log10
from pathlib import Path
from string import Template
from textwrap import wrap
from typing import Final

from siting.charts.graticule import Plane, graticule
from siting.documents.boundaries.drawing import STYLES, svg_layer
from siting.documents.boundaries.layers import BoundaryMap, Layer
from siting.documents.map_labels import MAX_PLACES, Labels
from tradewind.aws.deadline import call_time_left_s
from tradewind.contracts.errors import DeadlineExceeded

_TEMPLATES: Final = files("siting.documents") / "templates"
_FONTS: Final = ("OpenSans-Regular.ttf", "OpenSans-Bold.ttf")
_PROGRAM: Final = """
import sys
import resvg_py

sys.stdout.buffer.write(
    resvg_py.svg_to_bytes(
        svg_string=sys.stdin.buffer.read().decode(),
        skip_system_fonts=True,
        font_files=sys.argv[1:],
    )
)
"""
_MAP_PX: Final = 1000
#: Of a place's name.
_PLACE_PX: Final = 15
#: No degrees nearer to a corner, where the scale and the arrow are.
_TICK_ROOM: Final = 60
_LEGEND_PX: Final = 430
_ROW_PX: Final = 32
_LINE_PX: Final = 21
_SCALE_BAR_SHARE: Final = 0.25
#: Characters that a line has room for, at the size it is written in.
_TITLE_LENGTH: Final = 96
_NOTE_LENGTH: Final = 54
_PER_KM: Final = 1000.0


def as_png(page: BoundaryMap) -> bytes:
    """Draw the map as a PNG.

    Raises:
        DeadlineExceeded: The request's time ended before the map was drawn.
    """
    # Loaded by the request that needs it, not by every cold start.
    import resvg_py  # noqa: PLC0415
    import ttf_opensans  # type: ignore[import-untyped]  # noqa: PLC0415

    library = Path(str(resvg_py.__file__)).parents[1]
    with as_file(files(ttf_opensans) / "ttf") as fonts:
        try:
            drawn = subprocess.run(  # noqa: S603  our own interpreter and program
                [sys.executable, "-S", "-c", _PROGRAM, *(str(fonts / name) for name in _FONTS)],
                input=as_svg(page).encode(),
                env={**os.environ, "PYTHONPATH": str(library)},
                capture_output=True,
                check=True,
                timeout=call_time_left_s(),
            )
        except subprocess.TimeoutExpired:
            raise DeadlineExceeded("The request's time ended while its map was drawn.") from None
    return drawn.stdout


def as_svg(page: BoundaryMap) -> str:
    """Draw the map with its title, scale and legend as SVG."""
    west, south, east, north = page.bounds
    # The shorter side gets land around it, so that the map is always square.
    side = max(east - west, north - south)
    left, top = (west + east - side) / 2.0, (south + north + side) / 2.0
    metres_per_pixel = side / _MAP_PX
    scale, bar_px = _scale_bar(metres_per_pixel)
    template = Template((_TEMPLATES / "boundaries.svg").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(_cut(page.title)),
        headline=escape(page.headline),
        view=f"{left:.1f} {-top:.1f} {side:.1f} {side:.1f}",
        layers="\n".join(svg_layer(layer, metres_per_pixel) for layer in page.layers),
        graticule=_graticule(page, (left, -top, side), bar_px),
        places=_places(page, (left, -top, side)),
        true_north=f"{-page.plane.north_degrees:.2f}",
        scale=scale,
        bar=f"{bar_px:.1f}",
        bar_middle=f"{bar_px / 2:.1f}",
        bar_box=f"{bar_px + 20:.1f}",
        legend=_legend(page),
    )


def _graticule(page: BoundaryMap, view: tuple[float, float, float], bar_px: float) -> str:
    """Draw lines of equal longitude and latitude, in pixels of the map.

    Their degrees stay clear of the scale bar, which is so long.
    """
    left, top, side = view
    per_pixel = side / _MAP_PX
    (east_lon, east_lat), (north_lon, north_lat) = page.degrees_per_metre
    plane = Plane(
        (-left / per_pixel, -top / per_pixel),
        page.origin_deg,
        (east_lon * per_pixel, east_lat * per_pixel),
        (-north_lon * per_pixel, -north_lat * per_pixel),
    )
    drawn = []
    for line in graticule(plane, (0.0, _MAP_PX, 0.0, _MAP_PX)):
        (x, y), (x_end, y_end) = line.start, line.end
        drawn.append(f'<path class="grid" d="M{x:.1f} {y:.1f}L{x_end:.1f} {y_end:.1f}"/>')
        if line.is_meridian and _TICK_ROOM + bar_px < x_end < _MAP_PX - _TICK_ROOM:
            drawn.append(f'<text class="tick" x="{x_end + 4:.1f}" y="994">{line.label}</text>')
        elif not line.is_meridian and _TICK_ROOM < y_end < _MAP_PX - _TICK_ROOM:
            drawn.append(f'<text class="tick end" x="994" y="{y_end - 5:.1f}">{line.label}</text>')
    return "\n".join(drawn)


def _places(page: BoundaryMap, view: tuple[float, float, float]) -> str:
    """Draw the names of places that there is room for."""
    left, top, side = view
    labels = Labels(_MAP_PX, _MAP_PX, (), 0.0)
    placed = (
        labels.over(
            name,
            (x - left) / side * _MAP_PX,
            (-y - top) / side * _MAP_PX,
            size=_PLACE_PX,
        )
        for name, x, y in page.places
    )
    return "\n".join(
        f'<text class="place" x="{one.x}" y="{one.y + 5}">{escape(one.text)}</text>'
        for one in islice(filter(None, placed), MAX_PLACES)
    )


def _scale_bar(metres_per_pixel: float) -> tuple[str, float]:
    """Return a round distance, and how long it is in pixels."""
    longest_m = _MAP_PX * _SCALE_BAR_SHARE * metres_per_pixel
    power = 10.0 ** floor(log10(longest_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= longest_m)
    label = f"{length_m / _PER_KM:g} km" if length_m >= _PER_KM else f"{length_m:g} m"
    return label, length_m / metres_per_pixel


def _legend(page: BoundaryMap) -> str:
    notes = [wrap(note, _NOTE_LENGTH) for note in page.notes]
    notes_px = sum(_LINE_PX * len(lines) + _LINE_PX // 2 for lines in notes)
    # A map of every class has more rows than its height holds; the notes name the data's licence.
    row_px = min(_ROW_PX, (_MAP_PX - notes_px) // (len(page.layers) + 1))
    rows = []
    top = 0
    for layer in reversed(page.layers):
        rows.append(
            f'<g transform="translate(0 {top})">{_swatch(layer)}'
            f'<text class="entry" x="40" y="17">{escape(layer.label)}</text>'
            f'<text class="detail" x="{_LEGEND_PX}" y="17">{escape(layer.detail)}</text></g>'
        )
        top += row_px
    top += row_px // 2
    for lines in notes:
        for line in lines:
            top += _LINE_PX
            rows.append(f'<text class="note" y="{top}">{escape(line)}</text>')
        top += _LINE_PX // 2
    return "\n".join(rows)


def _swatch(layer: Layer) -> str:
    style = STYLES[layer.kind]
    top, height = (8, 8) if layer.kind == "feature" else (4, 16)
    return (
        f'<rect x="1" y="{top}" width="26" height="{height}" fill="{layer.colour}" '
        f'fill-opacity="{style.fill_opacity:g}" stroke="{layer.colour}" '
        f'stroke-width="{style.stroke_px:g}"/>'
    )


def _cut(title: str) -> str:
    """Shorten a title that would run out of the picture."""
    return title if len(title) <= _TITLE_LENGTH else f"{title[: _TITLE_LENGTH - 1]}…"
