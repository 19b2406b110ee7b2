import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siting.wind.errors import WindError
from siting.wind.turbines import TURBINES
from siting.wind.wake.energy import HOURS_PER_YEAR, annual_energy
from siting.wind.wake.models import TurbulentGaussian
from siting.wind.wake.states import WindStates, read_sectors, wind_states

TURBINE = TURBINES["iea_3_4mw_130m"]


def document(count: int = 12, **changes: Any) -> dict[str, Any]:
    sectors = [
        {
            "direction_degrees": at * 360.0 / count,
            "frequency": 1.0 / count,
            "weibull_a_m_per_s": 9.0,
            "weibull_k": 2.0,
            "shear_exponent": 0.2,
            **changes,
        }
        for at in range(count)
    ]
    return {"hub_height_m": 110.0, "sectors": sectors}


@st.composite
def climates(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.sampled_from([4, 8, 12, 16, 36]))
    weights = np.array([draw(st.floats(0.0, 1.0)) for _ in range(count)]) + 0.01
    made = document(count)
    for sector, share in zip(made["sectors"], weights / weights.sum(), strict=True):
        sector["frequency"] = float(share)
        sector["weibull_a_m_per_s"] = draw(st.floats(5.0, 14.0))
        sector["weibull_k"] = draw(st.floats(1.2, 4.0))
    return made


@given(climates())
def test_states_keep_each_sectors_share_of_the_year(climate: dict[str, Any]) -> None:
    sectors = read_sectors(climate)
    states = wind_states(sectors, TURBINE)

    assert states.by_sector(states.rose.frequency) == pytest.approx(sectors.frequency, abs=1e-12)
    # Each sector's directions lie around its middle.
    away = (states.rose.direction_degrees - states.sector_degrees[states.sector] + 180) % 360 - 180
    assert np.abs(away).max() < 180.0 / len(sectors.frequency)
    assert np.abs(np.bincount(states.sector, weights=away)).max() < 1e-6


@given(climates())
def test_energy_is_the_integral_over_the_distribution(climate: dict[str, Any]) -> None:
    sectors = read_sectors(climate)
    states = wind_states(sectors, TURBINE)

    farm = annual_energy([0.0], [0.0], turbine=TURBINE, rose=states.rose, model=TurbulentGaussian())

    fine = np.linspace(0.0, 40.0, 80_001)
    exceeding = sectors.exceeding(fine)
    middle = (fine[:-1] + fine[1:]) / 2.0
    exact = -np.diff(exceeding, axis=1) @ TURBINE.power_mw(middle) @ sectors.frequency
    assert farm.aep_mwh == pytest.approx(exact * HOURS_PER_YEAR, rel=0.01)


def test_speeds_are_taken_to_the_hub_by_each_sectors_power_law() -> None:
    sectors = read_sectors(document() | {"hub_height_m": 100.0})

    at_hub = sectors.at_height(150.0)

    assert at_hub.a_m_per_s == pytest.approx(np.full(12, 9.0 * 1.5**0.2))
    assert at_hub.k.tolist() == sectors.k.tolist()
    assert at_hub.at_height(100.0).a_m_per_s == pytest.approx(sectors.a_m_per_s)


def test_a_sectors_mean_speed_is_the_weibull_mean() -> None:
    states = wind_states(read_sectors(document(weibull_k=2.0)), TURBINE)

    assert states.sector_speed_m_per_s == pytest.approx(
        np.full(12, 9.0 * math.gamma(1.5)), rel=1e-3
    )


def test_a_finer_step_gives_more_directions() -> None:
    sectors = read_sectors(document(12))

    fine, coarse = (
        len(np.unique(wind_states(sectors, TURBINE, step).rose.direction_degrees))
        for step in (5.0, 30.0)
    )

    assert (fine, coarse) == (72, 12)


def test_a_rose_of_one_speed_has_a_state_per_sector() -> None:
    rose = wind_states(read_sectors(document(4)), TURBINE).rose

    states = WindStates.of_rose(rose)

    assert states.by_sector(rose.frequency).tolist() == rose.frequency.tolist()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({}, "4 to 72 sectors"),
        ({"sectors": "north"}, "4 to 72 sectors"),
        ({"sectors": [{}] * 3}, "4 to 72 sectors"),
        ({"sectors": [{}] * 4}, "finite number direction_degrees"),
        ({"sectors": [None] * 4}, "finite number direction_degrees"),
        (document(12, direction_degrees=3.0), "first centred on north"),
        (document(12, frequency=0.5), "sum to 6; give shares"),
        (document(12, frequency=math.nan), "finite number frequency"),
        (document(12, frequency=True), "finite number frequency"),
        (document(12, weibull_a_m_per_s=0.0), "Weibull A outside"),
        (document(12, weibull_a_m_per_s=400.0), "Weibull A outside"),
        (document(12, weibull_k=0.1), "Weibull k outside"),
        (document(12, shear_exponent="0.2"), "finite number shear_exponent"),
        (document(12) | {"hub_height_m": None}, "hub_height_m"),
        (document(12) | {"hub_height_m": -3.0}, "hub_height_m"),
    ],
)
def test_wind_data_that_cannot_be_used_are_refused(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_sectors(broken)
