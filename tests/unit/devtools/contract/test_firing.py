"""An alarm that nothing can move is found."""

from typing import Any

import pytest

from tests.unit.devtools.contract.conftest import App, Plant


def share(app: App, expression: str, **changes: Any) -> None:
    """Let the alarm on a share watch something else of the same two metrics."""
    app.math_alarm["Metrics"][0]["Expression"] = expression
    app.math_alarm.update(changes)


def _silence_is_no_fault(app: App) -> None:
    """Every datapoint has a sample at least, and where there is none, nothing is wrong."""
    del app.alarm["ExtendedStatistic"]
    app.alarm.update(Statistic="SampleCount", ComparisonOperator="LessThanThreshold", Threshold=1)
    app.alarm["TreatMissingData"] = "notBreaching"
    app.widget("How long")["annotations"] = {}


def _nothing_is_enough(app: App) -> None:
    app.alarm.update(ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=0)
    app.alarm["TreatMissingData"] = "notBreaching"
    app.widget("How long")["annotations"] = {}


def _below_nothing(app: App) -> None:
    app.alarm.update(ComparisonOperator="LessThanThreshold", Threshold=0)
    app.widget("How long")["annotations"] = {}


def counted(app: App, value: str, **changes: Any) -> None:
    """Let the filter publish a number of each line, and an alarm watch their sum."""
    app.filter["MetricTransformations"][0].update(MetricValue=value, Unit="Count")
    app.widget("How long")["metrics"].pop(1)
    app.widget("How long")["annotations"] = {}
    del app.alarm["ExtendedStatistic"]
    app.alarm.update(Namespace="App/terrain", MetricName="Took", Dimensions=[], Statistic="Sum")
    app.alarm.update(TreatMissingData="notBreaching", **changes)


def _each_line_is_too_many(app: App) -> None:
    counted(app, "9", ComparisonOperator="LessThanThreshold", Threshold=9)


def _a_band_of_nothing(app: App) -> None:
    share(app, "bad / all", ThresholdMetricId="band")
    app.math_alarm["ComparisonOperator"] = "GreaterThanUpperThreshold"
    del app.math_alarm["Threshold"]


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (_silence_is_no_fault, "alarm slow: It never goes off"),
        (_nothing_is_enough, "alarm slow: It is never well"),
        (_below_nothing, "alarm slow: It never goes off"),
        (_each_line_is_too_many, "alarm slow: It never goes off"),
        (lambda app: share(app, "0 * bad / all"), "alarm failing: It never goes off"),
        (lambda app: share(app, "1 + FILL(bad, 0) + FILL(all, 0)", Threshold=0), "is never well"),
        (lambda app: share(app, "100 * bad"), "alarm failing: It asks for all, which what it"),
        (lambda app: app.alarm.update(Period=10), "alarm slow: Its period is 10 s"),
        (_a_band_of_nothing, "alarm failing: Its threshold is band, which nothing defines"),
    ],
)
def test_an_alarm_that_says_nothing(app: App, plant: Plant, finding: str) -> None:
    plant(app)
    assert finding in app.said()


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        ("RATE(bad) * IF(all > 0, 1, 0)", {"Threshold": 0.1}),
        ("SUM(METRICS()) / all", {}),
        ("FILL(all, 0) - FILL(bad, 0)", {"ComparisonOperator": "LessThanThreshold"}),
        (
            "IF(FILL(all, 0) > 0, 0, RUNNING_SUM(FILL(bad, 0)) == SUM(FILL(bad, 0)))"
            " * (SUM(FILL(bad, 0)) > 0)",
            {"EvaluationPeriods": 80, "DatapointsToAlarm": 72, "Threshold": 0},
        ),
    ],
)
def test_an_alarm_that_some_data_move(app: App, expression: str, changes: dict[str, Any]) -> None:
    share(app, expression, **changes)
    assert app.findings() == []


def test_an_alarm_that_each_line_of_a_filter_sets_off(app: App) -> None:
    """Of it, silence is what says that all is well."""
    counted(app, "1", Threshold=0)
    assert app.findings() == []
