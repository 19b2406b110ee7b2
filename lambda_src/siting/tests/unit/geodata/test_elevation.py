from collections.abc import Callable
from math import hypot

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, box

from siting.geodata.elevation import ground_of, read_elevation
from siting.wind.crs import SiteProjection
from siting.wind.errors import WindError

#: Of zone 32N.
EAST_M, NORTH_M = 495_000.0, 6_063_000.0
PROJECTION = SiteProjection(8.95, 54.7)
SITE = MultiPolygon([box(EAST_M, NORTH_M, EAST_M + 2000.0, NORTH_M + 2000.0)])
HEAD = "ncols 3\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 30\n"


def raster(
    height_m: Callable[[float, float], float],
    *,
    west: float = EAST_M - 100.0,
    south: float = NORTH_M - 100.0,
    cell: float = 25.0,
    count: int = 88,
    decimals: int = 3,
) -> str:
    """A raster of a height by metres or degrees east and north of its corner."""
    rows = [
        " ".join(
            f"{height_m(cell * (column + 0.5), cell * (row + 0.5)):.{decimals}f}"
            for column in range(count)
        )
        for row in reversed(range(count))
    ]
    head = f"ncols {count}\nnrows {count}\nxllcorner {west}\nyllcorner {south}\ncellsize {cell}\n"
    return head + "\n".join(rows)


def test_a_plane_is_as_steep_everywhere_as_it_is() -> None:
    elevation = read_elevation(raster(lambda east, north: 10.0 + 0.12 * east + 0.05 * north))
    gentle = ground_of(elevation, SITE, PROJECTION, 14.0)
    steep = ground_of(elevation, SITE, PROJECTION, 12.9)

    assert gentle.steepest_percent == pytest.approx(100.0 * hypot(0.12, 0.05), abs=0.01)
    assert gentle.steep_m.is_empty
    assert steep.steep_m.covers(SITE)
    # The middles of the cells at the corners, 12.5 m within the site.
    assert gentle.lowest_m == pytest.approx(10.0 + 0.17 * 112.5, abs=0.01)
    assert gentle.highest_m == pytest.approx(10.0 + 0.17 * 2087.5, abs=0.01)


def test_only_the_hillside_is_too_steep_and_north_is_up() -> None:
    """A ramp of 40 % between 1,500 and 1,700 m north of the corner, in a plain."""
    elevation = read_elevation(raster(lambda _, north: 0.4 * min(max(north - 1500.0, 0.0), 200.0)))
    west, south, east, north = ground_of(elevation, SITE, PROJECTION, 20.0).steep_m.bounds

    assert (south - elevation.south, north - elevation.south) == (1500.0, 1700.0)
    assert (west - elevation.west, east - elevation.west) == (25.0, 87 * 25.0)


def test_degrees_are_read_as_degrees() -> None:
    """A metre up on ten to the east, where a degree is shorter than northwards."""
    a_degree_m = np.radians(1.0) * 6_371_000.0 * np.cos(np.radians(54.71))
    text = raster(
        lambda east, _: 0.1 * east * a_degree_m,
        west=8.91, south=54.69, cell=0.0004, count=120,
    )  # fmt: skip
    ground = ground_of(read_elevation(text), SITE, PROJECTION, 20.0)
    assert ground.steepest_percent == pytest.approx(10.0, rel=0.001)
    assert ground.cell_m == pytest.approx(44.5, abs=0.1)


def test_a_centre_is_half_a_cell_from_the_corner() -> None:
    by_centre = HEAD.replace("llcorner 0", "llcenter 15") + "1 " * 9
    found = read_elevation(by_centre)
    assert (found.west, found.south) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is no text"),
        (b"\x00" * 10, "is no text"),
        (" " * 2_000_001, "up to 2000000 characters"),
        ("", "needs a ncols above 0"),
        ("GIF89a ...", "header has 'gif89a'"),
        (HEAD.replace("30", "nan") + "1 " * 9, "cellsize is 'nan', which is no number"),
        (HEAD.replace("30", "-30") + "1 " * 9, "needs a cellsize above 0"),
        (HEAD.replace("30", "250") + "1 " * 9, "cells are 250 m high"),
        (HEAD.replace("30", "1.5") + "1 " * 8, "has 8 heights; its header says 3 rows of 3"),
        (HEAD.replace("ncols 3", "ncols 3e9") + "1 " * 9, "give 3 of each at least"),
        (HEAD.replace("ncols 3", "ncols 2.5") + "1 " * 9, "give 3 of each at least"),
        (HEAD + "xllcenter 0\n" + "1 " * 9, "one of xllcorner and xllcenter"),
        (HEAD + "ncols 3\n" + "1 " * 9, "header has 'ncols'"),
        (HEAD + "dx 30\n" + "1 " * 9, "header has 'dx'"),
        (HEAD + "1 " * 8 + "x", "a height that is no number"),
        (HEAD + "1 " * 8 + "nan", "reaches from"),
        (HEAD + "1 " * 8 + "inf", "reaches from"),
        (HEAD + "1 " * 8 + "29029", "reaches from 1 to 29029; heights are metres"),
    ],
)
def test_what_is_no_raster_of_heights_is_refused(text: object, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_elevation(text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (raster(lambda *_: 0.0, count=60), "52.7 %"),  # too few
        (raster(lambda *_: 0.0, west=3_500_000.0), "100.0 %"),  # of another coordinate system
        (raster(lambda *_: 0.0, west=9.9, south=53.0, cell=0.0004), "100.0 %"),
        (raster(lambda east, _: -9999.0 if east < 1000.0 else 0.0), "4"),  # sea without heights
    ],
)
def test_heights_that_are_not_all_over_the_site_are_refused(text: str, missing: str) -> None:
    with pytest.raises(WindError, match=f"no slope for {missing}") as refused:
        ground_of(read_elevation(text), SITE, PROJECTION, 20.0)
    assert "metres of EPSG:32632" in str(refused.value) or "degrees" in str(refused.value)
