"""When an alarm would have gone off, and come back, over what was published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from devtools.cloudwatch.alarms import Alarm, AlarmError
from devtools.cloudwatch.replay import Given, Replays
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import DescribedAlarm, UnsupportedAlarm

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Red:
    """A time in ALARM.

    Attributes:
        begin: When the alarm went off, in seconds.
        end: When it came back; None when it had not by the end.
    """

    begin: int
    end: int | None


def backtest(
    described: DescribedAlarm,
    alarms: Mapping[str, DescribedAlarm],
    given: Callable[[Alarm], Given],
    *,
    start: int,
    end: int,
    threshold: float | None = None,
) -> tuple[Red, ...]:
    """When an alarm would have been in ALARM.

    Args:
        described: The alarm, or one that is made of others.
        alarms: All alarms there are.
        given: What was published for the metrics of an alarm.
        start: When it is evaluated first, in seconds.
        end: When it is evaluated last.
        threshold: Another threshold than its own.

    Raises:
        AlarmError: It is not evaluated here, or a composite alarm would get a threshold.
        MathError: An expression has no single time series as its result.
    """
    begin = start // _MINUTE * _MINUTE
    replays = Replays()

    def states(one: DescribedAlarm) -> dict[int, State]:
        alarm = one.alarm
        if isinstance(alarm, UnsupportedAlarm):
            raise AlarmError(f"{one.name} is not evaluated here: {alarm.reason}")
        if isinstance(alarm, Alarm):
            if threshold is not None:
                alarm = replace(alarm, threshold=threshold)
            found = replays.run(
                alarm, given(alarm), start=begin, end=end, initial=State.INSUFFICIENT_DATA
            )
            return {evaluation.time: evaluation.state for evaluation in found}
        children = {name: states(alarms[name]) for name in set(alarm.children.values())}
        now = dict.fromkeys(children, State.INSUFFICIENT_DATA)
        timeline = {}
        for time in range(begin + _MINUTE, end + 1, _MINUTE):
            # One that looks back over more than a day is evaluated every hour.
            now = {name: of.get(time, now[name]) for name, of in children.items()}
            timeline[time] = alarm.state(now)
        return timeline

    if threshold is not None and not isinstance(described.alarm, Alarm):
        raise AlarmError(f"{described.name} has no threshold")
    reds: list[Red] = []
    began: int | None = None
    for time, state in states(described).items():
        if state is State.ALARM and began is None:
            began = time
        elif state is not State.ALARM and began is not None:
            reds.append(Red(began, time))
            began = None
    return (*reds, Red(began, None)) if began is not None else tuple(reds)
