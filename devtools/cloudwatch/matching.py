"""Which alarms an alarm test is for, and which of its series each of their metrics has."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.notation import samples
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm, UnsupportedAlarm
from devtools.cloudwatch.testfile import Case


class Unfit(ValueError):
    """The case does not fit the alarm."""


def matches(pattern: str, described: DescribedAlarm) -> bool:
    """Whether a pattern stands for an alarm: its name, the end of it, or its logical id."""
    return (
        fnmatchcase(described.name, pattern)
        or fnmatchcase(described.name, f"*-{pattern}")
        or fnmatchcase(described.logical_id, pattern)
    )


def selected_alarms(case: Case, alarms: Mapping[str, DescribedAlarm]) -> list[DescribedAlarm]:
    """The alarms that a case is for, without those that are not evaluated here.

    Raises:
        Unfit: One of its patterns stands for none.
    """
    selected: dict[str, DescribedAlarm] = {}
    for pattern in case.alarm:
        found = {
            name: described for name, described in alarms.items() if matches(pattern, described)
        }
        if not found and not case.optional:
            known = ", ".join(sorted(alarms)) or "none"
            raise Unfit(f"no alarm matches {pattern!r}; the template has {known}")
        selected |= found
    for pattern in case.excluded:
        excluded = [name for name, described in selected.items() if matches(pattern, described)]
        if not excluded and not case.optional:
            raise Unfit(f"it is for no alarm that matches {pattern!r}, so there is none to except")
        for name in excluded:
            del selected[name]
    return [
        one
        for one in selected.values()
        if not isinstance(one.alarm, UnsupportedAlarm)
        and not (case.optional and _lacks_one_of(case.states, one, alarms))
    ]


def _lacks_one_of(
    patterns: Iterable[str], described: DescribedAlarm, alarms: Mapping[str, DescribedAlarm]
) -> bool:
    """Whether one of the patterns stands for none of the alarms that an alarm is made of."""
    parts: dict[str, DescribedAlarm] = {}
    composites = [described]
    while composites:
        whole = composites.pop().alarm
        if isinstance(whole, CompositeAlarm):
            children = [alarms[name] for name in whole.children.values() if name not in parts]
            parts |= {child.name: child for child in children}
            composites += children
    return any(not any(matches(p, part) for part in parts.values()) for p in patterns)


#: Where a metric comes from: namespace, name and dimensions.
Source = tuple[str, str, tuple[tuple[str, str], ...]]


def source_of(metric: Metric) -> Source:
    """Where a metric comes from."""
    return metric.namespace, metric.name, metric.dimensions


def published_series(
    case: Case, alarms: Iterable[Alarm], every_s: int
) -> dict[Source, tuple[Sample, ...]]:
    """Find the series of each metric that the alarms watch."""
    published: dict[Source, tuple[Sample, ...]] = {}
    unused = set(case.series)
    watched: dict[str, None] = {}
    for alarm in alarms:
        for identifier, metric in alarm.metrics.items():
            watched[str(metric)] = None
            keys = [key for key in case.series if _is_for(key, identifier, metric)]
            unused.difference_update(keys)
            if len(keys) > 1:
                raise Unfit(f"series {' and '.join(map(repr, keys))} are both for {metric}")
            if not keys:
                raise Unfit(
                    f"there is no series for {metric}, which {alarm.name} watches; if it is "
                    f"missing on purpose, write {metric.name}: _"
                )
            written = case.series[keys[0]]
            published[source_of(metric)] = samples(written.values, every_s, written.late_s)
    if unused:
        known = ", ".join(watched) or "no metric"
        raise Unfit(f"series {min(unused)!r} is for no metric watched here: {known}")
    return published


_KEY: Final = re.compile(r"(?P<name>[^{}]+)(?:\{(?P<dimensions>[^{}]*)\})?")


def _is_for(key: str, identifier: str, metric: Metric) -> bool:
    """Whether a series' key stands for a metric: its name or its id, and dimensions if given."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise Unfit(f"series {key!r} is no metric; give Name, an id or Name{{Dimension=value}}")
    if match["name"] not in {metric.name, identifier}:
        return False
    wanted = (match["dimensions"] or "").split(",")
    given = [f"{name}={value}" for name, value in metric.dimensions]
    return all(
        any(fnmatchcase(dimension, pattern.strip()) for dimension in given)
        for pattern in wanted
        if pattern.strip()
    )
