"""Workflows for tests, and runs of them in virtual time."""

import json
from collections.abc import Mapping
from typing import Any

from tests.virtual_time import run_virtually
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.model import Spec


def workflow(pattern: str, config: dict[str, Any], **more: Any) -> Spec:
    """A workflow of agents a, b and c; ``runtime`` is merged into its runtime."""
    runtime = {"provider": "ollama", "model_id": "m", "host": "http://localhost:1"}
    data: dict[str, Any] = {
        "version": 0,
        "name": "test",
        "agents": {name: {"prompt": f"You are {name}."} for name in "abc"},
        "pattern": {"type": pattern, "config": config},
        **more,
    }
    data["runtime"] = runtime | data.get("runtime", {})
    return Spec.model_validate(data)


def run(
    spec: Spec,
    agents: MemoryAgents | None = None,
    inputs: Mapping[str, Any] | None = None,
    **options: Any,
) -> Result:
    """Run a workflow to its end or its next pause."""
    return run_virtually(execute(spec, agents or MemoryAgents(), inputs or {}, **options))


def reloaded(state: State) -> State:
    """A state as it comes back from where it was kept."""
    return State.from_json(json.loads(json.dumps(state.to_json())))
