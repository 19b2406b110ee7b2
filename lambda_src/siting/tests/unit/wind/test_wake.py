import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siting.wind.errors import WindError
from siting.wind.iea37 import IEA37_FREQUENCIES, IEA37_TURBINE, baseline, wind_rose
from siting.wind.turbines import TURBINES, Turbine
from siting.wind.wake import energy as wake
from siting.wind.wake.energy import EnergyYield, WindRose, annual_energy, require_spacing
from siting.wind.wake.flow import Flow, follow, geometric_losses, speeds_at
from siting.wind.wake.jensen import Jensen
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian, WakeModel
from siting.wind.wake.turbopark import TurbOPark

Places = list[tuple[float, float]]

#: The case study's wake and turbine take all pairs at once; the others follow the wind.
SEEN_FROM_THE_HUB: list[tuple[WakeModel, Turbine]] = [
    (Iea37Gaussian(), IEA37_TURBINE),
    (Iea37Gaussian(), TURBINES["iea_3_4mw_130m"]),
    (TurbulentGaussian(0.1), IEA37_TURBINE),
    (TurbulentGaussian(0.1), TURBINES["iea_3_4mw_130m"]),
]
FARMS: list[tuple[WakeModel, Turbine]] = [
    *SEEN_FROM_THE_HUB,
    (Jensen(), TURBINES["iea_3_4mw_130m"]),
    (TurbOPark(0.1), TURBINES["iea_3_4mw_130m"]),
]
each_farm = pytest.mark.parametrize(("model", "turbine"), FARMS)


def simulate(
    places: Places,
    rose: WindRose | None = None,
    *,
    model: WakeModel | None = None,
    turbine: Turbine = IEA37_TURBINE,
) -> EnergyYield:
    return annual_energy(
        [x for x, _ in places],
        [y for _, y in places],
        turbine=turbine,
        rose=rose or wind_rose(),
        model=model or Iea37Gaussian(),
    )


def one_direction(direction_degrees: float, speed: float = 9.8) -> WindRose:
    return WindRose(np.array([direction_degrees]), np.array([1.0]), np.array([speed]))


def pair_by_pair_mwh(places: Places, rose: WindRose) -> float:
    """The case study's formula again, one pair of turbines at a time."""
    total = 0.0
    diameter, k, thrust = 130.0, 0.0324555, 8.0 / 9.0
    states = zip(rose.direction_degrees, rose.frequency, rose.wind_speed_m_per_s, strict=True)
    for direction, frequency, speed in states:
        turn = math.radians(270.0 - direction)  # mathematical angle of the wind's course
        for x, y in places:
            squares = 0.0
            for other_x, other_y in places:
                downwind = (x - other_x) * math.cos(turn) + (y - other_y) * math.sin(turn)
                sideways = (y - other_y) * math.cos(turn) - (x - other_x) * math.sin(turn)
                if downwind <= 1e-9:
                    continue
                sigma = k * downwind + diameter / math.sqrt(8)
                loss = 1 - math.sqrt(1 - thrust / (8 * (sigma / diameter) ** 2))
                squares += (loss * math.exp(-0.5 * (sideways / sigma) ** 2)) ** 2
            effective = speed * (1 - math.sqrt(squares))
            if 4.0 < effective < 9.8:
                total += 8760 * frequency * 3.35 * ((effective - 4.0) / 5.8) ** 3
            elif 9.8 <= effective <= 25.0:
                total += 8760 * frequency * 3.35
    return total


@st.composite
def farms(draw: st.DrawFn) -> Places:
    """Up to nine turbines at least 290 m apart."""
    cells = draw(
        st.lists(
            st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=9, unique=True
        )
    )
    shift = st.floats(-55, 55)
    return [(400.0 * x + draw(shift), 400.0 * y + draw(shift)) for x, y in cells]


@st.composite
def roses(draw: st.DrawFn) -> WindRose:
    count = draw(st.integers(1, 8))
    weights = np.array([draw(st.floats(0.01, 1)) for _ in range(count)])
    return WindRose(
        direction_degrees=np.array([draw(st.floats(0, 360)) for _ in range(count)]),
        frequency=weights / weights.sum(),
        wind_speed_m_per_s=np.array([draw(st.floats(0, 25)) for _ in range(count)]),
    )


@pytest.mark.parametrize(
    ("turbines", "published_mwh"),
    [(16, "366941.57116"), (36, "737883.09851"), (64, "1294974.29770")],
)
def test_the_published_baselines_to_five_decimals(turbines: int, published_mwh: str) -> None:
    farm = simulate(baseline(turbines).tolist())

    rated_mwh = turbines * 3.35 * 8760
    assert f"{farm.aep_mwh:.5f}" == published_mwh
    assert farm.gross_aep_mwh == pytest.approx(rated_mwh)
    assert farm.capacity_factor == pytest.approx(float(published_mwh) / rated_mwh)
    assert farm.wake_loss_percent == pytest.approx(100 * (1 - farm.capacity_factor))


# What PyWake 2.6.20 gives for its Niayifar_PorteAgel_2016 with speeds at the hub, in this wind;
# ``make bench-wake`` computes them anew.
@pytest.mark.parametrize(
    ("turbines", "pywake_mwh"),
    [(16, 354543.47946), (36, 690149.47546), (64, 1197797.47261)],
)
def test_the_turbulent_wake_agrees_with_pywake(turbines: int, pywake_mwh: float) -> None:
    farm = simulate(baseline(turbines).tolist(), model=TurbulentGaussian(0.075))

    assert farm.aep_mwh == pytest.approx(pywake_mwh, rel=1e-9)


@given(farms(), roses())
def test_both_ways_through_the_farm_lead_to_the_same(places: Places, rose: WindRose) -> None:
    x, y = np.array(places).T
    at_once = geometric_losses(x, y, rose.direction_degrees, IEA37_TURBINE, 0.0324555)
    followed = follow(
        x,
        y,
        direction_degrees=rose.direction_degrees,
        speed_m_per_s=np.full(len(rose.frequency), 10.0),
        turbine=IEA37_TURBINE,
        model=Iea37Gaussian(),
    )

    assert followed.speed_m_per_s == pytest.approx(10.0 * (1.0 - at_once), abs=1e-5)


@each_farm
@pytest.mark.parametrize("left_out", [0, 1], ids=["every speed", "a speed less in one direction"])
def test_states_of_one_direction_are_followed_together_as_each_by_itself(
    model: WakeModel, turbine: Turbine, left_out: int
) -> None:
    x, y = baseline(16).T
    direction = np.tile([200.0, 30.0, 270.0], 3)[left_out:]
    speed = np.array([5.0, 9.0, 12.0, 6.0, 9.5, 11.0, 8.0, 10.0, 24.0])[left_out:]

    def flow(states: slice) -> Flow:
        return follow(
            x,
            y,
            direction_degrees=direction[states],
            speed_m_per_s=speed[states],
            turbine=turbine,
            model=model,
        )

    together = flow(slice(None))

    for state in range(len(speed)):
        alone = flow(slice(state, state + 1))
        # TurbOPark's wakes end where 2e-8 of their depth is left, by the widest speed's.
        for name in ("speed_m_per_s", "turbulence"):
            one = getattr(alone, name)[0]
            assert getattr(together, name)[state] == pytest.approx(one, rel=1e-7)


def test_the_case_studys_frequencies_are_a_year() -> None:
    assert len(IEA37_FREQUENCIES) == 16
    assert sum(IEA37_FREQUENCIES) == pytest.approx(1.0, abs=1e-12)
    assert wind_rose().direction_degrees[12] == 270.0


@given(farms(), roses())
def test_pair_by_pair_gives_the_same(places: Places, rose: WindRose) -> None:
    # A turbine exactly abreast may count as behind by a rounding; that is 1e-7 of its speed.
    expected = pair_by_pair_mwh(places, rose)

    assert simulate(places, rose).aep_mwh == pytest.approx(expected, rel=1e-5, abs=0.01)


@each_farm
@given(farms(), roses())
def test_wakes_never_add_energy(
    model: WakeModel, turbine: Turbine, places: Places, rose: WindRose
) -> None:
    farm = simulate(places, rose, model=model, turbine=turbine)

    assert farm.aep_mwh <= farm.gross_aep_mwh * (1 + 1e-12)
    assert (farm.net_mwh <= farm.gross_mwh * (1 + 1e-12)).all()
    assert 0.0 <= farm.capacity_factor <= 1.0 + 1e-12
    assert -1e-9 <= farm.wake_loss_percent <= 100.0
    assert np.isfinite(farm.turbine_wake_loss_percent).all()
    assert np.isfinite(farm.state_wake_loss_percent).all()


@each_farm
@given(farms(), roses(), st.randoms(use_true_random=False))
def test_the_order_of_turbines_does_not_matter(
    model: WakeModel, turbine: Turbine, places: Places, rose: WindRose, random: Random
) -> None:
    order = list(range(len(places)))
    random.shuffle(order)

    first = simulate(places, rose, model=model, turbine=turbine)
    shuffled = simulate([places[at] for at in order], rose, model=model, turbine=turbine)

    assert shuffled.turbine_aep_mwh == pytest.approx(first.turbine_aep_mwh[order], rel=1e-9)


@each_farm
@given(farms(), roses(), st.floats(0, 360))
def test_turning_farm_and_wind_together_changes_nothing(
    model: WakeModel, turbine: Turbine, places: Places, rose: WindRose, turn_degrees: float
) -> None:
    turn = math.radians(-turn_degrees)  # clockwise, as wind directions count
    turned = [
        (x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn))
        for x, y in places
    ]
    turned_rose = WindRose(
        rose.direction_degrees + turn_degrees, rose.frequency, rose.wind_speed_m_per_s
    )

    assert simulate(turned, turned_rose, model=model, turbine=turbine).aep_mwh == pytest.approx(
        simulate(places, rose, model=model, turbine=turbine).aep_mwh, rel=1e-5, abs=0.01
    )


@given(farms(), roses(), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_moving_the_farm_changes_nothing(
    places: Places, rose: WindRose, east: float, north: float
) -> None:
    moved = [(x + east, y + north) for x, y in places]

    assert simulate(moved, rose).aep_mwh == pytest.approx(
        simulate(places, rose).aep_mwh, rel=1e-5, abs=0.01
    )


@pytest.mark.parametrize(
    ("direction_degrees", "hit"), [(270.0, 1), (90.0, 0), (0.0, None), (180.0, None)]
)
def test_the_wind_comes_from_its_direction(direction_degrees: float, hit: int | None) -> None:
    west_and_east = [(0.0, 0.0), (650.0, 0.0)]

    loss = simulate(west_and_east, one_direction(direction_degrees)).turbine_wake_loss_percent

    assert [at for at in (0, 1) if loss[at] > 1.0] == ([] if hit is None else [hit])


def test_one_turbine_has_no_wake_loss() -> None:
    alone = simulate([(3.0, 4.0)])

    assert alone.wake_loss_percent == 0.0
    assert alone.capacity_factor == pytest.approx(1.0)
    assert alone.aep_mwh == pytest.approx(3.35 * 8760)


def test_a_calm_year_has_neither_energy_nor_loss() -> None:
    calm = simulate([(0.0, 0.0), (650.0, 0.0)], one_direction(270.0, speed=3.0))

    assert (calm.aep_mwh, calm.wake_loss_percent, calm.capacity_factor) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("speed", "power"),
    [(0.0, 0.0), (4.0, 0.0), (6.9, 3.35 / 8), (9.8, 3.35), (25.0, 3.35), (25.01, 0.0)],
)
def test_the_power_curve(speed: float, power: float) -> None:
    assert IEA37_TURBINE.power_mw(np.array([speed]))[0] == pytest.approx(power)


@pytest.mark.parametrize(
    ("frequency", "speed", "message"),
    [
        ([0.5, 0.4], [9.8, 9.8], "sum to 0.9; give shares"),
        ([1.5, -0.5], [9.8, 9.8], "none negative"),
        ([0.5, math.nan], [9.8, 9.8], "not a finite number"),
        ([0.5, 0.5], [9.8, math.inf], "not a finite number"),
        ([0.5, 0.5], [9.8, -1.0], "negative wind speed"),
        ([1.0], [9.8, 9.8], "as many directions"),
    ],
)
def test_a_wind_rose_that_cannot_be_is_refused(
    frequency: list[float], speed: list[float], message: str
) -> None:
    with pytest.raises(WindError, match=message):
        WindRose(np.array([0.0, 180.0]), np.array(frequency), np.array(speed))


def test_a_wind_rose_without_sectors_is_refused() -> None:
    with pytest.raises(WindError, match="needs as many"):
        wind_rose(())


@pytest.mark.parametrize(
    ("x_m", "y_m", "message"),
    [
        ([], [], "at least one turbine"),
        ([0.0, 1.0], [0.0], "each with an x and a y"),
        ([0.0, math.nan], [0.0, 500.0], "not a finite number of metres"),
        ([0.0] * 301, [0.0] * 301, "301 turbines; at most 300"),
    ],
)
def test_a_farm_that_cannot_be_is_refused(x_m: list[float], y_m: list[float], message: str) -> None:
    with pytest.raises(WindError, match=message):
        annual_energy(
            x_m,
            y_m,
            turbine=IEA37_TURBINE,
            rose=wind_rose(),
            model=Iea37Gaussian(),
        )


def test_more_than_one_evaluation_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "MAX_PAIR_STATES", 8_000_000)
    many = tuple([1 / 100] * 100)

    with pytest.raises(WindError, match="300 turbines in 100 wind states"):
        simulate([(500.0 * at, 0.0) for at in range(300)], wind_rose(many))


def test_turbines_too_near_are_named() -> None:
    with pytest.raises(WindError, match=r"Turbines B and C are 259.0 m apart; .* 260 m, at least"):
        require_spacing(["A", "B", "C"], [0, 500, 500], [0, 0, 259], IEA37_TURBINE.rotor_diameter_m)


def test_two_diameters_are_enough() -> None:
    require_spacing(["A", "B"], [0, 260], [0, 0], IEA37_TURBINE.rotor_diameter_m)
    require_spacing(["A"], [0], [0], IEA37_TURBINE.rotor_diameter_m)


@each_farm
def test_above_cut_out_a_wake_starts_no_turbine(model: WakeModel, turbine: Turbine) -> None:
    row = [(0.0, 0.0), (400.0, 0.0), (800.0, 0.0)]

    storm = simulate(row, one_direction(270.0, speed=25.5), model=model, turbine=turbine)

    assert storm.aep_mwh == storm.gross_aep_mwh == 0.0


@pytest.mark.parametrize(("model", "turbine"), SEEN_FROM_THE_HUB)
def test_the_flow_at_a_hub_is_what_its_turbine_gets(model: WakeModel, turbine: Turbine) -> None:
    x, y = np.array([0.0, 600.0, 1300.0, 900.0]), np.array([0.0, 40.0, -30.0, 700.0])
    wind: dict[str, Any] = {"turbine": turbine, "model": model}
    inside = follow(
        x, y, direction_degrees=np.array([265.0]), speed_m_per_s=np.array([9.0]), **wind
    ).speed_m_per_s[0]

    outside = speeds_at(
        np.column_stack((x, y)), x, y, direction_degrees=265.0, speed_m_per_s=9.0, **wind
    )

    assert inside.min() < 8.5
    assert outside == pytest.approx(inside, abs=1e-6)


def test_more_turbulence_means_shorter_wakes() -> None:
    row = [(0.0, 0.0), (900.0, 0.0)]
    wind = one_direction(270.0, speed=8.0)
    calm, rough = (
        simulate(row, wind, model=TurbulentGaussian(intensity)) for intensity in (0.05, 0.15)
    )

    assert rough.aep_mwh > calm.aep_mwh


def test_a_wakes_turbulence_shortens_the_next_wake() -> None:
    # In the second turbine's wake stands the third: were the second's wake that of free wind, the
    # third would get less.
    model = TurbulentGaussian(0.06)
    x = np.array([0.0, 650.0, 1300.0])
    flow = follow(
        x,
        np.zeros(3),
        direction_degrees=np.array([270.0]),
        speed_m_per_s=np.array([9.0]),
        turbine=IEA37_TURBINE,
        model=model,
    )

    first, second, _ = flow.turbulence[0]
    assert first == 0.06
    assert 0.1 < second < 0.2


@pytest.mark.parametrize("intensity", [0.0, 0.02, 0.31, math.nan, math.inf])
def test_turbulence_out_of_range_is_refused(intensity: float) -> None:
    with pytest.raises(WindError, match=r"turbulence_intensity is .*; give 0.03 to 0.3"):
        TurbulentGaussian(intensity)
