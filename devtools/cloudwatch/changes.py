"""Small mistakes in an alarm, for tests to notice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from devtools.cloudwatch.alarms import Alarm, AlarmError
from devtools.cloudwatch.composite import Rule
from devtools.cloudwatch.series import Grid, Series
from devtools.cloudwatch.states import State, TreatMissingData
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm

#: Below this, the next whole number is the nearest threshold; from there on, a tenth is.
_FEW: Final = 10
_OPPOSITE: Final = {
    TreatMissingData.MISSING: TreatMissingData.BREACHING,
    TreatMissingData.IGNORE: TreatMissingData.NOT_BREACHING,
    TreatMissingData.BREACHING: TreatMissingData.NOT_BREACHING,
    TreatMissingData.NOT_BREACHING: TreatMissingData.BREACHING,
}
#: A number that an expression compares with, as in ``IF(requests >= 10, ...)``.
_COMPARED: Final = re.compile(r"(?P<before>[<>]=?|[!=]=)(?P<space>\s*)(?P<number>\d+(?:\.\d+)?)\b")


class About(StrEnum):
    """What of an alarm a change is about."""

    THRESHOLD = "threshold"
    COUNTS = "M of N"
    MISSING = "missing data"
    SAMPLES = "few samples"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm with one thing different.

    Attributes:
        about: What is different.
        text: How, for a person.
        alarm: The alarm with it.
    """

    about: About
    text: str
    alarm: AnyAlarm


def changes_of(alarm: AnyAlarm) -> Iterator[Change]:
    """Each small change of an alarm that a test of it has to notice."""
    if isinstance(alarm, CompositeAlarm):
        yield from _without_a_child(alarm)
    elif isinstance(alarm, Alarm):
        yield from _thresholds(alarm)
        yield from _counts(alarm)
        if _can_miss(alarm):
            other = _OPPOSITE[alarm.treat_missing_data]
            changed = replace(alarm, treat_missing_data=other)
            yield Change(About.MISSING, f"{alarm.treat_missing_data} -> {other}", changed)
        yield from _samples(alarm)


def _nearest(number: float) -> float:
    """How far the nearest number lies that a test has to tell from this one."""
    return 1.0 if abs(number) < _FEW and number == int(number) else abs(number) / _FEW


def _thresholds(alarm: Alarm) -> Iterator[Change]:
    step = _nearest(alarm.threshold)
    for threshold in (alarm.threshold + step, alarm.threshold - step):
        text = f"{alarm.threshold:g} -> {threshold:g}"
        yield Change(About.THRESHOLD, text, replace(alarm, threshold=threshold))


def _counts(alarm: Alarm) -> Iterator[Change]:
    m, n = alarm.datapoints_to_alarm, alarm.evaluation_periods
    others = [(m - 1, n)] if m > 1 else []
    if m < n:
        others += [(m + 1, n), (m, n + 1), (m, n - 1)]
    for to_alarm, periods in others:
        try:
            changed = replace(alarm, datapoints_to_alarm=to_alarm, evaluation_periods=periods)
        except AlarmError:  # longer than CloudWatch evaluates
            continue
        yield Change(About.COUNTS, f"{m} of {n} -> {to_alarm} of {periods}", changed)


def _can_miss(alarm: Alarm) -> bool:
    """Whether it has missing datapoints at all: ``FILL`` may leave none."""
    grid = Grid(0, alarm.period_s, alarm.period_s)
    nothing = Series(grid, (None,))
    watched = alarm.watched_series(dict.fromkeys(alarm.metrics, nothing), grid)
    return not watched.existing


def _samples(alarm: Alarm) -> Iterator[Change]:
    if alarm.needed_samples and alarm.ignore_low_samples:
        changed = replace(alarm, ignore_low_samples=False)
        yield Change(About.SAMPLES, "percentiles over few values count", changed)
    for identifier, expression in alarm.expressions.items():
        alike: dict[tuple[str, int], list[re.Match[str]]] = {}
        for match in _COMPARED.finditer(expression):
            alike.setdefault(_place(expression, match.start()), []).append(match)
        for first, *others in alike.values():
            number = float(first["number"])
            step = _nearest(number)
            # Without samples there is nothing to divide: a minimum of 0 is one of 1.
            for other in (number + step, number - step) if number > 1 else (number + step,):
                written = f"{first['before']}{first['space']}{other:g}"
                text = expression
                for match in reversed((first, *others)):
                    text = text[: match.start()] + written + text[match.end() :]
                changed = replace(alarm, expressions={**alarm.expressions, identifier: text})
                yield Change(About.SAMPLES, f"{first[0]} -> {written}", changed)


def _place(expression: str, position: int) -> tuple[str, int]:
    """The brackets around a position, and where in them it is.

    Metric math has no names for parts that come again: what is in the same place of equal brackets
    is one number, written several times.
    """
    begin, depth = position, 0
    while begin and depth <= 0:
        begin -= 1
        depth += (expression[begin] == "(") - (expression[begin] == ")")
    end, depth = position, 0
    while end < len(expression) and depth >= 0:
        depth += (expression[end] == "(") - (expression[end] == ")")
        end += 1
    return expression[begin:end], position - begin


def _without_a_child(alarm: CompositeAlarm) -> Iterator[Change]:
    for written, name in alarm.children.items():
        yield Change(About.CHILD, f"{name} counts for nothing", _forgetting(alarm, written))


def _forgetting(alarm: CompositeAlarm, written: str) -> CompositeAlarm:
    rule = alarm.rule
    forgetful = Rule(
        rule.text, rule.alarms, lambda states: rule.holds({**states, written: State.OK})
    )
    return replace(alarm, rule=forgetful)
