"""Widgets stand on the grid, and never on each other."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from devtools.dashboard.body import Place
from devtools.dashboard.layout import COLUMNS, Cell, lay_out, rows

_COORDINATE = st.none() | st.integers(0, 30)
_PLACES = st.lists(
    st.builds(Place, _COORDINATE, _COORDINATE, st.integers(1, 30), st.integers(1, 8)), max_size=8
)


def test_coordinates_are_kept() -> None:
    places = [Place(0, 0, 12, 6), Place(12, 0, 12, 6), Place(0, 9, 24, 3)]
    assert lay_out(places) == [Cell(0, 0, 12, 6), Cell(12, 0, 12, 6), Cell(0, 9, 24, 3)]


def test_widgets_without_coordinates_fill_rows() -> None:
    places = [Place(None, None, 12, 6)] * 3
    assert lay_out(places) == [Cell(0, 0, 12, 6), Cell(12, 0, 12, 6), Cell(0, 6, 12, 6)]


def test_a_widget_over_another_or_over_the_edge_moves_down() -> None:
    places = [Place(0, 0, 12, 6), Place(6, 2, 12, 6), Place(20, 0, 12, 6)]
    assert lay_out(places) == [Cell(0, 0, 12, 6), Cell(12, 2, 12, 6), Cell(0, 6, 12, 6)]


@given(_PLACES)
def test_nothing_overlaps_and_everything_is_inside(places: list[Place]) -> None:
    cells = lay_out(places)
    assert len(cells) == len(places)
    for cell in cells:
        assert cell.x >= 0
        assert cell.x + cell.width <= COLUMNS
        assert cell.y + cell.height <= rows(cells)
    for one, other in combinations(cells, 2):
        assert not one.overlaps(other)


@given(_PLACES)
def test_heights_and_widths_are_as_asked(places: list[Place]) -> None:
    for place, cell in zip(places, lay_out(places), strict=True):
        assert (cell.width, cell.height) == (min(place.width, COLUMNS), place.height)
