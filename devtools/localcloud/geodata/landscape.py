"""A made-up coastal marsh, as the elements that Overpass writes with ``out geom``.

No real place looks like this. It has what real maps have: areas drawn as relations of open lines,
an island in a lake, a roundabout, an outline that crosses itself, one that was never closed.
"""

from math import sin
from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, Point, circle, square

#: Where the marsh is put: the middle of the example site.
LATITUDE: Final = 54.7365
LONGITUDE: Final = 8.972

_FARMS: Final[tuple[tuple[str, Point], ...]] = (
    ("Norderhof", (-900.0, 3900.0)),
    ("Deichhof", (-3300.0, 1200.0)),
    ("Kampens Warft", (2600.0, 3100.0)),
    ("Sandwehle", (-2100.0, -3300.0)),
    ("Osterwarft", (4300.0, 900.0)),
    ("Muehlenhof", (300.0, -1500.0)),
)
_VILLAGE: Final = (2700.0, -2900.0)
_ROAD: Final = (
    (-4300, -700), (-3000, -900), (-1400, -600), (200, -1100), (1500, -1600), (2700, -2300),
    (4600, -1900), (7000, -1500),
)  # fmt: skip
_LANE: Final = ((200, -1100), (500, 400), (-200, 1700), (-700, 3300), (-600, 5600))
_POWER_LINE: Final = ((-1500, 7000), (-300, 4200), (1100, 1600), (1700, -300), (2100, -7000))
_CANAL: Final = (
    (-4250, 2300),
    (-2700, 2100),
    (-1100, 2450),
    (1300, 2200),
    (3600, 2700),
    (7000, 2500),
)
_RAILWAY: Final = ((5200, -7000), (5000, -2500), (5300, 1500), (4900, 7000))


def marsh(latitude: float = LATITUDE, longitude: float = LONGITUDE) -> list[Element]:
    """Draw the marsh around a place."""
    pen = Pen(latitude, longitude)
    elements = [
        *_houses(pen),
        pen.way(_ROAD, highway="secondary", name="Koogstrasse", ref="L 11"),
        pen.way(_LANE, highway="unclassified", name="Norderweg"),
        pen.way(circle((200, -1100), 18, 12), highway="secondary", junction="roundabout"),
        pen.way(((500, 400), (1900, 700)), highway="track"),
        pen.way(_RAILWAY, railway="rail", name="Marschbahn"),
        pen.way(_POWER_LINE, power="line", voltage="110000", name="110 kV Nord"),
        pen.way(_CANAL, waterway="canal", name="Sielzug"),
        *_lake(pen),
        *_coast(pen),
        pen.way(square((6300, 1400), 900, 130), aeroway="aerodrome", name="Segelflugplatz Ost"),
        *_one_of_each(pen),
    ]
    return elements


def _houses(pen: Pen) -> list[Element]:
    houses = []
    for name, (x, y) in _FARMS:
        houses.append(pen.way(square((x, y), 34, 16), building="farm", name=name))
        houses.append(pen.way(square((x + 45, y - 20), 25, 12), building="barn"))
    x, y = _VILLAGE
    for at in range(70):
        # Two streets of houses, some a little out of line.
        along, side = divmod(at, 2)
        house = (x - 600 + along * 36, y + (side * 2 - 1) * 34 + (at * 7 % 11))
        houses.append(pen.way(square(house, 12 + at % 4, 9 + at % 3), building="house"))
    houses.append(pen.way(square((x, y + 110), 30, 14), building="church", name="Sankt Marien"))
    # An outline that crosses itself, and one whose last corner was forgotten.
    bow = [(x - 300, y - 120), (x - 280, y - 100), (x - 280, y - 120), (x - 300, y - 100)]
    houses.append(pen.way([*bow, bow[0]], building="shed"))
    houses.append(pen.way(square((-3500, 1150), 20, 10)[:-1], building="yes"))
    houses.append(pen.node((-3900, -650), building="yes", name="Pumpwerk"))
    houses.append(pen.way(square((x + 200, y - 130), 10, 10), building="no"))
    return houses


def _one_of_each(pen: Pen) -> list[Element]:
    """What else keeps turbines away, near the edge of the site, in the village or in the water."""
    x, y = _VILLAGE
    return [
        pen.node((4700, 3900), power="generator", name="W 1", **{"generator:source": "wind"}),
        pen.way(((-4200, 4300), (4400, 4700)), power="cable"),
        pen.way(square((4500, -4500), 60, 60), power="substation", name="Umspannwerk"),
        pen.way(((-4500, -4400), (4500, -4600)), man_made="pipeline", substance="gas"),
        pen.node((4600, -3900), man_made="mast", name="Funkmast"),
        pen.way(square((-3900, -4000), 400, 300), natural="wetland"),
        pen.way(square((4200, 3200), 500, 400), natural="wood", name="Osterholz"),
        pen.relation(
            [("outer", square((-3700, 3900), 700, 700))],
            type="boundary",
            boundary="protected_area",
            protect_class="5",
            name="Deichlandschaft",
        ),
        pen.way(square((4600, 4600), 300, 300), landuse="military", name="Standort"),
        pen.way(square((x, y), 1400, 300), landuse="residential"),
        pen.way(square((x - 500, y - 90), 60, 40), amenity="school", name="Koogschule"),
        pen.way(square((x + 500, y + 150), 80, 60), landuse="cemetery"),
        pen.node((x + 20, y + 130), historic="monument", name="Flutstein"),
    ]


def _lake(pen: Pen) -> list[Element]:
    shore = circle((3500, 4200), 520, 40)
    island = circle((3600, 4250), 90, 16)
    half = len(shore) // 2
    members = [("outer", shore[: half + 1]), ("outer", shore[half:]), ("inner", island)]
    lake = pen.relation(members, type="multipolygon", natural="water", name="Moorsee")
    pond = pen.way(circle((-1300, -2200), 60, 12), natural="water")
    return [lake, pond]


def _coast(pen: Pen) -> list[Element]:
    # Land lies to the left of a coast: this one runs south, and the land is in the east.
    line = [(-4300 + 160 * sin(y / 900.0), float(y)) for y in range(9000, -9001, -300)]
    beach = line[29:44]
    inland = [(x + 380, y) for x, y in reversed(beach)]
    edge = [beach[-1], inland[0]], [inland[-1], beach[0]]
    reserve = pen.relation(
        [("outer", beach), ("outer", edge[0]), ("outer", inland), ("outer", edge[1])],
        type="boundary",
        boundary="protected_area",
        protect_class="4",
        name="Salzwiesen Moorkoog",
    )
    return [pen.way(line, natural="coastline"), reserve]
