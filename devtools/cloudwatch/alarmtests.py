"""Alarm tests: run what a file says against the alarms of a template.

A case gives the metrics of an alarm values over time, evaluates the alarm as CloudWatch would, and
compares its states with what is expected. A composite alarm's children are evaluated likewise, or
have their states given.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from math import inf
from typing import Final

from devtools.cloudwatch.alarms import Alarm, AlarmError, Evaluation, Metric, State, run
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.notation import MAX_SECONDS, Expectation, format_time, samples
from devtools.cloudwatch.series import Sample, StatisticError
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm
from devtools.cloudwatch.testfile import Case, PlacedCase, TestFileError

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that was not met.

    Attributes:
        expectation: The expectation.
        time: When it was first not met, in seconds.
        state: The state the alarm was in.
    """

    expectation: Expectation
    time: int
    state: State

    def __str__(self) -> str:
        return f"{self.expectation.text}: it was {self.state} at {format_time(self.time)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case on one alarm.

    Attributes:
        placed: The case.
        alarm: The alarm.
        start: The state before the first evaluation.
        evaluations: Each evaluation, oldest first.
        failures: The expectations that were not met.
    """

    placed: PlacedCase
    alarm: DescribedAlarm
    start: State
    evaluations: tuple[Evaluation, ...]
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.failures

    @property
    def is_firing(self) -> bool:
        """Whether the case shows the alarm going off."""
        expected = any(
            expectation.state is State.ALARM and expectation.kind != "never"
            for expectation in self.placed.case.expect
        )
        states = [self.start, *(evaluation.state for evaluation in self.evaluations)]
        goes_off = any(
            after is State.ALARM and before is not State.ALARM for before, after in pairwise(states)
        )
        return self.passed and expected and goes_off

    @property
    def is_quiet(self) -> bool:
        """Whether the case shows the alarm staying off, all the time."""
        return self.passed and all(e.state is not State.ALARM for e in self.evaluations)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """An alarm without a case that shows it firing, or without one that shows it quiet.

    Attributes:
        alarm: The alarm.
        missing: ``firing``, ``quiet`` or both.
    """

    alarm: DescribedAlarm
    missing: tuple[str, ...]


def uncovered(
    alarms: Mapping[str, DescribedAlarm], outcomes: Iterable[Outcome]
) -> tuple[Uncovered, ...]:
    """The alarms that lack a passing firing case or a passing quiet one."""
    shown: dict[str, set[str]] = {name: set() for name in alarms}
    for outcome in outcomes:
        if outcome.is_firing:
            shown[outcome.alarm.name].add("firing")
        if outcome.is_quiet:
            shown[outcome.alarm.name].add("quiet")
    return tuple(
        Uncovered(alarms[name], tuple(kind for kind in ("firing", "quiet") if kind not in kinds))
        for name, kinds in shown.items()
        if len(kinds) < 2  # noqa: PLR2004  firing and quiet
    )


def run_case(placed: PlacedCase, alarms: Mapping[str, DescribedAlarm]) -> tuple[Outcome, ...]:
    """Run a case on every alarm that it is for.

    Raises:
        TestFileError: It is for no alarm, does not fit one, or the alarm cannot be evaluated.
    """
    where = f"{placed.path}:{placed.line}: {placed.case.name!r}"
    try:
        return tuple(
            _run_on(placed, described, alarms) for described in _selected(placed.case, alarms)
        )
    except (_Unfit, AlarmError, MathError, StatisticError) as error:
        raise TestFileError(f"{where}: {error}") from None


class _Unfit(ValueError):
    """The case does not fit the alarm."""


def matches(pattern: str, described: DescribedAlarm) -> bool:
    """Whether a pattern stands for an alarm: its name, the end of it, or its logical id."""
    return (
        fnmatchcase(described.name, pattern)
        or fnmatchcase(described.name, f"*-{pattern}")
        or fnmatchcase(described.logical_id, pattern)
    )


def _selected(case: Case, alarms: Mapping[str, DescribedAlarm]) -> list[DescribedAlarm]:
    selected: dict[str, DescribedAlarm] = {}
    for pattern in case.alarm:
        found = {
            name: described for name, described in alarms.items() if matches(pattern, described)
        }
        if not found and not case.optional:
            known = ", ".join(sorted(alarms)) or "none"
            raise _Unfit(f"no alarm matches {pattern!r}; the template has {known}")
        selected |= found
    for pattern in case.excluded:
        excluded = [name for name, described in selected.items() if matches(pattern, described)]
        if not excluded and not case.optional:
            raise _Unfit(f"it is for no alarm that matches {pattern!r}, so there is none to except")
        for name in excluded:
            del selected[name]
    return list(selected.values())


def _run_on(
    placed: PlacedCase, described: DescribedAlarm, alarms: Mapping[str, DescribedAlarm]
) -> Outcome:
    case = placed.case
    parts = _parts(described, case, alarms)
    longest_s = max((alarm.period_s for alarm in parts.alarms.values()), default=_MINUTE)
    every_s = case.every_s or longest_s
    published = _connect(case, parts.alarms.values(), every_s)
    end = _end(case, every_s)
    timelines = {
        name: run(alarm, lambda metric: published[_source(metric)], end=end, initial=case.start)
        for name, alarm in parts.alarms.items()
    }
    if isinstance(described.alarm, Alarm):
        evaluations = timelines[described.name]
    else:
        step = min((a.evaluated_every_s for a in parts.alarms.values()), default=_MINUTE)
        evaluations = [
            Evaluation(now, parts.state(described.name, now, timelines, case, every_s), None)
            for now in range(step, end + 1, step)
        ]
    timeline = [Evaluation(0, case.start, None), *evaluations]
    failures = (_check(expectation, timeline) for expectation in case.expect)
    return Outcome(
        placed,
        described,
        case.start,
        tuple(evaluations),
        tuple(failure for failure in failures if failure),
    )


def _end(case: Case, every_s: int) -> int:
    """When a case ends: after its last step and its last expectation, and an evaluation later."""
    steps = max(map(len, (*case.series.values(), *case.states.values())), default=0)
    asked = max((int(e.last) for e in case.expect if e.last != inf), default=0)
    end = max(steps * every_s, asked, _MINUTE)
    if end > MAX_SECONDS:
        raise _Unfit(f"it is {format_time(end)} long; a test covers at most 8 days")
    return end


def _check(expectation: Expectation, timeline: Sequence[Evaluation]) -> Failure | None:
    """The first time an expectation is not met; the timeline begins with the start at 0 s."""
    if expectation.kind == "at":
        # An evaluation holds until the next: the one in force at the first moment counts too.
        begin = max(e.time for e in timeline if e.time <= expectation.first)
    else:
        begin = timeline[1].time
    for evaluation in timeline:
        asked = begin <= evaluation.time <= expectation.last
        if asked and not expectation.allows(evaluation.state):
            return Failure(expectation, max(evaluation.time, expectation.first), evaluation.state)
    return None


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an alarm is made of.

    Attributes:
        alarms: The metric alarms to evaluate, by name; a metric alarm is made of itself.
        composites: The composite alarms, by name.
        given: The alarms whose states the case gives, by name.
    """

    alarms: dict[str, Alarm]
    composites: dict[str, CompositeAlarm]
    given: dict[str, tuple[State, ...]]

    def state(
        self,
        name: str,
        now: int,
        timelines: Mapping[str, Sequence[Evaluation]],
        case: Case,
        every_s: int,
    ) -> State:
        """The state of one of them at a time, in seconds."""
        if name in self.given:
            states = self.given[name]
            # The last state given lasts.
            return states[min(now // every_s, len(states) - 1)]
        if name in timelines:
            timeline = timelines[name]
            before = bisect_right(timeline, now, key=lambda evaluation: evaluation.time)
            return timeline[before - 1].state if before else case.start
        composite = self.composites[name]
        return composite.state(
            {
                child: self.state(child, now, timelines, case, every_s)
                for child in composite.children.values()
            }
        )


def _parts(described: DescribedAlarm, case: Case, alarms: Mapping[str, DescribedAlarm]) -> _Parts:
    parts = _Parts({}, {}, {})
    unused = set(case.states)

    def take_apart(part: DescribedAlarm, parents: tuple[str, ...]) -> None:
        if part.name in parents:
            raise _Unfit(f"{' -> '.join([*parents, part.name])} goes in a circle")
        patterns = [pattern for pattern in case.states if matches(pattern, part)] if parents else []
        unused.difference_update(patterns)
        if patterns:
            parts.given[part.name] = case.states[patterns[0]]
        elif isinstance(part.alarm, Alarm):
            parts.alarms[part.name] = part.alarm
        else:
            parts.composites[part.name] = part.alarm
            for child in part.alarm.children.values():
                take_apart(alarms[child], (*parents, part.name))

    take_apart(described, ())
    if unused:
        raise _Unfit(
            f"{described.name} is not made of an alarm {min(unused)!r}, so it has no states"
        )
    return parts


#: Where a metric comes from: namespace, name and dimensions.
_Source = tuple[str, str, tuple[tuple[str, str], ...]]


def _source(metric: Metric) -> _Source:
    return metric.namespace, metric.name, metric.dimensions


def _connect(
    case: Case, alarms: Iterable[Alarm], every_s: int
) -> dict[_Source, tuple[Sample, ...]]:
    """Find the series of each metric that the alarms watch."""
    published: dict[_Source, tuple[Sample, ...]] = {}
    unused = set(case.series)
    watched: dict[str, None] = {}
    for alarm in alarms:
        for identifier, metric in alarm.metrics.items():
            watched[str(metric)] = None
            keys = [key for key in case.series if _is_for(key, identifier, metric)]
            unused.difference_update(keys)
            if len(keys) > 1:
                raise _Unfit(f"series {' and '.join(map(repr, keys))} are both for {metric}")
            if not keys:
                raise _Unfit(
                    f"there is no series for {metric}, which {alarm.name} watches; if it is "
                    f"missing on purpose, write {metric.name}: _"
                )
            published[_source(metric)] = samples(case.series[keys[0]], every_s)
    if unused:
        known = ", ".join(watched) or "no metric"
        raise _Unfit(f"series {min(unused)!r} is for no metric watched here: {known}")
    return published


_KEY: Final = re.compile(r"(?P<name>[^{}]+)(?:\{(?P<dimensions>[^{}]*)\})?")


def _is_for(key: str, identifier: str, metric: Metric) -> bool:
    """Whether a series' key stands for a metric: its name or its id, and dimensions if given."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise _Unfit(f"series {key!r} is no metric; give Name, an id or Name{{Dimension=value}}")
    if match["name"] not in {metric.name, identifier}:
        return False
    wanted = (match["dimensions"] or "").split(",")
    given = [f"{name}={value}" for name, value in metric.dimensions]
    return all(
        any(fnmatchcase(dimension, pattern.strip()) for dimension in given)
        for pattern in wanted
        if pattern.strip()
    )
