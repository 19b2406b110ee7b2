import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from siting.wind.iea37 import IEA37_TURBINE, baseline, wind_rose
from siting.wind.layout.energy import LayoutEnergy, Standing
from siting.wind.turbines import TURBINES
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian

ENERGY = LayoutEnergy(IEA37_TURBINE, wind_rose(), Iea37Gaussian())


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 1.7, 3.0]))
@example(7137, 1.7)
@example(275, 3.0)
def test_the_slope_is_the_energys(seed: int, widening: float) -> None:
    random = np.random.default_rng(seed)
    place = random.uniform(0.0, 2500.0, (7, 2))
    landscape = ENERGY.landscape(widening, skin_m=50.0)
    here, slope = landscape(place)
    way = random.normal(size=(7, 2))
    step_m = 0.01

    ahead, _ = landscape(place + step_m * way)
    behind, _ = landscape(place - step_m * way)

    # Where one turbine passes another on this step, its wake begins at once: there is no slope.
    assume(abs(ahead - 2.0 * here + behind) < 0.1 * step_m * (1.0 + abs(ahead - behind) / step_m))
    # The tables are steps, the slope is between them.
    difference = (ahead - behind) / (2.0 * step_m)
    assert (slope * way).sum() == pytest.approx(difference, rel=0.02, abs=1.0)


@pytest.mark.parametrize("widening", [1.0, 2.0])
def test_a_landscape_leaves_no_wake_out_on_the_way(widening: float) -> None:
    random = np.random.default_rng(3)
    place = random.uniform(0.0, 6000.0, (40, 2))
    landscape = ENERGY.landscape(widening, skin_m=60.0)

    for _ in range(30):
        place = place + random.uniform(-25.0, 25.0, place.shape)
        on_the_way, slope = landscape(place)
        anew, slope_anew = ENERGY.landscape(widening, skin_m=1e6)(place)

        assert on_the_way == pytest.approx(anew, rel=1e-5)
        assert np.abs(slope - slope_anew).max() < 1e-3 * np.abs(slope_anew).max()


def test_one_more_turbine_adds_what_the_whole_layout_says() -> None:
    others, candidates = baseline(16)[1:], baseline(16)[:1] + np.array([[0.0, 0.0], [90.0, 40.0]])
    standing = Standing(ENERGY, others[:9])
    for other in others[9:]:
        standing.add(other[np.newaxis])

    with_one = standing.with_one_at(candidates)

    for place, energy in zip(candidates, with_one, strict=True):
        assert energy == pytest.approx(ENERGY.mwh(np.vstack((others, place))), rel=1e-5)
    assert standing.mwh == pytest.approx(ENERGY.mwh(others), rel=1e-5)


def test_a_stand_in_thrust_is_that_of_winds_that_matter() -> None:
    turbine = TURBINES["iea_3_4mw_130m"]
    pair = np.array([(0.0, 0.0), (700.0, 0.0)])

    def loss(speed: float) -> float:
        rose = wind_rose((0.0, 0.0, 0.0, 1.0), speed)
        energy = LayoutEnergy(turbine, rose, TurbulentGaussian(0.1))
        return 1.0 - energy.mwh(pair) / (2.0 * energy.mwh(pair[:1]))

    assert loss(8.0) > 0.1
    assert loss(16.0) == pytest.approx(0.0, abs=1e-9)
