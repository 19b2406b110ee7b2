"""Where a dashboard's data come from.

``Account`` asks CloudWatch, which has put the metrics together already. ``EmulatedAccount`` is for
an AWS that takes log lines but extracts no metrics from them and evaluates no metric math: there
the work is done here, on what was logged and published.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from devtools.cloudwatch.alarms import Alarm, Metric, State
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.series import Grid, Sample, Series, aggregate
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm
from devtools.dashboard import emf, insights
from devtools.dashboard.insights import LogEvent, NotEvaluated, Table
from devtools.dashboard.metrics import MetricId

#: GetMetricData takes so many queries in one call.
_MOST_QUERIES: Final = 500
#: FilterLogEvents answers with so many events at most.
_MOST_EVENTS: Final = 10_000
#: An EMF line's own time may be so much before the time it was logged, in seconds.
_LATE_S: Final = 300
_POLL_S: Final = 0.5
_QUERY_LIMIT_S: Final = 30.0


class SourceError(Exception):
    """The source does not answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series that is asked for.

    Attributes:
        grid: The periods it is wanted for.
        region: Where the metric is, when not where everything is.
    """

    metric: MetricId
    statistic: str
    grid: Grid
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A series that was found, empty or not.

    Attributes:
        unit: CloudWatch's name of it; empty when the source does not know.
    """

    series: Series
    unit: str = ""


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """An alarm's state, and why; ``state`` is UNKNOWN when the source has no such alarm."""

    name: str
    state: str
    reason: str = ""


class Source(Protocol):
    """Answers what dashboards ask. Every method may raise ``SourceError``."""

    @property
    def label(self) -> str:
        """Where the data are from, for a person."""

    def read(self, wanted: Sequence[Wanted]) -> dict[Wanted, Reading]:
        """Read each series."""

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Run a Logs Insights query; ``NotEvaluated`` when it cannot be run."""

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        """The states of alarms, by name, in the same order."""


class Account:
    """An AWS account, through CloudWatch and CloudWatch Logs.

    Args:
        session: A ``boto3.Session``, or what makes clients as it does.
        label: Where the data are from, for a person.
        units: Units by namespace and metric name: GetMetricData does not tell them.
    """

    def __init__(
        self,
        session: Any,
        label: str = "the AWS account",
        units: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._session = session
        self._label = label
        self._units = units or {}
        self._clients: dict[tuple[str, str | None], Any] = {}
        # A session must not make two clients at once, and the server asks from many threads.
        self._making = threading.Lock()

    @property
    def label(self) -> str:
        """Where the data are from."""
        return self._label

    def _client(self, service: str, region: str | None = None) -> Any:
        with self._making:
            if (service, region) not in self._clients:
                client = self._session.client(service, region_name=region)
                self._clients[service, region] = client
            return self._clients[service, region]

    def read(self, wanted: Sequence[Wanted]) -> dict[Wanted, Reading]:
        """Read each series with GetMetricData, by region and time range."""
        found: dict[Wanted, Reading] = {}
        for region, grid in {(one.region, one.grid) for one in wanted}:
            here = [one for one in wanted if (one.region, one.grid) == (region, grid)]
            client = self._client("cloudwatch", region)
            for at in range(0, len(here), _MOST_QUERIES):
                found |= self._read(client, here[at : at + _MOST_QUERIES], grid)
        return found

    def _read(self, client: Any, wanted: Sequence[Wanted], grid: Grid) -> dict[Wanted, Reading]:
        queries = [
            {
                "Id": f"m{index}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": one.metric.namespace,
                        "MetricName": one.metric.name,
                        "Dimensions": _dimensions(one.metric),
                    },
                    "Period": grid.period,
                    "Stat": one.statistic,
                },
            }
            for index, one in enumerate(wanted)
        ]
        values: list[list[float | None]] = [[None] * len(grid) for _ in wanted]
        with _as_source_error("CloudWatch"):
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=_moment(grid.start),
                EndTime=_moment(grid.end),
                ScanBy="TimestampAscending",
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    series = values[int(result["Id"][1:])]
                    for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                        index = int((at.timestamp() - grid.start) // grid.period)
                        if 0 <= index < len(series):
                            series[index] = float(value)
        return {
            one: Reading(
                Series(grid, tuple(values[index])),
                self._units.get((one.metric.namespace, one.metric.name), ""),
            )
            for index, one in enumerate(wanted)
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Run the query in CloudWatch Logs, which charges for what it scans."""
        client = self._client("logs")
        with _as_source_error("CloudWatch Logs"):
            query_id = client.start_query(
                logGroupNames=list(groups),
                startTime=int(start),
                endTime=int(end),
                queryString=query,
            )["queryId"]
            give_up = time.monotonic() + _QUERY_LIMIT_S
            while True:
                answer = client.get_query_results(queryId=query_id)
                if answer["status"] not in {"Scheduled", "Running"}:
                    break
                if time.monotonic() > give_up:
                    client.stop_query(queryId=query_id)
                    raise SourceError(f"The query was not done within {_QUERY_LIMIT_S:.0f} s.")
                time.sleep(_POLL_S)
        if answer["status"] != "Complete":
            raise SourceError(f"The query ended as {answer['status']}.")
        return _table(query, answer["results"])

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        """Ask CloudWatch for the alarms' states."""
        client = self._client("cloudwatch")
        found: dict[str, AlarmReport] = {}
        with _as_source_error("CloudWatch"):
            for at in range(0, len(names), 100):
                pages = client.get_paginator("describe_alarms").paginate(
                    AlarmNames=list(names[at : at + 100]),
                    AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                )
                for page in pages:
                    for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
                        found[alarm["AlarmName"]] = AlarmReport(
                            alarm["AlarmName"], alarm["StateValue"], alarm.get("StateReason", "")
                        )
        return [found.get(name, AlarmReport(name, "UNKNOWN")) for name in names]


class EmulatedAccount:
    """An AWS on this machine that keeps logs and published values, and no more.

    Metrics in EMF lines of any log group are extracted here; other metrics are asked for by the
    second, so that statistics are taken of what was published and not of what was put together.
    Alarms are evaluated here too, over the same values, as of now.

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
        self._label = label
        self._alarms = alarms

    @property
    def label(self) -> str:
        """Where the data are from."""
        return self._label

    def read(self, wanted: Sequence[Wanted]) -> dict[Wanted, Reading]:
        """Extract, ask, and take the statistics."""
        if not wanted:
            return {}
        start = min(one.grid.start for one in wanted)
        end = max(one.grid.end for one in wanted)
        published = self._published({one.metric for one in wanted}, start, end)
        return {
            one: Reading(
                aggregate(published[one.metric].samples, one.statistic, one.grid),
                published[one.metric].unit,
            )
            for one in wanted
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Evaluate the query over the groups' events."""
        there = set(self._groups())
        events = [e for group in groups if group in there for e in self._events(group, start, end)]
        # What matters most on a dashboard is what happened last.
        return insights.run(query, sorted(events, key=lambda event: event.time, reverse=True))

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        """Evaluate the alarms as of now."""
        now = math.ceil(self._clock().timestamp())
        needed = _metric_alarms(names, self._alarms)
        metrics = {metric for alarm in needed for metric in alarm.metrics.values()}
        back = max((a.evaluation_range * a.period_s for a in needed), default=0)
        store = self._published({_id(metric) for metric in metrics}, now - back, now)
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
            seen = "no value" if evaluation.datapoint is None else f"{evaluation.datapoint:g}"
            reason = f"{seen} in the last period, threshold {alarm.threshold:g}"
            reports[alarm.name] = AlarmReport(alarm.name, evaluation.state, reason)
        for name in names:
            composite = self._alarms.get(name)
            if isinstance(composite, CompositeAlarm):
                state = _composite_state(composite, self._alarms, states)
                reports[name] = AlarmReport(name, state, "evaluated from its children")
        return [reports.get(name, AlarmReport(name, "UNKNOWN")) for name in names]

    def _published(
        self, metrics: Iterable[MetricId], start: float, end: float
    ) -> "dict[MetricId, _Published]":
        logged: dict[MetricId, _Published] = {}
        wanted = set(metrics)
        if not wanted:
            return logged
        for group in self._groups():
            for event in self._events(group, start, end + _LATE_S):
                for datum in emf.extract(event.message):
                    if datum.metric in wanted:
                        known = logged.setdefault(datum.metric, _Published([], datum.unit))
                        known.samples.append(datum.sample)
        for metric in wanted - set(logged):
            logged[metric] = self._asked(metric, start, end)
        return logged

    def _asked(self, metric: MetricId, start: float, end: float) -> "_Published":
        with _as_source_error("CloudWatch"):
            answer = self._cloudwatch.get_metric_statistics(
                Namespace=metric.namespace,
                MetricName=metric.name,
                Dimensions=_dimensions(metric),
                StartTime=_moment(start),
                EndTime=_moment(end),
                Period=1,
                Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
            )
        points = answer["Datapoints"]
        samples = [_sample(point) for point in points if point.get("SampleCount", 0) > 0]
        return _Published(samples, points[0].get("Unit", "") if points else "")

    def _groups(self) -> list[str]:
        with _as_source_error("CloudWatch Logs"):
            pages = self._logs.get_paginator("describe_log_groups").paginate()
            return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def _events(self, group: str, start: float, end: float) -> Iterable[LogEvent]:
        """Every event of a group; answers may be cut off without a token to go on with."""
        since, until = int(start * 1000), int(end * 1000)
        seen: set[tuple[int, str, str]] = set()
        while True:
            with _as_source_error("CloudWatch Logs"):
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


class _as_source_error:  # noqa: N801  used as a statement
    """Turns what boto3 raises into a ``SourceError`` that names the service."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BotoCoreError | ClientError):
            raise SourceError(f"{self._service}: {error}") from error


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


def _metric_alarms(names: Iterable[str], alarms: Mapping[str, AnyAlarm]) -> list[Alarm]:
    """The metric alarms among these, and those that composites among them rest on."""
    found: dict[str, Alarm] = {}
    waiting, met = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        alarm = alarms.get(name)
        if name in met or alarm is None:
            continue
        met.add(name)
        if isinstance(alarm, Alarm):
            found[name] = alarm
        else:
            waiting += alarm.children.values()
    return list(found.values())


def _composite_state(
    alarm: CompositeAlarm, alarms: Mapping[str, AnyAlarm], states: dict[str, State]
) -> State:
    children = {}
    for name in alarm.children.values():
        child = alarms.get(name)
        if name not in states and isinstance(child, CompositeAlarm) and child is not alarm:
            states[name] = _composite_state(child, alarms, states)
        children[name] = states.get(name, State.INSUFFICIENT_DATA)
    return alarm.state(children)


def _id(metric: Metric) -> MetricId:
    return MetricId(metric.namespace, metric.name, metric.dimensions)


def _dimensions(metric: MetricId) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _table(query: str, results: Sequence[Sequence[Mapping[str, str]]]) -> Table:
    """CloudWatch Logs' answer; all its values are texts."""
    rows = [{cell["field"]: cell.get("value") for cell in row} for row in results]
    columns = tuple(dict.fromkeys(name for row in rows for name in row if name != "@ptr"))
    try:
        grouped = insights.run(query, ()).grouped
    except NotEvaluated:
        grouped = None
    table = Table(columns, (), grouped)
    return replace(
        table, rows=tuple(tuple(_value(row.get(name)) for name in columns) for row in rows)
    )


def _value(text: str | None) -> insights.Value:
    if text is None:
        return None
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    except ValueError:
        pass
    else:
        return moment.timestamp() * 1000
    try:
        return float(text)
    except ValueError:
        return text
