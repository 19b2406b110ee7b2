"""Rules invoke functions when their time has come, and only with the function's leave."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.localcloud import ACCOUNT_ID, REGION
from tests.integration.localcloud.conftest import (
    Client,
    Deploy,
    DeploymentFailed,
    package,
    role,
)

PROJECT = Path(__file__).parents[3]
RULES = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


@pytest.fixture(scope="module")
def function(deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]) -> dict[str, str]:
    """A function that the rules ``allowed`` and ``timed`` may invoke."""
    code = upload("schedules.zip", package())
    invoked = resource(
        "AWS::Lambda::Function",
        Runtime="python3.12",
        Handler="app.handler",
        Role={"Fn::GetAtt": ["Role", "Arn"]},
        Code=code,
    )

    def permission(source_arn: Any) -> dict[str, Any]:
        return resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName={"Ref": "Invoked"},
            Principal="events.amazonaws.com",
            SourceArn=source_arn,
        )

    arn = {"Fn::GetAtt": ["Invoked", "Arn"]}
    timed = resource(
        "AWS::Events::Rule",
        Description="Every five minutes",
        ScheduleExpression="rate(5 minutes)",
        Targets=[{"Arn": arn, "Id": "Invoked"}],
    )
    return deploy(
        "schedules",
        {
            "Role": role(),
            "Invoked": invoked,
            "Timed": timed,
            "MayTimed": permission({"Fn::GetAtt": ["Timed", "Arn"]}),
            "MayAllowed": permission(f"{RULES}/allowed"),
        },
        {"Arn": arn, "Name": {"Ref": "Invoked"}, "Rule": {"Ref": "Timed"}},
    )


def test_a_rule_can_be_read_back(function: dict[str, str], client: Client) -> None:
    events = client("events")
    rule = events.describe_rule(Name=function["Rule"])
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    [target] = events.list_targets_by_rule(Rule=function["Rule"])["Targets"]
    assert target == {"Arn": function["Arn"], "Id": "Invoked"}


def _fire(client: Client, rule: str, function: dict[str, str]) -> None:
    """Let a rule of this name invoke the function once; it prints the rule's name."""
    events = client("events")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    event = json.dumps({"do": "print", "text": f"fired by {rule}"})
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": function["Arn"], "Input": event}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "test", "Detail": "{}"}])


def _eventually(read: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        found = read()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def _logged(client: Client, function: dict[str, str]) -> list[str]:
    logs, group = client("logs"), f"/aws/lambda/{function['Name']}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def test_a_rule_invokes_a_function_that_allows_it_and_no_other(
    function: dict[str, str], client: Client
) -> None:
    _fire(client, "refused", function)
    _fire(client, "allowed", function)
    _eventually(lambda: "fired by allowed" in _logged(client, function))
    assert "fired by refused" not in _logged(client, function)
    failed = client("cloudwatch").list_metrics(
        Namespace="AWS/Events", MetricName="FailedInvocations"
    )["Metrics"]
    assert [one["Dimensions"] for one in failed] == [[{"Name": "RuleName", "Value": "refused"}]]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"ScheduleExpression": "rate(5 minute"}, "ScheduleExpression: 'rate"),
        ({"EventPattern": {"source": ["x"]}}, "EventPattern is not supported here"),
        ({"Targets": [{"Arn": f"{RULES}/x", "Id": "1"}]}, "is no function"),
        (
            {"Targets": [{"Arn": "arn:aws:lambda:::function:f", "Id": "1", "RetryPolicy": {}}]},
            "Targets: RetryPolicy is not supported here",
        ),
    ],
)
def test_a_rule_that_would_not_be_carried_out_is_refused(
    deploy: Deploy, properties: dict[str, Any], reason: str
) -> None:
    usual = {"ScheduleExpression": "rate(5 minutes)", "Targets": []}
    with pytest.raises(DeploymentFailed, match=reason):
        deploy("refused-rule", {"Rule": resource("AWS::Events::Rule", **(usual | properties))})


TICK = """
import sys

from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension import schedules

now = 1_000_000.0
eventbridge._now_ts = lambda: now
invoked = []
lambda_svc.invoke_async_with_retry = lambda record, event: invoked.append(event["detail-type"])
lambda_svc._get_func_record_for_ref = lambda arn: ({"config": {}}, {"x": 1}, "f")
lambda_svc._execution_record_for_config = lambda function, config: function
schedules._may_invoke = lambda rule, function: True
schedules.install()
targets = [{"Arn": sys.argv[1], "Id": "1"}]
rule = {"Name": "timed", "ScheduleExpression": "rate(5 minutes)", "Targets": targets}
provisioners._eb_rule_create("Timed", rule, "stack")
for after in (0, 299, 300, 301, 599, 600):
    now = 1_000_000.0 + after
    eventbridge._tick_scheduled_rules()
    print(after, len(invoked))
print(set(invoked))
"""


def test_a_schedule_fires_once_whenever_its_interval_is_over() -> None:
    done = subprocess.run(
        [
            str(PROJECT / ".venv-localcloud" / "bin" / "python"),
            *("-c", TICK, f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:f"),
        ],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT), "MINISTACK_ACCOUNT_ID": ACCOUNT_ID},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-7:] == [
        "0 0",
        "299 0",
        "300 1",
        "301 1",
        "599 1",
        "600 2",
        "{'Scheduled Event'}",
    ]
