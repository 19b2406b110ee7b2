"""An AWS on this machine as a source."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from devtools.cloudwatch.alarms import Metric
from devtools.cloudwatch.emf import extract
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.series import Sample, aggregate
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm
from devtools.dashboard import insights
from devtools.dashboard.insights import LogEvent, Table
from devtools.dashboard.labels import short
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources.alarm_states import (
    Past,
    changes,
    composite_past,
    composite_state,
    metric_alarms_behind,
    since,
)
from devtools.dashboard.sources.interface import (
    AlarmReport,
    SeriesQuery,
    SeriesResult,
    as_source_error,
    dimensions_of,
    moment,
)

#: FilterLogEvents answers with so many events at most.
_MOST_EVENTS: Final = 10_000
#: An EMF line's own time may be so much before the time it was logged, in seconds.
_LATE_S: Final = 300
#: How far back is looked for when an alarm came into its state, in seconds: whole hours, for it may
#: be evaluated by the hour.
_LOOKED_BACK_S: Final = 3 * 3600


class EmulatedAccount:
    """An AWS on this machine that keeps logs and published values, and no more.

    Metrics in EMF lines of any log group are extracted here; other metrics are asked for by the
    second, so that statistics are taken of what was published and not of what was put together.
    Alarms are evaluated here too, over the same values, as of now; those that are not OK from three
    hours ago on.

    Args:
        session: Makes clients as ``boto3.Session`` does.
        label: Where the data are from, for a person.
        alarms: The alarms there are, by name.
        clock: Tells the time as of which alarms are evaluated.
    """

    def __init__(
        self,
        session: Any,
        label: str,
        alarms: Mapping[str, AnyAlarm],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._logs = session.client("logs")
        self._cloudwatch = session.client("cloudwatch")
        self.label = label
        self._alarms = alarms

    def read(self, queries: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        """Extract, ask, and take the statistics."""
        if not queries:
            return {}
        start = min(query.grid.start for query in queries)
        end = max(query.grid.end for query in queries)
        published = self._published({query.metric for query in queries}, start, end)
        return {
            query: SeriesResult(
                aggregate(published[query.metric].samples, query.statistic, query.grid),
                published[query.metric].unit,
            )
            for query in queries
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Evaluate the query over the groups' events."""
        there = set(self._groups())
        events = [e for group in groups if group in there for e in self._events(group, start, end)]
        # What matters most on a dashboard is what happened last.
        return insights.run(query, sorted(events, key=lambda event: event.time, reverse=True))

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        """Evaluate the alarms as of now; of those that are not OK, say since when."""
        now = math.ceil(self._clock().timestamp())
        needed = metric_alarms_behind(names, self._alarms)
        metrics = {metric for alarm in needed for metric in alarm.metrics.values()}
        back = max((a.evaluation_range * a.period_s for a in needed), default=0)
        store = self._published(
            {_id(metric) for metric in metrics}, now - back - _LOOKED_BACK_S, now
        )
        states: dict[str, State] = {}
        reports: dict[str, AlarmReport] = {}
        for alarm in needed:
            try:
                evaluation = alarm.evaluate(
                    lambda metric: store[_id(metric)].samples, now, State.INSUFFICIENT_DATA
                )
            except MathError as error:
                states[alarm.name] = State.INSUFFICIENT_DATA
                reports[alarm.name] = AlarmReport(alarm.name, "INSUFFICIENT_DATA", str(error))
                continue
            states[alarm.name] = evaluation.state
            seen = "no value" if evaluation.datapoint is None else short(evaluation.datapoint)
            reason = f"{seen}, limit {short(alarm.threshold)}"
            reports[alarm.name] = AlarmReport(alarm.name, evaluation.state, reason)
        for name in names:
            composite = self._alarms.get(name)
            if isinstance(composite, CompositeAlarm):
                state = composite_state(composite, self._alarms, states)
                reports[name] = AlarmReport(name, state, "evaluated from its children")
        reports |= self._with_since(reports, store, now)
        return [reports.get(name, AlarmReport(name, "UNKNOWN")) for name in names]

    def _with_since(
        self, reports: Mapping[str, AlarmReport], store: "Mapping[MetricId, _Published]", now: int
    ) -> dict[str, AlarmReport]:
        """Those that are not OK, evaluated by the minute: of all of them that takes too long."""
        red = [name for name, report in reports.items() if report.state != State.OK]
        replays, pasts = Replays(), dict[str, Past]()
        for alarm in metric_alarms_behind(red, self._alarms):
            given = {
                identifier: tuple(sorted(store[_id(metric)].samples, key=lambda one: one.time))
                for identifier, metric in alarm.metrics.items()
            }
            with contextlib.suppress(MathError):
                evaluations = replays.run(
                    alarm,
                    given,
                    end=now,
                    start=now - _LOOKED_BACK_S,
                    initial=State.INSUFFICIENT_DATA,
                )
                pasts[alarm.name] = changes((one.time, one.state) for one in evaluations)
        for name in red:
            composite = self._alarms[name]
            if isinstance(composite, CompositeAlarm):
                pasts[name] = composite_past(composite, self._alarms, pasts)
        return {
            name: replace(reports[name], since=since(pasts[name], reports[name].state))
            for name in red
            if name in pasts
        }

    def _published(
        self, metrics: Iterable[MetricId], start: float, end: float
    ) -> "dict[MetricId, _Published]":
        logged: dict[MetricId, _Published] = {}
        wanted = set(metrics)
        if not wanted:
            return logged
        for group in self._groups():
            for event in self._events(group, start, end + _LATE_S):
                for datum in extract(event.message, event.time):
                    metric = MetricId(datum.namespace, datum.name, datum.dimensions)
                    if metric in wanted:
                        known = logged.setdefault(metric, _Published([], datum.unit))
                        known.samples.append(datum.sample)
        for metric in wanted - set(logged):
            logged[metric] = self._statistics(metric, start, end)
        return logged

    def _statistics(self, metric: MetricId, start: float, end: float) -> "_Published":
        with as_source_error("CloudWatch"):
            answer = self._cloudwatch.get_metric_statistics(
                Namespace=metric.namespace,
                MetricName=metric.name,
                Dimensions=dimensions_of(metric),
                StartTime=moment(start),
                EndTime=moment(end),
                Period=1,
                Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
            )
        points = answer["Datapoints"]
        samples = [_sample(point) for point in points if point.get("SampleCount", 0) > 0]
        return _Published(samples, points[0].get("Unit", "") if points else "")

    def _groups(self) -> list[str]:
        with as_source_error("CloudWatch Logs"):
            pages = self._logs.get_paginator("describe_log_groups").paginate()
            return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def _events(self, group: str, start: float, end: float) -> Iterable[LogEvent]:
        """Every event of a group; answers may be cut off without a token to go on with."""
        since, until = int(start * 1000), int(end * 1000)
        seen: set[tuple[int, str, str]] = set()
        while True:
            with as_source_error("CloudWatch Logs"):
                answer = self._logs.filter_log_events(
                    logGroupName=group, startTime=since, endTime=until, limit=_MOST_EVENTS
                )["events"]
            new = 0
            for event in answer:
                key = (event["timestamp"], event["logStreamName"], event["message"])
                if key in seen:
                    continue
                new += 1
                yield LogEvent(key[0] / 1000, group, key[1], key[2])
            if len(answer) < _MOST_EVENTS or not new:
                return
            since = answer[-1]["timestamp"]
            seen = {
                (event["timestamp"], event["logStreamName"], event["message"])
                for event in answer
                if event["timestamp"] == since
            }


@dataclass(frozen=True, slots=True)
class _Published:
    """Everything published for a metric."""

    samples: list[Sample]
    unit: str


def _sample(point: Mapping[str, Any]) -> Sample:
    """A second's values again: its ends, and between them values that keep count and sum."""
    at = point["Timestamp"].timestamp()
    count, total = point["SampleCount"], point["Sum"]
    low, high = point["Minimum"], point["Maximum"]
    if count <= 1 or low == high:
        return Sample(at, (high,), (count,))
    if count <= 2:  # noqa: PLR2004  both are known
        return Sample(at, (low, high), (1, count - 1))
    return Sample(at, (low, (total - low - high) / (count - 2), high), (1, count - 2, 1))


def _id(metric: Metric) -> MetricId:
    return MetricId(metric.namespace, metric.name, metric.dimensions)
