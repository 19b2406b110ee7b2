"""A plain in the south: farms far apart, a straight road and railway, and turbines that stand."""

from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, circle, square
from siting.tests.landscapes.landscape import Landscape, Weather

LATITUDE: Final = -37.35
LONGITUDE: Final = -61.48


def plain() -> Landscape:
    """Draw the plain."""
    pen = Pen(LATITUDE, LONGITUDE)
    return Landscape(
        name="plain",
        title="La Soledad: a plain in the southern hemisphere",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        elements=_elements(pen),
        weather=Weather(330.0, 70.0, 7.9, 2.1, 0.17, 14.0, 99.6, 170.0),
        land={"radius_km": 5.0, "turbine_model": "iea_10mw_198m"},
        layout={"turbine_count": 24, "turbine_model": "iea_10mw_198m", "strategy": "greedy"},
        wind={"hub_height_m": 119.0},
    )


def _elements(pen: Pen) -> list[Element]:
    estancias = (
        ((-3300.0, 2100.0), "Estancia La Soledad"),
        ((2900.0, -3100.0), "Estancia Ñandú"),
        ((3900.0, 2700.0), "Puesto El Ombú"),
    )
    farms = [
        one
        for (x, y), name in estancias
        for one in (
            pen.node((x, y), place="isolated_dwelling", name=name),
            pen.way(square((x, y), 30, 18), building="farm"),
            pen.way(square((x + 70, y), 40, 20), building="barn"),
        )
    ]
    standing = [
        pen.node((-4700 - 600 * at, -4100), power="generator", **{"generator:source": "wind"})
        for at in range(4)
    ]
    return [
        *farms,
        *standing,
        pen.node((600, -4300), place="village", name="Villa Maza"),
        pen.way(square((600, -4300), 900, 700), landuse="residential"),
        pen.way(((-9000, -3600), (9000, -3300)), highway="primary", ref="RP 60"),
        pen.way(((-9000, -3450), (9000, -3150)), railway="rail"),
        pen.way(((-4000, 9000), (-3300, 2100), (-3100, -3500)), highway="unclassified"),
        pen.way(circle((1400, 1600), 620, 40), natural="water", name="Laguna del Monte Chico"),
        pen.way(circle((1500, 2500), 380, 24), natural="wetland", wetland="marsh"),
        pen.way(((-9000, 700), (9000, 400)), power="line", voltage="132000"),
        pen.way(((4300, 9000), (4700, -9000)), man_made="pipeline", substance="gas"),
    ]
