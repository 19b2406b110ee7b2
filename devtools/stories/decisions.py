"""The states that datapoints have led to, remembered for all stories and environments.

Most alarms differ from others in their names alone, and see what others have seen: so does one
agent beside another, one story beside another that begins like it, and dev beside prod.
"""

import pickle
from collections.abc import Callable, Hashable
from hashlib import blake2b

from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.series import Series
from devtools.cloudwatch.states import State


class Decisions:
    """What was decided of all alarms."""

    def __init__(self) -> None:
        self._of: dict[Hashable, Decided] = {}

    def of(self, alarm: Alarm) -> "Decided":
        """What was decided of alarms like this one."""
        alike = (
            alarm.watched,
            tuple(alarm.expressions.items()),
            tuple(alarm.metrics),
            alarm.period_s,
            alarm.comparison,
            alarm.threshold,
            alarm.evaluation_periods,
            alarm.datapoints_to_alarm,
            alarm.treat_missing_data,
        )
        return self._of.setdefault(alike, Decided(alarm))


class Decided:
    """What was decided of alarms that differ in their names, and in whose metrics they watch."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._states: dict[tuple[bytes, State], State] = {}

    def after(self, current: State, seen: Hashable, watched: Callable[[], Series]) -> State:
        """The state that datapoints lead to.

        Args:
            current: From which one.
            seen: The datapoints of its metrics, and whatever else it hangs on.
            watched: Works out what is compared with the threshold.
        """
        # There are hundreds of datapoints, a hundred thousand times: a digest takes their place.
        key = (blake2b(pickle.dumps(seen), digest_size=16).digest(), current)
        if key not in self._states:
            self._states[key] = self._alarm.decide(watched().values, current)
        return self._states[key]
