import numpy as np
import pytest

from siting.wind.air import air_at_hub
from siting.wind.turbines import STANDARD_DENSITY_KG_PER_M3, TURBINES, FloatArray

NONE: FloatArray = np.empty(0)
EACH_TURBINE = pytest.mark.parametrize("key", TURBINES)


# ISO 2533 tabulates these, by geopotential height: a metre less at 2,000 m.
@pytest.mark.parametrize(
    ("above_sea_m", "density"), [(0.0, 1.225), (1000.0, 1.1117), (2000.0, 1.0066)]
)
def test_without_data_it_is_the_standard_atmosphere(above_sea_m: float, density: float) -> None:
    air = air_at_hub(
        NONE, NONE, hub_height_m=100.0, data_ground_m=above_sea_m - 100.0, ground_m=None
    )

    assert air.density_kg_per_m3 == pytest.approx(density, abs=2e-4)
    assert air.source == f"the standard atmosphere, {above_sea_m - 100.0:,.0f} m over sea level"


def test_cold_dense_air_of_the_data_is_taken_as_it_is() -> None:
    hours = np.full(10, -10.0), np.full(10, 102.0)

    air = air_at_hub(*hours, hub_height_m=0.0, data_ground_m=5.0, ground_m=None)

    assert air.density_kg_per_m3 == pytest.approx(102_000 / (287.05 * 263.15))
    assert air.source == "temperature and pressure of the wind data's hours"


def test_air_of_the_plain_is_taken_up_to_the_hill_and_the_hub() -> None:
    """By as much as the standard atmosphere itself loses on the way."""
    plain = np.array([15.0 - 0.0065 * 900.0]), np.array([90.971])  # 900 m of ISO 2533

    air = air_at_hub(*plain, hub_height_m=100.0, data_ground_m=900.0, ground_m=1900.0)

    assert air.density_kg_per_m3 == pytest.approx(1.0066, abs=1e-4)
    assert air.ground_m == 1900.0
    assert "taken from 900 m to 1,900 m" in air.source


def test_without_anything_it_is_sea_level_and_said_so() -> None:
    air = air_at_hub(NONE, NONE, hub_height_m=0.0, data_ground_m=None, ground_m=None)

    assert air.density_kg_per_m3 == pytest.approx(1.225, abs=1e-4)
    assert "at sea level, for want of" in air.source


@EACH_TURBINE
def test_thin_air_needs_more_wind_for_the_same_power_and_thrust(key: str) -> None:
    turbine = TURBINES[key]
    thin = turbine.in_air(1.0)
    speed = np.linspace(turbine.cut_in_m_per_s * 1.1, turbine.cut_out_m_per_s, 60)
    as_dense = speed * (1.0 / STANDARD_DENSITY_KG_PER_M3) ** (1.0 / 3.0)

    assert thin.power_mw(speed) == pytest.approx(turbine.power_mw(as_dense))
    assert thin.thrust(speed) == pytest.approx(turbine.thrust(as_dense))
    assert turbine.in_air(STANDARD_DENSITY_KG_PER_M3) == turbine
    assert thin.rated_in_its_air_m_per_s == pytest.approx(turbine.rated_m_per_s * 1.225 ** (1 / 3))


@EACH_TURBINE
def test_a_turbine_cuts_in_and_out_by_the_wind_it_has(key: str) -> None:
    turbine = TURBINES[key].in_air(1.3)
    out = turbine.cut_out_m_per_s

    assert turbine.power_mw(np.array([out, out + 0.01])) == pytest.approx(
        [turbine.rated_power_mw, 0.0]
    )
    assert turbine.power_mw(np.array([turbine.cut_in_m_per_s - 0.01]))[0] == 0.0
