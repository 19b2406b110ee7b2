"""Alarms, dashboards, saved queries and metric filters do what they were told."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed

METRICS = [
    {"Id": "share", "Expression": "100 * bad / total", "Label": "%", "ReturnData": True},
    *(
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "N",
                    "MetricName": name,
                    "Dimensions": [{"Name": "D", "Value": "v"}],
                },
                "Period": 300,
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for name in ("bad", "total")
    ),
]
LIMIT = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5,
    "TreatMissingData": "ignore",
}
ONE_METRIC = {"Namespace": "N", "MetricName": "Time", "Period": 60}


def alarm(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"AlarmName": name, **LIMIT, **properties},
    }


def composite(name: str, rule: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmName": name, "AlarmRule": rule, "AlarmDescription": "both"},
    }


def described(client: Client, name: str, kind: str = "MetricAlarm") -> dict[str, Any]:
    answer = client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    (found,) = answer[f"{kind}s"]
    return dict(found)


@pytest.mark.parametrize("through", ["template", "api"])
def test_metric_math_is_kept_whole(deploy: Deploy, client: Client, through: str) -> None:
    name = f"math-{through}"
    if through == "template":
        deploy("math", {"Alarm": alarm(name, Metrics=METRICS)})
    else:
        client("cloudwatch").put_metric_alarm(AlarmName=name, Metrics=METRICS, **LIMIT)
    kept = described(client, name)
    assert kept["Metrics"] == METRICS
    assert LIMIT.items() <= kept.items()
    # Nothing of an alarm on one metric.
    assert not {"MetricName", "Namespace", "Statistic", "Period"} & set(kept)


def test_a_percentile_has_no_average_beside_it(deploy: Deploy, client: Client) -> None:
    deploy("percentile", {"Alarm": alarm("p99", ExtendedStatistic="p99", **ONE_METRIC)})
    kept = described(client, "p99")
    assert kept["ExtendedStatistic"] == "p99"
    assert "Statistic" not in kept


def test_metric_math_beside_a_metric_is_refused(deploy: Deploy) -> None:
    with pytest.raises(DeploymentFailed, match="MetricName, Namespace, Period beside Metrics"):
        deploy("both", {"Alarm": alarm("both", Metrics=METRICS, **ONE_METRIC)})


def test_no_alarm_is_in_a_state_that_nobody_evaluated(deploy: Deploy, client: Client) -> None:
    deploy("still", {"Alarm": alarm("still", Statistic="Sum", **ONE_METRIC)})
    # Of another dimension, so not even this alarm's metric.
    data = {"MetricName": "Time", "Value": 99, "Dimensions": [{"Name": "D", "Value": "other"}]}
    client("cloudwatch").put_metric_data(Namespace="N", MetricData=[data])
    kept = described(client, "still")
    assert kept["StateValue"] == "INSUFFICIENT_DATA"
    assert "does not evaluate" in kept["StateReason"]


def test_a_composite_alarm_follows_its_children_and_changes_in_place(
    deploy: Deploy, client: Client
) -> None:
    children = {
        name: alarm(f"child-{name.lower()}", Statistic="Sum", **ONE_METRIC) for name in ("A", "B")
    }
    arn_of_a = {"Fn::GetAtt": ["A", "Arn"]}
    rule = {"Fn::Join": ["", ['ALARM("', arn_of_a, '")']]}
    deploy("composite", {**children, "Both": composite("both", rule)})
    kept = described(client, "both", "CompositeAlarm")
    assert kept["AlarmRule"] == f'ALARM("{described(client, "child-a")["AlarmArn"]}")'
    assert kept["AlarmDescription"] == "both"

    client("cloudwatch").set_alarm_state(
        AlarmName="child-a", StateValue="ALARM", StateReason="a test"
    )
    assert described(client, "both", "CompositeAlarm")["StateValue"] == "ALARM"

    deploy("composite", {**children, "Both": composite("both", 'ALARM("child-b")')})
    kept = described(client, "both", "CompositeAlarm")
    assert kept["AlarmRule"] == 'ALARM("child-b")'


def test_a_composite_alarm_of_no_alarm_fails_the_stack(deploy: Deploy) -> None:
    with pytest.raises(DeploymentFailed, match="do not exist"):
        deploy("orphan", {"Alarm": composite("orphan", 'ALARM("nobody")')})


def test_a_dashboard_is_read_back_as_it_was_written(deploy: Deploy, client: Client) -> None:
    body = '{"widgets":[]}'
    dashboard: dict[str, Any] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": "board",
            "DashboardBody": body,
            "Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}],
        },
    }
    deploy("board", {"Board": dashboard})
    kept = client("cloudwatch").get_dashboard(DashboardName="board")
    assert kept["DashboardBody"] == body

    def tags() -> dict[str, str]:
        answer = client("cloudwatch").list_tags_for_resource(ResourceARN=kept["DashboardArn"])
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    assert tags() == {"a": "1", "b": "2"}
    dashboard["Properties"] = {
        "DashboardName": "board",
        "DashboardBody": body,
        "Tags": [{"Key": "c", "Value": "3"}],
    }
    deploy("board", {"Board": dashboard})
    assert tags() == {"c": "3"}


def test_a_saved_query_lives_and_dies_with_its_stack(deploy: Deploy, client: Client) -> None:
    def query(text: str) -> dict[str, Any]:
        return {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {"Name": "folder/slow", "QueryString": text, "LogGroupNames": ["/a"]},
        }

    def kept() -> list[dict[str, Any]]:
        answer = client("logs").describe_query_definitions(queryDefinitionNamePrefix="folder/")
        return list(answer["queryDefinitions"])

    deploy("queries", {"Query": query("limit 1")})
    (first,) = kept()
    assert (first["name"], first["queryString"], first["logGroupNames"]) == (
        "folder/slow",
        "limit 1",
        ["/a"],
    )
    deploy("queries", {"Query": query("limit 2")})
    (second,) = kept()
    assert second["queryDefinitionId"] == first["queryDefinitionId"]
    assert second["queryString"] == "limit 2"

    deploy("queries", {"Query": query("limit 2"), "Other": alarm("x", Metrics=METRICS)})
    deploy("queries", {"Other": alarm("x", Metrics=METRICS)})
    assert kept() == []
    with pytest.raises(ClientError, match="no query definition"):
        client("logs").delete_query_definition(queryDefinitionId=first["queryDefinitionId"])


GROUP = "/watched"
PATTERN = '{ $.type = "platform.report" && $.record.metrics.durationMs = * }'
FILTER = {
    "LogGroupName": GROUP,
    "FilterPattern": PATTERN,
    "MetricTransformations": [
        {
            "MetricName": "Took",
            "MetricNamespace": "Shop/Test",
            "MetricValue": "$.record.metrics.durationMs",
            "Unit": "Milliseconds",
        }
    ],
}


@pytest.fixture
def group(client: Client) -> Iterator[str]:
    """A log group with a stream."""
    logs = client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    yield GROUP
    logs.delete_log_group(logGroupName=GROUP)


def write(client: Client, at: float, *messages: str) -> None:
    events = [{"timestamp": int(at * 1000), "message": message} for message in messages]
    client("logs").put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def statistics(client: Client, namespace: str, name: str, **dimensions: str) -> list[Any]:
    answer = client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=time.time() - 7200,
        EndTime=time.time() + 60,
        Period=60,
        Statistics=["SampleCount", "Sum"],
    )
    return [
        (each["Timestamp"].timestamp(), each["SampleCount"], each["Sum"], each["Unit"])
        for each in answer["Datapoints"]
    ]


def report(took: float) -> str:
    return json.dumps({"type": "platform.report", "record": {"metrics": {"durationMs": took}}})


def test_a_metric_filter_publishes_what_it_finds(
    deploy: Deploy, client: Client, group: str
) -> None:
    resources = {"Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": FILTER}}
    at = time.time() - 3600
    write(client, at, report(1))  # before there was a filter
    deploy("filters", resources)
    deploy("filters", {**resources, "Other": alarm("filters-y", Metrics=METRICS)})
    (known,) = client("logs").describe_metric_filters(logGroupName=group)["metricFilters"]
    assert known["filterPattern"] == PATTERN
    write(client, at, report(400), "START", '{"type": "platform.start"}', report(600))
    ((stamp, count, total, unit),) = statistics(client, "Shop/Test", "Took")
    # With the time of the events, whenever they are written.
    assert (stamp, count, total, unit) == (at // 60 * 60, 2, 1000, "Milliseconds")
    deploy("filters", {"Other": alarm("filters-x", Metrics=METRICS)})
    write(client, at, report(5))
    assert statistics(client, "Shop/Test", "Took")[0][1] == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"filterPattern": "{ $.a == 1 }"}, "not understood"),
        ({"filterPattern": "[a, b]"}, "not supported here"),
        ({"filterName": "a:b"}, "filterName"),
        ({"metricValue": "$.b"}, "is not in the pattern"),
        ({"metricValue": "much"}, "no selector"),
        ({"metricName": "a*"}, "no : "),
        ({"metricNamespace": "AWS/Lambda"}, "AWS's own"),
        ({"unit": "Pieces"}, "units"),
        ({"dimensions": {"A": "$.b"}}, "is not in the pattern"),
        ({"dimensions": {"A": "$.a"}, "defaultValue": 0}, "default value"),
    ],
)
def test_a_metric_filter_that_aws_would_refuse_is_refused(
    client: Client, group: str, change: dict[str, Any], problem: str
) -> None:
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    request = {
        "filterName": "f",
        "filterPattern": "{ $.a = * }",
        "metricTransformations": [transformation],
    }
    for name, given in change.items():
        (request if name in request else transformation)[name] = given
    with pytest.raises(ClientError, match=problem):
        client("logs").put_metric_filter(logGroupName=group, **request)
    assert client("logs").describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_emf_lines_become_metrics_and_a_nan_voids_its_line(client: Client, group: str) -> None:
    now = time.time()

    def line(**values: Any) -> str:
        directive = {
            "Namespace": "Shop/Emf",
            "Dimensions": [["Agent"], []],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
        }
        metadata = {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}
        return json.dumps({"_aws": metadata, "Agent": "cart", **values})

    write(client, now, line(Sold=[3, 3, 4]), line(Sold=float("nan"), Lost=1))
    for dimensions in ({"Agent": "cart"}, {}):
        ((_, count, total, unit),) = statistics(client, "Shop/Emf", "Sold", **dimensions)
        assert (count, total, unit) == (3, 10, "Count")
    assert statistics(client, "Shop/Emf", "Lost") == []
    errors = statistics(client, "AWS/Logs", "EMFValidationErrors", LogGroupName=group)
    assert [total for _, _, total, _ in errors] == [1]
