"""A site that the edge of two UTM zones runs through, at twelve degrees east."""

from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, circle, square
from siting.tests.landscapes.landscape import Landscape, Weather

LATITUDE: Final = 53.61
LONGITUDE: Final = 12.004


def zone_edge() -> Landscape:
    """Draw the land on both sides of the edge."""
    pen = Pen(LATITUDE, LONGITUDE)
    return Landscape(
        name="zone_edge",
        title="Groß Wokern: a site across the edge of two UTM zones",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        elements=_elements(pen),
        weather=Weather(255.0, 55.0, 6.9, 2.2, 0.2, 8.8, 100.9, 45.0),
        land={"radius_km": 3.0, "turbine_model": "iea37_3_35mw_130m"},
        layout={"turbine_count": 10, "strategy": "greedy"},
    )


def _elements(pen: Pen) -> list[Element]:
    return [
        pen.node((-1700, 2100), place="village", name="Groß Wokern"),
        pen.way(square((-1700, 2100), 700, 300), landuse="residential"),
        *(pen.way(square((-2000 + 50 * at, 2060), 14, 11), building="house") for at in range(13)),
        pen.node((2300, -2300), place="hamlet", name="Klein Wokern"),
        *(pen.way(square((2250 + 55 * at, -2320), 14, 11), building="house") for at in range(4)),
        pen.node((900, 3600), place="isolated_dwelling", name="Ausbau"),
        pen.way(square((900, 3600), 15, 12), building="house"),
        pen.way(((-6000, 1900), (-1700, 1950), (600, 400), (2300, -2200), (6000, -2600)),
                highway="secondary", ref="L 20"),
        pen.way(((-6000, -1500), (6000, -1000)), railway="rail"),
        pen.way(circle((-1300, -1900), 480, 36), natural="water", name="Wokerner See"),
        pen.way(circle((1900, 1500), 420, 30), natural="wood", name="Kronwald"),
        pen.way(((-500, 6000), (-300, 0), (-700, -6000)), power="line", voltage="380000"),
        pen.node((3700, 700), power="generator", **{"generator:source": "wind"}),
        pen.node((4100, 300), power="generator", **{"generator:source": "wind"}),
    ]  # fmt: skip
