"""All alarms of an app, evaluated minute by minute as `alarms.run` evaluates one.

Held to it by a test. What makes it fast changes no result: an alarm is left alone while nothing has
come into, and nothing can have left, what it looks back over; a period is reduced once; and what
follows from the same datapoints is worked out once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devtools.cloudwatch.alarms import Alarm, AlarmError
from devtools.cloudwatch.matching import Source, source_of
from devtools.cloudwatch.math import reads_clock
from devtools.cloudwatch.series import Grid, Series
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm, UnsupportedAlarm
from devtools.stories.buckets import MINUTE, Buckets
from devtools.stories.decisions import Decided, Decisions

_Datapoints = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm's new state.

    Attributes:
        time: When, in seconds.
        alarm: Its name.
        before: The state until then.
        after: The state from then on.
        because: Of a composite alarm, those it is made of that were in ALARM.
    """

    time: int
    alarm: str
    before: State
    after: State
    because: tuple[str, ...] = ()


@dataclass
class _Watched:
    """A metric alarm on the way."""

    alarm: Alarm
    decided: Decided
    state: State = State.INSUFFICIENT_DATA
    #: The last time at which anything it looks back over can change.
    until: int = 0
    #: Whether the same datapoints come to something else at another time.
    reads_clock: bool = field(init=False)
    #: As `Alarm.evaluated_every_s`, which is asked for every minute.
    every: int = field(init=False)

    def __post_init__(self) -> None:
        self.until = self.every = self.alarm.evaluated_every_s
        self.reads_clock = any(map(reads_clock, self.alarm.expressions.values()))

    @property
    def range_s(self) -> int:
        """How far back it looks, in seconds."""
        return self.alarm.evaluation_range * self.alarm.period_s


@dataclass
class _Window:
    """The datapoints by the minute that an alarm looks back over, up to ``end``."""

    end: int
    values: list[float | None]
    #: Those into which something has come since, by their starts.
    changed: set[int] = field(default_factory=set)


#: What has been reduced: by metric, statistic and period, the value from each start on.
_Reduced = dict[tuple[Source, str, int], dict[int, float | None]]


class Watch:
    """The alarms of an app, all of them new.

    Args:
        alarms: By name.
        buckets: Where their metrics are.
        decisions: What was decided in other stories, so that it is not worked out again.
    """

    def __init__(
        self,
        alarms: Mapping[str, DescribedAlarm],
        buckets: Buckets,
        decisions: Decisions | None = None,
    ) -> None:
        decisions = decisions or Decisions()
        self._buckets = buckets
        self._metric_alarms: dict[str, _Watched] = {}
        self._composites: dict[str, CompositeAlarm] = {}
        self._by_source: dict[Source, list[_Watched]] = defaultdict(list)
        self._periods: dict[Source, set[tuple[Source, str, int]]] = defaultdict(set)
        self._reduced: _Reduced = defaultdict(dict)
        self._windows: dict[tuple[Source, str, int], dict[int, _Window]] = defaultdict(dict)
        self.states: dict[str, State] = dict.fromkeys(alarms, State.INSUFFICIENT_DATA)
        for name, described in alarms.items():
            if isinstance(described.alarm, CompositeAlarm):
                self._composites[name] = described.alarm
                continue
            if isinstance(described.alarm, UnsupportedAlarm):
                continue
            if described.alarm.period_s % MINUTE:
                raise AlarmError(f"{name}: stories go by the minute, and not by its period")
            watched = self._metric_alarms[name] = _Watched(
                described.alarm, decisions.of(described.alarm)
            )
            for metric in described.alarm.metrics.values():
                source = source_of(metric)
                self._by_source[source].append(watched)
                self._periods[source].add((source, metric.statistic, metric.period_s))

    def step(self, now: int) -> Iterator[Change]:
        """Evaluate what may have changed by ``now``, in whole minutes; yield the new states."""
        for source, minute in self._buckets.deliver(now):
            self._has_come(source, minute)
        changed = False
        for name, watched in self._metric_alarms.items():
            silent = now > watched.until + watched.every and not watched.reads_clock
            if silent or now % watched.every:
                continue
            after = self._evaluate(watched, now)
            if after is not watched.state:
                yield Change(now, name, watched.state, after)
                watched.state = self.states[name] = after
                changed = True
        if changed or now == MINUTE:
            yield from self._composed(now)

    def forget(self, source: Source) -> None:
        """Look at another metric from now on, which is called the same here."""
        self._buckets.forget(source)
        for key in self._periods[source]:
            self._reduced[key].clear()
            self._windows[key].clear()

    def _has_come(self, source: Source, minute: int) -> None:
        for key in self._periods[source]:
            reduced, period = self._reduced[key], key[2]
            for start in range(minute - period + MINUTE, minute + MINUTE, MINUTE):
                reduced.pop(start, None)
            for window in self._windows[key].values():
                window.changed.add(minute)
        for watched in self._by_source[source]:
            watched.until = max(watched.until, minute + MINUTE + watched.range_s)

    def _evaluate(self, watched: _Watched, now: int) -> State:
        alarm = watched.alarm
        if alarm.ignore_low_samples and self._has_low_samples(alarm, now):
            return watched.state
        seen = tuple(
            self._datapoints((source_of(metric), metric.statistic, metric.period_s), alarm, now)
            for metric in alarm.metrics.values()
        )

        def series() -> Series:
            grid = Grid(now - watched.range_s, now, alarm.period_s)
            metrics = dict(zip(alarm.metrics, (Series(grid, s) for s in seen), strict=True))
            return alarm.watched_series(metrics, grid)

        all_seen = (seen, now if watched.reads_clock else None)
        return watched.decided.after(watched.state, all_seen, series)

    def _datapoints(self, key: tuple[Source, str, int], alarm: Alarm, now: int) -> _Datapoints:
        period, length = key[2], alarm.evaluation_range
        if period != MINUTE:
            starts = range(now - length * period, now, period)
            return tuple(self._datapoint(key, start) for start in starts)
        window = self._windows[key].get(length)
        first = now - length * MINUTE
        if window is not None and window.end == now:
            return tuple(window.values)
        if window is None or window.end != now - MINUTE:
            values = [self._datapoint(key, start) for start in range(first, now, MINUTE)]
            self._windows[key][length] = _Window(now, values)
            return tuple(values)
        window.values.pop(0)
        window.values.append(self._datapoint(key, window.end))
        for start in window.changed:
            if first <= start < now:
                window.values[(start - first) // MINUTE] = self._datapoint(key, start)
        window.end = now
        window.changed.clear()
        return tuple(window.values)

    def _datapoint(self, key: tuple[Source, str, int], start: int) -> float | None:
        reduced = self._reduced[key]
        if start not in reduced:
            source, statistic, period = key
            reduced[start] = self._buckets.reduced(source, statistic, start, start + period)
        return reduced[start]

    def _has_low_samples(self, alarm: Alarm, now: int) -> bool:
        if not alarm.needed_samples:
            return False
        start = now - alarm.evaluation_periods * alarm.period_s
        source = source_of(alarm.metrics[alarm.watched])
        return self._buckets.count(source, start, now) < alarm.needed_samples

    def _composed(self, now: int) -> Iterator[Change]:
        """Composite alarms may be made of others: once more for as long as one changes."""
        changed = True
        while changed:
            changed = False
            for name, composite in self._composites.items():
                before, after = self.states[name], composite.state(self.states)
                if before is after:
                    continue
                red = (c for c in composite.children.values() if self.states[c] is State.ALARM)
                yield Change(now, name, before, after, tuple(red))
                self.states[name] = after
                changed = True
