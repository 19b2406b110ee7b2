"""Which alarms others rest on, what composites make of their states, and what states were."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm

#: An alarm's states, each with when it was seen first, the oldest first; never empty.
Past = Sequence[tuple[int, State]]


def changes(seen: Iterable[tuple[int, State]]) -> Past:
    """The moments at which a state differs from the one before, and the first."""
    past: list[tuple[int, State]] = []
    for time, state in seen:
        if not past or past[-1][1] is not state:
            past.append((time, state))
    return tuple(past)


def since(past: Past, state: str) -> float | None:
    """When ``state`` began, if it is the last; None when it was there before anybody looked."""
    time, last = past[-1]
    return time if len(past) > 1 and last == state else None


def composite_past(
    alarm: CompositeAlarm, alarms: Mapping[str, AnyAlarm], pasts: Mapping[str, Past]
) -> Past:
    """A composite alarm's states from those of the metric alarms that it rests on.

    Args:
        alarm: Which one.
        alarms: All there are, by name.
        pasts: Those of metric alarms, by name.
    """
    behind = {
        one.name: pasts[one.name]
        for one in metric_alarms_behind(alarm.children.values(), alarms)
        if one.name in pasts
    }
    times = sorted({time for past in behind.values() for time, _ in past}) or [0]
    return changes(
        (time, composite_state(alarm, alarms, {n: _at(p, time) for n, p in behind.items()}))
        for time in times
    )


def _at(past: Past, time: int) -> State:
    """The state at a moment; before it was seen first, which may be an hour late, the first."""
    return past[max(bisect_right(past, time, key=lambda one: one[0]) - 1, 0)][1]


def metric_alarms_behind(names: Iterable[str], alarms: Mapping[str, AnyAlarm]) -> list[Alarm]:
    """The metric alarms among these, and those that composites among them rest on."""
    found: dict[str, Alarm] = {}
    waiting, visited = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        alarm = alarms.get(name)
        if name in visited or alarm is None:
            continue
        visited.add(name)
        if isinstance(alarm, Alarm):
            found[name] = alarm
        elif isinstance(alarm, CompositeAlarm):
            waiting += alarm.children.values()
    return list(found.values())


def composite_state(
    alarm: CompositeAlarm, alarms: Mapping[str, AnyAlarm], states: dict[str, State]
) -> State:
    """A composite alarm's state from those of its children.

    Args:
        alarm: Which one.
        alarms: All there are, by name.
        states: Those known; the states of composites below this one are added.
    """
    children = {}
    for name in alarm.children.values():
        child = alarms.get(name)
        if name not in states and isinstance(child, CompositeAlarm) and child is not alarm:
            # Alarms that rest on each other in a circle have no state: the way back ends here.
            states[name] = State.INSUFFICIENT_DATA
            states[name] = composite_state(child, alarms, states)
        children[name] = states.get(name, State.INSUFFICIENT_DATA)
    return alarm.state(children)
