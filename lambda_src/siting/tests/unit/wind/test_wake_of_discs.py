"""Wakes that are averaged over the rotors they hit: Jensen's and TurbOPark."""

import numpy as np
import pytest

from siting.wind.iea37 import IEA37_TURBINE, baseline, wind_rose
from siting.wind.wake.energy import annual_energy
from siting.wind.wake.flow import speeds_at
from siting.wind.wake.jensen import Jensen
from siting.wind.wake.models import WakeModel
from siting.wind.wake.rotors import gaussian_over_disc, overlap
from siting.wind.wake.turbopark import TurbOPark


# What PyWake 2.6.20 gives for its Jensen_1983 with k = 0.075 and its Nygaard_2022, in the case
# study's wind with a turbulence of 0.075; ``make bench-wake`` computes them anew, and for farms of
# many speeds.
@pytest.mark.parametrize(
    ("model", "turbines", "pywake_mwh"),
    [
        (Jensen(), 16, 354350.76367),
        (Jensen(), 64, 1248684.43590),
        (TurbOPark(0.075), 16, 340588.58959),
        (TurbOPark(0.075), 64, 1004430.74333),
    ],
)
def test_the_energy_agrees_with_pywake(model: WakeModel, turbines: int, pywake_mwh: float) -> None:
    x, y = baseline(turbines).T

    farm = annual_energy(x, y, turbine=IEA37_TURBINE, rose=wind_rose(), model=model)

    # PyWake looks overlaps up in a table of steps of a hundredth.
    assert farm.aep_mwh == pytest.approx(pywake_mwh, rel=3e-6)


@pytest.mark.parametrize("radius", [1e-3, 0.3, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("distance", [0.0, 0.7, 2.0, 5.0])
def test_a_gaussian_is_averaged_over_a_disc(radius: float, distance: float) -> None:
    rings = (np.arange(800) + 0.5) / 800 * radius
    angles = (np.arange(400) + 0.5) / 400 * 2 * np.pi
    x = distance + rings[:, np.newaxis] * np.cos(angles)
    y = rings[:, np.newaxis] * np.sin(angles)
    by_points = np.average(np.exp(-(x**2 + y**2) / 2).mean(axis=1), weights=rings)

    found = gaussian_over_disc(np.array([radius]), np.array([distance]))

    assert found[0] == pytest.approx(by_points, abs=2e-6)


@pytest.mark.parametrize(
    ("wake", "distance", "share"),
    [(100.0, 30.0, 1.0), (100.0, 160.0, 0.0), (100.0, 150.0, 0.0), (25.0, 0.0, 0.25)],
)
def test_discs_overlap_wholly_or_not_at_all(wake: float, distance: float, share: float) -> None:
    found = overlap(np.array([wake]), 50.0, np.array([distance]))

    assert found[0] == pytest.approx(share)


def test_a_disc_on_a_straight_edge_is_cut_in_half() -> None:
    assert overlap(np.array([1e6]), 50.0, np.array([1e6]))[0] == pytest.approx(0.5, abs=1e-4)


def test_jensens_wake_is_equally_deep_all_over_its_width_and_ends_there() -> None:
    behind = np.array([(650.0, 0.0), (650.0, 113.0), (650.0, 115.0)])  # 65 + 0.075 x 650 = 113.75

    speeds = speeds_at(
        behind,
        np.zeros(1),
        np.zeros(1),
        direction_degrees=270.0,
        speed_m_per_s=10.0,
        turbine=IEA37_TURBINE,
        model=Jensen(),
    )

    thrust = 8.0 / 9.0
    induction = 0.2460 * thrust + 0.0586 * thrust**2 + 0.0883 * thrust**3
    deep = 10.0 * (1.0 - 2.0 * induction * (65.0 / 113.75) ** 2)
    assert speeds == pytest.approx([deep, deep, 10.0])
