"""What was published, from files and from CloudWatch's answers, leads to the same states."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.alarms import Alarm, AlarmError, Metric
from devtools.cloudwatch.backtest import Red, backtest
from devtools.cloudwatch.composite import parse_rule
from devtools.cloudwatch.history import Answers, HistoryError, kept_s, of_metrics, read_history
from devtools.cloudwatch.series import Grid, Sample, aggregate
from devtools.cloudwatch.states import TreatMissingData
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm, UnsupportedAlarm

START = 1_767_225_600  # 2026-01-01T00:00Z
AGENT = (("Agent", "terrain"), ("Environment", "dev"))
FAILED = Metric("App", "Errors", AGENT, "Sum", 300)
TOOK = Metric("App", "Took", AGENT, "SampleCount", 300)


def alarm(name: str = "errors", **changes: Any) -> Alarm:
    values: dict[str, Any] = {
        "name": name,
        "metrics": {"failed": FAILED, "ended": TOOK},
        "expressions": {"rate": "IF(FILL(failed, 0) >= 2, 100 * failed / ended, 0)"},
        "watched": "rate",
        "comparison": "GreaterThanThreshold",
        "threshold": 10,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
        "treat_missing_data": TreatMissingData.NOT_BREACHING,
    }
    return Alarm(**(values | changes))


def described(*alarms: Any) -> dict[str, DescribedAlarm]:
    return {one.name: DescribedAlarm(one, one.name, "A") for one in alarms}


PUBLISHED = {
    "Errors": tuple(Sample.of(START + 60 * minute, 1) for minute in (10, 11, 12, 40)),
    "Took": tuple(Sample.of(START + 60 * minute, 900, 2000) for minute in range(60)),
}
#: Five minutes hold two of the first three failures from the end of minute 11 to that of minute 16.
REDS = (Red(START + 720, START + 1020),)


class FakeCloudWatch:
    """Answers GetMetricData from samples, in pages of one datapoint."""

    def __init__(self) -> None:
        self.periods: list[int] = []
        self.starts: list[int] = []

    def get_paginator(self, _: str) -> "FakeCloudWatch":
        return self

    def paginate(
        self,
        MetricDataQueries: list[Any],  # noqa: N803  boto3's
        StartTime: datetime,  # noqa: N803
        EndTime: datetime,  # noqa: N803
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        self.starts.append(int(StartTime.timestamp()))
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            self.periods.append(stat["Period"])
            assert {d["Name"]: d["Value"] for d in stat["Metric"]["Dimensions"]} == dict(AGENT)
            grid = Grid.aligned(StartTime.timestamp(), EndTime.timestamp(), stat["Period"])
            series = aggregate(PUBLISHED[stat["Metric"]["MetricName"]], stat["Stat"], grid)
            for at, value in series.points:
                moment = datetime.fromtimestamp(at, UTC)
                result = {"Id": query["Id"], "Timestamps": [moment], "Values": [value]}
                yield {"MetricDataResults": [result]}


def answers(aws: FakeCloudWatch, end: int = START + 3600) -> Answers:
    return Answers(aws, START, end, end)


def written(path: Path) -> Path:
    if path.suffix == ".json":
        rows = [
            {
                "time": sample.time,
                "namespace": "App",
                "metric": metric,
                "dimensions": dict(reversed(AGENT)),
                "values": sample.values,
            }
            for metric, samples in PUBLISHED.items()
            for sample in samples
        ]
        path.write_text(json.dumps(rows))
    else:
        lines = ["time,namespace,metric,dimensions,value"]
        for metric, samples in PUBLISHED.items():
            for sample in reversed(samples):
                time = datetime.fromtimestamp(sample.time, UTC).replace(tzinfo=None).isoformat()
                lines += [
                    f"{time},App,{metric},Environment=dev;Agent=terrain,{value}"
                    for value in sample.values
                ]
        path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("name", ["history.csv", "history.json"])
def test_a_file_tells_when_an_alarm_would_have_gone_off(tmp_path: Path, name: str) -> None:
    history = read_history(written(tmp_path / name))
    alarms = described(alarm())
    found = backtest(
        alarms["errors"],
        alarms,
        lambda one: of_metrics(one, history),
        start=START,
        end=START + 3600,
    )
    assert found == REDS


def test_cloudwatch_tells_the_same_and_windows_slide_over_its_minutes() -> None:
    alarms, aws = described(alarm()), FakeCloudWatch()
    found = backtest(
        alarms["errors"],
        alarms,
        answers(aws).of,
        start=START,
        end=START + 3600,
    )
    assert found == REDS
    assert set(aws.periods) == {60}


def test_a_percentile_is_asked_for_by_its_period_and_known_at_its_end() -> None:
    slow = alarm(
        metrics={"value": Metric("App", "Took", AGENT, "p90", 300)},
        expressions={},
        watched="value",
        threshold=1999,
    )
    aws = FakeCloudWatch()
    samples = answers(aws, START + 600).of(slow)["value"]
    assert set(aws.periods) == {300}
    assert samples == tuple(Sample(START + at, (2000.0,), (10.0,)) for at in (240, 540))
    alarms = described(slow)
    found = backtest(
        alarms["errors"], alarms, lambda _: {"value": samples}, start=START, end=START + 600
    )
    assert found == (Red(START + 300, None),)


def test_a_name_that_only_the_deployment_knows_is_refused() -> None:
    metric = Metric("App", "Errors", (("Queue", "${Queue.Name}"),), "Sum", 300)
    unknown = alarm(metrics={"m": metric}, expressions={}, watched="m")
    with pytest.raises(HistoryError, match="only the deployment knows"):
        answers(FakeCloudWatch()).of(unknown)


def test_what_several_alarms_watch_is_asked_for_once() -> None:
    hour = replace(FAILED, period_s=3600)
    aws = FakeCloudWatch()
    asked = answers(aws)
    first = asked.of(alarm())
    asks = len(aws.periods)
    by_hour = alarm(metrics={"m": hour}, expressions={}, watched="m")
    # By the minute is by the minute, whatever the alarm's period.
    assert asked.of(by_hour)["m"] == first["failed"]
    assert asked.of(alarm("another")) == first
    assert len(aws.periods) == asks


@pytest.mark.parametrize(
    ("statistic", "period_s", "kept_days"),
    [("Sum", 3600, 15), ("p90", 60, 15), ("p90", 120, 15), ("p90", 900, 63), ("p90", 3600, 455)],
)
def test_cloudwatch_keeps_longer_periods_for_longer(
    statistic: str, period_s: int, kept_days: int
) -> None:
    metric = replace(FAILED, statistic=statistic, period_s=period_s)
    assert kept_s(metric) == kept_days * 86_400


def test_nothing_is_asked_for_that_cloudwatch_no_longer_has() -> None:
    aws = FakeCloudWatch()
    Answers(aws, START - 90 * 86_400, START + 3600, START + 3600).of(alarm())
    assert set(aws.starts) == {START + 3600 - 15 * 86_400}


def test_what_if_the_threshold_were_another() -> None:
    alarms = described(alarm())

    def reds(threshold: float) -> tuple[Red, ...]:
        given = {"failed": PUBLISHED["Errors"], "ended": PUBLISHED["Took"]}
        return backtest(
            alarms["errors"],
            alarms,
            lambda _: given,
            start=START,
            end=START + 3600,
            threshold=threshold,
        )

    assert reds(10) == REDS
    assert reds(25) == (Red(START + 780, START + 960),)
    assert reds(30) == ()


def test_a_composite_follows_what_it_is_made_of() -> None:
    rule = parse_rule("ALARM(errors) OR ALARM(none)")
    unwell = CompositeAlarm("unwell", rule, {"errors": "errors", "none": "none"})
    alarms = described(unwell, alarm(), alarm("none", threshold=1000))
    given = {"failed": PUBLISHED["Errors"], "ended": PUBLISHED["Took"]}
    found = backtest(alarms["unwell"], alarms, lambda _: given, start=START, end=START + 3600)
    assert found == REDS
    with pytest.raises(AlarmError, match="unwell has no threshold"):
        backtest(alarms["unwell"], alarms, lambda _: given, start=0, end=60, threshold=1)


def test_what_is_not_evaluated_here_is_named() -> None:
    alarms = described(UnsupportedAlarm("strange", "it has a band"))
    with pytest.raises(AlarmError, match="strange is not evaluated here: it has a band"):
        backtest(alarms["strange"], alarms, lambda _: {}, start=0, end=60)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "time,namespace,metric,value\n", "it holds nothing"),
        ("a.csv", "time,namespace,metric,value\n1,App,Errors,many\n", "entry 1: could not convert"),
        ("a.csv", "time,namespace,metric,value\n1,App,Errors,nan\n", "entry 1: a sample's values"),
        ("a.csv", "time,namespace,metric\n1,App,Errors\n", "entry 1: 'value' is missing"),
        ("a.csv", "time,namespace,metric,value\nnow,App,Errors,1\n", "entry 1: Invalid isoformat"),
        (
            "a.csv",
            "time,namespace,metric,dimensions,value\n1,App,Errors,Agent,1\n",
            "entry 1: dimensions 'Agent' are not",
        ),
        ("a.json", "{}", "it must be a list of objects"),
        ("a.json", "[1]", "entry 1: 1 is no object"),
        (
            "a.json",
            '[{"time": 1, "namespace": "App", "metric": "Errors", "values": "12"}]',
            "entry 1: values '12' are no list",
        ),
        (
            "a.csv",
            "time,namespace,metric,value\n1767225600000,App,Errors,1\n",
            "entry 1: 1767225600000 is no time in seconds",
        ),
        ("a.csv", "time,namespace,metric,value\nnan,App,Errors,1\n", "entry 1: nan is no time in"),
        (
            "a.csv",
            "time,namespace,metric,value\n0,App,Errors,1\n1767225600,App,Errors,1\n",
            "more than the 455 days that CloudWatch keeps",
        ),
        ("a.json", "[", "it cannot be read"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(HistoryError, match=message):
        read_history(path)
