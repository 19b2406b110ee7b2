"""Where widgets go on CloudWatch's grid of 24 columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from devtools.dashboard.body import Place

COLUMNS: Final = 24


@dataclass(frozen=True)
class Cell:
    """A widget's rectangle, in grid units from the top left."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: "Cell") -> bool:
        """Whether the two share a unit."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def lay_out(places: Sequence[Place]) -> list[Cell]:
    """Give every widget a rectangle inside the grid that no other widget has a unit of.

    A widget with coordinates keeps them. One without goes to the first free spot, row by row, and
    so does one that would overlap an earlier one or reach over the edge: nothing is drawn over
    something else.

    Returns:
        One cell per place, in the same order.
    """
    cells: dict[int, Cell] = {}
    for index, place in enumerate(places):
        if place.x is None or place.y is None:
            continue
        cell = Cell(place.x, place.y, min(place.width, COLUMNS), place.height)
        inside = cell.x + cell.width <= COLUMNS
        if inside and not any(cell.overlaps(other) for other in cells.values()):
            cells[index] = cell
    for index, place in enumerate(places):
        if index not in cells:
            cells[index] = _first_free(place, list(cells.values()))
    return [cells[index] for index in range(len(places))]


def rows(cells: Sequence[Cell]) -> int:
    """How many grid rows the cells take."""
    return max((cell.y + cell.height for cell in cells), default=0)


def _first_free(place: Place, taken: Sequence[Cell]) -> Cell:
    width = min(place.width, COLUMNS)
    # Tops worth trying: where something ends; between them nothing changes.
    tops = sorted({place.y or 0, *(cell.y + cell.height for cell in taken)})
    for y in tops:
        if y < (place.y or 0):
            continue
        for x in range(COLUMNS - width + 1):
            cell = Cell(x, y, width, place.height)
            if not any(cell.overlaps(other) for other in taken):
                return cell
    raise AssertionError("below the last widget there is always room")
