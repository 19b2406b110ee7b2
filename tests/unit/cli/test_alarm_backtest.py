"""``tradewind alarms backtest`` says when alarms would have gone off, and what nobody can know."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from cli.api import address
from cli.commands import alarms as command

ALARM: dict[str, Any] = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "Namespace": "App",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    },
}


def alarm(name: str) -> dict[str, Any]:
    return {**ALARM, "Properties": {**ALARM["Properties"], "AlarmName": name}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    resources = {"One": alarm("app-one-errors"), "Two": alarm("app-two-errors")}
    (tmp_path / "A.template.json").write_text(json.dumps({"Resources": resources}))
    return tmp_path


HISTORY = """\
time,namespace,metric,dimensions,value
2026-01-01T00:02:00Z,App,Errors,,1
2026-01-01T00:09:00Z,App,Errors,,0
"""


#: What metric math has in the place of.
NOT_WITH_MATH = {"Namespace", "MetricName", "Statistic", "Period"}


def stat(metric: str) -> dict[str, Any]:
    return {"Metric": {"Namespace": "App", "MetricName": metric}, "Stat": "Sum", "Period": 60}


def write(folder: Path, alarm: dict[str, Any]) -> None:
    (folder / "B.template.json").write_text(json.dumps({"Resources": {"Three": alarm}}))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    return path


def backtest(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.alarms, ["backtest", *map(str, arguments)])


def test_a_backtest_says_when_an_alarm_would_have_gone_off(folder: Path, history: Path) -> None:
    done = backtest("errors", "--file", history, "--templates", folder)
    assert done.exit_code == 0
    assert "2026-01-01T00:03Z to 2026-01-01T00:06Z, 3m" in done.stdout
    one, *_ = json.loads(
        backtest("errors", "--file", history, "--templates", folder, "--json").stdout
    )
    assert one["red"] == [{"from": "2026-01-01T00:03Z", "to": "2026-01-01T00:06Z"}]
    assert one["red_s"] == 180
    quiet = backtest("errors", "--file", history, "--templates", folder, "--threshold", "1")
    assert "in ALARM never" in quiet.stdout


def test_a_backtest_of_what_is_not_there_has_status_2(folder: Path, history: Path) -> None:
    done = backtest("nothing", "--file", history, "--templates", folder)
    assert done.exit_code == 2
    assert "No alarm matches 'nothing'" in done.stderr
    history.write_text("time,namespace\n")
    assert backtest("errors", "--file", history, "--templates", folder).exit_code == 2


def test_a_metric_without_data_is_named(folder: Path, history: Path) -> None:
    rate = {
        "Metrics": [
            {"Id": "failed", "MetricStat": stat("Errors"), "ReturnData": False},
            {"Id": "calls", "MetricStat": stat("Calls"), "ReturnData": False},
            {"Id": "rate", "Expression": "failed + FILL(calls, 0)"},
        ]
    }
    kept = {k: v for k, v in ALARM["Properties"].items() if k not in NOT_WITH_MATH}
    write(folder, {**ALARM, "Properties": {**kept, **rate, "AlarmName": "app-rate"}})
    done = backtest("rate", "--file", history, "--templates", folder)
    assert done.exit_code == 0, done.output
    assert "no data of  App/Calls{}" in done.stdout
    [one] = json.loads(backtest("rate", "--file", history, "--templates", folder, "--json").stdout)
    assert one["without_data"] == ["App/Calls{}"]


def test_an_alarm_without_any_data_has_status_2_and_the_others_are_done(
    folder: Path, history: Path
) -> None:
    silent = alarm("app-silent-errors")
    silent["Properties"] |= {"MetricName": "Silence"}
    write(folder, silent)
    done = backtest("*errors", "--file", history, "--templates", folder)
    assert done.exit_code == 2
    assert "app-silent-errors is not known: there are no data of App/Silence{}" in done.stderr
    assert done.stdout.count("1 times") == 2
    assert "never" not in done.stdout


def test_an_alarm_that_is_not_evaluated_is_named_and_the_others_are_done(
    folder: Path, history: Path
) -> None:
    band = {**alarm("app-three-errors")["Properties"], "ThresholdMetricId": "band"}
    write(folder, {**ALARM, "Properties": band})
    done = backtest("*errors", "--file", history, "--templates", folder)
    assert done.exit_code == 0, done.output
    assert "skip  app-three-errors is not evaluated here" in done.stdout
    assert done.stdout.count("1 times") == 2
    alone = backtest("three-errors", "--file", history, "--templates", folder)
    assert alone.exit_code == 2
    assert "app-three-errors is not evaluated here" in alone.stderr


class FakeCloudWatch:
    """Has one failure, two days ago, of every metric."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=2)

    def get_paginator(self, _: str) -> "FakeCloudWatch":
        return self

    def paginate(self, MetricDataQueries: list[Any], **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        self.asked += [query["MetricStat"]["Metric"]["MetricName"] for query in MetricDataQueries]
        results = [
            {"Id": query["Id"], "Timestamps": [self.at], "Values": [1.0]}
            for query in MetricDataQueries
        ]
        yield {"MetricDataResults": results}


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> FakeCloudWatch:
    fake = FakeCloudWatch()
    monkeypatch.setattr(boto3, "client", lambda *_, **__: fake)
    monkeypatch.setattr(address, "enter", lambda _: ("dev", "us-east-1"))
    return fake


def test_a_backtest_asks_cloudwatch_once_for_what_both_alarms_watch(
    folder: Path, cloudwatch: FakeCloudWatch
) -> None:
    options = ("--since", "1w", "--until", "1d", "--threshold", "0.5")
    done = backtest("errors", *options, "--templates", folder)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("1 times") == 2
    # Its sum, and how many values there were.
    assert cloudwatch.asked == ["Errors"] * 2


def test_a_backtest_over_more_than_cloudwatch_keeps_is_refused(
    folder: Path, cloudwatch: FakeCloudWatch
) -> None:
    assert backtest("errors", "--since", "15d", "--templates", folder).exit_code == 0
    cloudwatch.asked.clear()
    done = backtest("errors", "--since", "16d", "--templates", folder)
    assert done.exit_code == 2
    assert "CloudWatch keeps App/Errors{} for 15d" in done.stderr
    assert cloudwatch.asked == []


@pytest.mark.parametrize(
    "options", [["--file", "history.csv", "--since", "1d"], ["--since", "1h", "--until", "2h"]]
)
def test_a_backtest_over_no_time_is_refused(
    options: list[str], history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(history.parent)
    done = backtest("errors", *options)
    assert done.exit_code == 2
    assert "--since" in done.stderr
