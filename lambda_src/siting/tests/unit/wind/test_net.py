"""Losses multiply, percentiles order, and energy follows the wind as a power curve does."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siting.wind.net import (
    PROBABILITIES,
    USUAL_VARIATION_PERCENT,
    Losses,
    NetYield,
    Uncertainties,
    energy_by_speed,
    net_yield,
)
from siting.wind.turbines import TURBINES
from siting.wind.wake.energy import WindRose

TURBINE = TURBINES["iea_3_4mw_130m"]
NONE = Losses(0.0, 0.0, 0.0, 0.0, 0.0)
CERTAIN = Uncertainties(0.0, 0.0, 0.0, 0.0)
PERCENT = st.floats(0.0, 40.0)


def always(speed_m_per_s: float) -> WindRose:
    return WindRose(np.zeros(1), np.ones(1), np.full(1, speed_m_per_s))


def net(
    losses: Losses = NONE,
    uncertainties: Uncertainties = CERTAIN,
    *,
    years: tuple[float, ...] = (),
    wakes_percent: float = 10.0,
    speed_m_per_s: float = 8.0,
) -> NetYield:
    return net_yield(
        aep_mwh=1000.0,
        wake_loss_percent=wakes_percent,
        turbine=TURBINE,
        rose=always(speed_m_per_s),
        yearly_mean_m_per_s=years,
        losses=losses,
        uncertainties=uncertainties,
    )


def test_the_defaults_leave_what_a_modern_farm_sells() -> None:
    # 0.97 * 0.98 * 0.98 * 0.98
    assert net(Losses()).net_mwh == pytest.approx(912.956, abs=0.001)


@given(st.tuples(PERCENT, PERCENT, PERCENT, PERCENT, PERCENT))
def test_losses_multiply_and_never_take_more_than_there_is(
    percents: tuple[float, float, float, float, float],
) -> None:
    left = net(Losses(*percents)).net_mwh
    assert 1000.0 * (1.0 - sum(percents) / 100.0) <= left + 1e-9
    assert 0.0 <= left <= 1000.0 * (1.0 - max(percents) / 100.0) + 1e-9


def test_below_the_rated_speed_energy_follows_the_cube_and_above_it_nothing() -> None:
    assert energy_by_speed(TURBINE, always(6.0)) == pytest.approx(3.0, abs=0.6)
    assert energy_by_speed(TURBINE, always(15.0)) == 0.0
    assert energy_by_speed(TURBINE, always(1.0)) == 0.0


def test_what_half_of_all_years_exceed_is_the_net_energy() -> None:
    found = net(Losses(), Uncertainties())
    assert found.exceeded_mwh(50, 1) == found.exceeded_mwh(50, 10) == found.net_mwh


def test_the_spread_is_that_of_its_parts() -> None:
    found = net(NONE, replace(CERTAIN, power_curve=3.0, losses=4.0), speed_m_per_s=15.0)
    assert found.lasting_percent == pytest.approx(5.0)
    assert found.yearly_percent == 0.0
    z = NormalDist().inv_cdf(0.9)
    assert found.exceeded_mwh(90, 1) == pytest.approx(1000.0 * (1.0 - z * 0.05))


def test_wakes_are_as_unsure_as_what_they_took() -> None:
    found = net(NONE, replace(CERTAIN, wakes=20.0), speed_m_per_s=15.0, wakes_percent=10.0)
    # A fifth of the ninth that they took of what is left.
    assert found.lasting_percent == pytest.approx(20.0 / 9.0)


def test_years_of_the_data_say_how_much_years_differ() -> None:
    steady = net(years=(7.0, 7.0, 7.0, 7.0, 7.0))
    changing = net(years=(6.3, 7.7, 7.0, 6.3, 7.7))
    assert (steady.yearly_percent, steady.years) == (0.0, 5)
    assert changing.yearly_percent > 10.0
    few = net(years=(7.0, 7.0))
    assert few.years == 0
    assert few.yearly_percent == pytest.approx(USUAL_VARIATION_PERCENT * few.energy_by_speed)


@given(
    st.builds(Uncertainties, *(st.floats(0.0, 30.0),) * 4),
    st.lists(st.floats(4.0, 12.0), max_size=12),
    st.floats(3.0, 20.0),
)
def test_surer_is_less_and_longer_is_closer(
    uncertainties: Uncertainties, years: list[float], speed: float
) -> None:
    found = net(Losses(), uncertainties, years=tuple(years), speed_m_per_s=speed)
    for span in (1, 10):
        energies = [found.exceeded_mwh(one, span) for one in PROBABILITIES]
        assert energies == sorted(energies, reverse=True)
        assert energies[-1] >= 0.0
    assert found.exceeded_mwh(90, 10) >= found.exceeded_mwh(90, 1)
