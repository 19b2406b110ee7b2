import json
import re
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.cloudformation import TemplateError, resolve
from devtools.cloudwatch.states import State, TreatMissingData
from devtools.cloudwatch.template import (
    CompositeAlarm,
    DescribedAlarm,
    UnsupportedAlarm,
    load_alarms,
    read_template,
)

SIMPLE = {
    "AlarmName": "app-errors",
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Function"}}],
    "Statistic": "Sum",
    "Period": 300,
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 3,
}


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {k: v for k, v in (SIMPLE | changes).items() if k not in names}


def resource(properties: Any, kind: str = "Alarm") -> dict[str, Any]:
    return {"Type": f"AWS::CloudWatch::{kind}", "Properties": properties}


def read(**resources: Any) -> dict[str, DescribedAlarm]:
    return {d.name: d for d in read_template({"Resources": resources}, "A.template.json")}


def metric_alarm(properties: Any) -> Alarm:
    (described,) = read(Errors=resource(properties)).values()
    assert isinstance(described.alarm, Alarm)
    return described.alarm


def test_a_metric_alarm() -> None:
    alarm = metric_alarm(SIMPLE)
    assert alarm.name == "app-errors"
    metric = Metric("AWS/Lambda", "Errors", (("FunctionName", "${Function}"),), "Sum", 300)
    assert alarm.metrics == {alarm.watched: metric}
    assert (alarm.evaluation_periods, alarm.datapoints_to_alarm) == (3, 3)
    assert alarm.treat_missing_data is TreatMissingData.MISSING
    assert not alarm.ignore_low_samples


def test_a_percentile_alarm_and_its_options() -> None:
    alarm = metric_alarm(
        without(
            "Statistic",
            "AlarmName",
            ExtendedStatistic="p99",
            DatapointsToAlarm="2",
            TreatMissingData="breaching",
            EvaluateLowSampleCountPercentile="ignore",
        )
    )
    assert alarm.name == "Errors"  # without a name of its own, the logical id
    assert [m.statistic for m in alarm.metrics.values()] == ["p99"]
    assert alarm.datapoints_to_alarm == 2
    assert alarm.treat_missing_data is TreatMissingData.BREACHING
    assert alarm.ignore_low_samples


def test_dynamodb_ignores_missing_data_unless_told_otherwise() -> None:
    dynamodb = without(Namespace="AWS/DynamoDB")
    assert metric_alarm(dynamodb).treat_missing_data is TreatMissingData.IGNORE
    told = dynamodb | {"TreatMissingData": "missing"}
    assert metric_alarm(told).treat_missing_data is TreatMissingData.MISSING


def stat(name: str, **changes: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Lambda", "MetricName": name}
    return {"Metric": metric, "Period": 60, "Stat": "Sum"} | changes


def math_alarm(*queries: Any) -> dict[str, Any]:
    return without(
        "Namespace", "MetricName", "Dimensions", "Statistic", "Period", Metrics=list(queries)
    )


def test_a_metric_math_alarm() -> None:
    alarm = metric_alarm(
        math_alarm(
            {"Id": "rate", "Expression": "errors / calls"},
            {"Id": "errors", "MetricStat": stat("Errors"), "ReturnData": False},
            {"Id": "calls", "MetricStat": stat("Invocations"), "ReturnData": False},
        )
    )
    assert alarm.watched == "rate"
    assert alarm.expressions == {"rate": "errors / calls"}
    assert {m.name for m in alarm.metrics.values()} == {"Errors", "Invocations"}


def test_a_composite_alarm_finds_its_children_by_reference_name_and_arn() -> None:
    def rule(*parts: Any) -> dict[str, Any]:
        return resource(
            {"AlarmName": "app-all", "AlarmRule": {"Fn::Join": ["", list(parts)]}}, "CompositeAlarm"
        )

    found = read(
        All=rule('ALARM("', {"Fn::GetAtt": ["One", "Arn"]}, '") OR ALARM("', {"Ref": "Two"}, '")'),
        One=resource(SIMPLE | {"AlarmName": "one"}),
        Two=resource(SIMPLE | {"AlarmName": "two"}),
        More=resource(
            {
                "AlarmName": "app-more",
                "AlarmRule": "ALARM(two) AND OK(arn:aws:cloudwatch:eu-west-1:1:alarm:app-all)",
            },
            "CompositeAlarm",
        ),
    )
    both, more = found["app-all"].alarm, found["app-more"].alarm
    assert isinstance(both, CompositeAlarm)
    assert isinstance(more, CompositeAlarm)
    assert set(both.children.values()) == {"one", "two"}
    assert set(more.children.values()) == {"two", "app-all"}
    assert both.state({"one": State.OK, "two": State.ALARM}) is State.ALARM
    assert more.state({"app-all": State.ALARM, "two": State.ALARM}) is State.OK


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (without(ComparisonOperator="GreaterThanUpperThreshold"), "^anomaly detection"),
        (without("Threshold", ThresholdMetricId="band"), "^anomaly detection is not supported"),
        (without(MetricName={"Fn::Select": [0, ["a"]]}), "^Fn::Select of .* is not supported"),
        (
            math_alarm({"Id": "a", "Expression": "SELECT MAX(x) FROM y", "Period": 60}),
            "Metrics Insights queries are not supported",
        ),
        (
            math_alarm({"Id": "a", "Expression": "SUM(SEARCH('x', 'Sum', 60))"}),
            r"SEARCH\(\) is not supported here",
        ),
        (math_alarm({"Id": "q", "Expression": "SERVICE_QUOTA(m)"}), r"SERVICE_QUOTA\(\)"),
    ],
)
def test_what_is_not_evaluated_here_leaves_the_other_alarms(properties: Any, reason: str) -> None:
    named = {**properties, "AlarmName": "app-strange"}
    all_of_them = {
        "AlarmName": "app-unwell",
        "AlarmRule": "ALARM(app-strange) OR ALARM(app-errors)",
    }
    found = read(
        Strange=resource(named), One=resource(SIMPLE), All=resource(all_of_them, "CompositeAlarm")
    )
    strange = found["app-strange"].alarm
    assert isinstance(strange, UnsupportedAlarm)
    assert re.search(reason, strange.reason)
    assert isinstance(found["app-errors"].alarm, Alarm)
    assert isinstance(found["app-unwell"].alarm, CompositeAlarm)


def test_a_rule_that_is_not_known_before_deployment_is_not_evaluated() -> None:
    rule = {"Fn::If": ["Quiet", "FALSE", "ALARM(app-errors)"]}
    found = read(All=resource({"AlarmName": {"Fn::If": rule}, "AlarmRule": rule}, "CompositeAlarm"))
    assert isinstance(found["All"].alarm, UnsupportedAlarm)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (without("Threshold"), "Threshold must be a number, not None"),
        (without(Threshold="many"), "Threshold must be a number, not 'many'"),
        (without(EvaluationPeriods=1.5), "EvaluationPeriods must be a whole number"),
        (without("MetricName"), "MetricName must be a text, not None"),
        (without("Statistic"), "Statistic must be a text"),
        (without(Statistic="Median"), "'Median' is not a statistic"),
        (without(Period=7), "a period is 10, 20, 30 or a multiple of 60"),
        (without(TreatMissingData="maybe"), "TreatMissingData must not be 'maybe'"),
        (without(EvaluateLowSampleCountPercentile="no"), "must not be 'no'"),
        (without(Dimensions="x"), "Dimensions must be a list"),
        (without(Dimensions=["x"]), r"Dimensions\[0\]: it has no properties"),
        (math_alarm(), "one of its Metrics must return data, not 0"),
        (
            math_alarm({"Id": "a", "Expression": "1"}, {"Id": "b", "Expression": "2"}),
            "one of its Metrics must return data, not 2",
        ),
        (
            math_alarm({"Id": "a", "Expression": "1"}, {"Id": "a", "Expression": "2"}),
            "'a' is defined twice",
        ),
        (
            math_alarm(
                {"Id": "e", "Expression": "m + other"},
                {"Id": "m", "MetricStat": stat("Errors"), "ReturnData": False},
            ),
            "'e' uses other, which is not defined",
        ),
        (math_alarm({"Id": "e", "Expression": "(m"}), "is expected here"),
        ("text", "it has no properties"),
    ],
)
def test_an_alarm_that_cannot_be_is_refused_with_its_place(properties: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as refused:
        read(Errors=resource(properties))
    assert str(refused.value).startswith("A.template.json: Errors")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("ALARM(all)", "refers to itself"),
        ("ALARM(one", "alarm rule, character"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read(
            All=resource({"AlarmName": "all", "AlarmRule": rule}, "CompositeAlarm"),
            One=resource(SIMPLE | {"AlarmName": "one"}),
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Ref": "A"}, "${A}"),
        ({"Fn::GetAtt": ["A", "Arn"]}, "${A.Arn}"),
        ({"Fn::GetAtt": "A.Arn"}, "${A.Arn}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "B"}, 3]]}, "a-${B}-3"),
        ({"Fn::Sub": "x-${A}"}, "x-${A}"),
        ({"Fn::Sub": ["x-${V}-${A}", {"V": {"Ref": "B"}}]}, "x-${B}-${A}"),
        ({"Fn::ImportValue": "exported"}, "${ImportValue exported}"),
        ([{"a": {"Ref": "B"}}, 1], [{"a": "${B}"}, 1]),
    ],
)
def test_intrinsic_functions_become_symbols(value: Any, text: Any) -> None:
    assert resolve(value) == text


def write(folder: Path, name: str, **resources: Any) -> None:
    (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))


def test_a_folder_of_templates(tmp_path: Path) -> None:
    write(tmp_path, "One", Errors=resource(SIMPLE), Bucket={"Type": "AWS::S3::Bucket"})
    (tmp_path / "nested").mkdir()
    write(tmp_path / "nested", "Two", Errors=resource(SIMPLE | {"AlarmName": "other"}))
    found = load_alarms(tmp_path)
    assert {name: (d.logical_id, d.template) for name, d in found.items()} == {
        "app-errors": ("Errors", "One.template.json"),
        "other": ("Errors", "Two.template.json"),
    }


def test_two_alarms_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "One", Errors=resource(SIMPLE))
    write(tmp_path, "Two", Errors=resource(SIMPLE))
    with pytest.raises(TemplateError, match="a second alarm is named 'app-errors'"):
        load_alarms(tmp_path)


def test_a_rule_may_name_another_stacks_alarm_and_none_that_is_nowhere(tmp_path: Path) -> None:
    rule = {"AlarmName": "all", "AlarmRule": "ALARM(app-errors)"}
    write(tmp_path, "One", All=resource(rule, "CompositeAlarm"))
    with pytest.raises(TemplateError, match="All: its rule refers to 'app-errors', which is no"):
        load_alarms(tmp_path)
    write(tmp_path, "Two", Errors=resource(SIMPLE))
    assert set(load_alarms(tmp_path)) == {"all", "app-errors"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"there is no \*.template.json"),
        ("{", "not JSON"),
        ("[]", "it has no Resources"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_template_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "A.template.json").write_text(content)
    with pytest.raises(TemplateError, match=message):
        load_alarms(tmp_path)
