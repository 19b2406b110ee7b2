import numpy as np
import pytest

from siting.wind.errors import WindError
from siting.wind.turbines import TURBINES, Turbine, turbine_of

every_turbine = pytest.mark.parametrize("turbine", TURBINES.values(), ids=TURBINES)


@every_turbine
def test_a_curve_rises_to_the_rated_power_and_stays_there(turbine: Turbine) -> None:
    speed = np.arange(0.0, 40.0, 0.01)
    power = turbine.power_mw(speed)
    runs = (speed >= turbine.cut_in_m_per_s) & (speed <= turbine.cut_out_m_per_s)

    assert (np.diff(power[runs]) >= -1e-12).all()
    assert power[~runs].max() == 0.0
    assert power.max() == pytest.approx(turbine.rated_power_mw)
    at_rated = turbine.power_mw(np.array([turbine.rated_m_per_s]))[0]
    assert at_rated == pytest.approx(turbine.rated_power_mw, rel=1e-4)


@every_turbine
def test_power_stays_below_betz(turbine: Turbine) -> None:
    speed = np.arange(turbine.cut_in_m_per_s, turbine.cut_out_m_per_s, 0.05)
    wind_mw = 0.5e-6 * 1.225 * np.pi * turbine.rotor_diameter_m**2 / 4.0 * speed**3

    assert (turbine.power_mw(speed) / wind_mw).max() < 16.0 / 27.0


@every_turbine
def test_thrust_is_a_share_while_it_runs_and_nothing_in_a_storm(turbine: Turbine) -> None:
    speed = np.arange(turbine.cut_in_m_per_s, turbine.cut_out_m_per_s, 0.05)

    assert (turbine.thrust(speed) > 0.0).all()
    assert (turbine.thrust(speed) < 1.0).all()
    assert turbine.thrust(np.array([turbine.cut_out_m_per_s + 0.1]))[0] == 0.0


@pytest.mark.parametrize(
    ("key", "rated_mw", "rotor_m", "hub_m"),
    [
        ("iea37_3_35mw_130m", 3.35, 130, 110),
        ("iea_3_4mw_130m", 3.37, 130, 110),
        ("iea_10mw_198m", 10.0, 198, 119),
        ("iea_15mw_240m", 15.0, 240, 150),
    ],
)
def test_the_published_sizes(key: str, rated_mw: float, rotor_m: float, hub_m: float) -> None:
    turbine = turbine_of(key)

    assert (turbine.rated_power_mw, turbine.rotor_diameter_m) == (rated_mw, rotor_m)
    assert turbine.hub_height_m == hub_m
    assert turbine.tip_height_m == hub_m + rotor_m / 2
    assert turbine.source


def test_an_unknown_turbine_is_refused_with_those_there_are() -> None:
    with pytest.raises(WindError, match="no turbine 'V90'; there are iea37_3_35mw_130m, iea_3"):
        turbine_of("V90")
