"""An AWS account as a source."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from devtools.cloudwatch.series import Grid, Series
from devtools.dashboard import insights
from devtools.dashboard.insights import NotEvaluated, Table
from devtools.dashboard.sources.interface import (
    AlarmReport,
    SeriesQuery,
    SeriesResult,
    SourceError,
    as_source_error,
    changed_at,
    dimensions_of,
    moment,
)

#: GetMetricData takes so many data_queries in one call.
_MOST_QUERIES: Final = 500
#: DescribeAlarms takes so many names in one call.
_MOST_NAMES: Final = 100
_POLL_S: Final = 0.5
_QUERY_LIMIT_S: Final = 30.0


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
        self.label = label
        self._units = units or {}
        self._clients: dict[tuple[str, str | None], Any] = {}
        # A session must not make two clients at once, and the server asks from many threads.
        self._client_lock = threading.Lock()

    def _client(self, service: str, region: str | None = None) -> Any:
        with self._client_lock:
            if (service, region) not in self._clients:
                client = self._session.client(service, region_name=region)
                self._clients[service, region] = client
            return self._clients[service, region]

    def read(self, queries: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        """Read each series with GetMetricData, by region and time range."""
        found: dict[SeriesQuery, SeriesResult] = {}
        for region, grid in {(query.region, query.grid) for query in queries}:
            here = [query for query in queries if (query.region, query.grid) == (region, grid)]
            client = self._client("cloudwatch", region)
            for at in range(0, len(here), _MOST_QUERIES):
                found |= self._read(client, here[at : at + _MOST_QUERIES], grid)
        return found

    def _read(
        self, client: Any, queries: Sequence[SeriesQuery], grid: Grid
    ) -> dict[SeriesQuery, SeriesResult]:
        data_queries = [
            {
                "Id": f"m{index}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": query.metric.namespace,
                        "MetricName": query.metric.name,
                        "Dimensions": dimensions_of(query.metric),
                    },
                    "Period": grid.period,
                    "Stat": query.statistic,
                },
            }
            for index, query in enumerate(queries)
        ]
        values: list[list[float | None]] = [[None] * len(grid) for _ in queries]
        with as_source_error("CloudWatch"):
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=data_queries,
                StartTime=moment(grid.start),
                EndTime=moment(grid.end),
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
            query: SeriesResult(
                Series(grid, tuple(values[index])),
                self._units.get((query.metric.namespace, query.metric.name), ""),
            )
            for index, query in enumerate(queries)
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Run the query in CloudWatch Logs, which charges for what it scans."""
        client = self._client("logs")
        with as_source_error("CloudWatch Logs"):
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
        with as_source_error("CloudWatch"):
            for at in range(0, len(names), _MOST_NAMES):
                pages = client.get_paginator("describe_alarms").paginate(
                    AlarmNames=list(names[at : at + _MOST_NAMES]),
                    AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                )
                for page in pages:
                    for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
                        found[alarm["AlarmName"]] = AlarmReport(
                            alarm["AlarmName"],
                            alarm["StateValue"],
                            alarm.get("StateReason", ""),
                            changed_at(alarm),
                        )
        return [found.get(name, AlarmReport(name, "UNKNOWN")) for name in names]


def _table(query: str, results: Sequence[Sequence[Mapping[str, str]]]) -> Table:
    """CloudWatch Logs' answer; all its values are texts."""
    rows = [{cell["field"]: cell.get("value") for cell in row} for row in results]
    columns = tuple(dict.fromkeys(name for row in rows for name in row if name != "@ptr"))
    try:
        known = insights.run(query, ())
    except NotEvaluated:
        known = Table(columns, ())
    table = replace(known, columns=columns)
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
