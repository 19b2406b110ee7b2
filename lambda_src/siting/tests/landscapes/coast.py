"""A ragged coast in the north: the open sea in the west, islands before it, a village in a bay.

Its zone is one that departs from six-degree bands (32V).
"""

from math import sin
from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, Point, circle, square
from siting.tests.landscapes.landscape import Landscape, Weather

LATITUDE: Final = 61.72
LONGITUDE: Final = 5.15
#: Middle, radius and name. The largest carries turbines; the skerries are too small for any.
ISLANDS: Final[tuple[tuple[Point, float, str], ...]] = (
    ((-1300.0, 700.0), 1150.0, "Hestøya"),
    ((-2600.0, -2000.0), 520.0, "Kvaløya"),
    ((-3300.0, 2700.0), 160.0, "Ytre Skjeret"),
    ((-3000.0, 3100.0), 90.0, "Indre Skjeret"),
)
_VILLAGE: Final = (1500.0, -2300.0)
_ROAD: Final = (
    (7000, -2600), (3300, -2300), (1500, -2150), (1250, 600), (2000, 2700), (6500, 3900),
)  # fmt: skip


def coast() -> Landscape:
    """Draw the coast."""
    pen = Pen(LATITUDE, LONGITUDE)
    return Landscape(
        name="coast",
        title="Hestøya and the mainland: a coast with islands",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        elements=[*_shores(pen), *_people(pen), *_nature(pen)],
        weather=Weather(225.0, 55.0, 8.9, 2.1, 0.09, 7.5, 101.1, 12.0),
        land={"radius_km": 4.0, "turbine_model": "iea37_3_35mw_130m"},
        layout={"turbine_count": 10, "strategy": "greedy"},
    )


def _shores(pen: Pen) -> list[Element]:
    # Land lies to the left of a coast: this one runs south, with the land in the east.
    line = [(700.0 + 350.0 * sin(y / 620.0), float(y)) for y in range(9000, -9001, -150)]
    shores = [pen.way(line, natural="coastline")]
    for middle, radius, name in ISLANDS:
        shores.append(pen.way(_ragged(middle, radius), natural="coastline"))
        shores.append(pen.node(middle, place="island", name=name))
    # A tarn on the largest island, and an islet in the tarn.
    middle = (-1000.0, 1000.0)
    tarn = [("outer", circle(middle, 170, 24)), ("inner", circle(middle, 40, 10))]
    shores.append(pen.relation(tarn, type="multipolygon", natural="water", name="Storetjørna"))
    return shores


def _ragged(middle: Point, radius: float) -> list[Point]:
    """Return an island's shore, counter-clockwise: land lies to its left."""
    x, y = middle
    shore = [
        (x + (east - x) * (1 + 0.14 * sin(at * 1.3)), y + (north - y) * (1 + 0.14 * sin(at * 1.3)))
        for at, (east, north) in enumerate(circle(middle, radius, 40)[:-1])
    ]
    return [*shore, shore[0]]


def _people(pen: Pen) -> list[Element]:
    x, y = _VILLAGE
    houses = [
        pen.way(square((x + 45 * (at % 9), y + 60 * (at // 9)), 12, 9), building="house")
        for at in range(36)
    ]
    return [
        *houses,
        pen.node((x + 200, y + 100), place="village", name="Sørvågen"),
        pen.node((2600, 3000), place="hamlet", name="Nordgarden"),
        pen.way(square((2600, 2950), 18, 11), building="farm"),
        pen.way(square((2660, 2990), 24, 12), building="barn"),
        pen.way(square((-1900, 300), 10, 8), building="cabin"),
        pen.way(_ROAD, highway="secondary", name="Kystvegen"),
        pen.node((-3050, 3130), man_made="lighthouse", name="Skjeret fyr"),
        pen.way(((2700, -7000), (2500, -1000), (3100, 2500), (2900, 7000)), power="line"),
        pen.way(((1250, 600), (-700, 700)), power="cable"),
        pen.way(square((x + 700, y - 60), 180, 90), landuse="industrial", name="Fiskemottaket"),
    ]


def _nature(pen: Pen) -> list[Element]:
    return [
        pen.way(
            square((-3150, 2900), 1100, 1300), leisure="nature_reserve",
            name="Skjera naturreservat for sjøfugl",
        ),
        pen.way(square((2900, 700), 900, 1300), natural="wood"),
        pen.way(((2200, 2500), (1700, 1500), (1300, 900)), waterway="stream", name="Storelva"),
    ]  # fmt: skip
