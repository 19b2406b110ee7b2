"""Alarms, dashboards and saved queries are kept as they were told, and can be read back."""

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
