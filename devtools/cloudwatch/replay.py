"""Alarms evaluated over whole tests, what they have in common worked out once.

The outcome is that of `alarms.run`. Many alarms differ in their names alone, and an alarm with
another threshold has the same datapoints: so windows, datapoints and states are remembered by what
they follow from.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping
from math import fsum

from devtools.cloudwatch.alarms import Alarm, Evaluation
from devtools.cloudwatch.math import reads_clock
from devtools.cloudwatch.series import Grid, Sample, Series, aggregate
from devtools.cloudwatch.states import State

#: What was published for each of an alarm's metrics, by its id, oldest first.
Given = Mapping[str, tuple[Sample, ...]]
_Values = tuple[float | None, ...]
#: An evaluation's time, its datapoints, and whether they are too few for a percentile.
_Seen = tuple[int, _Values, bool]


class Replays:
    """Runs of alarms that share what they have in common."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, _Windows] = {}
        self._results: dict[Hashable, dict[Hashable, _Values]] = {}
        self._seen: dict[Hashable, tuple[_Seen, ...]] = {}
        self._states: dict[Hashable, tuple[Evaluation, ...]] = {}

    def run(
        self, alarm: Alarm, given: Given, *, end: int, start: int = 0, initial: State
    ) -> tuple[Evaluation, ...]:
        """Evaluate an alarm again and again, from its creation at ``start`` until ``end``.

        Args:
            alarm: The alarm.
            given: What was published for each of its metrics.
            end: When it is evaluated last, in seconds.
            start: When it is created, in seconds.
            initial: The state it is created in.

        Raises:
            MathError: Its expression has no single time series as its result.
        """
        formula = (alarm.watched, tuple(alarm.expressions.items()), tuple(alarm.metrics))
        taken = tuple((m.statistic, m.period_s, given[i]) for i, m in alarm.metrics.items())
        looked = (alarm.evaluation_periods, start, end)
        key = (formula, taken, looked, alarm.needed_samples if alarm.ignore_low_samples else 0)
        decided = (
            alarm.comparison,
            alarm.threshold,
            alarm.datapoints_to_alarm,
            alarm.treat_missing_data,
            initial,
        )
        if (key, decided) not in self._states:
            if key not in self._seen:
                known = self._results.setdefault((formula, alarm.period_s), {})
                self._seen[key] = tuple(self._look(alarm, given, range(start, end + 1), known))
            self._states[key, decided] = tuple(_decide(alarm, self._seen[key], initial))
        return self._states[key, decided]

    def _look(
        self, alarm: Alarm, given: Given, lasts: range, known: dict[Hashable, _Values]
    ) -> Iterator[_Seen]:
        """The datapoints of each evaluation."""
        windows = {i: self._windows_of(alarm, i, given[i]) for i in alarm.metrics}
        period, every = alarm.period_s, alarm.evaluated_every_s
        at_clock = any(map(reads_clock, alarm.expressions.values()))
        watched = windows.get(alarm.watched) if alarm.ignore_low_samples else None
        for now in lasts[every::every]:
            grid = Grid(now - alarm.evaluation_range * period, now, period)
            ends = range(grid.start + period, now + period, period)
            values = tuple(tuple(w.value(at, now) for at in ends) for w in windows.values())
            key = (values, now if at_clock else None)
            if key not in known:
                series = {i: Series(grid, v) for i, v in zip(windows, values, strict=True)}
                known[key] = alarm.watched_series(series, grid).values
            begin = now - alarm.evaluation_periods * period
            few = watched is not None and watched.count(begin, now, now) < alarm.needed_samples
            yield now, known[key], few

    def _windows_of(self, alarm: Alarm, identifier: str, samples: tuple[Sample, ...]) -> "_Windows":
        metric = alarm.metrics[identifier]
        key = (samples, metric.statistic, metric.period_s)
        if key not in self._windows:
            self._windows[key] = _Windows(samples, metric.statistic, metric.period_s)
        return self._windows[key]


def _decide(alarm: Alarm, seen: tuple[_Seen, ...], initial: State) -> Iterator[Evaluation]:
    state, known = initial, dict[tuple[_Values, State], State]()
    for now, datapoints, few in seen:
        if not few:
            key = (datapoints, state)
            if key not in known:
                known[key] = alarm.decide(datapoints, state)
            state = known[key]
        yield Evaluation(now, state, datapoints[-1])


class _Windows:
    """The datapoints of one metric, by where their windows end and what is known of them."""

    def __init__(self, samples: tuple[Sample, ...], statistic: str, period_s: int) -> None:
        self._samples = samples
        self._times = [sample.time for sample in samples]
        self._late = any(s.delivered is not None and s.delivered > s.time for s in samples)
        self._statistic = statistic
        self._period_s = period_s
        self._values: dict[tuple[Sample, ...], float | None] = {}
        self._settled: dict[int, float | None] = {}

    def value(self, end: int, now: int) -> float | None:
        """The datapoint of the period that ends at ``end``, of what is known by ``now``."""
        if end in self._settled:
            return self._settled[end]
        begin = end - self._period_s
        known = self._known(begin, end, now)
        if known not in self._values:
            grid = Grid(begin, end, self._period_s)
            [self._values[known]] = aggregate(known, self._statistic, grid).values
        if not self._late:
            self._settled[end] = self._values[known]
        return self._values[known]

    def count(self, begin: int, end: int, now: int) -> float:
        """How many values were published from ``begin`` to before ``end``, known by ``now``."""
        return fsum(fsum(sample.counts) for sample in self._known(begin, end, now))

    def _known(self, begin: int, end: int, now: int) -> tuple[Sample, ...]:
        within = self._samples[bisect_left(self._times, begin) : bisect_left(self._times, end)]
        if not self._late:
            return within
        return tuple(s for s in within if s.delivered is None or s.delivered <= now)
