"""Alarm tests: run what a file says against the alarms of a template.

A case gives the metrics of an alarm values over time, evaluates the alarm as CloudWatch would, and
compares its states with what is expected. A composite alarm's children are evaluated likewise, or
have their states given.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from devtools.cloudwatch.alarms import Alarm, AlarmError, Evaluation
from devtools.cloudwatch.matching import (
    Unfit,
    matches,
    published_series,
    selected_alarms,
    source_of,
)
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.notation import MAX_SECONDS, Expectation, format_time
from devtools.cloudwatch.outcomes import Failure, Outcome
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.states import State
from devtools.cloudwatch.statistics import StatisticError
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm, UnsupportedAlarm
from devtools.cloudwatch.testfile import Case, PlacedCase
from devtools.cloudwatch.yaml_document import TestFileError

_MINUTE: Final = 60


def run_cases(
    cases: Iterable[PlacedCase], alarms: Mapping[str, DescribedAlarm], replays: Replays
) -> list[Outcome]:
    """Run cases, each on every alarm that it is for.

    Args:
        cases: The cases.
        alarms: All alarms there are.
        replays: Runs of before, to share with.

    Raises:
        TestFileError: One is for no alarm, does not fit one, or the alarm cannot be evaluated.
    """
    return [outcome for case in cases for outcome in run_case(case, alarms, replays)]


def run_case(
    placed: PlacedCase, alarms: Mapping[str, DescribedAlarm], replays: Replays | None = None
) -> tuple[Outcome, ...]:
    """Run a case on every alarm that it is for.

    Raises:
        TestFileError: It is for no alarm, does not fit one, or the alarm cannot be evaluated.
    """
    try:
        selected = selected_alarms(placed.case, alarms)
    except Unfit as error:
        raise _unfit(placed, error) from None
    replays = replays or Replays()
    return tuple(run_case_on(placed, described, alarms, replays) for described in selected)


def run_case_on(
    placed: PlacedCase,
    described: DescribedAlarm,
    alarms: Mapping[str, DescribedAlarm],
    replays: Replays,
) -> Outcome:
    """Run a case on one alarm.

    Raises:
        TestFileError: It does not fit the alarm, or the alarm cannot be evaluated.
    """
    try:
        return _run_on(placed, described, alarms, replays)
    except (Unfit, AlarmError, MathError, StatisticError) as error:
        raise _unfit(placed, error) from None


def _unfit(placed: PlacedCase, error: ValueError) -> TestFileError:
    return TestFileError(f"{placed.path}:{placed.line}: {placed.case.name!r}: {error}")


def _run_on(
    placed: PlacedCase,
    described: DescribedAlarm,
    alarms: Mapping[str, DescribedAlarm],
    replays: Replays,
) -> Outcome:
    case = placed.case
    parts = _parts(described, case, alarms)
    longest_s = max((alarm.period_s for alarm in parts.alarms.values()), default=_MINUTE)
    every_s = case.every_s or longest_s
    published = published_series(case, parts.alarms.values(), every_s)
    end = _end(case, every_s)
    timelines: dict[str, Sequence[Evaluation]] = {
        name: replays.run(
            alarm,
            {key: published[source_of(metric)] for key, metric in alarm.metrics.items()},
            end=end,
            initial=case.start,
        )
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
    written = [(len(s.values), s.late_s) for s in case.series.values()]
    written += [(len(states), 0) for states in case.states.values()]
    told = max((steps * every_s + late_s for steps, late_s in written), default=0)
    asked = max((int(e.last) for e in case.expect if e.last != inf), default=0)
    end = max(told, asked, _MINUTE)
    if end > MAX_SECONDS:
        raise Unfit(f"it is {format_time(end)} long; a test covers at most 8 days")
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
            raise Unfit(f"{' -> '.join([*parents, part.name])} goes in a circle")
        patterns = [pattern for pattern in case.states if matches(pattern, part)] if parents else []
        unused.difference_update(patterns)
        if patterns:
            parts.given[part.name] = case.states[patterns[0]]
        elif isinstance(part.alarm, Alarm):
            parts.alarms[part.name] = part.alarm
        elif isinstance(part.alarm, UnsupportedAlarm):
            raise Unfit(
                f"{part.name} is not evaluated here, so give its states: {part.alarm.reason}"
            )
        else:
            parts.composites[part.name] = part.alarm
            for child in part.alarm.children.values():
                take_apart(alarms[child], (*parents, part.name))

    take_apart(described, ())
    if unused:
        raise Unfit(
            f"{described.name} is not made of an alarm {min(unused)!r}, so it has no states"
        )
    return parts
