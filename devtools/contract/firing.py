"""Whether an alarm can go off at all, and be well again: tried over data that it may get.

Every metric is given a few values: nothing, the least that its statistic can be, much and very
much, steady, from one to another, and rising. That is no proof: an alarm is found only where none
of hundreds of tries moves it.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.series import Grid, Series
from devtools.cloudwatch.states import State
from devtools.contract.expressions import ids_read
from devtools.contract.uses import MetricFilter

_MINUTE: Final = 60
_VALUES: Final = (0.0, 1.0, 100.0, 1e4, 1e7, 1e12)
_TRIES: Final = 500

_Values = tuple[float | None, ...]


def problems_of(alarm: Alarm, filters: Sequence[MetricFilter]) -> Iterator[str]:
    """Why an alarm says nothing.

    Args:
        alarm: The alarm.
        filters: The metric filters, of whose metrics the least value may be known.
    """
    if alarm.period_s < _MINUTE:
        yield f"Its period is {alarm.period_s} s, and no metric is kept for less than a minute."
    unread = sorted(alarm.metrics.keys() - _read(alarm, alarm.watched, frozenset()))
    if unread:
        yield f"It asks for {', '.join(unread)}, which what it watches does not read."
    try:
        missing = {State.ALARM, State.OK} - _reached(alarm, filters)
    except MathError:
        return  # Said of the expression itself, or not evaluated here.
    if State.ALARM in missing:
        yield "It never goes off, whatever is published."
    if State.OK in missing:
        yield "It is never well, whatever is published."


def _read(alarm: Alarm, identifier: str, above: frozenset[str]) -> set[str]:
    """The ids that something reads, itself included."""
    if identifier in above or identifier not in alarm.expressions:
        return {identifier}
    read = ids_read(alarm.expressions[identifier], alarm.metrics)
    return {identifier}.union(*(_read(alarm, name, above | {identifier}) for name in read))


def _reached(alarm: Alarm, filters: Sequence[MetricFilter]) -> set[State]:
    """The states that the tries lead to."""
    grid = Grid(0, alarm.evaluation_range * alarm.period_s, alarm.period_s)
    least = {identifier: _least(metric, filters) for identifier, metric in alarm.metrics.items()}
    # Where the least there is may be no fault, data have to say that all is well, not silence.
    may_be_well = not any(least.values())
    reached: set[State] = set()
    for tried in _tries(least, len(grid)):
        series = {identifier: Series(grid, values) for identifier, values in tried.items()}
        points = alarm.watched_series(series, grid).values
        if alarm.decide(points, State.OK) is State.ALARM:
            reached.add(State.ALARM)
        if may_be_well and set(points) == {None}:
            continue
        if alarm.decide(points, State.ALARM) is State.OK:
            reached.add(State.OK)
        if {State.ALARM, State.OK} <= reached:
            break
    return reached


def _least(metric: Metric, filters: Sequence[MetricFilter]) -> float:
    """The least that a datapoint of a metric can be, as far as that is known."""
    if metric.statistic == "SampleCount":
        return 1
    own = [one for one in filters if one.names(metric.namespace, metric.name)]
    constants = [one.constant for one in own if one.default is None]
    known = [value for value in constants if value is not None]
    return min(known) if own and len(known) == len(own) else 0


def _tries(least: Mapping[str, float], length: int) -> Iterator[Mapping[str, _Values]]:
    """Values for each metric: first the same for all of them, then some of each."""
    for value in (None, *_VALUES):
        yield {name: (_at_least(value, low),) * length for name, low in least.items()}
    some = Random(0)  # noqa: S311  the same tries each time
    for _ in range(_TRIES):
        yield {name: _shape(some, low, length) for name, low in least.items()}


def _shape(some: Random, low: float, length: int) -> _Values:
    early, late = (_at_least(some.choice((None, *_VALUES)), low) for _ in range(2))
    match some.choice(("steady", "step", "ramp")):
        case "steady":
            return (late,) * length
        case "ramp" if late is not None:
            return tuple(late * (at + 1) for at in range(length))
        case _:
            return (early, early, *(late,) * (length - 2))


def _at_least(value: float | None, low: float) -> float | None:
    return None if value is None else max(value, low)
