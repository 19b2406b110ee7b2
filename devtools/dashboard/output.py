"""Dashboards as files: HTML that opens anywhere, and PNG for a pull request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from devtools.dashboard.browser import WidgetState, chromium
from devtools.dashboard.document import TimeRange
from devtools.dashboard.page import page
from devtools.dashboard.preview import Preview

Theme = Literal["light", "dark"]

_WIDTH: Final = 1600
_THEMES: Final[tuple[Theme, ...]] = ("light", "dark")


@dataclass(frozen=True)
class Written:
    """A dashboard's files.

    Attributes:
        name: The dashboard.
        html: Holds its data; needs no server.
        pictures: A PNG per theme; none without a browser.
        widgets: What became of each widget; empty without a browser.
        problems: What the page's console was told.
        refused: Why CloudWatch would refuse the dashboard as a whole.
    """

    name: str
    html: Path
    pictures: tuple[Path, ...] = ()
    widgets: tuple[WidgetState, ...] = ()
    problems: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def broken(self) -> list[WidgetState]:
        """The widgets that cannot be drawn whatever the data."""
        return [widget for widget in self.widgets if widget.state == "error"]


def write(
    out: Path,
    preview: Preview,
    *,
    names: Sequence[str] | None = None,
    time_range: TimeRange | None = None,
    pictures: bool = True,
    themes: Sequence[Theme] = _THEMES,
    width: int = _WIDTH,
) -> list[Written]:
    """Write dashboards to a folder, as ``NAME.html``, ``NAME-light.png`` and ``NAME-dark.png``.

    Args:
        out: The folder; made when it is missing, and what it holds is left alone.
        preview: The dashboards and their data.
        names: Which; None for all.
        time_range: None for each dashboard's own.
        pictures: Whether to write PNG too, for which a Chromium is needed.
        themes: Of the pictures.
        width: Of the pictures, in pixels.

    Raises:
        BrowserError: Pictures are wanted and there is no browser. The HTML is written by then.
        SourceError: The source does not answer.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name in preview.names if names is None else names:
        filled = preview.document(name, time_range=time_range, href=lambda n: f"{_file(n)}.html")
        path = out / f"{_file(filled['name'])}.html"
        path.write_text(page(filled), encoding="utf-8")
        written.append(Written(filled["name"], path, refused=tuple(filled["problems"])))
    return _with_pictures(written, themes, width) if pictures else written


def _with_pictures(
    written: Sequence[Written], themes: Sequence[Theme], width: int
) -> list[Written]:
    done = []
    with chromium() as browser:
        tab = browser.open(width=width)
        for one in written:
            pictures, problems = [], []
            for theme in themes:
                tab.goto(f"{one.html.resolve().as_uri()}?theme={theme}")
                picture = one.html.with_name(f"{one.html.stem}-{theme}.png")
                tab.picture(picture)
                pictures.append(picture)
                problems += tab.problems()
            done.append(
                replace(
                    one,
                    pictures=tuple(pictures),
                    widgets=tuple(tab.widgets()),
                    problems=tuple(problems),
                )
            )
    return done


def _file(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
