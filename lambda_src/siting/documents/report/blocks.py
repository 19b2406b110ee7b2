"""What a report is made of: sections of text, lists, figures and tables.

Standard library only. The page and the PDF are two settings of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from siting.crew import SIMULATION
from siting.documents.report.inputs import Chart, Inputs
from tradewind.run.tools import Source


class Column(NamedTuple):
    """A table's column; numbers stand to the right."""

    title: str
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section.

    Attributes:
        kind: ``text``, ``note``, ``list``, ``figure`` or ``table``.
        text: A paragraph, or a caption.
        items: A list's items.
        label: A figure's or a table's own, such as "Table 1".
        sources: The artifacts that a figure or table shows, ``{agent}/{file}``.
        image: A figure's picture, by name.
        columns: A table's columns.
        rows: Its rows.
        totals: Rows that sum up, at its end.
    """

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    label: str = ""
    sources: tuple[str, ...] = ()
    image: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    totals: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


class KeyFigure(NamedTuple):
    """A figure of the cover."""

    label: str
    value: str
    unit: str


class Answer(NamedTuple):
    """What whoever decides asks first, and what is to be said."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        title: Its title.
        project_id: The project it is about.
        written_at: When, as it is printed.
        key_figures: The cover's.
        notes: What a reader has to know before any figure.
        summary: The whole of it on one page.
        about: How the report came about.
        sections: The report itself.
    """

    title: str
    project_id: str
    written_at: str
    key_figures: tuple[KeyFigure, ...]
    notes: tuple[str, ...]
    summary: tuple[Answer, ...]
    about: str
    sections: tuple[Section, ...]


class Numbering:
    """Figures and tables, numbered in the order in which they are asked for."""

    def __init__(self, inputs: Inputs) -> None:
        self._charts = inputs.charts
        self._figures = 0
        self._tables = 0

    def figure(self, image: str, caption: str, *sources: Source) -> Block:
        """A picture that is drawn for the report."""
        return self._figure(image, caption, tuple(source.name for source in sources))

    def chart(self, chart: Chart) -> tuple[Block, ...]:
        """A chart, or nothing where there is none of the energy at hand."""
        if chart.file_name not in self._charts:
            return ()
        return (self._figure(chart.file_name, chart.shows, (f"{SIMULATION}/{chart.file_name}",)),)

    def _figure(self, image: str, caption: str, sources: tuple[str, ...]) -> Block:
        self._figures += 1
        return Block(
            "figure", text=caption, label=f"Figure {self._figures}", sources=sources, image=image
        )

    def table(
        self,
        caption: str,
        columns: tuple[Column, ...],
        rows: Iterable[tuple[str, ...]],
        *sources: Source,
        totals: Sequence[tuple[str, ...]] = (),
    ) -> Block:
        """A table of what the sources say."""
        self._tables += 1
        return Block(
            "table",
            text=caption,
            label=f"Table {self._tables}",
            sources=tuple(source.name for source in sources),
            columns=columns,
            rows=tuple(rows),
            totals=tuple(totals),
        )


def paragraph(text: str) -> Block:
    """A paragraph of text."""
    return Block("text", text=text)
