from math import hypot

import pytest

from siting.wind.noise import (
    LIMITS_DBA,
    assumed_sound_power_dba,
    heard_farthest,
    level_dba,
    screening,
    screening_distance_m,
)
from siting.wind.turbines import TURBINES


def test_a_level_is_that_of_the_hemisphere_less_what_the_air_takes() -> None:
    # By hand: 10 lg(2 pi 500^2) = 61.96; 0.005 * 500 = 2.5.
    assert level_dba(105.0, 500.0) == pytest.approx(40.54, abs=0.01)


@pytest.mark.parametrize("limit_dba", LIMITS_DBA)
@pytest.mark.parametrize(("rated_power_mw", "hub_m"), [(3.35, 110.0), (15.0, 150.0)])
def test_at_the_screening_distance_the_limit_is_reached(
    rated_power_mw: float, hub_m: float, limit_dba: float
) -> None:
    """On the ground, while the sound comes from the hub."""
    sound_power = assumed_sound_power_dba(rated_power_mw)
    away_m = screening_distance_m(sound_power, hub_m, limit_dba)
    assert level_dba(sound_power, hypot(away_m, hub_m)) == pytest.approx(limit_dba, abs=1e-3)


def test_a_turbine_that_nobody_hears_on_the_ground_needs_no_distance() -> None:
    assert screening_distance_m(80.0, 110.0, 40.0) == 0.0


def test_of_several_types_the_one_that_is_heard_farthest_is_told_of() -> None:
    types = [TURBINES[key] for key in ("iea_3_4mw_130m", "iea_15mw_240m", "iea_10mw_198m")]
    assert heard_farthest(types) == screening(types[1])
    assert heard_farthest(types)["turbine_model"] == "iea_15mw_240m"


def test_a_type_of_turbine_is_screened_at_both_limits() -> None:
    said = screening(TURBINES["iea37_3_35mw_130m"])
    assert said["assumed_sound_power_dba"] == 106.3
    assert said["distances"] == [
        {"limit_dba": 40.0, "distance_m": 575},
        {"limit_dba": 45.0, "distance_m": 355},
    ]
