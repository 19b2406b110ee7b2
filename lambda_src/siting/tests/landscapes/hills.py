"""Hills at 2,000 m: thin air, steep flanks, forest and a ski lift, and heights that are brought."""

from math import cos, radians, sin
from typing import Final

from devtools.localcloud.geodata.pen import Element, Pen, circle, square
from siting.tests.landscapes.landscape import Landscape, Weather

LATITUDE: Final = 38.62
LONGITUDE: Final = -105.74
GROUND_M: Final = 2080.0
_RADIUS_KM: Final = 3.5
_CELL_DEG: Final = 0.0008
_METRES_PER_DEGREE: Final = 111_195.0
_EAST_M: Final = _METRES_PER_DEGREE * cos(radians(LATITUDE))


def hills() -> Landscape:
    """Draw the hills."""
    pen = Pen(LATITUDE, LONGITUDE)
    return Landscape(
        name="hills",
        title="Piñon Ridge: hills at 2,000 m",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        elements=_elements(pen),
        weather=Weather(280.0, 35.0, 8.3, 1.8, 0.14, 5.5, 80.2, 1850.0),
        land={"radius_km": _RADIUS_KM, "turbine_model": "iea37_3_35mw_130m"},
        layout={"turbine_count": 12, "strategy": "greedy"},
        wind={"elevation_m": GROUND_M},
        parameters={"elevation": _heights()},
    )


def height_m(east_m: float, north_m: float) -> float:
    """Return the ground's height: two ridges from north to south, and a valley between them."""
    ridges = 130.0 * cos(east_m / 560.0) + 60.0 * sin(north_m / 900.0)
    return GROUND_M + ridges + 0.02 * north_m


def _heights() -> str:
    """Write the heights as an Esri ASCII raster, one that covers the site."""
    half_deg = (_RADIUS_KM * 1000.0 + 300.0) / _METRES_PER_DEGREE
    wide_deg = half_deg / cos(radians(LATITUDE))
    columns, rows = int(2 * wide_deg / _CELL_DEG) + 1, int(2 * half_deg / _CELL_DEG) + 1
    west, south = LONGITUDE - wide_deg, LATITUDE - half_deg
    lines = [
        f"ncols {columns}", f"nrows {rows}", f"xllcorner {west:.6f}", f"yllcorner {south:.6f}",
        f"cellsize {_CELL_DEG}", "NODATA_value -9999",
    ]  # fmt: skip
    for row in reversed(range(rows)):
        north_m = (south + (row + 0.5) * _CELL_DEG - LATITUDE) * _METRES_PER_DEGREE
        east_m = (((column + 0.5) * _CELL_DEG - wide_deg) * _EAST_M for column in range(columns))
        lines.append(" ".join(f"{height_m(east, north_m):.1f}" for east in east_m))
    return "\n".join(lines)


def _elements(pen: Pen) -> list[Element]:
    return [
        pen.node((-900, -2600), place="hamlet", name="Buckhorn"),
        *(pen.way(square((-1000 + 60 * at, -2650), 14, 10), building="house") for at in range(6)),
        pen.node((1800, 3900), place="village", name="Piñon Springs"),
        pen.way(square((1800, 3900), 900, 400), landuse="residential"),
        pen.way(((-7000, -2300), (-900, -2500), (2100, -2100), (7000, -2900)), highway="secondary"),
        pen.way(((-900, -2500), (-800, 500), (-500, 5000)), highway="track"),
        pen.way(((-870, -7000), (-850, 300), (-960, 7000)), waterway="stream", name="Elk Creek"),
        pen.way(((900, -500), (1750, -400)), aerialway="chair_lift", name="Ridge Lift"),
        pen.way(square((1900, -420), 25, 20), tourism="alpine_hut", name="Ridge Hut"),
        pen.way(circle((-2600, 1500), 700, 30), natural="wood", name="Buckhorn Forest"),
        pen.way(circle((2700, 1900), 500, 30), landuse="forest"),
        pen.node((120, 900), man_made="mast", name="Pinon Ridge radio"),
        pen.way(((-7000, 2900), (-1000, 2500), (7000, 2700)), power="line"),
        pen.way(circle((300, 2100), 130, 20), natural="water", name="Tarn Lake"),
    ]
