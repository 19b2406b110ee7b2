"""``tradewind alarms test`` shows what happened, and says by its status whether that was right."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import alarms as work
from cli.commands import alarms as command
from cli.errors import CommandError

ALARM = {
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
FIRES = """\
tests:
  - name: It goes off
    alarm: errors
    series: {Errors: 0x2 1 0}
    expect: [OK at 2m, ALARM at 3m]
"""
QUIET = """\
tests:
  - name: It stays off
    alarm: errors
    series: {Errors: 0x3}
    expect: always OK
"""
WRONG = """\
tests:
  - name: It is thought to stay off
    alarm: errors
    series: {Errors: 0x2 1 0}
    expect: [OK at 2m, never ALARM]
"""


ALL = """\
tests:
  - name: One of them sets it off
    alarm: unwell
    states: {"*": OK ALARM OK}
    expect: ALARM at 1m
  - name: None leaves it alone
    alarm: unwell
    states: {"*": OK}
    expect: always OK
"""


def alarm(name: str) -> dict[str, Any]:
    return {**ALARM, "Properties": {**ALARM["Properties"], "AlarmName": name}}  # type: ignore[dict-item]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    resources = {"One": alarm("app-one-errors"), "Two": alarm("app-two-errors")}
    (tmp_path / "A.template.json").write_text(json.dumps({"Resources": resources}))
    return tmp_path


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(work, "SHIPPED", folder)
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.alarms, ["test", *map(str, arguments)])


def test_all_pass(folder: Path, shipped: Path) -> None:
    (shipped / "fires.yaml").write_text(FIRES)
    (shipped / "quiet.yaml").write_text(QUIET)
    done = run("--templates", folder)
    assert done.exit_code == 0, done.output
    assert "4 of 4 alarm tests passed" in done.output
    # One entry for both alarms, with the timeline drawn.
    assert "app-{one,two}-errors" in done.output
    assert "0 ▁▁█▁ 4m" in done.output


def test_an_expectation_that_is_not_met(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    done = run("--templates", folder, file)
    assert isinstance(done.exception, CommandError)
    assert str(done.exception) == "2 of 2 alarm tests failed."
    assert "FAIL  It is thought to stay off  (line 2)" in done.output
    # The mark stands under the minute it is about.
    lines = done.output.splitlines()
    drawn = next(index for index, line in enumerate(lines) if "▁▁█▁" in line)
    assert lines[drawn + 1] == "            ^ never ALARM: it was ALARM at 3m"
    assert lines[drawn].index("█") == lines[drawn + 1].index("^")


def test_an_alarm_without_both_kinds_of_tests(folder: Path, shipped: Path) -> None:
    (shipped / "fires.yaml").write_text(FIRES.replace("alarm: errors", "alarm: one-errors"))
    done = run("--templates", folder)
    assert isinstance(done.exception, CommandError)
    assert "2 alarms are not tested both firing and quiet" in str(done.exception)
    assert "app-one-errors has no passing test in which it is quiet" in done.output
    assert "app-two-errors has no passing test in which it is firing or quiet" in done.output


def strange(folder: Path) -> None:
    """Add a template with an alarm that is not evaluated, and one of all."""
    band = {**alarm("app-three-errors")["Properties"], "ThresholdMetricId": "band"}
    unwell = {
        "AlarmName": "app-unwell",
        "AlarmRule": "ALARM(app-three-errors) OR ALARM(app-one-errors)",
    }
    resources = {
        "Three": {"Type": "AWS::CloudWatch::Alarm", "Properties": band},
        "All": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": unwell},
    }
    (folder / "B.template.json").write_text(json.dumps({"Resources": resources}))


def test_an_alarm_of_anomaly_detection_is_named_and_the_rest_is_tested(
    folder: Path, shipped: Path
) -> None:
    strange(folder)
    (shipped / "fires.yaml").write_text(FIRES)
    (shipped / "quiet.yaml").write_text(QUIET)
    (shipped / "all.yaml").write_text(ALL)
    done = run("--templates", folder)
    assert done.exit_code == 0, done.output
    assert "6 of 6 alarm tests passed" in done.output
    assert "skip  app-three-errors is not evaluated: anomaly detection" in done.output
    summary = json.loads(run("--templates", folder, "--json").stdout)
    assert summary["passed"] is True
    (named,) = summary["unsupported"]
    assert named["alarm"] == "app-three-errors"


def test_a_composite_of_one_needs_its_states(folder: Path, tmp_path: Path) -> None:
    strange(folder)
    file = tmp_path / "all.yaml"
    file.write_text(ALL.replace('"*"', '"*-one-errors"'))
    done = run("--templates", folder, file)
    assert done.exit_code == 2
    assert "app-three-errors is not evaluated here, so give its states" in done.output


def test_json(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    done = run("--templates", folder, "--json", file)
    summary = json.loads(done.stdout)
    assert summary["passed"] is False
    assert summary["uncovered"] == []
    first = summary["outcomes"][0]
    assert (first["alarm"], first["line"], first["passed"]) == ("app-one-errors", 2, False)
    assert first["changes"] == [
        {"at_s": 0, "state": "INSUFFICIENT_DATA"},
        {"at_s": 60, "state": "OK"},
        {"at_s": 180, "state": "ALARM"},
        {"at_s": 240, "state": "OK"},
    ]
    assert first["failures"] == [{"expected": "never ALARM", "at_s": 180, "state": "ALARM"}]


def test_json_names_alarms_without_tests(folder: Path, shipped: Path) -> None:
    (shipped / "quiet.yaml").write_text(QUIET)
    summary = json.loads(run("--templates", folder, "--json").stdout)
    assert summary["passed"] is False
    assert summary["uncovered"][0] == {"alarm": "app-one-errors", "missing": ["firing"]}


def test_many_evaluations_are_drawn_in_few_columns(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text(FIRES.replace("0x2 1 0", "0x2 1 0x500"))
    done = run("--templates", folder, file)
    timeline = next(line for line in done.output.splitlines() if "▁" in line)
    # One bad minute of eight hours is still to be seen.
    assert timeline.count("█") == 1
    assert len(timeline) < 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tests: [", "not valid YAML"),
        (FIRES.replace("0x2 1 0", "zero"), ":4: tests[0].series.Errors: 'zero' is no step"),
        (FIRES.replace("alarm: errors", "alarm: none"), "no alarm matches 'none'"),
    ],
)
def test_wrong_input_has_status_2(folder: Path, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    done = run("--templates", folder, file)
    assert done.exit_code == 2
    assert message in done.output


def test_a_template_that_cannot_be_has_status_2(tmp_path: Path) -> None:
    done = run("--templates", tmp_path)
    assert done.exit_code == 2
    assert "there is no *.template.json" in done.output


def test_nothing_synthesized_has_status_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SYNTHESIZED", tmp_path / "cdk.out")
    done = run()
    assert done.exit_code == 2
    assert "make synth" in done.output


def coverage(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.alarms, ["coverage", *map(str, arguments)])


def test_coverage_of_everything_has_status_0(folder: Path, shipped: Path) -> None:
    (shipped / "fires.yaml").write_text(FIRES)
    (shipped / "quiet.yaml").write_text(QUIET.replace("0x3", "0x3 _x9"))
    (shipped / "ends.yaml").write_text(FIRES.replace("ALARM at 3m]", "ALARM at 3m, OK at 4m]"))
    done = coverage("--templates", folder)
    assert done.exit_code == 0, done.output
    assert "6 of 6  app-{one,two}-errors" in done.output
    assert "100 %: the tests show 12 of 12." in done.output


def test_coverage_names_each_gap_and_has_status_1(folder: Path, shipped: Path) -> None:
    strange(folder)
    (shipped / "fires.yaml").write_text(FIRES.replace("alarm: errors", "alarm: one-errors"))
    done = coverage("--templates", folder)
    assert isinstance(done.exception, CommandError)
    assert str(done.exception) == "3 of 3 alarms have gaps in their tests."
    assert "never stays quiet" in done.output
    assert "skip  app-three-errors is not evaluated" in done.output
    shown = json.loads(coverage("--templates", folder, "--json").stdout)
    assert shown["percent"] < 100
    assert "never goes off" in {a["alarm"]: a["gaps"] for a in shown["alarms"]}["app-two-errors"]
    assert [a["alarm"] for a in shown["unsupported"]] == ["app-three-errors"]
