"""A small app that keeps its promises, to break one at a time."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.contract import Finding, check, emitted_in, load_catalogue, load_exceptions
from devtools.contract.uses import read_contract

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"FunctionName": "app-terrain", "Role": {"Fn::Select": [0, ["a"]]}},
}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/app-terrain"}}
DIMENSIONS = [
    {"Name": "Environment", "Value": "dev"},
    {"Name": "Agent", "Value": "terrain"},
]
ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmName": "slow",
        "Namespace": "App",
        "MetricName": "Latency",
        "Dimensions": DIMENSIONS,
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
    },
}
MATH_ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmName": "failing",
        "Metrics": [
            {"Id": "share", "Expression": "100 * bad / all", "ReturnData": True},
            *(
                {
                    "Id": identifier,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": name,
                            "Dimensions": [{"Name": "FunctionName", "Value": "app-terrain"}],
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                    "ReturnData": False,
                }
                for identifier, name in (("bad", "Errors"), ("all", "Invocations"))
            ),
        ],
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
    },
}
BODY = {
    "widgets": [
        {
            "type": "metric",
            "properties": {
                "title": "Requests",
                "region": "us-east-1",
                "stat": "Sum",
                "metrics": [
                    ["App", "Requests", "Environment", "dev", "Agent", "terrain", {"id": "m"}],
                    [{"expression": "2 * m", "id": "twice"}],
                ],
            },
        },
        {
            "type": "log",
            "properties": {
                "title": "Slowest",
                "region": "us-east-1",
                "query": "SOURCE '/aws/lambda/app-terrain' | fields @message",
            },
        },
    ]
}


def emf(**changes: Any) -> str:
    """The line that the app's function prints."""
    return json.dumps(
        {
            "_aws": {
                "Timestamp": 1_700_000_000_000,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "App",
                        "Dimensions": [["Environment", "Agent"]],
                        "Metrics": [
                            {"Name": "Latency", "Unit": "Milliseconds"},
                            {"Name": "Requests", "Unit": "Count"},
                        ],
                    }
                ],
            },
            "Environment": "dev",
            "Agent": "terrain",
            "Latency": [5],
            "Requests": 1,
            **changes,
        }
    )


class App:
    """The app's parts, free to be changed before they are checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alarm: dict[str, Any] = copy.deepcopy(ALARM["Properties"])  # type: ignore[arg-type]
        self.math_alarm: dict[str, Any] = copy.deepcopy(MATH_ALARM["Properties"])  # type: ignore[arg-type]
        self.body: dict[str, Any] = copy.deepcopy(BODY)
        self.lines = [emf(), "START RequestId: 1", '{"message": "no metric"}', "not even JSON {"]
        self.exceptions = ""

    @property
    def widget(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.body["widgets"][0]["properties"]
        return properties

    def findings(self, free: tuple[str, ...] = ()) -> list[Finding]:
        template = {
            "Resources": {
                "Function": FUNCTION,
                "Group": GROUP,
                "Slow": {"Type": "AWS::CloudWatch::Alarm", "Properties": self.alarm},
                "Failing": {"Type": "AWS::CloudWatch::Alarm", "Properties": self.math_alarm},
                "Board": {
                    "Type": "AWS::CloudWatch::Dashboard",
                    "Properties": {"DashboardName": "board", "DashboardBody": self._body()},
                },
            }
        }
        (self.folder / "App.template.json").write_text(json.dumps(template))
        exceptions = self.folder / "exceptions.yaml"
        exceptions.write_text(self.exceptions)
        return check(
            read_contract(self.folder),
            emitted_in(self.lines),
            load_catalogue(),
            load_exceptions(exceptions),
            free=free,
        )

    def _body(self) -> Any:
        """As the CDK writes it: a text with intrinsics in it."""
        before, after = json.dumps(self.body).split('"us-east-1"', 1)
        return {"Fn::Join": ["", [before, '"', {"Ref": "AWS::Region"}, '"', after]]}


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


Plant = Callable[[App], None]
