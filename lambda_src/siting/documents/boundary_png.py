"""The map of a site's boundaries as a PNG: the map on the left, its legend on the right.

Drawn with Pillow: areas, lines and a legend need no more, and a plotting library would add half as
much again to the bundle.
"""

import io
from math import floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from siting.documents.boundary_map import BoundaryMap, Layer, flat_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAP_PX: Final = 1000
_LEGEND_PX: Final = 430
_MARGIN: Final = 28
_HEADER_PX: Final = 96
_ROW_PX: Final = 32
#: Everything is drawn this many times larger and then made smaller, which smooths its edges.
_OVERSAMPLING: Final = 2
_SCALE_BAR_SHARE: Final = 0.25

_INK: Final = "#1d2a35"
_PALE_INK: Final = "#56616b"
_PAPER: Final = "#ffffff"
_GROUND: Final = "#f4f2ec"
#: How much of a layer's colour covers what is below, 0 to 255.
_FILL_ALPHA: Final = {"area": 95, "zone": 76, "feature": 225, "outline": 0}
_LINE_PX: Final = {"area": 1, "zone": 1, "feature": 2, "outline": 3}

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def as_png(page: BoundaryMap) -> bytes:
    """Draw the map."""
    picture = _Picture(page)
    for layer in page.layers:
        picture.draw(layer)
    picture.write_around()
    return picture.png()


class _Picture:
    def __init__(self, page: BoundaryMap) -> None:
        self._page = page
        west, south, east, north = page.bounds
        map_px = _MAP_PX * _OVERSAMPLING
        self._scale = map_px / max(east - west, north - south)
        # The shorter side gets land around it, so that the map is always square.
        self._left = (west + east) / 2.0 - map_px / self._scale / 2.0
        self._top = (south + north) / 2.0 + map_px / self._scale / 2.0
        self._map = Image.new("RGB", (map_px, map_px), _GROUND)
        self._image = Image.new("RGB", (0, 0))

    def draw(self, layer: Layer) -> None:
        """Draw a layer over what is there: its areas see-through, its lines not."""
        cover = Image.new("L", self._map.size, 0)
        pen = ImageDraw.Draw(cover)
        parts = [part for one in layer.drawn for part in flat_parts(one.shape)]
        areas = [part for part in parts if isinstance(part, Polygon)]
        lines = [part for part in parts if not isinstance(part, Polygon)]
        # What lies in another's hole is drawn after it.
        for area in sorted(areas, key=lambda part: -Polygon(part.exterior).area):
            self._fill(pen, area, _FILL_ALPHA[layer.kind])
        width = _LINE_PX[layer.kind] * _OVERSAMPLING
        for line in (*(ring for area in areas for ring in shapely.get_rings(area)), *lines):
            self._trace(pen, line, width)
        drawn = cover.getbbox()
        if drawn:
            self._map.paste(layer.colour, drawn, cover.crop(drawn))

    def _fill(self, pen: ImageDraw.ImageDraw, area: Polygon, alpha: int) -> None:
        outside, *holes = shapely.get_rings(area)
        pen.polygon(self._pixels(outside), fill=alpha)
        for hole in holes:
            pen.polygon(self._pixels(hole), fill=0)

    def _trace(self, pen: ImageDraw.ImageDraw, line: BaseGeometry, width: int) -> None:
        pixels = self._pixels(line)
        if len(pixels) > 1:
            pen.line(pixels, fill=255, width=width, joint="curve")
        else:
            ((x, y),) = pixels
            pen.ellipse((x - width, y - width, x + width, y + width), fill=255)

    def _pixels(self, line: BaseGeometry) -> "Sequence[tuple[float, float]]":
        points = shapely.get_coordinates(line)
        pixels = np.column_stack((points[:, 0] - self._left, self._top - points[:, 1]))
        return [(x, y) for x, y in (pixels * self._scale).tolist()]

    def write_around(self) -> None:
        """Put title, scale bar, north arrow and legend around the map."""
        smaller = self._map.resize((_MAP_PX, _MAP_PX), Image.Resampling.LANCZOS)
        width = _MAP_PX + _LEGEND_PX + 3 * _MARGIN
        self._image = Image.new("RGB", (width, _HEADER_PX + _MAP_PX + _MARGIN), _PAPER)
        self._image.paste(smaller, (_MARGIN, _HEADER_PX))
        pen = ImageDraw.Draw(self._image)
        pen.text(
            (_MARGIN, 18), _fitting(self._page.title, 26, width - 2 * _MARGIN), _INK, _font(26)
        )
        pen.text((_MARGIN, 56), _plain(self._page.headline), _PALE_INK, _font(19))
        pen.rectangle(
            (_MARGIN, _HEADER_PX, _MARGIN + _MAP_PX - 1, _HEADER_PX + _MAP_PX - 1), outline=_INK
        )
        self._scale_bar(pen)
        _north_arrow(pen)
        self._legend(pen)

    def _scale_bar(self, pen: ImageDraw.ImageDraw) -> None:
        pixels_per_metre = self._scale / _OVERSAMPLING
        longest_m = _MAP_PX * _SCALE_BAR_SHARE / pixels_per_metre
        power = 10.0 ** floor(log10(longest_m))
        length_m = max(step * power for step in (1, 2, 5) if step * power <= longest_m)
        label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"  # noqa: PLR2004
        left, bottom = _MARGIN + 20, _HEADER_PX + _MAP_PX - 22
        right = left + round(length_m * pixels_per_metre)
        pen.rectangle((left - 10, bottom - 38, right + 10, bottom + 10), fill=_PAPER)
        pen.line(
            [(left, bottom - 8), (left, bottom), (right, bottom), (right, bottom - 8)], _INK, 3
        )
        pen.text(((left + right) / 2, bottom - 34), label, _INK, _font(17), anchor="ma")

    def _legend(self, pen: ImageDraw.ImageDraw) -> None:
        left, top = _MAP_PX + 2 * _MARGIN, _HEADER_PX
        right = left + _LEGEND_PX
        for layer in reversed(self._page.layers):
            _swatch(self._image, (left, top + 4), layer)
            pen.text((left + 40, top), layer.label, _INK, _font(18))
            pen.text((right, top + 1), _plain(layer.detail), _PALE_INK, _font(17), anchor="ra")
            top += _ROW_PX
        top += _ROW_PX // 2
        for note in self._page.notes:
            for line in _wrapped(_plain(note), 15, _LEGEND_PX):
                pen.text((left, top), line, _PALE_INK, _font(15))
                top += 21
            top += 10

    def png(self) -> bytes:
        """The picture."""
        buffer = io.BytesIO()
        self._image.save(buffer, "PNG")
        return buffer.getvalue()


def _swatch(image: Image.Image, at: tuple[int, int], layer: Layer) -> None:
    size = (26, 16) if layer.kind != "feature" else (26, 8)
    shift = 0 if layer.kind != "feature" else 4
    cover = Image.new("L", size, _FILL_ALPHA[layer.kind])
    edge = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(cover).rectangle(edge, outline=255, width=max(1, _LINE_PX[layer.kind] - 1))
    image.paste(layer.colour, (at[0], at[1] + shift), mask=cover)


def _north_arrow(pen: ImageDraw.ImageDraw) -> None:
    x, y = _MARGIN + 30, _HEADER_PX + 20
    pen.rectangle((x - 18, y - 8, x + 18, y + 62), fill=_PAPER)
    pen.text((x, y - 4), "N", _INK, _font(19), anchor="ma")
    pen.polygon([(x, y + 20), (x + 10, y + 56), (x, y + 46), (x - 10, y + 56)], fill=_INK)


def _plain(text: str) -> str:
    """Spell a text in the characters that Pillow's own font has."""
    spelled = text.replace("²", "2").replace("©", "(c)")
    return spelled.encode("ascii", "replace").decode()


def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def _fitting(text: str, size: int, width: int) -> str:
    """Shorten a line that would run out of the picture."""
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _wrapped(text: str, size: int, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_fitting(word, size, width))
    return lines
