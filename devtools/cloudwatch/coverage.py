"""Which alarms, thresholds and states no test ever moved.

An alarm's tests have to show it going off, ending and staying quiet; and they have to notice each
small mistake in it (`changes`): a threshold moved to the next whole number or by a tenth, one
datapoint more or less in "M of N", missing data taken the other way round, the least number of
samples moved, a composite alarm that forgets one of its children.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from devtools.cloudwatch.alarmtests import run_case_on
from devtools.cloudwatch.changes import changes_of
from devtools.cloudwatch.outcomes import Outcome
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import DescribedAlarm, UnsupportedAlarm

_STATES: Final = ("goes off", "ends", "stays quiet")


@dataclass(frozen=True, slots=True)
class Covered:
    """What the tests show of an alarm.

    Attributes:
        alarm: Its name.
        asked: How much there is to show.
        gaps: What of it no test shows, each as text.
    """

    alarm: str
    asked: int
    gaps: tuple[str, ...]

    @property
    def shown(self) -> int:
        """How much of it the tests show."""
        return self.asked - len(self.gaps)


def cover(
    outcomes: Iterable[Outcome], alarms: Mapping[str, DescribedAlarm], replays: Replays
) -> tuple[Covered, ...]:
    """What tests show of each alarm that is evaluated here.

    Args:
        outcomes: What came of the tests.
        alarms: All alarms there are.
        replays: The tests' runs, to share with.

    Raises:
        TestFileError: A test does not fit its alarm.
    """
    by_alarm: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_alarm.setdefault(outcome.alarm.name, []).append(outcome)
    return tuple(
        _covered(described, by_alarm.get(name, []), alarms, replays)
        for name, described in alarms.items()
        if not isinstance(described.alarm, UnsupportedAlarm)
    )


def _covered(
    described: DescribedAlarm,
    outcomes: Sequence[Outcome],
    alarms: Mapping[str, DescribedAlarm],
    replays: Replays,
) -> Covered:
    passed = [outcome for outcome in outcomes if outcome.passed]
    shown = (
        any(outcome.is_firing for outcome in passed),
        any(_ends(outcome) for outcome in passed),
        any(outcome.is_quiet for outcome in passed),
    )
    gaps = [
        f"never {state}" for state, is_shown in zip(_STATES, shown, strict=True) if not is_shown
    ]
    changes = list(changes_of(described.alarm))
    # What went off most is what notices most.
    passed.sort(key=lambda outcome: -sum(e.state is State.ALARM for e in outcome.evaluations))
    for change in changes:
        changed = DescribedAlarm(change.alarm, described.logical_id, described.template)
        world = {**alarms, described.name: changed}
        if all(run_case_on(one.placed, changed, world, replays).passed for one in passed):
            gaps.append(f"{change.about}: {change.text}")
    return Covered(described.name, len(_STATES) + len(changes), tuple(gaps))


def _ends(outcome: Outcome) -> bool:
    states = [outcome.start, *(evaluation.state for evaluation in outcome.evaluations)]
    asked = any(e.state is State.OK and e.kind == "at" for e in outcome.placed.case.expect)
    return asked and (State.ALARM, State.OK) in pairwise(states)
