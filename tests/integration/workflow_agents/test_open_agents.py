"""Opening the agents of a run: named ones, prices, the function's own client."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.agent_environment import AGENT_VARIABLES
from tests.integration.callers import PROFILE, REGION
from tests.integration.workflow_agents.conftest import Run, chain
from tests.integration.workflow_agents.model_server import ModelServer
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import InvalidRun
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents import models
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.models import BedrockClients, ModelPool

PRICES = '{"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with ModelServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


class _Crew:
    names = frozenset({"terrain", "a"})

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        self.asked.append((call.agent, run_id))
        return AgentReply("hilly")


def test_agents_that_the_file_does_not_declare_are_called_by_name(
    pool: ModelPool, server: ModelServer, tmp_path: Path
) -> None:
    file = tmp_path / "workflow.json"
    file.write_text(json.dumps(chain(1)), encoding="utf-8")
    crew = _Crew()

    def call(agent: str) -> AgentCall:
        return AgentCall("k", agent, Model("bedrock", PROFILE, REGION), "", "hi")

    async def go() -> list[str]:
        async with open_agents(
            load(file), run_id="run-1", environ={}, files_root=tmp_path, named=crew, pool=pool
        ) as agents:
            return [(await agents.call(call(agent))).text for agent in ("terrain", "a")]

    assert asyncio.run(go()) == ["hilly", "windy"]  # the file's own come first
    assert crew.asked == [("terrain", "run-1")]


def test_calls_by_name_are_noted_too(pool: ModelPool, server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "workflow.json"
    policy = {"notes": {"file": "run.md"}}
    file.write_text(json.dumps(chain(1) | {"context_policy": policy}), encoding="utf-8")

    async def go() -> None:
        async with open_agents(
            load(file), run_id="r", environ={}, files_root=tmp_path, named=_Crew(), pool=pool
        ) as agents:
            await agents.call(AgentCall("k", "terrain", Model("bedrock", None), "", "How high?"))

    asyncio.run(go())
    noted = (tmp_path / "run.md").read_text(encoding="utf-8")
    assert "**terrain** (k) was asked: How high? Tools: none. Outcome: hilly" in noted


def test_a_file_with_errors_is_not_opened(pool: ModelPool, tmp_path: Path) -> None:
    file = tmp_path / "workflow.json"
    file.write_text("{}", encoding="utf-8")

    async def go() -> None:
        async with open_agents(
            load(file), run_id="run-1", environ={}, files_root=tmp_path, pool=pool
        ):
            pass

    with pytest.raises(InvalidRun):
        asyncio.run(go())


def test_calls_cost_what_the_prices_of_their_model_say(run: Run, server: ModelServer) -> None:
    prices = {"TRADEWIND_MODEL_PRICES": PRICES, "BEDROCK_MODEL_ID": PROFILE}
    result, _ = run(chain(2), **prices)
    assert result.spent.dollars == pytest.approx(2 * (5 * 3 + 2 * 15) / 1_000_000)
    result, _ = run(chain(2, runtime={"model_id": "another"}), **prices)
    assert result.spent.dollars == 0


def test_where_the_file_names_no_model_the_environment_does(run: Run, server: ModelServer) -> None:
    data = chain(1)
    del data["runtime"]["model_id"]
    run(data, BEDROCK_MODEL_ID="of-the-environment", BEDROCK_MAX_TOKENS="55")
    assert "/model/of-the-environment/" in server.requests[0].path
    assert server.requests[0].body["inferenceConfig"] == {"maxTokens": 55}


def test_in_a_function_its_own_client_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AGENT_VARIABLES.items():
        monkeypatch.setenv(name, value)
    own, clients = object(), BedrockClients()
    monkeypatch.setattr(models, "get_client_pool", lambda: own)
    assert clients.pool("us-east-1") is own
    other = clients.pool("eu-west-1")
    assert other is clients.pool("eu-west-1")
    assert other is not own
