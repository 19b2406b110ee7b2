"""Workflow files, and runs of them on the stand-in of Bedrock."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.callers import PROFILE, REGION
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.agents import WorkflowAgents, open_agents
from tradewind.workflow_agents.models import BedrockClients, ModelPool

Run = Callable[..., tuple[Result, WorkflowAgents]]


def workflow(pattern: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow file's data on Bedrock; ``runtime`` is merged into its runtime."""
    runtime = {
        "provider": "bedrock",
        "model_id": PROFILE,
        "region": REGION,
        "failure_policy": {"retries": 0},
    }
    return {
        "version": 0,
        "name": "test",
        "agents": {"a": {"prompt": "You are a."}},
        "pattern": {"type": pattern, "config": config},
        **more,
        "runtime": runtime | more.get("runtime", {}),
    }


def chain(steps: int, **more: Any) -> dict[str, Any]:
    """A chain of one agent's steps."""
    return workflow(
        "chain", {"steps": [{"agent": "a", "input": f"step {n}"} for n in range(steps)]}, **more
    )


@pytest.fixture
def clients(standin_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Bedrock's clients of a test's process, which reach the stand-in."""
    for name, value in standin_environment.items():
        monkeypatch.setenv(name, value)
    # However busy the machine is.
    monkeypatch.setenv("BEDROCK_CONNECT_TIMEOUT_S", "300")
    monkeypatch.setenv("BEDROCK_READ_TIMEOUT_S", "300")
    monkeypatch.setattr("tradewind.workflow_agents.models.process_clients", lambda: None)
    clients = BedrockClients()
    yield clients
    clients.pool(REGION).close()


@pytest.fixture
def pool(clients: BedrockClients) -> ModelPool:
    """Models of a test's process."""
    return ModelPool(clients)


@pytest.fixture
def run(pool: ModelPool, tmp_path: Path) -> Run:
    """Runs a workflow file's data to its end."""

    def run_it(
        data: Mapping[str, Any], state: State | None = None, **environ: str
    ) -> tuple[Result, WorkflowAgents]:
        file = tmp_path / "workflow.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        loaded = load(file)
        assert loaded.spec is not None, loaded.problems

        async def go() -> tuple[Result, WorkflowAgents]:
            async with open_agents(
                loaded, run_id="run-1", environ=environ, files_root=tmp_path, pool=pool
            ) as agents:
                assert loaded.spec is not None
                result = await execute(loaded.spec, agents, loaded.values, state=state)
            return result, agents

        return asyncio.run(go())

    return run_it
