"""Templates become dashboards without intrinsics."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.alarms import Alarm
from devtools.dashboard.assembly import AssemblyError, Dashboard, read_assembly
from tests.dashboard_app import ACCOUNT, AGENTS, REGION, read_app


def write(folder: Path, name: str, resources: Any, outputs: Any = None) -> None:
    template = {"Resources": resources, "Outputs": outputs or {}}
    (folder / f"{name}.template.json").write_text(json.dumps(template))


def dashboard_of(*parts: Any) -> dict[str, Any]:
    body = {"Fn::Join": ["", ['{"widgets": [', *parts, "]}"]]}
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}


def read(folder: Path, physical: Mapping[str, Mapping[str, str]] | None = None) -> list[Dashboard]:
    return list(
        read_assembly(
            folder,
            account="123456789012",
            region="eu-west-1",
            physical=lambda stack: (physical or {}).get(stack, {}),
        ).dashboards
    )


def test_the_sample_app(tmp_path: Path) -> None:
    assembly = read_app(tmp_path)
    assert [d.name for d in assembly.dashboards] == [
        "shop-test-overview",
        "shop-test-strange",
        *(f"shop-test-agent-{agent}" for agent in AGENTS),
    ]
    assert isinstance(assembly.alarms["shop-cart-errors"], Alarm)
    (widget,) = [w for w in assembly.dashboards[0].body["widgets"] if w["type"] == "alarm"]
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:shop-cart-errors"
    assert widget["properties"]["alarms"] == [arn]


def test_pseudo_parameters_and_names_are_put_in(tmp_path: Path) -> None:
    write(
        tmp_path,
        "A",
        {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "letters"}},
            "Board": dashboard_of(
                '"',
                {"Ref": "AWS::Region"},
                " ",
                {"Ref": "AWS::AccountId"},
                " ",
                {"Fn::GetAtt": ["Queue", "QueueName"]},
                " ",
                {"Fn::GetAtt": ["Queue", "Arn"]},
                '"',
            ),
        },
    )
    (board,) = read(tmp_path)
    assert board.body["widgets"] == [
        "eu-west-1 123456789012 letters arn:aws:sqs:eu-west-1:123456789012:letters"
    ]


def test_a_deployed_name_comes_before_the_templates(tmp_path: Path) -> None:
    write(
        tmp_path,
        "A",
        {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Board": dashboard_of('"', {"Fn::GetAtt": ["Queue", "QueueName"]}, '"'),
        },
    )
    manifest = {
        "artifacts": {
            "A": {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": "A.template.json", "stackName": "Shop-A"},
            }
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (undeployed,) = read(tmp_path)
    assert undeployed.body["widgets"] == ["${Queue.QueueName}"]
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/A-Queue-X1"
    (deployed,) = read(tmp_path, {"Shop-A": {"Queue": url, "Board": "board-7"}})
    assert deployed.body["widgets"] == ["A-Queue-X1"]
    assert deployed.name == "board-7"


def test_values_come_across_stacks(tmp_path: Path) -> None:
    write(
        tmp_path,
        "Owner",
        {"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "cart"}}},
        {"Out": {"Value": {"Ref": "Fn"}, "Export": {"Name": "Owner:Fn"}}},
    )
    write(tmp_path, "User", {"Board": dashboard_of('"', {"Fn::ImportValue": "Owner:Fn"}, '"')})
    (board,) = read(tmp_path)
    assert board.body["widgets"] == ["cart"]


def test_a_value_cannot_break_out_of_its_text(tmp_path: Path) -> None:
    write(
        tmp_path,
        "A",
        {
            "Fn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": 'x"], "y": ["'}},
            "Board": dashboard_of('"', {"Ref": "Fn"}, '"'),
        },
    )
    (board,) = read(tmp_path)
    assert board.body == {"widgets": ['x"], "y": ["']}


def test_dynamic_labels_are_no_symbols(tmp_path: Path) -> None:
    write(tmp_path, "A", {"Board": dashboard_of("\"${LABEL} ${PROP('Dim.Agent')}\"")})
    (board,) = read(tmp_path)
    assert board.body["widgets"] == ["${LABEL} ${PROP('Dim.Agent')}"]


def test_a_body_that_is_no_json_is_one_dashboards_problem(tmp_path: Path) -> None:
    write(tmp_path, "A", {"Bad": dashboard_of("nothing,"), "Good": dashboard_of("1")})
    bad, good = read(tmp_path)
    assert "cannot be read" in bad.problem
    assert (good.problem, good.body) == ("", {"widgets": [1]})


@pytest.mark.parametrize("text", ["", "[]", '{"Resources": 3}', "[" * 100_000])
def test_what_is_no_assembly_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AssemblyError, match=r"template\.json"):
        read(tmp_path)
    (tmp_path / "A.template.json").write_text(text)
    with pytest.raises(AssemblyError):
        read(tmp_path)
