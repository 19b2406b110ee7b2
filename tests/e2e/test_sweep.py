"""A function that died unseen: its record is settled and counted, its request may come again."""

import json
from typing import Any

from cli import cdk
from stacks.names import Output, function_name, log_group_name
from tests.deployed_agents import LAST
from tests.e2e.conftest import Deployment, client, eventually
from tests.e2e.test_bad_days import kill_at_work, without_policy
from tradewind.contracts.names import OPEN_INDEX, RECORD_KEY, SWEEP, record_key

REQUEST_ID = "died-unseen"
KEY = {RECORD_KEY: {"S": record_key(owner="", agent=LAST, request_id=REQUEST_ID)}}


def counted() -> list[dict[str, Any]]:
    """The sweeps' metric lines for the request."""
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=log_group_name(cdk.LOCAL_ENV, SWEEP))
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    return [one for one in lines if "RecordsSettled" in one and one["request_id"] == REQUEST_ID]


def test_a_killed_request_is_settled_and_may_be_sent_again(deployment: Deployment) -> None:
    kill_at_work(deployment, LAST, REQUEST_ID)

    # Until its deadline it may still be at work.
    assert deployment.sweep() == {"settled": 0, "finished": True}
    assert deployment.record(LAST, REQUEST_ID)["status"] == "running"

    client("dynamodb").update_item(
        TableName=deployment.outputs[Output.RECORDS_TABLE],
        Key=KEY,
        UpdateExpression="SET deadline_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    # The schedule's own sweep may come first.
    assert deployment.sweep()["finished"]
    settled = deployment.record(LAST, REQUEST_ID)
    assert (settled["status"], settled["error_code"]) == ("failed", "FUNCTION_DIED")
    [count] = eventually(counted)
    assert (count["Agent"], count["RecordsSettled"]) == (LAST, 1)

    answer = deployment.ask(LAST, request_id=REQUEST_ID).answer
    assert answer["success"]
    assert deployment.record(LAST, REQUEST_ID)["status"] == "succeeded"
    assert deployment.sweep()["finished"]
    assert len(counted()) == 1


def test_a_sweep_that_may_not_is_a_failed_invocation(deployment: Deployment) -> None:
    lambda_ = client("lambda")
    name = function_name(cdk.LOCAL_ENV, SWEEP)
    role = lambda_.get_function_configuration(FunctionName=name)["Role"]
    with without_policy(role, "Records"):
        answer = lambda_.invoke(FunctionName=name)
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "StorageAccessDenied"
    assert deployment.sweep()["finished"]  # and the process serves on


def test_the_schedule_and_the_index_are_there(deployment: Deployment) -> None:
    events = client("events")
    arn = client("lambda").get_function_configuration(
        FunctionName=function_name(cdk.LOCAL_ENV, SWEEP)
    )["FunctionArn"]
    [rule] = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    described = events.describe_rule(Name=rule)
    assert (described["ScheduleExpression"], described["State"]) == ("rate(5 minutes)", "ENABLED")
    table = client("dynamodb").describe_table(TableName=deployment.outputs[Output.RECORDS_TABLE])[
        "Table"
    ]
    [index] = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]["ProjectionType"]) == (OPEN_INDEX, "INCLUDE")
