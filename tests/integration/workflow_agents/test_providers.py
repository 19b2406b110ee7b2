"""Each provider over its own wire format: what reaches it, what comes back, what goes wrong."""

import gc
import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.callers import REGION
from tests.integration.workflow_agents.conftest import Run, chain, workflow
from tests.integration.workflow_agents.model_server import ModelServer, Said
from tradewind.workflow.engine.errors import AgentFailed, Unsupported
from tradewind.workflow_agents import event_streams, providers

KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
}
OTHERS = (*KEYS, "ollama")
ALL = ("bedrock", *OTHERS)
QUESTION = "a question that nobody may repeat"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, clients: Any) -> Iterator[ModelServer]:
    # However busy the machine is.
    monkeypatch.setattr(event_streams, "END_WITHIN_S", 300.0)
    monkeypatch.setattr(providers, "KEPT_S", 300.0)
    with ModelServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


def on(provider: str, server: ModelServer, **runtime: Any) -> dict[str, Any]:
    """A runtime of a provider, at the server."""
    host = f"{server.url}/v1" if provider == "openai" else server.url
    return {"provider": provider, "host": host, "model_id": "m", **runtime}


def key_of(provider: str) -> dict[str, str]:
    """Its key."""
    return {KEYS[provider]: "a-key"} if provider in KEYS else {}


def sampling_of(provider: str, body: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Temperature, top_p and the longest answer, as the provider spells them."""
    within, names = {
        "bedrock": ("inferenceConfig", ("temperature", "topP", "maxTokens")),
        "openai": ("", ("temperature", "top_p", "max_tokens")),
        "anthropic": ("", ("temperature", "top_p", "max_tokens")),
        "ollama": ("options", ("temperature", "top_p", "num_predict")),
        "gemini": ("generationConfig", ("temperature", "topP", "maxOutputTokens")),
    }[provider]
    held = body[within] if within else body
    one, two, three = (held[name] for name in names)
    return one, two, three


@pytest.mark.parametrize("provider", ALL)
def test_an_answer_its_tokens_and_what_was_asked(
    run: Run, server: ModelServer, provider: str
) -> None:
    runtime = on(provider, server, temperature=0.3, top_p=0.8, max_tokens=77)
    result, agents = run(chain(3, runtime=runtime), **key_of(provider))
    assert result.text == "windy"
    assert result.spent.tokens == 3 * 7
    assert len(server.requests) == 3
    assert server.connections == 1
    assert agents.statistics.models_made == 1
    for request in server.requests:
        assert sampling_of(provider, request.body) == (0.3, 0.8, 77)
        assert "You are a." in json.dumps(request.body)
    first, last = (json.dumps(server.requests[n].body) for n in (0, 2))
    assert "step 0" in first
    assert "step 2" in last
    assert "step 0" not in last  # a conversation of its own


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("ends", ["cut", "short"])
def test_an_answer_without_its_end_is_asked_for_again(
    run: Run, server: ModelServer, provider: str, ends: Any
) -> None:
    server.script = [Said("calm, and cut off", ends=ends)]
    runtime = on(provider, server, failure_policy={"retries": 1, "wait_min": 0, "wait_max": 0})
    result, _ = run(chain(1, runtime=runtime), **key_of(provider))
    assert result.text == "windy"
    assert len(server.requests) == 2


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, (3, "MODEL_THROTTLED")),
        (500, (3, "MODEL_FAILED")),
        (503, (3, "MODEL_UNAVAILABLE")),
        (400, (1, "MODEL_REQUEST_REJECTED")),
        (403, (1, "MODEL_ACCESS_DENIED")),
    ],
)
def test_the_engine_is_the_one_layer_that_repeats(
    run: Run, server: ModelServer, provider: str, status: int, expected: tuple[int, str]
) -> None:
    attempts, code = expected
    server.script = [Said(status=status)] * 20
    runtime = on(provider, server, failure_policy={"retries": 2, "wait_min": 0, "wait_max": 0})
    steps = [{"agent": "a", "input": QUESTION}]
    with pytest.raises(AgentFailed) as failed:
        run(workflow("chain", {"steps": steps}, runtime=runtime), **key_of(provider))
    assert len(server.requests) == attempts
    assert code in str(failed.value)
    assert QUESTION not in str(failed.value)


@pytest.mark.parametrize("provider", OTHERS)
def test_nobody_there_is_worth_a_repeat(run: Run, server: ModelServer, provider: str) -> None:
    runtime = on(provider, server, failure_policy={"retries": 1, "wait_min": 0, "wait_max": 0})
    with ModelServer() as gone:
        runtime["host"] = gone.url
    with pytest.raises(AgentFailed, match=r"MODEL_UNAVAILABLE|MODEL_STREAM_BROKEN"):
        run(chain(1, runtime=runtime), **key_of(provider))


def test_clients_of_a_run_are_closed_with_it(run: Run, server: ModelServer) -> None:
    for provider in OTHERS:
        run(chain(1, runtime=on(provider, server)), **key_of(provider))
    gc.collect()  # a connection that was left open would be warned of here
    assert server.wait_for_quiet() == 0


def test_every_key_that_is_missing_is_named_before_a_call(run: Run, server: ModelServer) -> None:
    agents = {name: {"prompt": "You are one.", "provider": name} for name in KEYS}
    data = workflow(
        "chain",
        {"steps": [{"agent": name, "input": "hi"} for name in KEYS]},
        agents=agents,
        runtime=on("bedrock", server, model_id="m"),
    )
    with pytest.raises(Unsupported) as refused:
        run(data)
    assert refused.value.exit_code == 18
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY or GEMINI_API_KEY"):
        assert name in str(refused.value)
    assert server.requests == []


def test_a_region_that_is_missing_is_named_before_a_call(run: Run, server: ModelServer) -> None:
    data = chain(1, runtime=on("ollama", server, region=None))
    data["agents"]["a"]["provider"] = "bedrock"
    with pytest.raises(Unsupported, match=r"bedrock: no region is named; set `runtime\.region`"):
        run(data)
    # A function's environment names one.
    run(data, BEDROCK_REGION=REGION)
    (asked,) = server.requests
    assert "/converse" in asked.path


def test_a_package_that_is_missing_is_named_before_a_call(
    run: Run, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "ollama" else real(name)
    )
    with pytest.raises(Unsupported, match=r"workflow-providers\.txt"):
        run(chain(1, runtime=on("ollama", server)))
    assert server.requests == []
