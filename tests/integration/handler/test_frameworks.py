"""Agents of both frameworks in one process, on one client, as the server sees them."""

import time

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build, Context
from tradewind.bedrock.client import ClientPool
from tradewind.handlers.invocation_failed import InvocationFailed

QUERY = {"query": "How strong is the wind at 80 m?", "parameters": {"height_m": 80}}


@pytest.fixture
def framework() -> Framework:
    """The tests name theirs."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def pool(build: Build) -> ClientPool:
    """A client pool for several services."""
    return build(CHAT).service._clients


def test_both_frameworks_share_the_one_connection(
    build: Build, standin: BedrockStandIn, pool: ClientPool
) -> None:
    services = [
        build(WITH_TOOL, clients=pool, framework=framework) for framework in FRAMEWORKS.values()
    ]
    for number in range(40):
        answer = services[number % 2].handle(QUERY | {"request_id": f"r-{number}"})
        assert answer["success"]
        assert "speed_m_per_s: 8" in answer["response"]
        assert (answer["usage"]["model_calls"], answer["usage"]["tool_calls"]) == (2, 1)
        assert answer["performance"]["connectionReused"] is (number > 0)
    stats = standin.stats()
    assert (stats.requests, stats.connections_opened) == (80, 1)
    assert pool.creations == 1


def test_both_frameworks_ask_the_model_the_same(build: Build, standin: BedrockStandIn) -> None:
    for framework in FRAMEWORKS.values():
        assert build(WITH_TOOL, framework=framework).handle(QUERY)["success"]
    first, after_tool, *others = [prompt.request for prompt in standin.prompts()]
    for ours, other in zip((first, after_tool), others, strict=True):
        assert ours["system"][0]["text"] == other["system"][0]["text"]
        assert ours["inferenceConfig"]["maxTokens"] == other["inferenceConfig"]["maxTokens"] == 1024
        assert ours["messages"][0] == other["messages"][0]
        [tool], [other_tool] = (one["toolConfig"]["tools"] for one in (ours, other))
        assert tool["toolSpec"]["name"] == other_tool["toolSpec"]["name"]
        for spec in (tool, other_tool):
            schema = spec["toolSpec"]["inputSchema"]["json"]["properties"]["height_m"]
            assert schema["type"] == "number"
            assert schema["description"] == "Height above ground in metres."


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_call_that_is_stopped_gives_its_connection_up(
    build: Build, standin: BedrockStandIn, name: str
) -> None:
    standin.inject(Fault(FaultKind.STALL, after_frames=4))
    harness = build(CHAT, framework=FRAMEWORKS[name], read_timeout_s=600)
    answer = harness.handle(QUERY | {"request_id": "1"}, Context(remaining_ms=1_000))
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    give_up = time.monotonic() + 60
    while standin.stats().connections_open and time.monotonic() < give_up:
        time.sleep(0.01)
    assert standin.stats().connections_open == 0


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_turns_are_limited(
    build: Build, standin: BedrockStandIn, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tradewind.run.{name.replace('-', '_')}_agent.MAX_TURNS", 1)
    with pytest.raises(InvocationFailed) as failed:
        build(WITH_TOOL, framework=FRAMEWORKS[name]).handle(QUERY)
    error = failed.value.answer.error
    assert error is not None
    assert (error.code, "within 1 turns" in error.message) == ("MODEL_FAILED", True)
    assert standin.stats().requests == 1
    assert failed.value.answer.usage.tool_calls == 1  # what was done is told, though it failed
