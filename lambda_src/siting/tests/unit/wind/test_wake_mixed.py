"""Farms of several types, against farms of one and against PyWake."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from siting.wind.errors import WindError
from siting.wind.turbines import TURBINES, FloatArray
from siting.wind.wake.energy import WindRose, annual_energy
from siting.wind.wake.mixed import TurbineMix, mixed_energy, mixed_speeds_at
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian, WakeModel

EAST = np.array([0, 900, 1800, 2700, 300, 1200, 2100, 3000], dtype=np.float64)
NORTH = np.array([0, 100, -50, 60, 800, 950, 900, 1000], dtype=np.float64)
USUAL, LARGE = TURBINES["iea_3_4mw_130m"], TURBINES["iea_15mw_240m"]
LOW = replace(USUAL, key="low", hub_height_m=70.0, rotor_diameter_m=90.0)
TYPES = (LOW, LARGE, USUAL, LARGE, LOW, USUAL, LARGE, LOW)
MODELS: dict[str, WakeModel] = {"iea37": Iea37Gaussian(), "niayifar": TurbulentGaussian(0.1)}


def rose() -> WindRose:
    """Every direction and speed alike, below the speeds at which turbines shut down."""
    direction, speed = np.meshgrid(np.arange(0, 360, 10.0), np.arange(4.5, 19), indexing="ij")
    share = np.full(direction.size, 1.0 / direction.size)
    return WindRose(direction.ravel(), share, speed.ravel())


def shear(exponent: float) -> FloatArray:
    return np.full(len(rose().frequency), exponent)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_mix_of_one_type_is_that_type(model: WakeModel) -> None:
    mix = TurbineMix.of([USUAL] * len(EAST)).free_wind(shear(0.2))

    mixed = mixed_energy(EAST, NORTH, turbines=mix, rose=rose(), model=model)
    plain = annual_energy(EAST, NORTH, turbine=USUAL, rose=rose(), model=model)

    # Farms of one type leave out what lies beyond seven sigma of a wake.
    assert mixed.net_mwh == pytest.approx(plain.net_mwh, rel=1e-10)
    assert mixed.gross_mwh == pytest.approx(plain.gross_mwh, rel=1e-12)
    assert mixed.capacity_factor == pytest.approx(plain.capacity_factor)


#: Annual MWh by PyWake 2.6.20 on the same curves: XRSite with PowerShear(h_ref=70, alpha=0.2), and
#: IEA37SimpleBastankhahGaussianDeficit with SquaredSum, or Niayifar_PorteAgel_2016 at the hub.
PYWAKE = {
    "iea37": (22506.082, 104598.004, 23434.315, 104577.248, 22422.530, 23493.896, 104319.288,
              22433.578),
    "niayifar": (22440.294, 104406.686, 23322.640, 104351.311, 22371.422, 23400.056, 104086.723,
                 22366.904),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_three_types_of_three_heights_yield_what_pywake_says(model: str) -> None:
    mix = TurbineMix.of(TYPES).free_wind(shear(0.2))

    energy = mixed_energy(EAST, NORTH, turbines=mix, rose=rose(), model=MODELS[model])

    assert energy.turbine_aep_mwh == pytest.approx(np.array(PYWAKE[model]), rel=3e-6)
    assert energy.gross_aep_mwh == pytest.approx(
        8760.0 * float(mix.power_mw(rose().wind_speed_m_per_s).mean())
    )


def test_a_wake_passes_under_a_high_hub() -> None:
    """A rotor far over another one's wake loses nothing to it; at the same height it would."""
    west = WindRose(np.array([270.0]), np.array([1.0]), np.array([8.0]))
    high = replace(USUAL, key="high", hub_height_m=1000.0)

    def loss(second: Any) -> float:
        mix = TurbineMix.of([USUAL, second]).free_wind(np.zeros(1))
        return float(
            mixed_energy(
                [0.0, 600.0], [0.0, 0.0], turbines=mix, rose=west, model=MODELS["niayifar"]
            ).turbine_wake_loss_percent[1]
        )

    assert loss(high) == pytest.approx(0.0, abs=1e-9)
    assert loss(USUAL) > 20.0


def test_points_see_what_a_turbine_there_would() -> None:
    model = MODELS["niayifar"]
    mix = TurbineMix.of(TYPES)
    free = np.array([8.0, 8.4, 9.0])
    (speed,) = mixed_speeds_at(
        np.array([[4000.0, 500.0]]),
        LOW.hub_height_m,
        EAST,
        NORTH,
        direction_degrees=262.0,
        free_m_per_s=free,
        mix=mix,
        model=model,
    )
    one_more = TurbineMix.of([*TYPES, LOW])
    energy = mixed_energy(
        [*EAST, 4000.0],
        [*NORTH, 500.0],
        turbines=one_more.free_wind(np.log(9.0 / 8.0) / np.log(150 / 70) * np.ones(1)),
        rose=WindRose(np.array([262.0]), np.array([1.0]), np.array([8.0])),
        model=model,
    )
    assert 8760.0 * LOW.power_mw(np.array([speed]))[0] == pytest.approx(
        energy.turbine_aep_mwh[-1], rel=2e-3
    )
    assert speed < 7.9


def test_the_lowest_hub_is_the_roses_and_every_type_runs_within_the_envelope() -> None:
    mix = TurbineMix.of(TYPES)
    envelope = mix.envelope()

    assert [one.key for one in mix.types] == ["low", USUAL.key, LARGE.key]
    assert envelope.hub_height_m == 70.0
    highest = envelope.cut_in_m_per_s * (150.0 / 70.0) ** 0.6
    assert highest == pytest.approx(min(one.cut_in_m_per_s for one in TYPES))
    assert envelope.cut_out_m_per_s == 25.0


def test_a_model_that_does_not_know_heights_is_refused() -> None:
    other: Any = type("Disc", (), {"key": "disc"})()
    mix = TurbineMix.of(TYPES).free_wind(shear(0.0))
    with pytest.raises(WindError, match="not simulated with disc"):
        mixed_energy(EAST, NORTH, turbines=mix, rose=rose(), model=other)
