"""Which alarms others rest on, and what composites make of their states."""

from collections.abc import Iterable, Mapping

from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm


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
