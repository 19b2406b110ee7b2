"""The alarms that widgets name: their states, and the metrics and thresholds drawn for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from devtools.cloudwatch.alarms import COMPARISONS, Alarm
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm
from devtools.dashboard.body import AlarmProperties, HorizontalAnnotation, MetricWidget, Row
from devtools.dashboard.document.content import Json
from devtools.dashboard.labels import short, without_common_prefix
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources import AlarmReport

_RED_FIRST: Final = ("ALARM", "INSUFFICIENT_DATA", "OK")
_HOUR_MIN, _DAY_H = 60, 24


def alarm_name(arn: str) -> str:
    """An alarm's name out of its ARN."""
    return arn.rpartition(":alarm:")[2]


def with_alarms(widget: MetricWidget, alarms: Mapping[str, AnyAlarm]) -> MetricWidget:
    """Add the thresholds of the alarms that a widget names, and their metrics if it has none."""
    found = [alarms.get(alarm_name(arn)) for arn in widget.alarms]
    watched = [alarm for alarm in found if isinstance(alarm, Alarm)]
    thresholds = tuple(_threshold(alarm) for alarm in watched)
    rows = widget.rows or tuple(row for alarm in watched for row in _rows_of(alarm))
    return replace(widget, rows=rows, horizontal=widget.horizontal + thresholds)


def with_children(names: Iterable[str], alarms: Mapping[str, AnyAlarm]) -> list[str]:
    """Alarms, and those that the composites among them are made of."""
    found = dict.fromkeys(names)
    for name in list(found):
        alarm = alarms.get(name)
        if isinstance(alarm, CompositeAlarm):
            found |= dict.fromkeys(alarm.children.values())
    return list(found)


@dataclass(frozen=True)
class AlarmStates:
    """The states of a dashboard's alarms, as the page takes them.

    Attributes:
        alarms: Those there are, by name.
        reports: What is known of their states, by name.
        now: What ``since`` counts from, in seconds since the epoch.
    """

    alarms: Mapping[str, AnyAlarm]
    reports: Mapping[str, AlarmReport]
    now: float

    def of(self, arns: Iterable[str]) -> list[Json]:
        """The states of alarms given by ARN, in that order."""
        names = without_common_prefix([alarm_name(arn) for arn in arns])
        return [
            self._state(name, short) | {"children": self._children(name)}
            for name, short in names.items()
        ]

    def of_widget(self, properties: AlarmProperties) -> Json:
        """The states that an alarm widget shows, in its order, and how many it leaves out."""
        states = [self._report(alarm_name(arn)) for arn in properties.alarms]
        shown = {
            report.name
            for report in states
            if not properties.states or report.state in properties.states
        }
        order = {report.name: _order(report, properties.sort_by) for report in states}
        found = [one for one in self.of(properties.alarms) if one["name"] in shown]
        return {
            "alarms": sorted(found, key=lambda one: order[one["name"]]),
            "left_out": len(states) - len(shown),
        }

    def _children(self, name: str) -> list[Json]:
        alarm = self.alarms.get(name)
        names = list(alarm.children.values()) if isinstance(alarm, CompositeAlarm) else []
        return [self._state(child, s) for child, s in without_common_prefix(names).items()]

    def _state(self, name: str, short: str) -> Json:
        report = self._report(name)
        since = "" if report.since is None else _since(report.since, self.now)
        return {
            "name": name,
            "short": short,
            "state": report.state,
            "reason": report.reason,
            "since": since,
        }

    def _report(self, name: str) -> AlarmReport:
        return self.reports.get(name, AlarmReport(name, "UNKNOWN"))


def _order(report: AlarmReport, by: str) -> tuple[float, float, str]:
    """What alarms are sorted by; those that changed last come first, where changes count."""
    changed = -(report.since or 0.0)
    match by:
        case "stateUpdatedTimestamp":
            state = _RED_FIRST.index(report.state) if report.state in _RED_FIRST else 3
            return (state, changed, report.name)
        case "timestamp":
            return (0, changed, report.name)
        case _:
            return (0, 0, report.name)


def _since(at: float, now: float) -> str:
    """A moment with how long ago it was, such as ``11:40 (25 min)``."""
    moment, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    clock = f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%m-%d %H:%M}"
    minutes = max(int(now - at) // 60, 0)
    if minutes < 2 * _HOUR_MIN:
        return f"{clock} ({minutes} min)"
    hours = minutes // _HOUR_MIN
    return f"{clock} ({hours} h)" if hours < 2 * _DAY_H else f"{clock} ({hours // _DAY_H} days)"


def _threshold(alarm: Alarm) -> HorizontalAnnotation:
    beyond = COMPARISONS[alarm.comparison]
    side: Literal["above", "below"] = "above" if beyond(1, 0) else "below"
    word = {"above": "at least", "below": "at most"}[side] if beyond(0, 0) else side
    return HorizontalAnnotation(
        value=alarm.threshold,
        label=(
            f"alarm {word} {short(alarm.threshold)} "
            f"({alarm.datapoints_to_alarm} of {alarm.evaluation_periods})"
        ),
        fill=side,
    )


def _rows_of(alarm: Alarm) -> list[Row]:
    found = [
        Row(
            metric=MetricId(metric.namespace, metric.name, metric.dimensions),
            id=identifier,
            stat=metric.statistic,
            period=metric.period_s,
            visible=identifier == alarm.watched,
        )
        for identifier, metric in alarm.metrics.items()
    ]
    return found + [
        Row(
            expression=expression,
            id=identifier,
            label=alarm.name if identifier == alarm.watched else None,
            period=alarm.period_s,
            visible=identifier == alarm.watched,
        )
        for identifier, expression in alarm.expressions.items()
    ]
