"""One look for every chart: sizes, colours that colour-blind readers can tell apart, and PNG."""

import io
import os
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

# Matplotlib keeps its list of fonts in a folder; a function's home cannot be written to.
os.environ.setdefault("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "matplotlib"))

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's palette, which stays distinct in the common kinds of colour blindness.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
SKY: Final = "#56B4E9"
#: Of turbines that stand already, as on the other maps.
TEAL: Final = "#0F6E84"
INK: Final = "#1F2933"
GRID: Final = "#CBD2D9"
#: Slow to fast, dark to light in grey as well.
SEQUENCE: Final = "cividis"

_DPI: Final = 150
_RC: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": "white",
}


#: Matplotlib is not made for threads: its settings are everybody's, and whoever sets them back
#: takes them from a drawing that another thread is at. Tools run in threads, several at once.
_drawing: Final = threading.Lock()


class Sheet:
    """A figure in this look; ``with`` it, draw on ``figure``, then take ``png``. One at a time."""

    def __init__(self, width_in: float, height_in: float) -> None:
        self._size = (width_in, height_in)
        self._look = ExitStack()

    def __enter__(self) -> "Sheet":
        with ExitStack() as look:
            look.enter_context(_drawing)
            look.enter_context(mpl.rc_context(_RC))
            self.figure = Figure(figsize=self._size, dpi=_DPI, layout="constrained")
            FigureCanvasAgg(self.figure)
            self._look = look.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._look.close()

    def png(self) -> bytes:
        """Return the figure as a PNG, the same bytes for the same drawing."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def horizontal_grid(axes: "Axes") -> None:
    """Help the eye from a bar's top to the scale."""
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)


def outlined(colour: str = INK, width: float = 1.8) -> list[Any]:
    """Return path effects that set a text off from what it stands on."""
    from matplotlib import patheffects  # noqa: PLC0415

    return [patheffects.withStroke(linewidth=width, foreground=colour)]


def headline(sheet: Sheet, text: str) -> None:
    """Write a title from the sheet's left edge, where a plot is narrower than its title."""
    sheet.figure.suptitle(text, x=0.02, ha="left", fontsize=12, fontweight="bold")


def colours(count: int) -> list[Any]:
    """Return so many colours of one sequence."""
    from matplotlib import colormaps  # noqa: PLC0415

    if count == 1:
        return [BLUE]
    return [colormaps[SEQUENCE](at / (count - 1)) for at in range(count)]
