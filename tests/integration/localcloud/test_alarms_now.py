"""The red alarms of an environment, and the lines behind them, as AWS's own protocols tell them."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import tradewind
from cli.errors import CommandError
from cli.logs import log_events
from devtools.localcloud import Running
from tests.integration.localcloud.conftest import Client, Deploy

PAGES = "arn:aws:sns:us-east-1:000000000000:Tradewind-red-Observability-PagesTopic1-A"
NOTICES = "arn:aws:sns:us-east-1:000000000000:Tradewind-red-Observability-NoticesTopic1-A"
GROUP = "/aws/lambda/tradewind-red-terrain"


def ended(request_id: str, **how: str) -> list[dict[str, Any]]:
    """What Lambda logs when an invocation has failed."""
    record = {"requestId": request_id, **how}
    return [
        {"type": kind, "record": record} for kind in ("platform.runtimeDone", "platform.report")
    ]


def alarm(name: str, symptom: str, *topics: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": f"It is bad. Runbook: docs/runbooks/{symptom}.md",
            "AlarmActions": list(topics),
            "Namespace": "N",
            "MetricName": "M",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        },
    }


@pytest.fixture
def run(cloud: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    # An environment as in an account: its settings are of no matter here.
    monkeypatch.setattr("cli.api.address.enter", lambda name: (name, cloud.region))

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(tradewind, [*words, "--env", "red"])

    return invoke


def test_red_alarms_are_told_longest_first_with_what_to_do_next(
    run: Any, deploy: Deploy, client: Client
) -> None:
    deploy(
        "red",
        {
            "Late": alarm("tradewind-red-cost", "cost", PAGES),
            "Errors": alarm("tradewind-red-terrain-errors", "errors"),
            "Killed": alarm("tradewind-red-wind_farm-killed", "killed", NOTICES),
            "Green": alarm("tradewind-red-terrain-memory", "memory", NOTICES),
            # Of an environment whose name begins alike.
            "Other": alarm("tradewind-redder-cost", "cost", PAGES),
        },
    )
    nothing = run("alarms", "now")
    assert (nothing.exit_code, nothing.stdout) == (0, "No alarm of red is red.\n")
    begun = time.time()
    for name in ("wind_farm-killed", "terrain-errors", "cost"):
        client("cloudwatch").set_alarm_state(
            AlarmName=f"tradewind-red-{name}", StateValue="ALARM", StateReason="a test"
        )
    client("cloudwatch").set_alarm_state(
        AlarmName="tradewind-redder-cost", StateValue="ALARM", StateReason="a test"
    )

    told = run("alarms", "now", "--json")
    assert isinstance(told.exception, CommandError)
    assert str(told.exception) == "3 alarms are red."
    red = {one["name"]: one for one in json.loads(told.stdout)["red"]}
    assert [one["since"] for one in red.values()] == sorted(one["since"] for one in red.values())
    assert {name: (one["agent"], one["urgency"]) for name, one in red.items()} == {
        "tradewind-red-terrain-errors": ("terrain", "page"),
        "tradewind-red-wind_farm-killed": ("wind_farm", "notice"),
        "tradewind-red-cost": (None, "page"),
    }
    assert red["tradewind-red-terrain-errors"]["means"] == "It is bad."
    assert red["tradewind-red-terrain-errors"]["runbook"] == "docs/runbooks/errors.md"
    assert (
        "#alarmsV2:alarm/tradewind-red-terrain-errors"
        in (red["tradewind-red-terrain-errors"]["graph"])
    )
    hours = 5 + int((time.time() - begun) // 3600)
    assert red["tradewind-red-wind_farm-killed"]["requests"] == (
        f"./tradewind logs wind_farm --alarm killed --since {hours}h --env red"
    )
    assert red["tradewind-red-cost"]["lines"] == (
        f"./tradewind logs AGENT --request REQUEST_ID --since {hours}h --env red"
    )

    shown = run("alarms", "now")
    assert "tradewind-red-wind_farm-killed  notice, for 0 min, since " in shown.stdout
    assert "  Runbook   docs/runbooks/killed.md\n" in shown.stdout


def test_the_lines_behind_an_alarm_and_of_a_request_are_found(run: Any, client: Client) -> None:
    logs = client("logs")
    lines = [
        {"Environment": "red", "Agent": "terrain", "request_id": "mine", "Errors": 1.0},
        {"Environment": "red", "Agent": "terrain", "request_id": "fine", "Errors": 0.0},
        {
            "message": "Begun",
            "level": "INFO",
            "request_id": "mine",
            "lambda_request_id": "lambda-1",
        },
        *ended("lambda-1", status="error", errorType="Runtime.Unknown"),
        {
            "message": "Begun",
            "level": "INFO",
            "request_id": "lost",
            "lambda_request_id": "lambda-2",
        },
        *ended("lambda-2", status="timeout"),
    ]
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="one",
        logEvents=[
            {"timestamp": now + number, "message": json.dumps(line)}
            for number, line in enumerate(lines)
        ],
    )
    errors = run("logs", "terrain", "--alarm", "errors").stdout.splitlines()
    assert [line.partition(" ")[2] for line in errors] == [
        "Agent=terrain request_id=mine Errors=1.0",
        "platform.report requestId=lambda-2 status=timeout",
    ]
    killed = run("logs", "terrain", "--alarm", "killed").stdout.splitlines()
    assert [line.partition(" ")[2] for line in killed] == [errors[1].partition(" ")[2]]
    # By Lambda's id, which is all that its report of a killed request has.
    lost = run("logs", "terrain", "--request", "lambda-2").stdout.splitlines()
    assert [line.split()[1] for line in lost] == ["INFO", "platform.runtimeDone", "platform.report"]
    mine = run("logs", "terrain", "--request", "mine", "--json").stdout.splitlines()
    assert [json.loads(line)["message"] for line in mine] == [lines[0], lines[2]]


@pytest.mark.usefixtures("run")
def test_what_is_no_filter_pattern_is_refused(cloud: Running) -> None:
    with pytest.raises(CommandError, match="InvalidParameterException"):
        list(log_events("red", cloud.region, "terrain", timedelta(hours=1), "{ $.Errors > }"))
