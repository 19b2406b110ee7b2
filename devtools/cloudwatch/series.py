"""Datapoints: samples put into periods and reduced to one number by a statistic.

Source: "CloudWatch statistics definitions" in the CloudWatch user guide. It leaves open

- how a percentile falls between two values: here it is a value that occurred, the smallest one that
  at least NN percent of all values do not exceed. The guide calls p99 the maximum of what remains
  without the highest 1 percent, which is the same;
- what a trimmed statistic does with a value that the boundary cuts: here the part of its count that
  lies inside is used.

CloudWatch itself approximates percentiles over many values; this is exact.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

#: Each value and how often it occurred, by rising value.
Distribution = Sequence[tuple[float, Fraction]]
Statistic = Callable[[Distribution], float | None]

#: More datapoints than this in one series is a mistake, not a chart (a minute each for 70 days).
MAX_POINTS: Final = 100_800
#: CloudWatch takes no value further from 0.
MAX_VALUE: Final = 2.0**360


class StatisticError(ValueError):
    """The text is not the name of a statistic known here."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was published for a metric at one moment.

    Attributes:
        time: Seconds since the epoch, or since the start of a test.
        values: The distinct values published.
        counts: How often each occurred; as long as ``values``, each above 0.
    """

    time: float
    values: tuple[float, ...]
    counts: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or len(self.values) != len(self.counts):
            raise ValueError("a sample has at least one value, and a count for each")
        # Written so that a NaN fails too.
        if not all(abs(value) <= MAX_VALUE for value in self.values):
            raise ValueError("a sample's values are from -2^360 to 2^360")
        if not all(0 < count <= MAX_VALUE for count in self.counts):
            raise ValueError("a sample's counts are above 0")

    @classmethod
    def of(cls, time: float, *values: float) -> "Sample":
        """A sample of single values, as EMF writes an array."""
        return cls(time, values, (1,) * len(values))


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal periods side by side: ``[start, start + period)`` and so on, before ``end``.

    Attributes:
        start: The first period's begin, in seconds.
        end: Where the last period ends, in seconds; a whole number of periods after ``start``.
        period: Length of each, in seconds.
    """

    start: int
    end: int
    period: int

    def __post_init__(self) -> None:
        if self.period <= 0:
            raise ValueError("a period is longer than 0 s")
        if self.end < self.start or (self.end - self.start) % self.period:
            raise ValueError("a grid is a whole number of periods long")
        if len(self) > MAX_POINTS:
            raise ValueError(f"a grid has at most {MAX_POINTS} periods")

    def __len__(self) -> int:
        return (self.end - self.start) // self.period

    @property
    def times(self) -> range:
        """Each period's begin: the time stamp of its datapoint."""
        return range(self.start, self.end, self.period)

    @classmethod
    def aligned(cls, start: float, end: float, period: int) -> "Grid":
        """The grid that covers ``start`` to ``end``, with begins at multiples of ``period``."""
        if period <= 0:
            raise ValueError("a period is longer than 0 s")
        first = math.floor(start / period) * period
        return cls(first, max(first, math.ceil(end / period) * period), period)


@dataclass(frozen=True, slots=True)
class Series:
    """A datapoint, or None, for each period of a grid."""

    grid: Grid
    values: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.grid):
            raise ValueError("a series has a value, or None, for each period of its grid")

    def __iter__(self) -> Iterator[float | None]:
        return iter(self.values)

    @property
    def existing(self) -> tuple[float, ...]:
        """The datapoints there are, oldest first."""
        return tuple(value for value in self.values if value is not None)

    @property
    def points(self) -> tuple[tuple[int, float], ...]:
        """Time and value of the datapoints there are, oldest first."""
        pairs = zip(self.grid.times, self.values, strict=True)
        return tuple((time, value) for time, value in pairs if value is not None)

    def map(self, change: Callable[[float], float | None]) -> "Series":
        """The series with each datapoint changed; what is missing stays missing."""
        return Series(self.grid, tuple(None if v is None else change(v) for v in self.values))


def aggregate(samples: Iterable[Sample], statistic: str, grid: Grid) -> Series:
    """Put samples into the grid's periods and take a statistic of each.

    A period without a sample has no datapoint; neither has one whose values the statistic cannot
    reduce, such as a percentile over a negative value.

    Raises:
        StatisticError: The statistic is not known here.
    """
    reduce = parse_statistic(statistic)
    buckets: list[dict[float, Fraction]] = [{} for _ in range(len(grid))]
    for sample in samples:
        if not grid.start <= sample.time < grid.end:
            continue
        bucket = buckets[int((sample.time - grid.start) // grid.period)]
        for value, count in zip(sample.values, sample.counts, strict=True):
            bucket[value] = bucket.get(value, Fraction(0)) + Fraction(count)
    return Series(
        grid, tuple(reduce(sorted(bucket.items())) if bucket else None for bucket in buckets)
    )


def sample_count(samples: Iterable[Sample], start: float, end: float) -> float:
    """How many values were published from ``start`` to before ``end``."""
    return math.fsum(math.fsum(s.counts) for s in samples if start <= s.time < end)


_SIMPLE: Final[dict[str, Statistic]] = {
    "SampleCount": lambda d: float(_total(d)),
    "Sum": lambda d: _sum(d),  # noqa: PLW0108  defined below
    "Average": lambda d: _sum(d) / float(_total(d)),
    "Minimum": lambda d: d[0][0],
    "Maximum": lambda d: d[-1][0],
    "IQM": lambda d: _mean(_trim(d, Fraction(25), Fraction(75))),
}
_NUMBER: Final = r"\d{1,15}(?:\.\d{1,10})?"
_PERCENTILE: Final = re.compile(rf"p({_NUMBER})")
_TRIMMED_SHORT: Final = re.compile(rf"(tm|tc|ts)({_NUMBER})")
_RANGE: Final = re.compile(rf"(TM|TC|TS|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)")


def is_percentile(statistic: str) -> bool:
    """Whether the statistic is a plain percentile such as ``p99``."""
    return _PERCENTILE.fullmatch(statistic) is not None


def percentile_rank(statistic: str) -> Fraction:
    """99 for ``p99``.

    Raises:
        StatisticError: It is not a percentile from 0 to 100.
    """
    match = _PERCENTILE.fullmatch(statistic)
    if match is None:
        raise StatisticError(f"{statistic!r} is not a percentile")
    return _percent(match[1], statistic)


def parse_statistic(text: str) -> Statistic:
    """The function a statistic's name stands for.

    Known: SampleCount, Sum, Average, Minimum, Maximum, IQM, pNN, tmNN, tcNN, tsNN, TM, TC and TS
    with a range such as ``TM(10%:90%)`` or ``TC(:0.5)``, and PR such as ``PR(:300)``.

    Raises:
        StatisticError: It is none of these.
    """
    if text in _SIMPLE:
        return _SIMPLE[text]
    if is_percentile(text):
        rank = percentile_rank(text)
        return _without_negatives(lambda d: _percentile(d, rank))
    if match := _TRIMMED_SHORT.fullmatch(text):
        kind, high = match[1].upper(), _percent(match[2], text)
        return _without_negatives(lambda d: _reduce(kind, _trim(d, Fraction(0), high), d))
    if (match := _RANGE.fullmatch(text)) and (match[2] or match[3]):
        return _ranged(text, match[1], match[2], match[3])
    raise StatisticError(
        f"{text!r} is not a statistic known here: SampleCount, Sum, Average, Minimum, Maximum, "
        "IQM, pNN, tmNN, tcNN, tsNN, TM(..:..), TC(..:..), TS(..:..) or PR(..:..)"
    )


def _ranged(text: str, kind: str, low: str | None, high: str | None) -> Statistic:
    given = [bound for bound in (low, high) if bound]
    in_percent = {bound.endswith("%") for bound in given}
    if len(in_percent) != 1 or (kind == "PR" and in_percent == {True}):
        raise StatisticError(f"{text!r}: bounds are both values, or (except for PR) both percent")
    if in_percent == {True}:
        from_percent = _percent(low[:-1], text) if low else Fraction(0)
        to_percent = _percent(high[:-1], text) if high else Fraction(100)
        return _without_negatives(lambda d: _reduce(kind, _trim(d, from_percent, to_percent), d))
    # The lower boundary itself is outside, the upper one inside.
    above = float(low) if low else -math.inf
    up_to = float(high) if high else math.inf
    return _without_negatives(
        lambda d: _reduce(kind, [pair for pair in d if above < pair[0] <= up_to], d)
    )


def _reduce(kind: str, kept: Distribution, everything: Distribution) -> float | None:
    if kind == "TC":
        return float(_total(kept))
    if kind == "TS":
        return _sum(kept)
    if kind == "PR":
        return float(100 * _total(kept) / _total(everything))
    return _mean(kept)


def _percent(text: str, statistic: str) -> Fraction:
    percent = Fraction(text)
    if percent > 100:  # noqa: PLR2004
        raise StatisticError(f"{statistic!r}: a percentage is from 0 to 100")
    return percent


def _without_negatives(reduce: Statistic) -> Statistic:
    """CloudWatch has no such statistic of a metric with negative values."""
    return lambda d: None if d[0][0] < 0 else reduce(d)


def _total(distribution: Distribution) -> Fraction:
    return sum((count for _, count in distribution), Fraction(0))


def _sum(distribution: Distribution) -> float:
    return math.fsum(value * float(count) for value, count in distribution)


def _mean(distribution: Distribution) -> float | None:
    total = _total(distribution)
    return _sum(distribution) / float(total) if total else None


def _percentile(distribution: Distribution, percent: Fraction) -> float:
    rank = percent / 100 * _total(distribution)
    reached = Fraction(0)
    for value, count in distribution:
        reached += count
        if reached >= rank:
            return value
    return distribution[-1][0]


def _trim(distribution: Distribution, low: Fraction, high: Fraction) -> Distribution:
    """The part of the distribution between two percentages of its count."""
    total = _total(distribution)
    begin, end = low / 100 * total, high / 100 * total
    kept = []
    reached = Fraction(0)
    for value, count in distribution:
        inside = min(reached + count, end) - max(reached, begin)
        reached += count
        if inside > 0:
            kept.append((value, inside))
    return kept
