from math import gamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siting.wind.errors import WindError
from siting.wind.rose import (
    MIN_HOURS_TO_FIT,
    FloatArray,
    WindHours,
    fit_weibull,
    held_shear,
    sector_of,
    shear_exponents,
    wind_climate,
)


def weibull_speeds(a: float, k: float, count: int = 5000) -> FloatArray:
    """Speeds at evenly spread probabilities: a sample without chance."""
    shares = (np.arange(count) + 0.5) / count
    return np.asarray(a * (-np.log1p(-shares)) ** (1.0 / k))


def hours(
    direction: FloatArray | float,
    upper: FloatArray | float,
    lower: FloatArray | float | None = None,
    *,
    count: int = 1000,
) -> WindHours:
    full = np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,)).copy()
    return WindHours(
        year=np.resize((2023.0, 2024.0), count),
        month=np.resize(np.arange(1.0, 13.0), count),
        hour=np.resize(np.arange(24.0), count),
        direction_degrees=np.broadcast_to(np.asarray(direction, np.float64), (count,)).copy(),
        upper_m_per_s=full,
        lower_m_per_s=full * 0.8
        if lower is None
        else np.broadcast_to(np.asarray(lower, np.float64), (count,)).copy(),
        upper_height_m=50.0,
        lower_height_m=10.0,
    )


@pytest.mark.parametrize(
    ("direction", "sector"),
    [(0, 0), (14.9, 0), (15, 1), (344.9, 11), (345, 0), (359.99, 0), (360, 0), (90, 3), (104.9, 3)],
)
def test_a_sector_is_centred_on_its_direction(direction: float, sector: int) -> None:
    assert sector_of(np.array([direction]), 12)[0] == sector


@given(st.integers(4, 36), st.floats(0, 360, exclude_max=True))
def test_every_direction_lies_within_half_a_sector_of_its_middle(
    sectors: int, direction: float
) -> None:
    middle = float(sector_of(np.array([direction]), sectors)[0]) * 360.0 / sectors

    away = abs((direction - middle + 180.0) % 360.0 - 180.0)
    assert away <= 180.0 / sectors + 1e-9


@given(st.floats(2, 15), st.floats(1.2, 4.0))
def test_known_parameters_are_recovered(a: float, k: float) -> None:
    fitted = fit_weibull(weibull_speeds(a, k))

    assert fitted.k == pytest.approx(k, rel=0.01)
    assert fitted.a_m_per_s == pytest.approx(a, rel=0.01)


def test_a_random_sample_gives_its_parameters_back() -> None:
    sample = 8.7 * np.random.default_rng(5).weibull(2.15, 87_600)

    fitted = fit_weibull(sample)

    assert (fitted.a_m_per_s, fitted.k) == pytest.approx((8.7, 2.15), rel=0.01)


@given(st.lists(st.floats(0, 35), min_size=20, max_size=60).filter(lambda v: sum(v) > 1.0))
def test_a_fit_keeps_the_mean_and_where_its_shape_allows_the_energy(speeds: list[float]) -> None:
    sample = np.array(speeds)

    fitted = fit_weibull(sample)

    assert fitted.mean_m_per_s == pytest.approx(sample.mean())
    energy = fitted.a_m_per_s**3 * gamma(1 + 3 / fitted.k)
    if 0.71 < fitted.k < 9.99:
        assert energy == pytest.approx((sample**3).mean(), rel=1e-6)


@pytest.mark.parametrize("speeds", [[], [0.0, 0.0], [float("nan")]])
def test_no_wind_cannot_be_fitted(speeds: list[float]) -> None:
    with pytest.raises(WindError, match="no hours with wind"):
        fit_weibull(np.array(speeds))


@given(st.floats(0.0, 0.5), st.floats(2, 15))
def test_the_exponent_of_a_power_law_is_recovered(exponent: float, lower: float) -> None:
    found, held = shear_exponents(hours(0.0, lower * 5.0**exponent, lower, count=1))

    assert found[0] == pytest.approx(exponent, abs=1e-9)
    assert not held[0]


@pytest.mark.parametrize(
    ("upper", "lower", "exponent", "held"),
    [(8, 1, 0.6, True), (5, 6, 0.0, True), (0, 0, 0.0, False), (3, 0, 0.0, False)],
)
def test_an_exponent_stays_within_what_wind_does(
    upper: float, lower: float, exponent: float, held: bool
) -> None:
    found = shear_exponents(hours(0.0, upper, lower, count=1))

    assert [one[0] for one in found] == [exponent, held]


def test_each_hour_has_its_own_shear() -> None:
    """Calm nights of strong shear and days without: the mean's shear knows neither."""
    night = np.tile([True, False], 500)
    lower = np.where(night, 6.0 * 0.2**0.5, 6.0)

    climate = wind_climate(hours(0.0, 6.0, lower), hub_height_m=110.0, sectors=4)

    at_night = 6.0 * 2.2**0.5
    assert climate.mean_m_per_s == pytest.approx((at_night + 6.0) / 2)
    north = climate.sectors[0]
    cube = north.weibull.a_m_per_s**3 * gamma(1 + 3 / north.weibull.k)
    assert cube == pytest.approx((at_night**3 + 6.0**3) / 2, rel=1e-6)
    # By which the mean speed grows from 110 m on, where only the nights' does.
    assert north.shear_exponent == pytest.approx(0.5 * at_night / (at_night + 6.0))


def test_how_many_hours_had_their_shear_held_is_told() -> None:
    lower = np.where(np.arange(1000) < 30, 1.0, 6.0)

    climate = wind_climate(hours(0.0, 8.0, lower), hub_height_m=110.0, sectors=4)

    assert held_shear(climate) == [
        "In 3.0 % of the hours the shear exponent was held at a bound, 0 or 0.6."
    ]
    assert held_shear(wind_climate(hours(0.0, 8.0), hub_height_m=110.0, sectors=4)) == []


def test_speeds_are_taken_to_the_hub_by_each_sectors_own_shear() -> None:
    # From the north over rough land, from the south over water.
    direction = np.tile([0.0, 180.0], 500)
    upper = np.full(1000, 8.0)
    lower = np.where(direction == 0.0, 8.0 * 0.2**0.3, 8.0 * 0.2**0.1)

    climate = wind_climate(hours(direction, upper, lower), hub_height_m=100.0, sectors=4)

    north, _, south, _ = climate.sectors
    assert (north.shear_exponent, south.shear_exponent) == pytest.approx((0.3, 0.1))
    assert north.mean_m_per_s == pytest.approx(8.0 * 2**0.3)
    assert south.mean_m_per_s == pytest.approx(8.0 * 2**0.1)


def test_at_the_datas_own_height_nothing_is_extrapolated() -> None:
    climate = wind_climate(hours(10.0, 7.5), hub_height_m=50.0, sectors=12)

    assert climate.mean_m_per_s == pytest.approx(7.5)


@given(st.integers(4, 36), st.integers(0, 2**32 - 1))
def test_frequencies_are_shares_of_all_hours(sectors: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = hours(random.uniform(0, 360, 500), random.weibull(2, 500) * 8, count=500)

    climate = wind_climate(data, hub_height_m=110.0, sectors=sectors)

    assert len(climate.sectors) == sectors
    assert sum(one.frequency for one in climate.sectors) == pytest.approx(1.0, abs=1e-12)
    assert sum(one.hours for one in climate.sectors) == 500
    weighted = sum(one.frequency * one.mean_m_per_s for one in climate.sectors)
    assert weighted == pytest.approx(climate.mean_m_per_s)


def test_turning_the_wind_by_a_sector_turns_the_rose() -> None:
    random = np.random.default_rng(3)
    direction, speed = random.uniform(0, 360, 3000), random.weibull(2, 3000) * 8

    rose = wind_climate(hours(direction, speed, count=3000), hub_height_m=110.0, sectors=12)
    turned = wind_climate(
        hours((direction + 30) % 360, speed, count=3000), hub_height_m=110.0, sectors=12
    )

    assert [one.frequency for one in turned.sectors[1:]] == [
        one.frequency for one in rose.sectors[:-1]
    ]


def test_a_sector_with_too_few_hours_takes_the_shape_of_all() -> None:
    direction = np.zeros(1000)
    direction[: MIN_HOURS_TO_FIT - 1] = 90.0
    speeds = np.random.default_rng(1).permutation(weibull_speeds(8, 2, 1000))

    climate = wind_climate(hours(direction, speeds), hub_height_m=110.0, sectors=4)

    north, east, south, _ = climate.sectors
    assert (north.fitted_by_itself, east.fitted_by_itself) == (True, False)
    assert east.weibull.k == climate.weibull.k
    assert east.weibull.mean_m_per_s == pytest.approx(east.mean_m_per_s)
    assert (south.hours, south.frequency, south.weibull) == (0, 0.0, climate.weibull)


def test_months_have_their_own_mean() -> None:
    data = hours(0.0, np.where(np.resize(np.arange(12), 1200) == 0, 12.0, 6.0), count=1200)

    climate = wind_climate(data, hub_height_m=50.0, sectors=4)

    january, december = climate.months[0], climate.months[11]
    assert january is not None
    assert december is not None
    assert (january.mean_m_per_s, december.mean_m_per_s) == pytest.approx((12.0, 6.0))
    assert january.weibull.mean_m_per_s == pytest.approx(12.0)


def test_hours_of_the_day_have_their_own_wind() -> None:
    data = hours(0.0, np.where(np.resize(np.arange(24), 1200) == 13, 9.0, 0.0), count=1200)

    climate = wind_climate(data, hub_height_m=50.0, sectors=4)

    assert climate.hours_of_day[0] is None
    at_one = climate.hours_of_day[13]
    assert at_one is not None
    assert at_one.mean_m_per_s == pytest.approx(9.0)


def test_years_have_their_own_mean() -> None:
    data = hours(0.0, np.resize((9.0, 6.0), 1200), count=1200)

    climate = wind_climate(data, hub_height_m=50.0, sectors=4)

    assert climate.yearly_mean_m_per_s == {2023: pytest.approx(9.0), 2024: pytest.approx(6.0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sectors": 3}, "sectors is 3; give 4 to 36"),
        ({"sectors": 37}, "sectors is 37; give 4 to 36"),
        ({"hub_height_m": 29.0}, "hub_height_m is 29; give 30 to 250 m"),
        ({"hub_height_m": float("nan")}, "hub_height_m is nan"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(WindError, match=message):
        wind_climate(hours(0.0, 8.0), **{"hub_height_m": 110.0, "sectors": 12, **changes})  # type: ignore[arg-type]
