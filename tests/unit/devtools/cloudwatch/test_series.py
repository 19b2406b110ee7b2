import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.series import Grid, Sample, Series, aggregate, sample_count
from devtools.cloudwatch.statistics import StatisticError, parse_statistic

HUNDRED = Sample(0, tuple(map(float, range(1, 101))), (1,) * 100)
LATENCIES = Sample(0, (120.0, 900.0), (990, 10))


def of(statistic: str, *samples: Sample) -> float | None:
    return aggregate(samples, statistic, Grid(0, 300, 300)).values[0]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p0", 1),
        ("p50", 50),
        ("p99", 99),
        ("p99.9", 100),
        ("p100", 100),
        ("tm90", 45.5),
        ("tc90", 90),
        ("ts90", 4095),
        # The highest ten count as 90, and the lowest ten as 11.
        ("wm90", (sum(range(1, 91)) + 10 * 90) / 100),
        ("WM(10%:90%)", 50.5),
        ("WM(:90%)", (sum(range(1, 91)) + 10 * 90) / 100),
        # What is up to 20 counts as 20, what is above 50 as 50.
        ("WM(20:50)", (20 * 20 + sum(range(21, 51)) + 50 * 50) / 100),
        ("WM(20:)", (20 * 20 + sum(range(21, 101))) / 100),
        ("WM(:1)", 1),
        ("IQM", 50.5),
        ("TM(25%:75%)", 50.5),
        ("TM(10%:)", 55.5),
        ("TC(:95%)", 95),
        # The lower boundary is outside, the upper one inside.
        ("TC(80:90)", 10),
        ("TM(80:90)", 85.5),
        ("TS(:3)", 6),
        ("PR(:30)", 30),
        ("PR(90:)", 10),
    ],
)
def test_a_statistic_of_one_to_a_hundred(statistic: str, expected: float) -> None:
    assert of(statistic, HUNDRED) == pytest.approx(expected)


@pytest.mark.parametrize(("statistic", "expected"), [("p99", 120), ("p99.1", 900), ("tm99", 120)])
def test_counts_weigh_in_percentiles(statistic: str, expected: float) -> None:
    assert of(statistic, LATENCIES) == expected


def test_a_percentile_s_rank_is_exact() -> None:
    # 0.07 * 100 is 7.000000000000001 in floating point, which would be the eighth value.
    assert of("p7", HUNDRED) == 7


def test_a_cut_value_counts_in_part() -> None:
    # Half of the highest of three values is inside 83.33...%; exactly: 2.5 of 3 values.
    assert of("TC(:83.3333333333%)", Sample.of(0, 1, 2, 3)) == pytest.approx(2.5)


@pytest.mark.parametrize("statistic", ["p50", "tm90", "wm90", "TM(1:2)", "WM(1:2)", "PR(:1)"])
def test_there_is_no_percentile_over_a_negative_value(statistic: str) -> None:
    assert of(statistic, Sample.of(0, -1, 5)) is None
    assert of("Sum", Sample.of(0, -1, 5)) == 4


@pytest.mark.parametrize(
    "statistic",
    [
        "p101",
        "p",
        "P99",
        "median",
        "TM()",
        "TM(:)",
        "TM(1:90%)",
        "PR(10%:)",
        "tm101",
        "wm101",
        "WM(:)",
        "p99\n",
        "",
    ],
)
def test_what_is_no_statistic_is_refused(statistic: str) -> None:
    with pytest.raises(StatisticError, match=r"statistic|percent"):
        parse_statistic(statistic)


def test_samples_fall_into_periods_by_their_time() -> None:
    grid = Grid(-300, 900, 300)
    samples = [Sample.of(time, 1) for time in (-301, -300, -1, 0, 299.9, 600, 900)]
    series = aggregate(samples, "Sum", grid)
    assert series.values == (2, 2, None, 1)
    assert series.points == ((-300, 2), (0, 2), (600, 1))


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ((), ()),
        ((1.0,), ()),
        ((1.0,), (0.0,)),
        ((1.0,), (-1.0,)),
        ((math.nan,), (1.0,)),
        ((math.inf,), (1.0,)),
        ((1.0,), (math.nan,)),
        ((2.0**361,), (1.0,)),
    ],
)
def test_a_sample_that_cloudwatch_refuses(
    values: tuple[float, ...], counts: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="sample"):
        Sample(0, values, counts)


def test_a_grid_covers_what_was_asked_with_aligned_begins() -> None:
    assert Grid.aligned(61, 301, 60) == Grid(60, 360, 60)
    assert list(Grid.aligned(0, 120, 60).times) == [0, 60]
    assert len(Grid.aligned(5, 5, 60)) == 1


@pytest.mark.parametrize("arguments", [(0, 100, 60), (60, 0, 60), (0, 60, 0), (0, 60_000_000, 60)])
def test_an_impossible_grid_is_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"grid|period"):
        Grid(*arguments)


def test_a_series_has_a_value_for_each_period() -> None:
    with pytest.raises(ValueError, match="each period"):
        Series(Grid(0, 120, 60), (1.0,))


def test_values_are_counted_from_a_moment_to_before_another() -> None:
    samples = [Sample(0, (1.0, 2.0), (3, 4)), Sample.of(60, 9)]
    assert sample_count(samples, 0, 60) == 7
    assert sample_count(samples, 0, 61) == 8


distributions = st.lists(
    st.tuples(st.floats(0, 1e9), st.integers(1, 1000)),
    min_size=1,
    max_size=20,
    unique_by=lambda pair: pair[0],
)


@given(distributions, st.decimals(0, 100, places=3))
def test_a_percentile_is_a_value_with_enough_at_or_below_it(
    distribution: list[tuple[float, int]], percent: object
) -> None:
    values, counts = zip(*distribution, strict=True)
    result = of(f"p{percent}", Sample(0, values, counts))
    assert result is not None
    assert result in values
    needed = Fraction(str(percent)) / 100 * sum(counts)
    at_or_below = sum(count for value, count in distribution if value <= result)
    below = sum(count for value, count in distribution if value < result)
    assert at_or_below >= needed
    # It is the smallest such value.
    assert below < needed or below == 0


@given(distributions)
def test_statistics_keep_their_order(distribution: list[tuple[float, int]]) -> None:
    sample = Sample(0, *zip(*distribution, strict=True))
    low, p10, p50, p99, high = (
        of(statistic, sample) for statistic in ("Minimum", "p10", "p50", "p99", "Maximum")
    )
    assert low is not None
    assert p10 is not None
    assert p50 is not None
    assert p99 is not None
    assert high is not None
    assert low <= p10 <= p50 <= p99 <= high
    mean = of("tm99", sample)
    assert mean is not None
    assert low * (1 - 1e-9) <= mean <= high * (1 + 1e-9)


@given(distributions, distributions)
def test_samples_of_one_period_add_up_in_any_order(
    first: list[tuple[float, int]], second: list[tuple[float, int]]
) -> None:
    one = Sample(0, *zip(*first, strict=True))
    other = Sample(299, *zip(*second, strict=True))
    for statistic in ("Sum", "p90", "SampleCount"):
        assert of(statistic, one, other) == of(statistic, other, one)
    count = of("SampleCount", one, other)
    assert count == sum(n for _, n in first) + sum(n for _, n in second)
