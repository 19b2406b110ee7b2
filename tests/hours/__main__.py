"""Draw the overview and the ill agent's dashboard on each of the hours."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cli.dashboard import ASSEMBLY
from devtools.dashboard.output import write
from tests.hours.kept import preview_of
from tests.hours.requests import ILL, Hour

#: Of a laptop, and of a screen on a wall.
WIDTHS: Final = (1280, 1920)


def main(
    out: Path, templates: Path, hours: Iterable[Hour] = Hour, widths: Iterable[int] = WIDTHS
) -> None:
    """Write the pictures to ``OUT/HOUR/WIDTH``."""
    for hour in hours:
        preview = preview_of(templates, hour)
        shown = [preview.full_name(name) for name in ("overview", ILL)]
        for width in widths:
            for one in write(out / hour / str(width), preview, names=shown, width=width):
                print(*one.pictures, *one.problems, *one.broken, sep="\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [out]:
            main(Path(out), ASSEMBLY)
        case [out, templates]:
            main(Path(out), Path(templates))
        case _:
            sys.exit("python -m tests.hours OUT [TEMPLATES]")
