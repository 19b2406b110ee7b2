"""A report as pages: one HTML file that stands alone, and a PDF. Both show the same content."""

import functools
import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from siting.documents.report.blocks import Report
from siting.documents.report.inputs import ENERGY_MAP, WAKE_MAP
from siting.documents.site_map import SiteMap, View
from siting.documents.wording import breakable

if TYPE_CHECKING:
    from jinja2 import Environment

#: Characters of the title in the running head, which is one line.
_SHORT_TITLE_LENGTH: Final = 60
#: In the compiler's message on a character that no font has.
_NO_GLYPH: Final = "could not be displayed"
_MAIN: Final = "report.typ"
#: What a map shows, for those who cannot see it.
_SHOWS: Final[Mapping[View, str]] = {
    "land": "Map of the site with its exclusion zones",
    "energy": "Map of the energy of each turbine",
    "wakes": "Map of the wakes in the main wind",
}
#: How much of a printed page's width a map takes; the site's takes all, and a page of its own.
_MAP_PERCENT: Final = {ENERGY_MAP: 84, WAKE_MAP: 84}
_TEMPLATES: Final = files("siting.documents") / "templates"
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD: Final = 12
#: Pixels on a side; a chart is far below.
_MAX_SIDE_PX: Final = 10_000
#: A picture this many times as wide as high takes the page's whole width; a narrower one less, so
#: that none is higher than this one.
_FULL_WIDTH_RATIO: Final = 3.0


class Picture(NamedTuple):
    """A PNG.

    Attributes:
        body: Its bytes.
        width_px: Its width.
        height_px: Its height.
    """

    body: bytes
    width_px: int
    height_px: int

    @property
    def width_percent(self) -> int:
        """How much of the page's width it takes."""
        return round(min(100.0, 100.0 * self.width_px / self.height_px / _FULL_WIDTH_RATIO))


class Pdf(NamedTuple):
    """A PDF.

    Attributes:
        body: Its bytes.
        every_character: Whether its fonts have every character; boxes stand for those they lack.
    """

    body: bytes
    every_character: bool


def read_png(body: bytes) -> Picture | None:
    """Read a PNG's size, or return None for what is not a whole and undamaged one."""
    if not body.startswith(_PNG_SIGNATURE):
        return None
    at, size = len(_PNG_SIGNATURE), (0, 0)
    while at + _CHUNK_OVERHEAD <= len(body):
        (length,) = struct.unpack_from(">I", body, at)
        end = at + _CHUNK_OVERHEAD + length
        if end > len(body):
            return None
        kind = body[at + 4 : at + 8]
        if zlib.crc32(body[at + 4 : end - 4]) != struct.unpack_from(">I", body, end - 4)[0]:
            return None
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body, at + 8)
        if kind == b"IEND":
            return Picture(body, *size) if all(0 < one <= _MAX_SIDE_PX for one in size) else None
        at = end
    return None


def site_map_svg(site_map: SiteMap, *, wind_from_degrees: float | None) -> str:
    """Draw the map as SVG.

    Args:
        site_map: Its shapes.
        wind_from_degrees: Where the main wind comes from, degrees from north, clockwise.
    """
    return (
        templates()
        .get_template("site_map.svg")
        .render(
            map=site_map,
            wind_from_degrees=wind_from_degrees,
            alt=f"{_SHOWS[site_map.view]}, {len(site_map.turbines)} turbines",
        )
    )


def as_html(report: Report, maps: Mapping[str, str], pictures: Mapping[str, Picture]) -> str:
    """Set the report as an HTML file that needs no other.

    Args:
        report: What it says.
        maps: The maps as SVG, by name.
        pictures: The other figures, by name.
    """
    # Some 70 ms to import: paid by the request that needs it, not by every cold start.
    from markupsafe import Markup  # noqa: PLC0415

    return (
        templates()
        .get_template("report.html")
        .render(
            report=report,
            # Our own template made them, escaped.
            maps={name: Markup(svg) for name, svg in maps.items()},  # noqa: S704
            pictures={
                name: f"data:image/png;base64,{b64encode(picture.body).decode()}"
                for name, picture in pictures.items()
            },
            widths={name: picture.width_percent for name, picture in pictures.items()},
        )
    )


def as_pdf(
    report: Report,
    maps: Mapping[str, str],
    pictures: Mapping[str, Picture],
    written_at: datetime,
) -> Pdf:
    """Set the report as a tagged PDF (PDF/UA-1), its fonts embedded.

    Latin, Greek, Cyrillic, Hebrew and Arabic letters are shown. A text with others still becomes
    a PDF, though not by that standard.

    Args:
        report: What it says.
        maps: The maps as SVG, by name.
        pictures: The other figures, by name.
        written_at: The file's date, in UTC.
    """
    # Loads a compiler of 80 MB, of which few pages are touched: not at every cold start.
    import ttf_opensans  # type: ignore[import-untyped]  # noqa: PLC0415
    import typst  # noqa: PLC0415

    inputs = {
        _MAIN: (_TEMPLATES / _MAIN).read_bytes(),
        "report.json": json.dumps(_for_pdf(report, pictures), ensure_ascii=False).encode(),
        **{name: svg.encode() for name, svg in maps.items()},
        **{name: picture.body for name, picture in pictures.items()},
    }
    # The compiler reads pictures from files only, and nothing outside of its root.
    with TemporaryDirectory() as folder, as_file(files(ttf_opensans)) as fonts:
        for name, body in inputs.items():
            (Path(folder) / name).write_bytes(body)

        def compiled(*standards: Literal["ua-1"]) -> bytes:
            return typst.compile(
                str(Path(folder) / _MAIN),
                root=folder,
                font_paths=[str(fonts)],
                ignore_system_fonts=True,
                timestamp=written_at,
                pdf_standards=list(standards),
            )

        try:
            return Pdf(compiled("ua-1"), every_character=True)
        except typst.TypstError as error:
            if _NO_GLYPH not in error.message:
                raise
        # The standard forbids boxes in place of letters. A report with some is better than none.
        return Pdf(compiled(), every_character=False)


def _for_pdf(report: Report, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    document = asdict(report)
    document["title"] = breakable(report.title)
    document["short_title"] = (
        f"{report.title[:_SHORT_TITLE_LENGTH]}…"
        if len(report.title) > _SHORT_TITLE_LENGTH
        else report.title
    )
    for section in document["sections"]:
        for block in section["blocks"]:
            block["columns"] = [column._asdict() for column in block["columns"]]
            picture = pictures.get(block["image"])
            block["width"] = (
                picture.width_percent if picture else _MAP_PERCENT.get(block["image"], 100)
            )
    document["summary"] = [one._asdict() for one in report.summary]
    document["key_figures"] = [one._asdict() for one in report.key_figures]
    return document


@functools.cache
def templates() -> "Environment":
    """Return the templates, which escape what they are given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("siting.documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
