"""Widgets that read the log find every value they draw in the lines that handlers really print."""

import json
from collections import deque

import pytest

from devtools.dashboard.body import LogWidget, parse_body
from devtools.dashboard.insights import LogEvent, Table, run
from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from stacks.dashboards.agent import left_open, tables
from stacks.dashboards.agent_model_use import model_rows_of_agent
from stacks.dashboards.agent_starts import starts
from stacks.dashboards.runtime import details
from stacks.parts import queries
from stacks.parts.dashboard import place
from stacks.parts.metrics import AgentMetrics
from stacks.parts.widgets import Rows
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import WITH_TOOL, Build
from tests.integration.handler.runtimes import (
    RUNTIME_VARIABLES,
    Said,
    ScriptedTransport,
    event,
    runtime_agent,
)
from tradewind.handlers.invocation_failed import InvocationFailed

LOG = ["/aws/lambda/any"]
#: What Lambda says besides of a request that ended.
REPORTED = json.dumps(
    {
        "type": "platform.report",
        "record": {
            "requestId": "one",
            "status": "success",
            "metrics": {"durationMs": 9, "maxMemoryUsedMB": 310, "memorySizeMB": 1024},
        },
    }
)


@pytest.fixture
def framework() -> Framework:
    """Lines are the same from any."""
    return FRAMEWORKS["strands"]


@pytest.fixture(params=["", "1"], ids=["few metrics", "detailed metrics"])
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """With detailed metrics a line says much about itself, before its values."""
    return {"TRADEWIND_DETAILED_METRICS": request.param} if request.param else {}


def answers(rows: Rows, lines: list[str]) -> dict[str, Table]:
    """What log widgets show of lines, by title."""
    body = parse_body({"widgets": place(rows, "us-east-1")})
    events = [LogEvent(0, LOG[0], "one", line) for line in (*lines, REPORTED)]
    return {
        widget.title: run(widget.query, events)
        for widget in body.widgets
        if isinstance(widget, LogWidget)
    }


def without_value(shown: dict[str, Table]) -> set[str]:
    """The columns of which no row has a value."""
    return {
        f"{title}: {column}"
        for title, table in shown.items()
        for at, column in enumerate(table.columns)
        if all(row[at] is None for row in table.rows)
    }


def test_an_agents_widgets_find_their_values(
    build: Build,
    standin: BedrockStandIn,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    harness = build(WITH_TOOL)
    for number in range(2):
        assert harness.handle({"query": "How windy?", "request_id": f"{number}"})["success"]
    standin.inject(Fault(FaultKind.VALIDATION))
    with pytest.raises(InvocationFailed):
        harness.handle({"query": "How windy?", "request_id": "failed"})
    of_agent = AgentMetrics("test", "terrain")
    rows = [
        *starts(of_agent, LOG, snap_start=False),
        *model_rows_of_agent(LOG),
        *tables(of_agent, LOG),
        left_open(LOG),
    ]

    shown = answers(rows, capsys.readouterr().out.splitlines())
    killed = shown.pop("Killed requests")
    assert killed.rows == ()
    assert without_value(shown) == set()
    assert [row[1] for row in shown["Failed requests"].rows] == ["failed"]


def test_a_runtimes_widgets_find_their_values(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ScriptedTransport(deque([Said((event("Windy."),))] * 2))
    harness = build(runtime_agent(said), **RUNTIME_VARIABLES)
    for number in range(2):
        assert harness.handle({"query": "How windy?", "request_id": f"{number}"})["success"]
    rows = details(AgentMetrics("test", "onboarding"), LOG, snap_start=False)
    assert without_value(answers(rows, capsys.readouterr().out.splitlines())) == set()


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"status": "success"}, False),
        ({"status": "error", "errorType": "ValueError"}, False),
        ({"status": "timeout"}, True),
        ({"status": "error", "errorType": "Runtime.OutOfMemory"}, True),
        ({"status": "error", "errorType": "Runtime.ExitError"}, True),
    ],
)
def test_killed_requests_are_found_in_lambdas_reports(record: dict[str, str], found: bool) -> None:
    line = json.dumps({"type": "platform.report", "record": {"requestId": "one", **record}})
    table = run("\n| ".join(queries.KILLED), [LogEvent(0, LOG[0], "one", line)])
    assert [row[1] for row in table.rows] == (["one"] if found else [])
