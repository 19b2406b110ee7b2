"""A trace as a page: a bar for each span on one axis of time. It needs no network and no script.

Whatever a trace holds is data: everything is escaped, and the page's own policy would run nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.errors import CommandError
from cli.pages import templates_in
from cli.workflow.traces import Event, Row, Trace

_TEMPLATES: Final = Path(__file__).parent / "templates"
#: What a page of ours says of who made it.
MAKER: Final = '<meta name="generator" content="tradewind trace">'
#: Spans are nested no deeper on the page: runs are four deep, and browsers give up at 512.
_DEEPEST: Final = 12
#: Lines of time, at most.
_TICKS: Final = 6
#: A bar is never thinner than this, in percent; else nobody would see it.
_THINNEST: Final = 0.25
_LONGEST_VALUE: Final = 2000
#: Of a page, where it says who made it.
_HEAD: Final = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on a bar's line; ``at`` in percent of the axis."""

    at: float
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Line:
    """A span on the page. ``left`` and ``width`` are in percent of the axis.

    Attributes:
        after: The markup that ends it, or begins the list of those in it.
    """

    row: Row
    depth: int
    left: float
    width: float
    start: str
    length: str
    marks: list[Mark]
    facts: list[tuple[str, str]]
    after: str


def draw(trace: Trace, found: Sequence[Row]) -> str:
    """The page.

    Args:
        trace: The trace.
        found: Its rows.
    """
    total = max(0.001, *(row.start_ms + row.span.duration_ms for row in found))
    environment = templates_in(_TEMPLATES)
    page = environment.get_template("trace.html").render(
        trace=trace,
        maker=MAKER,
        lines=_lines(found, total),
        ticks=[(100 * at / total, readable_ms(at)) for at in _ticks(total)],
        duration=readable_ms(trace.duration_ms),
        failed=sum(row.failed for row in found),
        began=min(row.span.start_time for row in found).strftime("%-d %B %Y, %H:%M:%S %Z"),
        style=(_TEMPLATES / "trace.css").read_text(encoding="utf-8"),
    )
    # Half of a character, which JSON can hold, is none in UTF-8.
    return page.encode("utf-8", "replace").decode("utf-8")


def readable_ms(milliseconds: float) -> str:
    """A length of time for people."""
    for size, unit in ((3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")):
        # What rounds to 1,000 ms is a second.
        if milliseconds >= 0.9995 * size:
            return f"{_three_digits(milliseconds / size)} {unit}"
    return f"{_three_digits(milliseconds)} ms" if milliseconds else "0"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004  as many digits


def _lines(found: Sequence[Row], total: float) -> list[Line]:
    depths = [min(row.depth, _DEEPEST) for row in found]
    lines = []
    for row, depth, after in zip(found, depths, [*depths[1:], 0], strict=True):
        left = min(100 * row.start_ms / total, 100 - _THINNEST)
        width = max(100 * row.span.duration_ms / total, _THINNEST)
        lines.append(
            Line(
                row,
                depth,
                left,
                min(width, 100 - left),
                readable_ms(row.start_ms),
                readable_ms(row.span.duration_ms),
                [_mark(row, event, total) for event in row.span.events],
                [(name, _value(value)) for name, value in row.span.attributes.items()],
                "<ol>" if after > depth else "</li>" + "</ol></li>" * (depth - after),
            )
        )
    return lines


def _mark(row: Row, event: Event, total: float) -> Mark:
    after = min(max(row.after_ms(event), 0), total)
    facts = ", ".join(f"{name} {_value(value)}" for name, value in event.attributes.items())
    about = f"at {readable_ms(after)}: {facts}" if facts else f"at {readable_ms(after)}"
    return Mark(100 * after / total, event.name, about)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _ticks(total: float) -> list[float]:
    """Round times from nothing to the end."""
    step = 10.0**-3
    while total / step > _TICKS:
        for factor in (2, 5, 10):
            if total / (step * factor) <= _TICKS:
                return _every(step * factor, total)
        step *= 10
    return _every(step, total)


def _every(step: float, total: float) -> list[float]:
    return [step * number for number in range(int(total / step) + 1)]


def write(page: str, file: Path, *, replace: bool) -> None:
    """Write a page.

    Args:
        page: The page.
        file: Where to.
        replace: Whether it may take the place of any file; else of a page of this kind only.

    Raises:
        CommandError: It cannot be written, or would replace something else.
    """
    try:
        if not replace and file.exists():
            with file.open("rb") as opened:
                if MAKER.encode() not in opened.read(_HEAD):
                    raise CommandError(f"{file} is there, and no page of a trace: say --out")
        file.write_text(page, encoding="utf-8")
    except OSError as failed:
        raise CommandError(f"{file} cannot be written: {failed.strerror or failed}") from None
