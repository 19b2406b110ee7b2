"""Data come from an account as they are, and from an emulated one put together here."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from devtools.cloudwatch.composite import parse_rule
from devtools.cloudwatch.series import Grid
from devtools.cloudwatch.template import AnyAlarm, CompositeAlarm
from devtools.dashboard.insights import NotEvaluated
from devtools.dashboard.metrics import MetricId
from devtools.dashboard.sources import Account, EmulatedAccount, SeriesQuery, SourceError
from tests.dashboard_app import GROUP, NOW, FakeAws, log_lines, read_app

END = int(NOW.timestamp())
HOUR = Grid(END - 3600, END, 300)
REQUESTS = MetricId.of("Shop", "Requests", {"Agent": "cart", "Environment": "test"})
LATENCY = MetricId.of("Shop", "Latency", {"Agent": "cart", "Environment": "test"})
ERRORS = MetricId.of("AWS/Lambda", "Errors", {"FunctionName": "shop-cart"})


def emulated(aws: FakeAws | None = None) -> EmulatedAccount:
    return EmulatedAccount(aws or FakeAws(log_lines()), "a fake AWS", {}, lambda: NOW)


def test_logged_metrics_are_extracted_with_every_value_of_an_array() -> None:
    wanted = [SeriesQuery(REQUESTS, "Sum", HOUR), SeriesQuery(LATENCY, "SampleCount", HOUR)]
    found = emulated().read(wanted)
    # Requests are an array of ones, and each has a latency.
    assert found[wanted[0]].series.values == found[wanted[1]].series.values
    assert sum(found[wanted[0]].series.existing) == sum(1 + minute * 3 % 4 for minute in range(60))
    assert (found[wanted[0]].unit, found[wanted[1]].unit) == ("Count", "Milliseconds")


def test_service_metrics_are_asked_for() -> None:
    grid = Grid(END - 10_800, END, 300)
    wanted = SeriesQuery(ERRORS, "Sum", grid)
    reading = emulated().read([wanted])[wanted]
    assert sum(reading.series.existing) == 2
    assert reading.unit == "Count"


def test_what_nobody_published_is_empty() -> None:
    wanted = SeriesQuery(MetricId("Shop", "Nothing"), "Sum", HOUR)
    assert emulated().read([wanted])[wanted].series.existing == ()


def test_logs_are_read_once_for_all_series() -> None:
    aws = FakeAws(log_lines())
    wanted = [SeriesQuery(REQUESTS, stat, HOUR) for stat in ("Sum", "Average", "p99")]
    emulated(aws).read([*wanted, SeriesQuery(REQUESTS, "Sum", Grid(END - 3600, END, 3600))])
    assert [name for name, _ in aws.calls].count("filter_log_events") == 1


def test_events_beyond_one_answer_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = SeriesQuery(REQUESTS, "SampleCount", HOUR)
    expected = emulated().read([wanted])[wanted]
    monkeypatch.setattr("devtools.dashboard.sources.emulated._MOST_EVENTS", 7)
    assert emulated().read([wanted])[wanted] == expected


def test_a_query_over_a_group_that_is_not_there_yet_finds_nothing() -> None:
    query = "fields request_id | filter ispresent(request_id) | limit 1"
    assert emulated().query(query, ["/no/such"], END - 600, END).rows == ()
    assert emulated().query(query, [GROUP], END - 600, END).rows == (("request-179",),)


@pytest.mark.parametrize(("minutes_after", "state"), [(0, "OK"), (-75, "ALARM"), (-200, "OK")])
def test_alarms_are_evaluated_as_of_now(tmp_path: Path, minutes_after: int, state: str) -> None:
    """Two errors occurred 82 and 83 minutes before the end; the alarm looks back 15 minutes."""
    now = datetime.fromtimestamp(END + minutes_after * 60, UTC)
    alarms = read_app(tmp_path).alarms
    source = EmulatedAccount(FakeAws(log_lines()), "a fake AWS", alarms, lambda: now)
    known, unknown = source.alarms(["shop-cart-errors", "no-such"])
    assert (known.state, unknown.state) == (state, "UNKNOWN")
    # A composite alarm rests on its children, whether or not they are asked for.
    (composite,) = source.alarms(["shop-unwell"])
    assert composite.state == state


@pytest.mark.parametrize(("minutes_after", "minutes_ago"), [(-75, 7), (-70, 12), (0, None)])
def test_it_says_since_when_an_alarm_is_red(
    tmp_path: Path, minutes_after: int, minutes_ago: int | None
) -> None:
    """The error of 82 minutes and 53 s before the end is known in the minute after it."""
    now = END + minutes_after * 60
    alarms = read_app(tmp_path).alarms
    clock = datetime.fromtimestamp(now, UTC)
    source = EmulatedAccount(FakeAws(log_lines()), "a fake AWS", alarms, lambda: clock)
    alarm, composite = source.alarms(["shop-cart-errors", "shop-unwell"])
    since = None if minutes_ago is None else now - minutes_ago * 60
    assert (alarm.since, composite.since) == (since, since)


def test_what_was_red_before_anybody_looked_is_red_since_nobody_knows_when(tmp_path: Path) -> None:
    class AlwaysFailing(FakeAws):
        def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
            begin = int(request["StartTime"].timestamp())
            ones = dict.fromkeys(("SampleCount", "Sum", "Minimum", "Maximum"), 1.0)
            return {
                "Datapoints": [
                    {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": "Count", **ones}
                    for at in range(begin, END, 60)
                ]
            }

    alarms = read_app(tmp_path).alarms
    source = EmulatedAccount(AlwaysFailing([]), "a fake AWS", alarms, lambda: NOW)
    reports = source.alarms(["shop-cart-errors", "shop-unwell"])
    assert [(one.state, one.since) for one in reports] == [("ALARM", None)] * 2


def test_alarms_that_rest_on_each_other_in_a_circle_end_without_data() -> None:
    circle: dict[str, AnyAlarm] = {
        name: CompositeAlarm(name, parse_rule(f"ALARM({other})"), {other: other})
        for name, other in (("a", "b"), ("b", "a"))
    }
    source = EmulatedAccount(FakeAws([]), "a fake AWS", circle, lambda: NOW)
    assert [report.state for report in source.alarms(["a", "b"])] == ["OK", "OK"]


def test_values_of_one_second_keep_their_count_sum_and_ends() -> None:
    class Busy(FakeAws):
        def get_metric_statistics(self, **_request: Any) -> dict[str, Any]:
            at = datetime.fromtimestamp(END - 60, UTC)
            stats = {"SampleCount": 4.0, "Sum": 100.0, "Minimum": 10.0, "Maximum": 50.0}
            return {"Datapoints": [{"Timestamp": at, "Unit": "Milliseconds", **stats}]}

    wanted = {
        statistic: SeriesQuery(ERRORS, statistic, HOUR)
        for statistic in ("SampleCount", "Sum", "Minimum", "Maximum")
    }
    found = emulated(Busy([])).read(list(wanted.values()))
    values = {name: found[one].series.existing for name, one in wanted.items()}
    assert values == {
        "SampleCount": (4,), "Sum": (100,), "Minimum": (10,), "Maximum": (50,)
    }  # fmt: skip


class FakeCloudWatch:
    """An account's CloudWatch and Logs: answers from tables, and keeps the requests."""

    def __init__(self, answers: Mapping[str, list[Any]]) -> None:
        self.answers = {name: list(answer) for name, answer in answers.items()}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.regions: list[str | None] = []

    def client(self, _service: str, region_name: str | None = None) -> "FakeCloudWatch":
        self.regions.append(region_name)
        return self

    def get_paginator(self, name: str) -> Any:
        owner = self

        class Paginator:
            def paginate(self, **request: Any) -> list[Any]:
                owner.requests.append((name, request))
                answer = owner.answers[name]
                if isinstance(answer[0], Exception):
                    raise answer[0]
                return answer

        return Paginator()

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.requests.append((name, request))
            answer: Any = self.answers[name].pop(0)
            return answer

        return call


def result(identifier: str, *pairs: tuple[int, float]) -> dict[str, Any]:
    return {
        "Id": identifier,
        "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in pairs],
        "Values": [value for _, value in pairs],
    }


def test_an_account_is_asked_by_region_and_its_pages_are_put_together() -> None:
    pages = [
        {"MetricDataResults": [result("m0", (END - 3600, 4.0))]},
        {"MetricDataResults": [result("m0", (END - 300, 6.0), (END, 9.0))]},
    ]
    aws = FakeCloudWatch({"get_metric_data": pages})
    here = SeriesQuery(REQUESTS, "Sum", HOUR)
    there = SeriesQuery(LATENCY, "p99", HOUR, "eu-west-1")
    units = {("Shop", "Latency"): "Milliseconds"}
    found = Account(aws, units=units).read([here, there])
    assert found[here].series.points == ((END - 3600, 4.0), (END - 300, 6.0))
    assert (found[here].unit, found[there].unit) == ("", "Milliseconds")
    assert set(aws.regions) == {None, "eu-west-1"}
    (query,) = aws.requests[0][1]["MetricDataQueries"]
    assert query["MetricStat"]["Period"] == 300


def test_many_series_are_asked_for_in_several_calls() -> None:
    aws = FakeCloudWatch({"get_metric_data": [{"MetricDataResults": []}]})
    wanted = [SeriesQuery(MetricId("Shop", f"Metric{index}"), "Sum", HOUR) for index in range(501)]
    Account(aws).read(wanted)
    assert [len(request["MetricDataQueries"]) for _, request in aws.requests] == [500, 1]


def test_an_accounts_query_is_waited_for_and_its_texts_become_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("devtools.dashboard.sources.account._POLL_S", 0)
    row = [
        {"field": "bin(5m)", "value": "2026-11-20 11:55:00.000"},
        {"field": "count(*)", "value": "17"},
        {"field": "@ptr", "value": "x"},
    ]
    aws = FakeCloudWatch(
        {
            "start_query": [{"queryId": "q"}],
            "get_query_results": [
                {"status": "Running", "results": []},
                {"status": "Complete", "results": [row]},
            ],
        }
    )
    table = Account(aws).query("stats count(*) by bin(5m)", [GROUP], END - 600, END)
    assert table.columns == ("bin(5m)", "count(*)")
    assert table.rows == (((END - 300) * 1000.0, 17.0),)
    assert table.grouped == 1


def test_a_query_that_fails_is_the_sources_error() -> None:
    answers: dict[str, list[Any]] = {
        "start_query": [{"queryId": "q"}],
        "get_query_results": [{"status": "Failed", "results": []}],
    }
    with pytest.raises(SourceError, match="Failed"):
        Account(FakeCloudWatch(answers)).query("limit 1", [GROUP], 0, 1)


def test_alarm_states_of_an_account() -> None:
    changed, updated = NOW - timedelta(hours=1), NOW
    alarm: dict[str, Any] = {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "too many"}
    alarm |= {"StateTransitionedTimestamp": changed, "StateUpdatedTimestamp": updated}
    pages = [{"MetricAlarms": [alarm]}]
    reports = Account(FakeCloudWatch({"describe_alarms": pages})).alarms(["b", "a"])
    assert [(r.name, r.state, r.reason, r.since) for r in reports] == [
        ("b", "UNKNOWN", "", None),
        ("a", "ALARM", "too many", changed.timestamp()),
    ]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetMetricData"),
        EndpointConnectionError(endpoint_url="https://example.com"),
    ],
)
def test_what_boto3_raises_is_the_sources_error(error: Exception) -> None:
    aws = FakeCloudWatch({"get_metric_data": [error]})
    with pytest.raises(SourceError, match="CloudWatch"):
        Account(aws).read([SeriesQuery(REQUESTS, "Sum", HOUR)])


def test_a_query_beyond_us_is_told_from_an_empty_one() -> None:
    with pytest.raises(NotEvaluated):
        emulated().query("unmask @message", [GROUP], END - 600, END)
