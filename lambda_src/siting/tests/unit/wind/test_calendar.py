from typing import Any

import numpy as np
import pytest

from siting.wind.errors import WindError
from siting.wind.turbines import TURBINES
from siting.wind.wake.calendar import energy_calendar
from siting.wind.wake.energy import annual_energy
from siting.wind.wake.models import TurbulentGaussian
from siting.wind.wake.states import read_sectors, wind_states

TURBINE = TURBINES["iea_3_4mw_130m"]
ALWAYS = {"weibull_a_m_per_s": 9.0, "weibull_k": 2.0}
CALM = {"weibull_a_m_per_s": None, "weibull_k": None}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "hub_height_m": 100.0,
        "sectors": [
            {
                "direction_degrees": 90.0 * at,
                "frequency": 0.25,
                "shear_exponent": 0.2,
                **ALWAYS,
            }
            for at in range(4)
        ],
        "monthly": [dict(ALWAYS) for _ in range(12)],
        "hourly": [dict(ALWAYS) for _ in range(24)],
        **changes,
    }


def parts(wind: dict[str, Any]) -> Any:
    states = wind_states(read_sectors(wind), TURBINE)
    x = np.array([0.0, 600.0])
    farm = annual_energy(
        x, 0.0 * x, turbine=TURBINE, rose=states.rose, model=TurbulentGaussian(0.1)
    )
    return energy_calendar(wind, states, farm.state_aep_mwh, TURBINE), farm


def test_the_same_wind_all_year_gives_each_day_and_each_hour_the_same() -> None:
    calendar, farm = parts(document())

    days = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert calendar.monthly_mwh == pytest.approx(farm.aep_mwh * days / 365.25)
    assert calendar.hourly_mwh == pytest.approx(farm.aep_mwh / 24)


def test_a_part_has_the_energy_of_its_own_wind() -> None:
    wind = document()
    wind["monthly"][0] = {"weibull_a_m_per_s": 11.0, "weibull_k": 2.4}
    wind["hourly"][13] = CALM

    calendar, farm = parts(wind)

    # A free turbine in January's wind against one in every other month's: wakes change the two
    # by less than a percent of each other.
    windy = dict(document())
    windy["sectors"] = [{**one, **wind["monthly"][0]} for one in windy["sectors"]]
    _, january = parts(windy)
    found = (calendar.monthly_mwh[0] / 31) / (calendar.monthly_mwh[2] / 31)
    assert found == pytest.approx(january.aep_mwh / farm.aep_mwh, rel=0.01)
    assert calendar.hourly_mwh[13] == 0.0
    for whole in (calendar.monthly_mwh, calendar.hourly_mwh):
        assert whole.sum() == pytest.approx(farm.aep_mwh)


@pytest.mark.parametrize(
    "without",
    [
        {"monthly": []},
        {"hourly": None},
        {"monthly": [{"month": 1, "mean_wind_speed_m_per_s": 7.0}] * 12},
    ],
)
def test_a_rose_has_no_calendar(without: dict[str, Any]) -> None:
    calendar, _ = parts(document(**without))

    assert calendar is None


@pytest.mark.parametrize(
    "entry",
    [
        {"weibull_a_m_per_s": float("nan"), "weibull_k": 2.0},
        {"weibull_a_m_per_s": 8.0, "weibull_k": 0.0},
        {"weibull_a_m_per_s": 400.0, "weibull_k": 2.0},
        {"weibull_a_m_per_s": "8", "weibull_k": 2.0},
        {"weibull_a_m_per_s": 8.0},
        7,
    ],
)
def test_what_is_no_months_wind_is_refused(entry: Any) -> None:
    wind = document()
    wind["monthly"][5] = entry

    with pytest.raises(WindError, match="monthly wind needs 12 entries"):
        parts(wind)


def test_a_year_of_thirteen_months_is_refused() -> None:
    with pytest.raises(WindError, match="needs 12 entries"):
        parts(document(monthly=[dict(ALWAYS) for _ in range(13)]))
