"""Tables that people bring as CSV: read by their header, checked, and never trusted.

Columns are found by name, with the unit in it: a speed without one might be knots. Separators are
commas, semicolons or tabs; with the latter two, decimals may have a comma.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray

#: What a request may bring altogether.
MAX_CHARACTERS: Final = 2_000_000
#: Of what is wrong in a file, as much is repeated.
_SHOWN: Final = 40
_SHOWN_COLUMNS: Final = 12


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text, by column.

    Attributes:
        columns: The wanted columns' cells, by name. Those that may be absent and are stay out.
        lines: By row, its line in the file, from 1.
        ignored: The other columns, as the file calls them.
        decimal_comma: Whether decimals have a comma.
    """

    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    ignored: tuple[str, ...]
    decimal_comma: bool

    def numbers(self, name: str) -> FloatArray:
        """Return a column's numbers.

        Raises:
            WindError: A cell is none, or not finite; the message names its line.
        """
        return np.array(
            [self.number(name, row) for row in range(len(self.lines))], dtype=np.float64
        )

    def number(self, name: str, row: int) -> float:
        """Return one cell as a number.

        Raises:
            WindError: It is none, or not finite.
        """
        cell = self.columns[name][row]
        text = cell.replace(",", ".") if self.decimal_comma else cell
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        # Python also takes 1_000 for a number.
        if "_" in text or not isfinite(value):
            raise WindError(
                f"Line {self.lines[row]}: {name} is {cell[:_SHOWN]!r}; give a finite number."
            )
        return value


def read_table(
    text: object, wanted: Mapping[str, Sequence[str]], optional: Sequence[str] = ()
) -> Table:
    """Read a table with a header.

    Lines that are empty or begin with ``#`` are passed over.

    Args:
        text: The file.
        wanted: By column, the names its header may have, as ``plain_name`` writes them; the first
            is the one that is asked for.
        optional: The columns among them that may be absent.

    Raises:
        WindError: It is no such table; the message says which columns are missing.
    """
    lines = numbered_lines(text)
    if not lines:
        raise WindError("The file is empty.")
    header = lines[0][1]
    separator = next((one for one in ("\t", ";", ",") if one in header), ",")
    names = _cells(*lines[0], separator)
    places = _places([plain_name(name) for name in names], wanted, optional)
    body = lines[1:]
    if not body:
        raise WindError("The file has a header and no rows.")
    columns: dict[str, list[str]] = {name: [] for name in places}
    for number, line in body:
        cells = _cells(number, line, separator)
        if len(cells) != len(names):
            raise WindError(
                f"Line {number} has {len(cells)} cells, and the header has {len(names)}."
            )
        for name, place in places.items():
            columns[name].append(cells[place].strip())
    used = set(places.values())
    return Table(
        columns=columns,
        lines=[number for number, _ in body],
        ignored=tuple(name.strip()[:_SHOWN] for at, name in enumerate(names) if at not in used)[
            :_SHOWN_COLUMNS
        ],
        # A point anywhere makes commas thousands, which no number here has.
        decimal_comma=separator != "," and not any("." in line for _, line in body),
    )


def numbered_lines(text: object) -> list[tuple[int, str]]:
    """Return a file's lines that say something, with their numbers.

    Raises:
        WindError: It is no text, or too long.
    """
    if not isinstance(text, str):
        raise WindError("The file must come as text: the file's content, in one string.")
    if len(text) > MAX_CHARACTERS:
        raise WindError(
            f"The file has {len(text)} characters; at most {MAX_CHARACTERS} are taken. Average a "
            "long series to hours."
        )
    return [
        (number, line)
        for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def plain_name(name: str) -> str:
    """Return a column's name in one spelling: ``Speed [m/s]`` is ``speed_m_s``."""
    small = name.strip().lower().replace("%", " percent ").replace("°", " degrees ")
    words = [word for word in re.split(r"[^a-z0-9]+", small) if word and word != "per"]
    return "_".join("degrees" if word in {"deg", "degree"} else word for word in words)


def _cells(number: int, line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as wrong:
        raise WindError(f"Line {number} is no row of a table: {wrong}.") from wrong


def _places(
    header: Sequence[str], wanted: Mapping[str, Sequence[str]], optional: Sequence[str]
) -> dict[str, int]:
    places = {}
    for name, spellings in wanted.items():
        found = [at for at, one in enumerate(header) if one in spellings]
        if len(found) > 1:
            raise WindError(f"The file has {len(found)} columns of {name}; leave one.")
        if found:
            places[name] = found[0]
        elif name not in optional:
            has = ", ".join(one[:_SHOWN] for one in header[:_SHOWN_COLUMNS])
            needs = ", ".join(one for one in wanted if one not in optional)
            raise WindError(
                f"The file has no column {name}; its header has: {has}. It needs: {needs}, with "
                "the unit in the name. Convert other units first."
            )
    return places
