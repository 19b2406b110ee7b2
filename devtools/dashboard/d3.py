"""The chart library D3, out of ``node_modules``: its source and its licences, for one script."""

from functools import cache
from pathlib import Path
from typing import Final

NODE_MODULES: Final = Path(__file__).parents[2] / "node_modules"
#: D3's modules that the charts use, and what those build on, in the order they must be loaded.
MODULES: Final = (
    "internmap", "d3-array", "d3-color", "d3-format", "d3-path", "d3-time", "d3-time-format",
    "d3-interpolate", "d3-scale", "d3-selection", "d3-axis", "d3-shape",
)  # fmt: skip


class LibraryMissing(Exception):
    """The chart library is not installed; the message says how to install it."""


@cache
def source(folder: Path) -> str:
    """Return the library as one script that begins with its licences.

    Raises:
        LibraryMissing: A module of it is not in the folder.
    """
    scripts: list[str] = []
    licences: dict[str, list[str]] = {}
    try:
        for name in MODULES:
            scripts.append((folder / name / "dist" / f"{name}.min.js").read_text(encoding="utf-8"))
            licence = (folder / name / "LICENSE").read_text(encoding="utf-8")
            licences.setdefault(licence, []).append(name)
    except OSError as error:
        raise LibraryMissing(
            f"The page's chart library is not installed ({name} is not in {folder}); "
            "`make setup` or `npm ci` installs it."
        ) from error
    notices = [f"/*! {', '.join(names)}\n\n{text}*/" for text, names in licences.items()]
    return "\n".join([*notices, *scripts])
