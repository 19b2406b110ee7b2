"""Wakes as pictures to lay over a map: one for each direction the wind comes from."""

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from siting.charts.field import WindField
from siting.wind.turbines import FloatArray

#: Points times turbines times directions; some three seconds.
_MAX_PAIRS: Final = 40_000_000
_MOST_POINTS, _FEWEST_POINTS = 300, 90
#: More directions are not drawn; those that are, are evenly spread.
_MAX_DIRECTIONS: Final = 16
#: Rotor diameters around the farm: a wake behind the last turbine ends there.
_MARGIN_DIAMETERS: Final = 15.0
#: The share of the free wind that is missing where a picture has its full colour.
DEEPEST_DEFICIT: Final = 0.5
#: Shades between none and full: more would not be told apart.
_SHADES: Final = 64
_COLOUR: Final = (8, 48, 107)


def wakes_by_direction(
    rows: Sequence[Mapping[str, Any]], field: WindField, main_direction_degrees: float
) -> dict[str, Any]:
    """Draw the wakes for each direction, at the mean speed of its wind.

    Args:
        rows: The wind by sector: ``per_direction`` of ``energy.json``.
        field: The turbines, and the wind in and around them.
        main_direction_degrees: Where the wind most often comes from; it is always among them.

    Returns:
        ``wakes.json``: the pictures as PNGs, transparent where the wind is free, all of the same
        place, in the layout's metres.
    """
    east, north = field.east_m, field.north_m
    drawn = _directions(rows, main_direction_degrees)
    affordable = int((_MAX_PAIRS / (len(east) * len(drawn))) ** 0.5)
    most = min(_MOST_POINTS, max(_FEWEST_POINTS, affordable))
    margin = _MARGIN_DIAMETERS * field.largest_rotor_m
    west, south = float(east.min()) - margin, float(north.min()) - margin
    wide, high = float(np.ptp(east)) + 2 * margin, float(np.ptp(north)) + 2 * margin
    step = max(wide, high) / most
    columns, lines = round(wide / step), round(high / step)
    points = np.stack(
        np.meshgrid(
            west + wide * (np.arange(columns) + 0.5) / columns,
            south + high * (np.arange(lines) + 0.5) / lines,
        ),
        axis=-1,
    ).reshape(-1, 2)
    pictures = []
    for sector, one in drawn:
        free = one["wind_speed_m_per_s"]
        speed = field.speeds_at(points, sector, one["direction_degrees"], free)
        missing = 1.0 - speed / free if free else np.zeros_like(speed)
        png = _png(missing.reshape(lines, columns))
        pictures.append(
            {
                "sector": sector,
                "direction_degrees": one["direction_degrees"],
                "wind_speed_m_per_s": free,
                "frequency": one["frequency"],
                "png_base64": b64encode(png).decode(),
            }
        )
    return {
        "bounds_m": [west, south, west + wide, south + high],
        "size_px": [columns, lines],
        "deepest_deficit": DEEPEST_DEFICIT,
        "height": field.height,
        "main_direction_degrees": main_direction_degrees,
        "directions": pictures,
    }


def _directions(
    rows: Sequence[Mapping[str, Any]], main_direction_degrees: float
) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the sectors that are drawn, and their numbers among all."""
    every = -(-len(rows) // _MAX_DIRECTIONS)
    return [
        (at, one)
        for at, one in enumerate(rows)
        if at % every == 0 or one["direction_degrees"] == main_direction_degrees
    ]


def _png(deficit: FloatArray) -> bytes:
    """Draw the share of the wind that is missing, north up."""
    from PIL import Image  # noqa: PLC0415

    shares = np.clip(deficit / DEEPEST_DEFICIT, 0.0, 1.0)[::-1]
    picture = Image.fromarray(np.round(shares * (_SHADES - 1)).astype(np.uint8), mode="P")
    picture.putpalette(_COLOUR * _SHADES)
    alpha = bytes(round(255 * at / (_SHADES - 1)) for at in range(_SHADES))
    body = io.BytesIO()
    picture.save(body, format="PNG", transparency=alpha, optimize=True)
    return body.getvalue()
