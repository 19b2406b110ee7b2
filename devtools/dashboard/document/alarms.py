"""The alarms that widgets name: their states, and the metrics and thresholds drawn for them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from devtools.cloudwatch.alarms import COMPARISONS, Alarm
from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.body import HorizontalAnnotation, MetricWidget, Row
from devtools.dashboard.document.content import Json
from devtools.dashboard.labels import without_common_prefix
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources import AlarmReport


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


def alarm_states(arns: Iterable[str], reports: Mapping[str, AlarmReport]) -> list[Json]:
    """The states of alarms as the page takes them."""
    states = []
    for name, short in without_common_prefix([alarm_name(arn) for arn in arns]).items():
        report = reports.get(name, AlarmReport(name, "UNKNOWN"))
        states.append(
            {"name": name, "short": short, "state": report.state, "reason": report.reason}
        )
    return states


def _threshold(alarm: Alarm) -> HorizontalAnnotation:
    side: Literal["above", "below"] = "above" if COMPARISONS[alarm.comparison](1, 0) else "below"
    return HorizontalAnnotation(
        value=alarm.threshold,
        label=(
            f"alarm {side} {alarm.threshold:g} "
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
