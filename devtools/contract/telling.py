"""Whether anybody is told when an alarm goes off: by itself, or by a composite alarm above it."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from devtools.contract.alarms import Watch

#: (where, problem)
Found = tuple[str, str]


def untold(alarms: Sequence[Watch]) -> Iterator[Found]:
    """Alarms that go off without a word, and composite alarms that can say none: where, and why."""
    by_name = {alarm.name: alarm for alarm in alarms}
    yield from _suppressors(by_name)
    try:
        above = _from_below(by_name)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        yield f"alarm {error.args[1][0]}", f"Its rule goes in a circle: {circle}."
        return
    standing = _above(above, "")
    for name in sorted(standing):
        yield by_name[name].where, "Its rule holds though every alarm in it is OK."
    mutes = {alarm.suppressor for alarm in alarms}
    mentioned = {child for alarm in alarms for child in alarm.children}
    for alarm in alarms:
        if alarm.name in mutes - mentioned:
            continue  # It is there to keep others from telling.
        red = {alarm.name, *_above(above, alarm.name)}
        telling = (by_name[name] for name in red - standing)
        if not any(one.tells and one.suppressor not in red for one in telling):
            yield (
                alarm.where,
                "It tells nobody: it has no action that does, and no alarm that has one goes off "
                "with it.",
            )


def _from_below(by_name: Mapping[str, Watch]) -> list[Watch]:
    """The alarms, each after those that its rule reads.

    Raises:
        CycleError: There is no such order.
    """
    below = {alarm.name: alarm.children for alarm in by_name.values()}
    return [by_name[name] for name in TopologicalSorter(below).static_order() if name in by_name]


def _above(ordered: Sequence[Watch], alone: str) -> set[str]:
    """The composite alarms that go off when this alarm does, and all others are OK."""
    red = {alone}
    for alarm in ordered:
        if alarm.goes_off_with(red):
            red.add(alarm.name)
    return red - {alone}


def _suppressors(by_name: Mapping[str, Watch]) -> Iterator[Found]:
    for alarm in by_name.values():
        if alarm.suppressor and alarm.suppressor not in by_name:
            yield alarm.where, f"No alarm of the templates is its suppressor {alarm.suppressor}."
