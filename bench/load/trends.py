"""Whether what was sampled over time stays where it is: Theil and Sen's slope, and its interval.

The slope is the median of those between all pairs of samples, so that a few wild ones move it
little. Its 95 % interval is Sen's, from the variance of Kendall's statistic. A series is flat where
the interval has zero in it, or where the whole interval means less than a twentieth of the series'
median over the time that was watched.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

_NORMAL_95: Final = 1.959964
#: Of the median: a change over the whole time that nobody would notice.
_SMALL: Final = 0.05
_FEWEST: Final = 10


@dataclass(frozen=True)
class Trend:
    """A series' slope.

    Attributes:
        samples: How many.
        median: Of the values.
        per_hour: The slope.
        low: The lower end of its 95 % interval.
        high: The upper end.
        flat: Whether it is flat; None where there are too few samples to say.
    """

    samples: int
    median: float
    per_hour: float
    low: float
    high: float
    flat: bool | None


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """The slope of values over time, in units an hour."""
    points = list(zip(seconds, values, strict=True))
    slopes = sorted(
        (later - earlier) / (t2 - t1) * 3600
        for (t1, earlier), (t2, later) in combinations(points, 2)
        if t2 != t1
    )
    median = statistics.median(values) if values else 0.0
    if len(points) < _FEWEST:
        slope = statistics.median(slopes) if slopes else 0.0
        return Trend(len(points), median, slope, -math.inf, math.inf, None)
    count = len(points)
    spread = _NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = slopes[max(0, math.floor((len(slopes) - spread) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))]
    hours = (max(seconds) - min(seconds)) / 3600
    small = max(abs(low), abs(high)) * hours <= _SMALL * abs(median)
    return Trend(count, median, statistics.median(slopes), low, high, low <= 0 <= high or small)
