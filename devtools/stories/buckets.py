"""What was published, by the minute, and known from when on.

Alarms look at periods of whole minutes that end at a whole minute, so all that they can tell of a
value's time is its minute.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import fsum
from typing import Final

from devtools.cloudwatch.matching import Source
from devtools.cloudwatch.statistics import Statistic, parse_statistic

MINUTE: Final = 60

_Bucket = dict[float, int]


class Buckets:
    """Values by metric and minute, each known from its delivery on.

    Args:
        watched: The metrics that anybody looks at; others are not kept.
    """

    def __init__(self, watched: frozenset[Source]) -> None:
        self.watched = watched
        self._buckets: dict[Source, dict[int, _Bucket]] = {source: {} for source in watched}
        #: The minutes that have values, in order: most periods are long, and most of them empty.
        self._minutes: dict[Source, list[int]] = {source: [] for source in watched}
        self._coming: list[tuple[float, int, Source, int, float]] = []
        self._number = 0

    def publish(self, source: Source, time: float, delivered: float, value: float) -> None:
        """Publish a value at ``time``, to be known at ``delivered``, in seconds."""
        if source not in self.watched:
            return
        self._number += 1
        minute = int(time // MINUTE) * MINUTE
        heapq.heappush(self._coming, (delivered, self._number, source, minute, value))

    def deliver(self, now: float) -> Iterator[tuple[Source, int]]:
        """Let what is known by ``now`` be seen; yield each metric and minute that has changed."""
        changed: dict[tuple[Source, int], None] = {}
        while self._coming and self._coming[0][0] <= now:
            _, _, source, minute, value = heapq.heappop(self._coming)
            if minute not in self._buckets[source]:
                self._buckets[source][minute] = {}
                insort(self._minutes[source], minute)
            bucket = self._buckets[source][minute]
            bucket[value] = bucket.get(value, 0) + 1
            changed[(source, minute)] = None
        yield from changed

    def forget(self, source: Source) -> None:
        """Drop all that a metric has: an alarm now looks at another one instead."""
        self._buckets[source].clear()
        self._minutes[source].clear()
        self._coming = [entry for entry in self._coming if entry[2] != source]
        heapq.heapify(self._coming)

    def count(self, source: Source, start: int, end: int) -> int:
        """How many values a metric has from ``start`` to before ``end``."""
        return sum(sum(bucket.values()) for bucket in self._between(source, start, end))

    def reduced(self, source: Source, statistic: str, start: int, end: int) -> float | None:
        """A statistic of a metric from ``start`` to before ``end``; None without values."""
        between = self._between(source, start, end)
        if not between:
            return None
        # Most are one of these two, which need no distribution.
        if statistic == "SampleCount":
            return float(sum(sum(bucket.values()) for bucket in between))
        if statistic == "Sum":
            return fsum(value * count for bucket in between for value, count in bucket.items())
        merged: _Bucket = {}
        for bucket in between:
            for value, count in bucket.items():
                merged[value] = merged.get(value, 0) + count
        return _reducer(statistic)([(v, Fraction(merged[v])) for v in sorted(merged)])

    def _between(self, source: Source, start: int, end: int) -> list[_Bucket]:
        minutes, buckets = self._minutes[source], self._buckets[source]
        first, last = bisect_left(minutes, start), bisect_left(minutes, end)
        return [buckets[minute] for minute in minutes[first:last]]


@cache
def _reducer(statistic: str) -> Statistic:
    return parse_statistic(statistic)
