"""Which tools an agent has."""

from pathlib import Path
from typing import Any

import pytest

from tests.workflow_tools import loaded_with
from tradewind.workflow.engine.errors import Unsupported
from tradewind.workflow.spec.selection import Selection
from tradewind.workflow_agents.availability import unavailable
from tradewind.workflow_agents.tools.names import Names

API = {"id": "api", "base_url": "https://api.example.com"}
STDIO = {"id": "local", "command": "server"}
REMOTE = {"id": "remote", "url": "https://mcp.example.com"}
TOOLS = {
    "python": ["calculator", "strands_tools.http_request.http_request"],
    "http_executors": [API],
    "mcp": [STDIO, REMOTE],
}


def chosen(folder: Path, names: tuple[str, ...] | None, **more: Any) -> list[str]:
    spec = loaded_with(folder, **{"tools": TOOLS, **more}).spec
    assert spec is not None
    return [choice.name for choice in Selection(spec).of(names)]


@pytest.mark.parametrize(
    ("names", "tools"),
    [
        (None, ["calculator", "http_request", "api", "local", "remote"]),
        ((), []),
        (("python",), ["calculator", "http_request"]),
        (("mcp", "calculator"), ["local", "remote", "calculator"]),
        (("http_executors", "api"), ["api"]),
        (("current_time", "some.path.file_read"), ["current_time", "file_read"]),
        (("remote", "nobody"), ["remote"]),
    ],
)
def test_names(tmp_path: Path, names: tuple[str, ...] | None, tools: list[str]) -> None:
    assert chosen(tmp_path, names) == tools


def test_group_words_may_stand_for_nothing(tmp_path: Path) -> None:
    assert chosen(tmp_path, ("python", "mcp", "http_executors"), tools={}) == []


def test_retrieval_and_skills_go_to_every_agent(tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "context_policy": {"retrieval": {"jit_tools": ["grep"], "mcp_servers": ["local", "x"]}},
        "skills": [{"id": "s", "path": "s"}],
    }
    assert chosen(tmp_path, (), **more) == ["grep", "local", "Skill"]
    assert chosen(tmp_path, ("grep", "local"), **more) == ["grep", "local", "Skill"]


def test_no_network_leaves_what_stays_here(tmp_path: Path) -> None:
    more = {"security": {"guardrails": {"deny_network": True}}}
    assert chosen(tmp_path, None, **more) == ["calculator", "local"]
    named = ("web_fetch", "tavily_search", "duckduckgo_search", "http_request", "api", "remote")
    assert chosen(tmp_path, named, **more) == []


@pytest.mark.parametrize(
    ("allowed", "tools"),
    [
        ([], []),
        (["api"], ["api"]),
        (["mcp"], ["local", "remote"]),
        (["http_request", "local"], ["http_request", "local"]),
        (["strands_tools.http_request.http_request"], ["http_request"]),
        (["Skill"], ["Skill"]),
    ],
)
def test_only_what_is_allowed(tmp_path: Path, allowed: list[str], tools: list[str]) -> None:
    more: dict[str, Any] = {
        "security": {"guardrails": {"allow_tools": allowed}},
        "skills": [{"id": "s", "path": "s"}],
    }
    assert chosen(tmp_path, None, **more) == tools


def test_what_some_step_has_is_used(tmp_path: Path) -> None:
    spec = loaded_with(
        tmp_path,
        tools=TOOLS,
        agents={"a": {"prompt": "x", "tools": []}},
        pattern={
            "type": "parallel",
            "config": {
                "branches": [
                    {"id": "one", "steps": [{"agent": "a", "tool_overrides": ["local"]}]},
                    {"id": "two", "steps": [{"agent": "a"}]},
                ]
            },
        },
    ).spec
    assert spec is not None
    assert [choice.name for choice in Selection(spec).used()] == ["local"]


def test_what_cannot_work_here_is_told_of_where_an_agent_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.workflow_agents.confined.version", lambda: 0)
    names = ["tavily_search", "python_exec"]
    spec = loaded_with(tmp_path, agents={"a": {"prompt": "x", "tools": names}}).spec
    assert spec is not None
    found = unavailable(spec, {})
    assert [one.partition(" ")[0] for one in found] == names
    assert [one.partition(" ")[0] for one in unavailable(spec, {"TAVILY_API_KEY": "k"})] == [
        "python_exec"
    ]
    idle = loaded_with(tmp_path, tools={"python": names}, agents={"a": {"prompt": "", "tools": []}})
    assert idle.spec is not None
    assert unavailable(idle.spec, {}) == []
    server = {"id": "s", "url": "http://localhost:8000/mcp"}
    inward = loaded_with(tmp_path, tools={"mcp": [server]})
    assert inward.spec is not None
    assert unavailable(inward.spec, {}) == []
    # In a function, and in an agent's process on AgentCore Runtime.
    for variable in ("AWS_LAMBDA_FUNCTION_NAME", "TRADEWIND_TIME_LIMIT_S"):
        with monkeypatch.context() as deployed:
            deployed.setenv(variable, "1")
            (told,) = unavailable(inward.spec, {})
        assert told.startswith("the MCP server s cannot be reached: its address must not be")
    assert Unsupported.exit_code == 18


def test_names_fit_models_and_are_nobody_elses() -> None:
    names = Names({"search"})
    assert names.free("my.api:v1") == "my_api_v1"
    assert names.free("search", "server_search") == "server_search"
    assert names.free("search", "server_search") == "server_search_2"
    assert names.free("search", "server_search") == "server_search_3"
    assert len(names.free("x" * 100)) == 64
    assert len(names.free("x" * 100)) <= 64
