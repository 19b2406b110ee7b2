"""Datapoints: samples put into periods, each reduced to one number by a statistic."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from devtools.cloudwatch.statistics import parse_statistic

#: More datapoints than this in one series is a mistake, not a chart (a minute each for 70 days).
MAX_POINTS: Final = 100_800
#: CloudWatch takes no value further from 0.
MAX_VALUE: Final = 2.0**360


@dataclass(frozen=True, slots=True)
class Sample:
    """What was published for a metric at one moment.

    Attributes:
        time: Seconds since the epoch, or since the start of a test.
        values: The distinct values published.
        counts: How often each occurred; as long as ``values``, each above 0.
        delivered: When CloudWatch has it, on the clock of ``time``; None for at once. Lambda's own
            metrics bear the start of an invocation and come after its end.
    """

    time: float
    values: tuple[float, ...]
    counts: tuple[float, ...]
    delivered: float | None = field(default=None, kw_only=True)

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


def known_at(samples: Iterable[Sample], now: float) -> Iterator[Sample]:
    """Those that CloudWatch has by ``now``."""
    return (s for s in samples if s.delivered is None or s.delivered <= now)


def sample_count(samples: Iterable[Sample], start: float, end: float) -> float:
    """How many values were published from ``start`` to before ``end``."""
    return math.fsum(math.fsum(s.counts) for s in samples if start <= s.time < end)
