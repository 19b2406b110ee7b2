"""Wakes as pictures: read back as what they say."""

import io
from base64 import b64decode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from siting.charts.field import WindField
from siting.charts.wakes import wakes_by_direction
from siting.wind.turbines import Turbine, turbine_of
from siting.wind.wake.mixed import TurbineMix
from siting.wind.wake.models import TurbulentGaussian

TURBINE = turbine_of("iea_3_4mw_130m")


def drawn(turbines: int, sectors: int, main_direction_degrees: float) -> dict[str, Any]:
    rows = [
        {
            "direction_degrees": 360.0 * at / sectors,
            "wind_speed_m_per_s": 8.0,
            "frequency": 1.0 / sectors,
        }
        for at in range(sectors)
    ]
    return wakes_by_direction(rows, field([TURBINE] * turbines), main_direction_degrees)


def field(types: list[Turbine], ratio: Any = None) -> WindField:
    """Turbines in a row from west to east."""
    return WindField(
        east_m=np.array([500_000.0 + 900.0 * at for at in range(len(types))]),
        north_m=np.full(len(types), 6_000_000.0),
        mix=TurbineMix.of(types),
        ratio=ratio,
        model=TurbulentGaussian(0.1),
    )


def deficit(wakes: dict[str, Any], at: int, east_m: float, north_m: float) -> float:
    """The share of the wind that a picture says is missing at a place."""
    picture = Image.open(io.BytesIO(b64decode(wakes["directions"][at]["png_base64"])))
    alpha = np.asarray(picture.convert("RGBA"))[:, :, 3] / 255.0
    west, south, east, north = wakes["bounds_m"]
    column = int((east_m - west) / (east - west) * alpha.shape[1])
    line = int((north - north_m) / (north - south) * alpha.shape[0])
    return float(alpha[line, column]) * float(wakes["deepest_deficit"])


def test_a_wake_lies_where_the_wind_goes() -> None:
    wakes = drawn(1, 4, 270.0)
    for at, (east, north) in enumerate(((0, -1), (-1, 0), (0, 1), (1, 0))):
        behind = deficit(wakes, at, 500_000.0 + 520.0 * east, 6_000_000.0 + 520.0 * north)
        before = deficit(wakes, at, 500_000.0 - 520.0 * east, 6_000_000.0 - 520.0 * north)
        assert behind > 0.2
        assert before == 0.0


@pytest.mark.parametrize(
    ("sectors", "main", "numbers"),
    [(12, 240.0, list(range(12))), (36, 100.0, [*range(0, 12, 3), 10, *range(12, 36, 3)])],
)
def test_few_directions_are_drawn_and_the_main_one_always(
    sectors: int, main: float, numbers: list[int]
) -> None:
    wakes = drawn(2, sectors, main)
    assert [one["sector"] for one in wakes["directions"]] == sorted(numbers)
    assert main in [one["direction_degrees"] for one in wakes["directions"]]


def test_a_large_farm_is_drawn_coarser() -> None:
    few, many = drawn(1, 4, 0.0), drawn(150, 4, 0.0)
    assert max(few["size_px"]) == 300
    assert 90 <= max(many["size_px"]) < 300


def test_each_direction_has_its_own_wind_at_the_higher_hub() -> None:
    low = TURBINE
    high = replace(TURBINE, key="high", hub_height_m=120.0)
    rows = [
        {"direction_degrees": direction, "wind_speed_m_per_s": 12.0, "frequency": 0.25}
        for direction in (0.0, 90.0, 180.0, 270.0)
    ]
    # From the west the higher hub has so much wind that its turbine stands still.
    ratio = np.array([(1.0, 1.0)] * 3 + [(1.0, 2.5)])
    wakes = wakes_by_direction(rows, field([low, high], ratio), 270.0)

    east_of_the_high = deficit(wakes, 3, 500_900.0 + 520.0, 6_000_000.0)
    south_of_the_high = deficit(wakes, 0, 500_900.0, 6_000_000.0 - 520.0)
    assert south_of_the_high > 0.1
    assert east_of_the_high < 0.1
    assert wakes["height"] == "the lowest hub, 110 m over ground"
