"""A request in, an answer out, on the real protocol."""

import json
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.integration.handler.conftest import CHAT, Build
from tests.metric_lines import metrics_in
from tradewind.contracts.environment import ModelEnvironment
from tradewind.run.strands_agent import StrandsAgent, create_agent
from tradewind.telemetry.metric_names import MetricName

QUERY = {"query": "How strong is the wind at 80 m?", "parameters": {"height_m": 80}}


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = metrics_in(lines)
    return metrics


def test_a_tool_runs_and_the_answer_holds_all_it_promises(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = build()
    answer = harness.handle(QUERY)
    assert answer["success"] is True
    assert answer["status_code"] == 200
    assert answer["agent"] == "terrain"
    assert "speed_m_per_s: 8" in answer["response"]
    assert answer["request_id"] == "lambda-request"
    assert answer["project_id"].startswith("project-")
    assert answer["error"] is None
    usage = answer["usage"]
    assert (usage["model_calls"], usage["tool_calls"]) == (2, 1)
    assert usage["input_tokens"] > usage["output_tokens"] > 0
    performance = answer["performance"]
    assert set(performance) == {
        "coldStart",
        "initTime",
        "executionTime",
        "connectionTime",
        "connectionReused",
        "memoryUsed",
    }
    assert performance["coldStart"] is True
    assert performance["connectionReused"] is False
    assert 0 < performance["connectionTime"] < performance["executionTime"]
    assert harness.records.status == {"lambda-request": "succeeded"}

    metrics = emitted(capsys)
    assert metrics[MetricName.COLD_START] == [1.0]
    assert metrics[MetricName.CONNECTIONS_OPENED] == [standin.stats().connections_opened]
    assert len(metrics[MetricName.MODEL_LATENCY]) == 2
    assert len(metrics[MetricName.TIME_TO_FIRST_TOKEN]) == 2
    assert metrics[MetricName.TOOL_CALLS] == [1.0]
    assert metrics[MetricName.INPUT_TOKENS] == [usage["input_tokens"]]
    assert metrics[MetricName.ERRORS] == [0.0]


def test_a_warm_request_opens_no_connection_and_creates_no_client(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = build()
    harness.handle(QUERY | {"request_id": "one"})
    capsys.readouterr()
    warm = harness.handle(QUERY | {"request_id": "two"})["performance"]
    assert (warm["coldStart"], warm["connectionReused"], warm["connectionTime"]) == (False, True, 0)
    metrics = emitted(capsys)
    assert metrics[MetricName.COLD_START] == metrics[MetricName.CLIENT_CREATED] == [0.0]
    assert metrics[MetricName.CONNECTIONS_OPENED] == [0.0]
    assert metrics[MetricName.CONNECTION_REUSED] == [1.0]
    assert MetricName.INIT_TIME not in metrics


def test_a_hundred_warm_requests_share_one_connection(
    build: Build, standin: BedrockStandIn
) -> None:
    harness = build()
    for number in range(100):
        assert harness.handle(QUERY | {"request_id": f"r-{number}"})["success"]
    stats = standin.stats()
    assert stats.requests == 200
    assert stats.connections_opened == 1


def test_a_strands_agent_without_a_client_makes_its_own(
    standin: BedrockStandIn, standin_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in standin_environment.items():
        monkeypatch.setenv(name, value)
    environment = ModelEnvironment.from_variables(
        {
            "BEDROCK_MODEL_ID": "us.anthropic.claude-sonnet-4-6",
            "BEDROCK_REGION": "us-east-1",
            "BEDROCK_MAX_TOKENS": "256",
            "BEDROCK_CONNECT_TIMEOUT_S": "10",
            "BEDROCK_READ_TIMEOUT_S": "30",
            "BEDROCK_MAX_CONNECTIONS": "2",
        }
    )
    chat = StrandsAgent("You answer briefly.", ())
    for _ in range(2):
        assert str(create_agent("chat", chat, environment)("Hello")).startswith("[scripted model]")
    assert standin.stats().connections_opened == 2


#: More than any cache on the way holds.
CALLS = 200


def test_two_callers_never_see_a_word_of_each_other(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    for number in range(CALLS):
        caller = ("heron", "osprey")[number % 2]
        answer = harness.handle(
            {"query": f"I am {caller} number {number}", "request_id": f"r-{number}"}
        )
        assert caller in answer["response"]
    prompts = [json.dumps(prompt.request) for prompt in standin.prompts()]
    assert len(prompts) == CALLS
    for number, prompt in enumerate(prompts):
        caller, other = ("heron", "osprey") if number % 2 == 0 else ("osprey", "heron")
        assert f"I am {caller} number {number}" in prompt
        assert other not in prompt
        assert prompt.count("number") == 1  # nor of the same caller's earlier requests
    assert standin.stats().connections_opened == 1


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        ({}, "INVALID_REQUEST", "query"),
        ({"query": " "}, "INVALID_REQUEST", "query"),
        ({"query": "x", "parameters": 3}, "INVALID_REQUEST", "parameters"),
        ({"query": "x" * 16_001}, "QUERY_TOO_LONG", "query"),
        ({"query": "x", "agent": "weather"}, "UNKNOWN_AGENT", "agent"),
        ("just a string", "INVALID_REQUEST", None),
    ],
)
def test_a_bad_request_is_answered_without_a_model_call_or_a_record(
    build: Build, standin: BedrockStandIn, event: object, code: str, field: str | None
) -> None:
    harness = build()
    answer = harness.handle(event)
    assert (answer["success"], answer["status_code"]) == (False, 400)
    assert (answer["error"]["code"], answer["error"]["field"]) == (code, field)
    assert standin.stats().requests == 0
    assert harness.records.status == {}


def test_a_request_id_is_served_once(build: Build, standin: BedrockStandIn) -> None:
    harness = build(CHAT)
    first = harness.handle({"query": "x", "request_id": "r"})
    assert first["success"]
    before = harness.records.items()
    harness.records.database.heal()
    assert harness.handle({"query": "x", "request_id": "r"}) == first
    assert standin.stats().requests == 1
    assert harness.records.items() == before
    assert harness.records.database.calls == ["PutItem", "Scan"]


def test_bulky_parameters_stay_out_of_the_prompt(build: Build, standin: BedrockStandIn) -> None:
    site = {"coordinates": [[number, number] for number in range(500)]}
    build().handle({"query": "x", "parameters": {"site": site, "radius_km": 5}})
    prompt = json.dumps(standin.prompts()[0].request)
    assert "radius_km" in prompt
    assert "site" in prompt
    assert "coordinates" not in prompt
