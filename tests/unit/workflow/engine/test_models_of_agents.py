"""The model that each agent of a file is asked on."""

import pytest

from tests.workflows import run, workflow
from tradewind.workflow.engine.memory_agents import MemoryAgents

_HOST = "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("runtimes", "own", "host"),
    [
        ("ollama", None, _HOST),
        ("ollama", "openai", None),  # its key is nothing for the other's server
        ("ollama", "anthropic", None),
        ("ollama", "gemini", None),
        ("openai", "anthropic", None),
        ("openai", "openai", _HOST),
        ("bedrock", "openai", _HOST),  # bedrock has no use for it
        ("bedrock", "ollama", _HOST),
    ],
)
def test_a_host_is_the_runtimes_providers(runtimes: str, own: str | None, host: str | None) -> None:
    agents = MemoryAgents()
    runtime = {"provider": runtimes, "region": "us-east-1", "host": _HOST, "model_id": "m"}
    agent = {"prompt": "You are a.", **({"provider": own} if own else {})}
    run(
        workflow("chain", {"steps": [{"agent": "a"}]}, runtime=runtime, agents={"a": agent}), agents
    )
    (call,) = agents.calls
    assert (call.model.provider, call.model.host) == (own or runtimes, host)
