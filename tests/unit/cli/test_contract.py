"""``tradewind contract check`` says what is wrong, and fails when something is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import __main__ as command
from cli import cloud
from cli.errors import CommandError

ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmName": "busy",
        "Namespace": "App",
        "MetricName": "Requests",
        "Dimensions": [{"Name": "Environment", "Value": "prod"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
        "AlarmActions": [{"Ref": "Topic"}],
    },
}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"Environment": {"Variables": {"ENVIRONMENT": "prod"}}},
}
TOPIC = {"Type": "AWS::SNS::Topic"}


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cloud, "HOME", tmp_path / "nothing-runs-here")
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (folder / "App.template.json").write_text(
        json.dumps({"Resources": {"Busy": ALARM, "Function": FUNCTION, "Topic": TOPIC}})
    )
    return folder


def emitted(folder: Path, metric: str) -> str:
    directive = {
        "Namespace": "App",
        "Dimensions": [["Environment"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]},
        "Environment": "local",
        metric: 1,
    }
    file = folder / "function.log"
    file.write_text(f"START\n{json.dumps(line)}\n")
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.tradewind, ["contract", "check", *arguments])


def test_a_kept_contract_is_said_to_be_one(templates: Path) -> None:
    done = run("--templates", str(templates), "--emitted", emitted(templates, "Requests"))
    assert done.exit_code == 0
    assert "1 metrics of widgets and alarms, 1 emitted metrics: 0 findings" in done.output


def test_a_broken_contract_fails_and_names_every_breach(templates: Path) -> None:
    arguments = ["--templates", str(templates), "--emitted", emitted(templates, "Visits")]
    done = run(*arguments)
    assert isinstance(done.exception, CommandError)
    assert "alarm busy: nothing emits App/Requests" in done.output
    assert "App/Visits by Environment: it is emitted, and no widget" in done.output
    findings = json.loads(run(*arguments, "--json").output)["findings"]
    assert [finding["where"] for finding in findings] == ["App/Visits by Environment", "alarm busy"]


def test_with_nothing_emitted_it_says_what_to_run(templates: Path) -> None:
    done = run("--templates", str(templates))
    assert "tradewind demo --keep" in str(done.exception)
