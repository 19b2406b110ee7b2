"""A small app that keeps its promises, to break one at a time."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.contract import (
    Emitted,
    Emitter,
    Finding,
    check,
    emitted_in,
    load_catalogue,
    load_exceptions,
    logged_in,
    read_contract,
)
from devtools.dashboard.metrics import MetricId

CATALOGUE = load_catalogue()
REGION = {"Ref": "AWS::Region"}
#: Stands for it in texts, until the CDK's way of writing is imitated.
REGION_TEXT = "THE REGION"
TERRAIN = "/aws/lambda/app-terrain"
ACCESS = "/aws/apigateway/app"


def function(agent: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"app-{agent}",
            "Role": {"Fn::Select": [0, ["a"]]},
            "Environment": {
                "Variables": {
                    "AGENT": agent,
                    "STAGE": "dev",
                    "BEDROCK_MODEL_ID": "model-1",
                    "BEDROCK_REGION": "us-west-2",
                }
            },
        },
    }


RESOURCES = {
    "Function": function("terrain"),
    "Alias": {
        "Type": "AWS::Lambda::Alias",
        "Properties": {"FunctionName": {"Ref": "Function"}, "Name": "live"},
    },
    "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": TERRAIN}},
    "AccessGroup": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": ACCESS}},
    "Stage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "StageName": "v1",
            "AccessLogSetting": {
                "DestinationArn": {
                    "Fn::Join": ["", ["arn:aws:logs:x:y:log-group:", {"Ref": "AccessGroup"}]]
                },
                "Format": json.dumps({"route": "$context.resourcePath"}),
            },
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic"},
}
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
        "Threshold": 7,
        "AlarmActions": [{"Ref": "Topic"}],
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
COMPOSITE = {
    "Type": "AWS::CloudWatch::CompositeAlarm",
    "Properties": {
        "AlarmName": "unwell",
        "AlarmRule": {"Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Failing", "Arn"]}, '")']]},
        "AlarmActions": [{"Ref": "Topic"}],
    },
}
FILTER = {
    "Type": "AWS::Logs::MetricFilter",
    "Properties": {
        "FilterName": "took",
        "LogGroupName": {"Ref": "Group"},
        "FilterPattern": '{ ($.type = "platform.report") && ($.record.metrics.durationMs = *) }',
        "MetricTransformations": [
            {
                "MetricNamespace": "App/terrain",
                "MetricName": "Took",
                "MetricValue": "$.record.metrics.durationMs",
                "Unit": "Milliseconds",
            }
        ],
    },
}
SAVED = {
    "Type": "AWS::Logs::QueryDefinition",
    "Properties": {
        "Name": "slow",
        "LogGroupNames": [TERRAIN],
        "QueryString": "fields @timestamp, ids.0 as id\n"
        '| filter message = "Done" and ispresent(Latency)\n'
        "| stats count(*) as requests, pct(Latency, 99) by id, bin(1h)\n"
        "| sort requests desc",
    },
}


def emitter(agent: str) -> Emitter:
    return Emitter(
        f"agent {agent}",
        f"call {agent}",
        {"Agent": agent, "Requests": None},
        {"Requests", "Latency"},
        f"/aws/lambda/app-{agent}",
    )


def widget(kind: str, title: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "properties": {"title": title, "region": REGION_TEXT, **properties}}


BODY = {
    "widgets": [
        widget(
            "metric",
            "Requests",
            stat="Sum",
            metrics=[
                ["App", "Requests", "Environment", "dev", "Agent", "terrain", {"id": "m"}],
                [{"expression": "2 * m", "id": "twice"}],
            ],
        ),
        widget("log", "Slowest", query=f"SOURCE '{TERRAIN}' | fields @message, Latency"),
        widget("log", "Refused", query=f"SOURCE '{ACCESS}' | stats count(*) by route"),
        widget(
            "metric",
            "How long",
            stat="p99",
            yAxis={"left": {"label": "ms"}},
            metrics=[
                ["App", "Latency", "Environment", "dev", "Agent", "terrain"],
                ["App/terrain", "Took"],
                ["AWS/Lambda", "Duration", "FunctionName", "app-terrain", {"stat": "tm99"}],
                [
                    *("AWS/Bedrock", "InvocationLatency", "ModelId", "model-1"),
                    {"region": "us-west-2"},
                ],
            ],
            annotations={"horizontal": [{"value": 7, "label": "alarm: slow"}]},
        ),
        widget(
            "metric",
            "By function",
            metrics=[
                [
                    {
                        "expression": """SEARCH('{AWS/Lambda,FunctionName} """
                        """MetricName="Throttles" app', 'Sum', 300)"""
                    }
                ]
            ],
        ),
        widget("alarm", "Alarms", alarms=[f"arn:aws:cloudwatch:{REGION_TEXT}:1:alarm:slow"]),
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
            "message": "Done",
            "ids": ["one"],
            "Latency": 5,
            "Requests": 1,
            **changes,
        }
    )


class App:
    """The app's parts, free to be changed before they are checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resources: dict[str, Any] = copy.deepcopy(RESOURCES)
        self.alarm = _properties(ALARM)
        self.math_alarm = _properties(MATH_ALARM)
        self.composite = _properties(COMPOSITE)
        self.filter = _properties(FILTER)
        self.saved = _properties(SAVED)
        self.body: dict[str, Any] = copy.deepcopy(BODY)
        self.lines = [emf(), "START RequestId: 1", '{"message": "no metric"}', "not even JSON {"]
        self.exceptions = ""
        self.declared: list[Emitted] = []
        self.emitters = [emitter("terrain")]

    def widget(self, title: str) -> dict[str, Any]:
        """The properties of the widget with this title."""
        for one in self.body["widgets"]:
            properties: dict[str, Any] = one["properties"]
            if properties["title"] == title:
                return properties
        raise KeyError(title)

    def declare(self, name: str, unit: str = "Count", **dimensions: str) -> None:
        """Say that a metric is emitted now and then."""
        self.declared.append(Emitted(MetricId.of("App", name, dimensions), unit))

    def said(self) -> str:
        """The findings, as a person reads them."""
        return "\n".join(map(str, self.findings()))

    def findings(self, free: tuple[str, ...] = (), *, logged: bool = True) -> list[Finding]:
        """What the check finds, with or without looking into the logs."""
        template = {
            "Resources": {
                **self.resources,
                "Slow": {"Type": "AWS::CloudWatch::Alarm", "Properties": self.alarm},
                "Failing": {"Type": "AWS::CloudWatch::Alarm", "Properties": self.math_alarm},
                "Unwell": {"Type": COMPOSITE["Type"], "Properties": self.composite},
                "Took": {"Type": FILTER["Type"], "Properties": self.filter},
                "Saved": {"Type": SAVED["Type"], "Properties": self.saved},
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
            CATALOGUE,
            load_exceptions(exceptions),
            free=free,
            declared=self.declared,
            logged=logged_in(self.lines) if logged else None,
            emitters=self.emitters,
        )

    def _body(self) -> Any:
        """As the CDK writes it: a text with intrinsics in it."""
        text = json.dumps(self.body).replace(":1:alarm:", ":THE ACCOUNT:alarm:")
        parts: list[Any] = re.split(f"({REGION_TEXT}|THE ACCOUNT)", text)
        values = {REGION_TEXT: REGION, "THE ACCOUNT": {"Ref": "AWS::AccountId"}}
        return {"Fn::Join": ["", [values.get(part, part) for part in parts]]}


def _properties(resource: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = copy.deepcopy(resource["Properties"])
    return properties


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


Plant = Callable[[App], None]
