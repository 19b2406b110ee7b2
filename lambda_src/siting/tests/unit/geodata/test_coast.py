import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from siting.geodata.coast import sea_within

WINDOW = box(0, 0, 10, 10)


def share_of_sea(*coast: list[tuple[float, float]], window: Polygon = WINDOW) -> float:
    sea = sea_within(window, [np.array(line, dtype=np.float64) for line in coast])
    return float(shapely.union_all(sea).area / window.area)


def test_land_lies_to_the_left_of_a_coast() -> None:
    assert share_of_sea([(3, -5), (3, 15)]) == pytest.approx(0.7)
    assert share_of_sea([(3, 15), (3, -5)]) == pytest.approx(0.3)


def test_a_coast_comes_in_pieces() -> None:
    assert share_of_sea([(3, -5), (3, 4)], [(3, 4), (3, 15)]) == pytest.approx(0.7)


def test_an_island_is_land_and_a_bay_is_sea() -> None:
    island = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0), (4.0, 4.0)]

    assert share_of_sea(island) == pytest.approx(0.96)
    assert share_of_sea(island[::-1]) == pytest.approx(0.04)


def test_a_stray_piece_drawn_backwards_changes_nothing() -> None:
    assert share_of_sea([(3, -5), (3, 7)], [(3, 8), (3, 7)], [(3, 8), (3, 15)]) == pytest.approx(
        0.7
    )


@pytest.mark.parametrize(
    "coast", [[], [[(20.0, 0.0), (20.0, 10.0)]], [[(3.0, 2.0), (3.0, 5.0)]], [[(5.0, 5.0)]]]
)
def test_a_coast_that_cuts_nothing_makes_no_sea(coast: list[list[tuple[float, float]]]) -> None:
    assert share_of_sea(*coast) == 0.0


@given(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8))
def test_a_round_window_is_cut_like_a_square_one(start: float, end: float) -> None:
    window = Point(0, 0).buffer(1.0, quad_segs=32)
    coast = [(start, -2.0), (0.1, 0.05), (end, 2.0)]

    # From the one side and from the other, land and sea make up the window.
    there = share_of_sea(coast, window=window)
    back = share_of_sea(coast[::-1], window=window)
    assert 0.0 < there < 1.0
    assert there + back == pytest.approx(1.0)
