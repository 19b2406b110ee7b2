"""Frequencies as they are published are taken by everyone alike, and count as a whole year."""

from typing import Any

import numpy as np
import pytest

from siting.wind.errors import WindError
from siting.wind.iea37 import wind_rose
from siting.wind.scenarios import single_speed_wind
from siting.wind.shares import TOLERANCE, shares_of_year
from siting.wind.wake.states import read_sectors

#: A rose in whole percents: 98 of them.
PUBLISHED = [0.05, 0.04, 0.04, 0.05, 0.06, 0.07, 0.09, 0.14, 0.17, 0.13, 0.08, 0.06]


def sectors(frequencies: list[float]) -> dict[str, Any]:
    return {
        "hub_height_m": 100.0,
        "sectors": [
            {
                "direction_degrees": at * 360.0 / len(frequencies),
                "frequency": share,
                "weibull_a_m_per_s": 8.0,
                "weibull_k": 2.0,
                "shear_exponent": 0.2,
            }
            for at, share in enumerate(frequencies)
        ],
    }


#: Everyone that is given frequencies.
READERS: dict[str, Any] = {
    "wind data": lambda given: read_sectors(sectors(given)).frequency,
    "a rose": lambda given: wind_rose(tuple(given), 9.8).frequency,
    "a request": lambda given: single_speed_wind(tuple(given), 9.8).states.rose.frequency,
}
every_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


@every_reader
def test_a_rose_in_whole_percents_is_taken_and_is_a_whole_year(read: Any) -> None:
    frequency = read(PUBLISHED)

    assert frequency.sum() == pytest.approx(1.0, abs=1e-12)
    assert frequency / frequency[0] == pytest.approx(np.array(PUBLISHED) / PUBLISHED[0])


@every_reader
@pytest.mark.parametrize("total", [1.0 - 1.01 * TOLERANCE, 1.0 + 1.01 * TOLERANCE])
def test_what_rounding_does_not_explain_is_refused(read: Any, total: float) -> None:
    with pytest.raises(WindError, match="give shares of the year"):
        read([total / 12.0] * 12)


def test_a_negative_share_is_refused_whatever_the_sum() -> None:
    with pytest.raises(WindError, match="none negative"):
        shares_of_year(np.array([1.1, -0.1]))


def test_that_shares_were_scaled_is_said() -> None:
    assert (
        "which sum to 0.98 and were scaled to 1."
        in single_speed_wind(tuple(PUBLISHED), 9.8).assumption
    )
    assert "scaled" not in single_speed_wind((0.25,) * 4, 9.8).assumption
