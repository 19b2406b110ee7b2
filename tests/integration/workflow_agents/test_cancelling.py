"""A call that is cancelled is over when it says so: no stream, connection, thread or task stays."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workflow_agents.conftest import workflow
from tests.integration.workflow_agents.model_server import ModelServer, Said
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents import threads
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.models import ModelPool

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}


@pytest.mark.parametrize("provider", ["bedrock", "openai", "anthropic", "gemini", "ollama"])
@pytest.mark.parametrize("ends", ["silent", "never"])
def test_nothing_is_left_of_calls_that_are_cancelled(
    pool: ModelPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, ends: Any
) -> None:
    monkeypatch.setattr(threads, "GRACE_S", 300.0)  # however busy the machine is
    with ModelServer(script=[Said(ends=ends)] * 3) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        tasks = [{"id": f"t{n}", "agent": "a", "input": f"task {n}"} for n in range(3)]
        host = f"{server.url}/v1" if provider == "openai" else server.url
        runtime = {"provider": provider, "host": host, "model_id": "m"}
        file = tmp_path / "workflow.json"
        file.write_text(json.dumps(workflow("workflow", {"tasks": tasks}, runtime=runtime)))
        loaded = load(file)
        assert loaded.spec is not None, loaded.problems
        spec = loaded.spec

        async def go() -> None:
            async with open_agents(
                loaded, run_id="run-1", environ=KEYS, files_root=tmp_path, pool=pool
            ) as agents:
                running = asyncio.create_task(execute(spec, agents, {}))
                for _ in range(3):
                    await asyncio.get_running_loop().run_in_executor(None, server.asked.acquire)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
                assert asyncio.all_tasks() == {asyncio.current_task()}
            left = [one.name for one in threading.enumerate() if one.name.startswith("workflow")]
            assert left == []

        asyncio.run(go())
        server.wait_for_quiet()
        assert server.hung_up == 3
