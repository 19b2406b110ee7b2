"""A small app in a template of its own, and stories of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from devtools.cloudwatch.template import load_alarms
from devtools.stories.happenings import Call, CallEnd, Request
from devtools.stories.storyfile import read_stories
from devtools.stories.telling import Told, tell
from devtools.stories.template import read_deployed

_PAGES, _NOTICES = "Pages", "Notices"


def alarm(
    name: str, namespace: str, metric: str, topic: str | None = None, **changes: Any
) -> dict[str, Any]:
    """An alarm on more than none of a metric in a minute."""
    given = {
        "AlarmName": name,
        "Namespace": namespace,
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    if topic:
        given |= {"AlarmActions": [{"Ref": topic}], "OKActions": [{"Ref": topic}]}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": given | changes}


def _filter(name: str, pattern: str) -> dict[str, Any]:
    made = {"MetricNamespace": "App", "MetricName": name, "MetricValue": "1"}
    given = {
        "LogGroupName": {"Ref": "Logs"},
        "FilterPattern": pattern,
        "MetricTransformations": [made],
    }
    return {"Type": "AWS::Logs::MetricFilter", "Properties": given}


_BY_FUNCTION = [{"Name": "FunctionName", "Value": "app-crew"}]
RESOURCES: dict[str, Any] = {
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/crew"}},
    "Crew": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "app-crew",
            "Timeout": 900,
            "MemorySize": 1024,
            "LoggingConfig": {"LogGroup": {"Ref": "Logs"}, "ApplicationLogLevel": "INFO"},
        },
    },
    "Failures": _filter(
        "Failures", '{ $.type = "platform.report" && $.record.status != "success" }'
    ),
    "Lambda": alarm("started", "AWS/Lambda", "Errors", _NOTICES, Dimensions=_BY_FUNCTION),
    "Report": alarm("ended", "App", "Failures"),
    "Printed": alarm("printed", "App", "Printed", _NOTICES),
    "Unwell": {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": "unwell",
            "AlarmRule": {"Fn::Join": ["", ['ALARM("', {"Ref": "Report"}, '")']]},
            "AlarmActions": [{"Ref": _PAGES}],
            "OKActions": [{"Ref": _PAGES}],
        },
    },
}


class Small:
    """An app of one agent, which prints a line for each request."""

    def function_name(self, name: str) -> str:
        return f"app-{name}"

    def alias_of(self, name: str) -> str:
        return f"app-{name}:live"

    def queue_name(self, agent: str) -> str:
        return f"app-{agent}-dead"

    def gateway_before(self, function: str) -> Sequence[tuple[str, str]] | None:
        return None

    def printed_by_request(self, request: Request) -> Sequence[str]:
        return [_line(1)]

    def printed_by_call(self, call: Call) -> Sequence[str]:
        return [_line(int(call.ends is CallEnd.FAILED))]

    def printed_count(self, name: str, agent: str | None, amount: int) -> Sequence[str]:
        return [_line(amount)]


def _line(amount: int) -> str:
    metrics = {"Namespace": "App", "Dimensions": [[]], "Metrics": [{"Name": "Printed"}]}
    return json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [metrics]}, "Printed": amount})


def told(
    folder: Path, resources: dict[str, Any] | None = None, delay: int = 60, **story: Any
) -> Told:
    """What comes of a story of the small app."""
    template = json.dumps({"Resources": resources or RESOURCES})
    (folder / "A.template.json").write_text(template)
    file = folder / "stories.yaml"
    whole = {"name": "A story", "told": "What happened.", "lasts": "1h"} | story
    file.write_text(yaml.safe_dump({"delay": f"{delay}s", "stories": [whole]}))
    (placed,) = read_stories(file)
    return tell(placed, Small(), read_deployed(folder), load_alarms(folder))


def sent(one: Told) -> list[str]:
    """What was sent, in a line each."""
    return [str(notification) for notification in one.sent]
