"""Dense villages: houses wherever one looks, and little land that is far enough from all."""

from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, Point, square
from siting.tests.landscapes.landscape import Landscape, Weather

LATITUDE: Final = 49.87
LONGITUDE: Final = 10.02
#: Where they lie and what they are called, some with longer names than a map has room for.
VILLAGES: Final[tuple[tuple[Point, str, str], ...]] = (
    ((-2600.0, 2600.0), "village", "Oberstreu"),
    ((-300.0, 2900.0), "village", "Mittelstreu"),
    ((2300.0, 2500.0), "town", "Unterstreu"),
    ((-3100.0, 300.0), "village", "Markt Sankt Kilian an der Oberen Streu"),
    ((-2500.0, -2400.0), "village", "Gänsfeld"),
    ((100.0, -2900.0), "village", "Weißenbrünn"),
    ((2700.0, -2500.0), "village", "Zell"),
    ((3200.0, 100.0), "village", "Öd"),
    ((600.0, 900.0), "hamlet", "Einzelhöfe"),
    ((-1250.0, 1250.0), "village", "Neustreu"),
    ((1500.0, -900.0), "village", "Streuhausen"),
)
_STREETS: Final = 6


def villages() -> Landscape:
    """Draw the villages."""
    pen = Pen(LATITUDE, LONGITUDE)
    elements = [one for village in VILLAGES for one in _village(pen, *village)]
    return Landscape(
        name="villages",
        title="Between the Streu villages: dense villages",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        elements=[*elements, *_between(pen)],
        weather=Weather(240.0, 60.0, 5.6, 2.0, 0.27, 9.0, 98.2, 280.0),
        land={"radius_km": 3.5, "turbine_model": "iea37_3_35mw_130m"},
        layout={"turbine_count": 6, "strategy": "best"},
    )


def _village(pen: Pen, middle: Point, kind: str, name: str) -> list[Element]:
    x, y = middle
    streets = 2 if kind == "hamlet" else _STREETS
    houses = [
        pen.way(square((x - 260 + 40 * at, y - 150 + 60 * street), 12, 10), building="house")
        for street in range(streets)
        for at in range(14)
    ]
    church = pen.way(square((x, y + 20), 26, 12), building="church", historic="church")
    if kind == "hamlet":
        return [*houses[:5], pen.node(middle, place=kind, name=name)]
    return [
        *houses,
        church,
        pen.node(middle, place=kind, name=name),
        pen.way(square(middle, 620, 420), landuse="residential"),
        pen.way(square((x + 420, y), 120, 90), landuse="industrial"),
        pen.node((x - 100, y + 90), amenity="school", name=f"Grundschule {name}"[:60]),
    ]


def _between(pen: Pen) -> list[Element]:
    middles = [middle for middle, kind, _ in VILLAGES if kind != "hamlet"]
    ring = [middles[at] for at in (0, 1, 2, 7, 6, 5, 4, 3, 0)]
    return [
        pen.way(ring, highway="secondary", name="Streutalstraße"),
        pen.way((middles[1], (600, 900), middles[5]), highway="tertiary"),
        pen.way(((-7000, -1100), (-1500, -1200), (1600, -1500), (7000, -1000)), railway="rail"),
        pen.way(((-7000, 1600), (7000, 1300)), power="line", voltage="110000"),
        pen.way(((-6000, 1000), (-1200, 900), (1800, 1400), (6000, 900)), waterway="river",
                name="Streu"),
        pen.relation(
            [("outer", square((-900, -700), 1500, 900))], type="boundary",
            boundary="protected_area", protect_class="5", name="Streuwiesen",
        ),
    ]  # fmt: skip
