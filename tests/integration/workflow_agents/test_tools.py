"""Tools in the hands of agents: Strands' own loop, and a model on the wire that calls them."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workflow_agents.conftest import Run, workflow
from tests.integration.workflow_agents.model_server import ModelServer, Request, Said
from tests.workflow_tools import children
from tradewind.workflow.engine.errors import AgentFailed

MCP = Path(__file__).parents[1] / "workflow_tools" / "small_mcp_server.py"
STEPS: list[dict[str, Any]] = [{"agent": "a", "input": "one"}, {"agent": "a", "input": "two"}]


def asking(server: ModelServer, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A chain on the test's server."""
    runtime = {"provider": "ollama", "host": server.url}
    return workflow("chain", {"steps": steps}, runtime=runtime, **more)


def tools_of(request: Request) -> list[str]:
    return [tool["function"]["name"] for tool in request.body.get("tools", [])]


def system_of(request: Request) -> str:
    return "\n".join(one["content"] for one in request.body["messages"] if one["role"] == "system")


def test_a_model_calls_a_tool_and_reads_its_result(run: Run, tmp_path: Path) -> None:
    with ModelServer(script=[Said(tool="current_time")]) as server:
        data = asking(
            server,
            [*STEPS, {"agent": "a", "tool_overrides": []}],
            tools={"python": ["current_time", "calculator"]},
            context_policy={"notes": {"file": "notes.md"}},
            skills=[{"id": "terms", "path": "terms", "description": "Words."}],
        )
        result, _ = run(data)
    assert result.text == "windy"
    first, second, third, last = server.requests
    assert tools_of(first) == ["current_time", "calculator", "Skill"]
    assert tools_of(last) == ["Skill"]
    told = second.body["messages"][-1]
    assert told["role"] == "tool"
    assert "+00:00" in told["content"]
    assert "- terms: Words." in system_of(first)
    assert "Notes" not in system_of(first)
    assert "**a** (steps/0) was asked: one Tools: current_time. Outcome: windy" in system_of(third)
    assert len((tmp_path / "notes.md").read_text().splitlines()) == 3


def test_what_does_not_fit_is_told_to_the_model(run: Run) -> None:
    with ModelServer(script=[Said(tool="calculator")]) as server:
        result, _ = run(asking(server, STEPS[:1], tools={"python": ["calculator"]}))
    assert result.text == "windy"
    told = server.requests[1].body["messages"][-1]["content"]
    assert "calculator was not run. expression is missing." in told


@pytest.mark.parametrize("tool", ["die", "current_time"])
def test_a_servers_end_is_the_runs_where_a_step_counted_on_it(run: Run, tool: str) -> None:
    before = children()
    server_spec = {"id": "s", "command": sys.executable, "args": ["-S", str(MCP)]}
    tools = {"python": ["current_time"], "mcp": [server_spec]}
    with ModelServer(script=[Said(tool=tool)]) as server:
        if tool == "die":
            with pytest.raises(AgentFailed, match="the MCP server s has ended"):
                run(asking(server, STEPS, tools=tools))
            assert len(server.requests) == 2
        else:
            _, agents = run(asking(server, STEPS, tools=tools))
            assert len(server.requests) == 3
            assert agents.statistics.tool_clients == {"mcp": 1}
            assert agents.statistics.tool_calls == {"python": 1}
    assert children() == before


def test_a_server_that_does_not_start_costs_no_call(run: Run) -> None:
    tools = {"mcp": [{"id": "s", "command": "no-such-program-at-all"}]}
    with ModelServer() as server:
        with pytest.raises(AgentFailed, match="the MCP server s did not start"):
            run(asking(server, STEPS, tools=tools))
        assert server.requests == []
