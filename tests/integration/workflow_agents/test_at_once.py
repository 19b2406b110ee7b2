"""As many calls at once on the wire as the run may have: counted at a barrier, not by a clock."""

import pytest

from tests.integration.workflow_agents.conftest import Run, workflow
from tests.integration.workflow_agents.model_server import ModelServer
from tradewind.workflow_agents import event_streams, providers

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}


@pytest.mark.parametrize("provider", ["bedrock", "openai", "anthropic", "gemini", "ollama"])
def test_as_many_as_the_file_says_are_on_the_wire_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    # However busy the machine is.
    monkeypatch.setattr(event_streams, "END_WITHIN_S", 300.0)
    monkeypatch.setattr(providers, "KEPT_S", 300.0)
    with ModelServer(together=10) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        tasks = [{"id": f"t{n}", "agent": "a", "input": f"task {n}"} for n in range(30)]
        host = f"{server.url}/v1" if provider == "openai" else server.url
        runtime = {"max_parallel": 10, "provider": provider, "host": host}
        _, agents = run(workflow("workflow", {"tasks": tasks}, runtime=runtime), **KEYS)
        assert agents.statistics.calls == len(server.requests) == 30
        # None was opened and dropped for want of a place to keep it.
        assert server.connections == 10
