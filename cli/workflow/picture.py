"""A plan as a picture: an SVG that needs nothing else, light or dark as its reader's screen is."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cli.errors import CommandError
from cli.workflow.layout import Layout, Spot, laid_out
from cli.workflow.plans import Plan, Step, limits_of
from tradewind.workflow.engine.calls import BY_NAME

#: Steps; more are no picture that anybody could read.
MOST_STEPS: Final = 400
_WIDTH, _HEIGHT = 208.0, 64.0
_MARGIN, _TOP = 36.0, 92.0
#: Of a screen: how much wider than high a picture is rather drawn from left to right.
_WIDE: Final = 6
#: How many characters of each size fit into a box.
_NAME_FITS, _DETAIL_FITS, _WHEN_FITS = 23, 30, 26
_STYLE: Final = """
text{font-family:system-ui,sans-serif}
.page{fill:#f7f9fb}.card{fill:#fff;stroke:#d5dde5}
.line{stroke:#8fa1b3;fill:none;stroke-width:1.6}.tip{fill:#8fa1b3}
.back{stroke:#c2703d;stroke-dasharray:5 4}.backtip{fill:#c2703d}
.title{font-size:20px;font-weight:600;fill:#15293c}.about{font-size:13px;fill:#5b6d7e}
.name{font-size:14px;font-weight:600;fill:#15293c}.detail,.when{font-size:11.5px;fill:#5b6d7e}
.when{stroke:#f7f9fb;stroke-width:5;stroke-linejoin:round;paint-order:stroke}
.agent{fill:#1f7a8c}.agents{fill:#5b5ea6}.person{fill:#d98a1f}
@media(prefers-color-scheme:dark){
.page{fill:#10181f}.card{fill:#1a252f;stroke:#31414f}.line{stroke:#6f8497}.tip{fill:#6f8497}
.title,.name{fill:#e8eef3}.about,.detail,.when{fill:#a3b3c1}.when{stroke:#10181f}
.back{stroke:#e0915f}.backtip{fill:#e0915f}}
"""


@dataclass(frozen=True, slots=True)
class _Frame:
    """How places become points: layers go down the page, or to the right."""

    layout: Layout
    sideways: bool

    @property
    def _steps(self) -> tuple[float, float]:
        """The distance of neighbours in a layer, and of layers."""
        return (_HEIGHT + 30, _WIDTH + 92) if self.sideways else (_WIDTH + 40, _HEIGHT + 60)

    def center(self, spot: Spot, layer: int) -> tuple[float, float]:
        """A spot's middle."""
        along, down = self._steps
        across, deep = self.layout.across[spot] * along, layer * down
        x, y = (deep, across) if self.sideways else (across, deep)
        return x + _MARGIN + _WIDTH / 2, y + _TOP + _HEIGHT / 2

    def size(self, loops: int) -> tuple[float, float]:
        """Of the whole picture, with room for the ways back."""
        along, down = self._steps
        across = max(self.layout.across.values(), default=0) * along
        deep = max(len(self.layout.layers) - 1, 0) * down
        x, y = (deep, across) if self.sideways else (across, deep)
        room = 40.0 + 26 * loops if loops else 0.0
        wide, high = (0.0, room) if self.sideways else (room, 0.0)
        return x + _WIDTH + 2 * _MARGIN + wide, y + _HEIGHT + _TOP + _MARGIN + high


def draw(plan: Plan) -> str:
    """The picture's text.

    Raises:
        CommandError: There are too many steps for one.
    """
    if len(plan.steps) > MOST_STEPS or len(plan.ways) > 4 * MOST_STEPS:
        raise CommandError(
            f"{len(plan.steps)} steps are too many for a picture (at most {MOST_STEPS}); "
            "take --format md or json"
        )
    layout = laid_out(
        [step.name for step in plan.steps], [(way.source, way.target) for way in plan.ways]
    )
    widest = max((len(layer) for layer in layout.layers), default=0)
    frame = _Frame(layout, sideways=widest >= _WIDE or widest > len(layout.layers) > 1)
    layer_of: dict[Spot, int] = {
        spot: number for number, layer in enumerate(layout.layers) for spot in layer
    }
    width, height = frame.size(len(layout.back))
    title = f"{plan.name}: {plan.pattern}"
    about = f"{plan.pattern} · {limits_of(plan)}"
    width = max(width, 2 * _MARGIN + 7.2 * len(about))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" '
        f"aria-label={quoteattr(_plain(title))}>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}"/>',
        _text("title", _MARGIN, 40, _cut(plan.name, int(width / 11))),
        _text("about", _MARGIN, 62, about),
    ]
    labels: list[str] = []
    loops = 0
    for number, way in enumerate(plan.ways):
        route = layout.routes[number]
        points = [frame.center(spot, layer_of[spot]) for spot in route]
        if number in layout.back:
            loops += 1
            path, at = _loop(frame, points, loops)
        else:
            path, at = _line(frame, points)
        name = "line back" if number in layout.back else "line"
        tip = _tip(frame, points[-1], back=number in layout.back)
        parts.append(f'<path class="{name}" d="{path}"/>{tip}')
        if way.when:
            labels.append(_text("when", *at, _cut(way.when.strip("{} "), _WHEN_FITS), middle=True))
    parts += [_box(step, *frame.center(step.name, layer_of[step.name])) for step in plan.steps]
    return "\n".join([*parts, *labels, "</svg>", ""])


def _line(frame: _Frame, points: list[tuple[float, float]]) -> tuple[str, tuple[float, float]]:
    """A way forward: a curve from layer to layer, and where its label is."""
    half = _half(frame)
    first = _shifted(frame, points[0], half)
    last = _shifted(frame, points[-1], -half - 7)
    stops = [first, *points[1:-1], last]
    path = f"M{first[0]:.1f},{first[1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(stops):
        if frame.sideways:
            bend = (x + to_x) / 2
            path += f"C{bend:.1f},{y:.1f} {bend:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
        else:
            bend = (y + to_y) / 2
            path += f"C{x:.1f},{bend:.1f} {to_x:.1f},{bend:.1f} {to_x:.1f},{to_y:.1f}"
    (x, y), (to_x, to_y) = stops[0], stops[1]
    return path, ((x + to_x) / 2, (y + to_y) / 2 + 4)


def _loop(
    frame: _Frame, points: list[tuple[float, float]], loops: int
) -> tuple[str, tuple[float, float]]:
    """A way back: around the outside, each further out than the one before."""
    (x, y), (to_x, to_y) = points[0], points[-1]
    width, height = frame.size(0)
    if frame.sideways:
        out = height - _MARGIN + 26 * loops
        y, low = y + _HEIGHT / 2, to_y + _HEIGHT / 2 + 7
        path = f"M{x:.1f},{y:.1f}C{x:.1f},{out:.1f} {to_x:.1f},{out:.1f} {to_x:.1f},{low:.1f}"
        return path, ((x + to_x) / 2, (y + 3 * out) / 4 + 4)
    out = width - _MARGIN + 44 + 26 * loops
    x, end = x + _WIDTH / 2, to_x + _WIDTH / 2 + 7
    path = f"M{x:.1f},{y:.1f}C{out:.1f},{y:.1f} {out:.1f},{to_y:.1f} {end:.1f},{to_y:.1f}"
    return path, ((max(x, end) + 3 * out) / 4 - 30, (y + to_y) / 2 + 4)


def _tip(frame: _Frame, point: tuple[float, float], *, back: bool) -> str:
    """An arrow's head, at the side of the box that the way comes from."""
    x, y = point
    turn = 0
    if back and frame.sideways:
        y, turn = y + _HEIGHT / 2, 180
    elif back:
        x, turn = x + _WIDTH / 2, 90
    elif frame.sideways:
        x, turn = x - _WIDTH / 2, -90
    else:
        y -= _HEIGHT / 2
    # Drawn as it points down.
    name = "backtip" if back else "tip"
    return (
        f'<path class="{name}" transform="translate({x:.1f},{y:.1f})rotate({turn})" '
        'd="M-5,-9L5,-9L0,-1Z"/>'
    )


def _box(step: Step, x: float, y: float) -> str:
    left, top = x - _WIDTH / 2, y - _HEIGHT / 2
    who = {"person": "a person answers", "agents": f"{step.agent}, once per task"}.get(
        step.kind, step.agent or ""
    )
    behind = (
        f'<rect class="card" x="{left + 6:.1f}" y="{top + 6:.1f}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" rx="9"/>'
        if step.kind == "agents"
        else ""
    )
    told = "\n".join(filter(None, (step.name, who, step.model, step.asks)))
    return (
        f"<g><title>{escape(_plain(told))}</title>{behind}"
        f'<rect class="card" x="{left:.1f}" y="{top:.1f}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" rx="9"/>'
        f'<rect class="{step.kind}" x="{left:.1f}" y="{top + 9:.1f}" width="4" '
        f'height="{_HEIGHT - 18}" rx="2"/>'
        + _text("name", left + 16, top + 23, _cut(step.name, _NAME_FITS))
        + _text("detail", left + 16, top + 40, _cut(who, _DETAIL_FITS))
        + _text("detail", left + 16, top + 54, _cut(_short_model(step), _DETAIL_FITS))
        + "</g>"
    )


def _short_model(step: Step) -> str:
    """The end of the model's name; its beginning is the same in every box."""
    if step.model == BY_NAME:
        return BY_NAME
    return re.split(r"[./ ]", step.model or "")[-1]


def _half(frame: _Frame) -> float:
    return (_WIDTH if frame.sideways else _HEIGHT) / 2


def _shifted(frame: _Frame, point: tuple[float, float], by: float) -> tuple[float, float]:
    x, y = point
    return (x + by, y) if frame.sideways else (x, y + by)


def _text(name: str, x: float, y: float, text: str, *, middle: bool = False) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}"{anchor}>{escape(_plain(text))}</text>'


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(one if one.isprintable() or one == "\n" else "?" for one in text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
