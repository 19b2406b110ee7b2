"""What came of alarm tests, and which alarms they leave unshown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from devtools.cloudwatch.alarms import Evaluation
from devtools.cloudwatch.notation import Expectation, format_time
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import DescribedAlarm, UnsupportedAlarm
from devtools.cloudwatch.testfile import PlacedCase


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
    """The alarms that lack a passing firing case or a passing quiet one.

    Those that are not evaluated here are none of them.
    """
    shown: dict[str, set[str]] = {
        name: set()
        for name, described in alarms.items()
        if not isinstance(described.alarm, UnsupportedAlarm)
    }
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
