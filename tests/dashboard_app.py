"""A synthesized app with every kind of widget, and an AWS that holds data for it.

The data end at ``NOW``. One of the texts and one of the labels are hostile.
"""

import json
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devtools.dashboard.assembly import Assembly, read_assembly
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import EmulatedAccount

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACCOUNT, REGION = "000000000000", "us-east-1"
GROUP = "/aws/lambda/shop-cart"
EVIL_LABEL = "</script><img src=x onerror=document.title='owned'>"
EVIL_MARKDOWN = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\n\n"
    "[press](javascript:document.title='owned') ![seen](https://example.com/pixel.png)\n\n"
    "| left | right |\n|:-----|------:|\n| a | 1 |"
)

AGENTS = ("cart", "search", "pay")


def metric(name: str, agent: str = "cart", /, **options: Any) -> list[Any]:
    return ["Shop", name, "Agent", agent, "Environment", "test", options]


def widget(x: int, y: int, width: int, height: int, kind: str, **properties: Any) -> dict[str, Any]:
    place = {"x": x, "y": y, "width": width, "height": height}
    if kind in ("metric", "log"):
        properties = {"region": REGION, **properties}
    return {"type": kind, **place, "properties": properties}


def chart(x: int, y: int, width: int, title: str, *rows: Any, **properties: Any) -> dict[str, Any]:
    height = properties.pop("height", 6)
    return widget(x, y, width, height, "metric", title=title, metrics=list(rows), **properties)


P50, P90, P99 = (
    {"stat": stat, "label": stat, "color": color}
    for stat, color in (("p50", "#9edae5"), ("p90", "#9467bd"), ("p99", "#5b2c83"))
)
ALARM_ARN = "@alarm@"

OVERVIEW: list[dict[str, Any]] = [
    widget(
        0,
        0,
        24,
        3,
        "text",
        markdown="# Shop\n**Good looks like this:** no failed request, p99 under `2 s`.\n\n"
        "- [Runbook](https://example.com/runbook)\n- Costs are estimates",
    ),
    chart(
        0,
        3,
        6,
        "Requests",
        metric("Requests", stat="Sum", label="requests", color="#1f77b4"),
        view="singleValue",
        height=4,
        setPeriodToTimeRange=True,
    ),
    chart(
        6,
        3,
        8,
        "Latency",
        *(metric("Latency", **options) for options in (P50, P90, P99)),
        view="singleValue",
        height=4,
        sparkline=True,
    ),
    chart(
        14,
        3,
        5,
        "Cold share",
        metric("Cold", id="cold", stat="Sum", visible=False),
        metric("Requests", id="all", stat="Sum", visible=False),
        [{"expression": "100 * cold / all", "id": "share", "label": "cold, %", "color": "#17becf"}],
        view="gauge",
        height=4,
        yAxis={"left": {"min": 0, "max": 100}},
        annotations={
            "horizontal": [
                [
                    {"value": 0, "label": "good", "color": "#2ca02c"},
                    {"value": 30, "label": "", "color": "#2ca02c"},
                ],
                {"value": 30, "label": "alarm", "color": "#d62728", "fill": "above"},
            ]
        },
    ),
    widget(19, 3, 5, 4, "alarm", title="Alarms", alarms=[ALARM_ARN]),
    chart(
        0,
        7,
        8,
        "Requests by agent",
        *(metric("Requests", agent, stat="Sum", label=agent) for agent in AGENTS),
        stacked=True,
        yAxis={"left": {"label": "requests", "showUnits": False, "min": 0}},
        annotations={
            "vertical": [
                {"value": "2026-11-20T10:45:00Z", "label": "deployed v12"},
                {"value": "2026-11-20T10:52:00Z", "label": "deployed v13"},
            ]
        },
    ),
    chart(
        8,
        7,
        8,
        "Latency and errors",
        *(metric("Latency", **options) for options in (P50, P90, P99)),
        metric("Errors", stat="Sum", label="errors", color="#d62728", yAxis="right"),
        yAxis={
            "left": {"label": "ms", "showUnits": False, "min": 0},
            "right": {"label": "errors", "showUnits": False, "min": 0},
        },
        annotations={
            "horizontal": [
                {"value": 2000, "label": "alarm at 2 s", "color": "#d62728", "fill": "above"},
                {"value": 1900, "label": "target of the team", "color": "#2ca02c"},
            ]
        },
    ),
    widget(
        16,
        7,
        8,
        6,
        "metric",
        title="The alarm on errors",
        view="timeSeries",
        annotations={"alarms": [ALARM_ARN]},
    ),
    chart(
        0,
        13,
        6,
        "Tokens by agent",
        *(metric("Tokens", agent, stat="Sum", label=agent) for agent in AGENTS),
        view="bar",
        setPeriodToTimeRange=True,
    ),
    chart(
        6,
        13,
        6,
        "Share of tokens",
        *(metric("Tokens", agent, stat="Sum", label=agent) for agent in AGENTS),
        view="pie",
        setPeriodToTimeRange=True,
        legend={"position": "right"},
    ),
    chart(
        12,
        13,
        12,
        "Latency in numbers",
        *(metric("Latency", agent, stat="p90") for agent in AGENTS),
        view="table",
        table={"summaryColumns": ["MIN", "MAX", "AVG"]},
    ),
    widget(
        0,
        19,
        12,
        6,
        "log",
        title="Slowest requests",
        view="table",
        query=f"SOURCE '{GROUP}' | fields @timestamp, request_id, latency_ms, outcome\n"
        '| filter message = "done"\n| sort latency_ms desc\n| limit 5',
    ),
    widget(
        12,
        19,
        12,
        6,
        "log",
        title="Requests over time",
        view="bar",
        query=f"SOURCE '{GROUP}' | filter message = \"done\" | stats count(*) by outcome",
    ),
]

STRANGE: list[dict[str, Any]] = [
    widget(0, 0, 12, 4, "text", markdown=EVIL_MARKDOWN),
    chart(12, 0, 12, EVIL_LABEL, metric("Requests", label=EVIL_LABEL, stat="Sum"), height=4),
    chart(0, 4, 8, "Never published", metric("Nothing"), height=5),
    chart(8, 4, 8, "Not metric math", [{"expression": "SUM(", "id": "e1"}], height=5),
    chart(16, 4, 8, "Not a statistic", metric("Latency", stat="middle"), height=5),
    widget(0, 9, 8, 5, "explorer", title="An explorer"),
    widget(
        8,
        9,
        8,
        5,
        "log",
        title="Not a query",
        view="table",
        query=f"SOURCE '{GROUP}' | unmask @message",
    ),
    chart(16, 9, 8, "Overlaps nothing", metric("Requests", stat="Sum"), height=5),
    chart(16, 10, 12, "Over the edge", metric("Requests", stat="Sum"), height=5),
    chart(0, 14, 8, "Not a colour", metric("Requests", color="url(#x)"), height=5),
]

#: One dashboard for all agents: which one is a variable.
PLACEHOLDER = "AGENT_NAME"
AGENT: list[dict[str, Any]] = [
    chart(0, 0, 12, f"Requests of {PLACEHOLDER}", metric("Requests", PLACEHOLDER, stat="Sum")),
    chart(12, 0, 12, f"Latency of {PLACEHOLDER}", metric("Latency", PLACEHOLDER, stat="p90")),
]
WHICH_AGENT: dict[str, Any] = {
    "type": "pattern",
    "pattern": PLACEHOLDER,
    "inputType": "select",
    "id": "agent",
    "label": "Agent",
    "defaultValue": AGENTS[1],
    "values": [{"value": agent, "label": agent} for agent in AGENTS],
}


def write_app(folder: Path) -> None:
    """Write a cloud assembly: three dashboards, an alarm and the function they are about."""
    folder.mkdir(parents=True, exist_ok=True)
    resources: dict[str, Any] = {
        "Cart": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "shop-cart"}},
        "Failing": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "shop-cart-errors",
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": "shop-cart"}],
                "Statistic": "Sum",
                "Period": 300,
                "EvaluationPeriods": 3,
                "DatapointsToAlarm": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
            },
        },
    }
    resources["Unwell"] = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": "shop-unwell",
            "AlarmRule": {"Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Failing", "Arn"]}, '")']]},
        },
    }
    for name, widgets, variables in (
        ("overview", OVERVIEW, []),
        ("strange", STRANGE, []),
        ("agent", AGENT, [WHICH_AGENT]),
    ):
        body = {"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets}
        text = json.dumps(body | ({"variables": variables} if variables else {}))
        before, *rest = text.split(f'"{ALARM_ARN}"')
        parts: list[Any] = [before]
        for part in rest:
            parts += ['"', {"Fn::GetAtt": ["Failing", "Arn"]}, f'"{part}']
        resources[name.title()] = {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": f"shop-test-{name}",
                "DashboardBody": {"Fn::Join": ["", parts]},
            },
        }
    (folder / "Shop.template.json").write_text(json.dumps({"Resources": resources}))


def log_lines() -> Iterator[tuple[float, str]]:
    """Three hours of requests: an EMF line and a JSON line for each, by time in seconds."""
    end = NOW.timestamp()
    for minute in range(180):
        at = end - 180 * 60 + minute * 60 + 7
        for index, agent in enumerate(AGENTS):
            requests = 1 + (minute * (index + 3)) % 4
            failed = agent == "cart" and minute in (97, 98)
            slow = 300 + 200 * index + 120 * math.sin(minute / 11) + (minute * 37 % 100)
            latencies = [slow * (1 + share / 2) for share in range(requests)]
            line = {
                "_aws": {
                    "Timestamp": int(at * 1000),
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "Shop",
                            "Dimensions": [["Environment", "Agent"]],
                            "Metrics": [
                                {"Name": "Requests", "Unit": "Count"},
                                {"Name": "Errors", "Unit": "Count"},
                                {"Name": "Cold", "Unit": "Count"},
                                {"Name": "Tokens", "Unit": "Count"},
                                {"Name": "Latency", "Unit": "Milliseconds"},
                            ],
                        }
                    ],
                },
                "Environment": "test",
                "Agent": agent,
                "Requests": [1] * requests,
                "Errors": int(failed),
                "Cold": int(minute % 45 == 0),
                "Tokens": 900 * requests * (index + 1),
                "Latency": latencies,
            }
            yield at, json.dumps(line)
            if agent == "cart":
                yield (
                    at,
                    json.dumps(
                        {
                            "message": "done",
                            "request_id": f"request-{minute:03}",
                            "latency_ms": round(max(latencies), 1),
                            "outcome": "failed" if failed else "succeeded",
                        }
                    ),
                )


class FakeAws:
    """What boto3's clients of Logs and CloudWatch answer, from memory.

    Args:
        lines: The one log group's events, by time in seconds.
    """

    def __init__(self, lines: Iterable[tuple[float, str]]) -> None:
        self.events = [
            {"timestamp": int(at * 1000), "logStreamName": "stream", "message": message}
            for at, message in lines
        ]
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def client(self, _service: str, **_options: Any) -> "FakeAws":
        return self

    def get_paginator(self, name: str) -> "_Pages":
        return _Pages({"describe_log_groups": [{"logGroups": [{"logGroupName": GROUP}]}]}[name])

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("filter_log_events", request))
        found = [
            event
            for event in self.events
            if request["startTime"] <= event["timestamp"] <= request["endTime"]
        ]
        return {"events": found[: request["limit"]]}

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("get_metric_statistics", request))
        if (request["Namespace"], request["MetricName"]) != ("AWS/Lambda", "Errors"):
            return {"Datapoints": []}
        points = [
            {
                "Timestamp": datetime.fromtimestamp(at, UTC),
                "SampleCount": 1.0,
                "Sum": float(minute in (97, 98)),
                "Minimum": float(minute in (97, 98)),
                "Maximum": float(minute in (97, 98)),
                "Unit": "Count",
            }
            for minute in range(180)
            for at in [NOW.timestamp() - 180 * 60 + minute * 60 + 7]
            if request["StartTime"].timestamp() <= at < request["EndTime"].timestamp()
        ]
        return {"Datapoints": points}


class _Pages:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self._pages = pages

    def paginate(self) -> list[dict[str, Any]]:
        return self._pages


def read_app(folder: Path) -> Assembly:
    """Write the app to a folder and read it back."""
    write_app(folder)
    return read_assembly(folder, account=ACCOUNT, region=REGION)


def sample_preview(folder: Path) -> Preview:
    """The app on three hours of data."""
    assembly = read_app(folder)
    source = EmulatedAccount(FakeAws(log_lines()), "a fake AWS", assembly.alarms, lambda: NOW)
    return Preview(assembly, source, lambda: NOW)
