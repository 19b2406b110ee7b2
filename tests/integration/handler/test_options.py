"""What a request wants otherwise reaches the model on the wire, and goes with the request."""

from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.frameworks import FRAMEWORKS
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build
from tests.integration.handler.script import Script, calls, says
from tradewind.bedrock.client import ClientPool
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.output import MAX_OUTPUT_TRIES, OUTPUT_TOOL

QUERY: dict[str, Any] = {"query": "How windy is it at 80 m?", "request_id": "r"}
WITH_HEIGHT = QUERY | {"parameters": {"height_m": 80}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "height_m": {"type": "number"},
        "verdict": {"enum": ["build", "leave"]},
        "reasons": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["height_m", "verdict", "reasons"],
    "additionalProperties": False,
}


def system_of(request: dict[str, Any]) -> str:
    return "\n\n".join(block["text"] for block in request["system"] if "text" in block)


def test_the_model_reads_the_context_before_the_question(
    build: Build, standin: BedrockStandIn
) -> None:
    options = {"context": "The site lies behind a dike.", "system_prompt": "Answer in Dutch."}
    assert build(CHAT).handle(QUERY | options | {"max_tokens": 300, "temperature": 0.5})["success"]
    [prompt] = standin.prompts()
    assert prompt.request["messages"] == [
        {
            "role": "user",
            "content": [
                {
                    "text": "<context>\nThe site lies behind a dike.\n</context>\n\n"
                    "How windy is it at 80 m?"
                }
            ],
        }
    ]
    assert system_of(prompt.request) == "You answer briefly.\n\nAnswer in Dutch."
    assert prompt.request["inferenceConfig"] == {"maxTokens": 300, "temperature": 0.5}


def test_an_output_is_given_by_a_model_that_calls_tools_and_kept(build: Build) -> None:
    """The stand-in's model, as it is: it calls every tool on offer once."""
    harness = build(WITH_TOOL)
    answer = harness.handle(WITH_HEIGHT | {"output_schema": SCHEMA})
    assert answer["output"]["height_m"] == 80
    assert answer["output"]["verdict"] == "build"
    assert answer["success"]
    assert (answer["usage"]["tool_calls"], answer["usage"]["model_calls"]) == (1, 2)
    assert harness.records.answer("r") == answer
    assert harness.handle(WITH_HEIGHT | {"output_schema": SCHEMA}) == answer
    assert harness.handle(WITH_HEIGHT)["error"]["code"] == "REQUEST_ID_REUSED"


def test_without_a_schema_there_is_no_output(build: Build) -> None:
    assert build(CHAT).handle(QUERY)["output"] is None


def test_an_output_that_never_fits_fails_the_invocation(
    build: Build, script: Script, standin: BedrockStandIn
) -> None:
    script(calls(OUTPUT_TOOL, height_m="high"), says("80 m."), calls(OUTPUT_TOOL))
    harness = build(CHAT)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY | {"output_schema": SCHEMA})
    answer = failed.value.answer
    assert answer.error is not None
    assert (answer.error.code, answer.status_code) == ("OUTPUT_INVALID", 502)
    assert answer.output is None
    assert answer.usage.model_calls == standin.stats().requests == MAX_OUTPUT_TRIES
    assert harness.records.codes == {"r": "OUTPUT_INVALID"}


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ({"max_tokens": 1025}, "max_tokens"),
        ({"temperature": 2}, "temperature"),
        ({"output_schema": {"type": "object", "properties": 5}}, "output_schema"),
        ({"output_schema": {"type": "object", "items": {"$ref": "#/$defs/a"}}}, "output_schema"),
        ({"output_schema": {"type": "object", "not": {"$ref": "http://a.b"}}}, "output_schema"),
        ({"topp": 1}, "topp"),
        ({"context": ""}, "context"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(
    build: Build, standin: BedrockStandIn, option: dict[str, Any], field: str
) -> None:
    harness = build(CHAT)
    error = harness.handle(QUERY | option)["error"]
    assert (error["code"], error["field"]) == ("INVALID_REQUEST", field)
    assert (standin.stats().requests, harness.records.items()) == (0, {})


def test_an_agent_without_tools_refuses_what_nobody_would_read(
    build: Build, standin: BedrockStandIn
) -> None:
    """An agent with tools keeps long parameters for them; here they would be dropped."""
    bulky = QUERY | {"parameters": {"height_m": 80, "site": "x" * 300}}
    harness = build(CHAT)
    error = harness.handle(bulky)["error"]
    assert (error["code"], error["field"]) == ("QUERY_TOO_LONG", "parameters")
    assert (standin.stats().requests, harness.records.items()) == (0, {})
    short = QUERY | {"parameters": {"height_m": 80}}
    assert harness.handle(short)["success"]
    assert build(WITH_TOOL).handle(bulky)["success"]


def test_whatever_requests_want_they_share_the_one_connection(
    build: Build, standin: BedrockStandIn
) -> None:
    pool: ClientPool = build(CHAT).service._clients
    services = [
        build(WITH_TOOL, clients=pool, framework=framework) for framework in FRAMEWORKS.values()
    ]
    for number in range(40):
        wants = {
            "temperature": number / 40,
            "max_tokens": 1024 - number,
            "system_prompt": f"You are number {number}.",
            **({"output_schema": SCHEMA} if number % 4 > 1 else {}),
        }
        answer = services[number % 2].handle(QUERY | wants | {"request_id": f"r-{number}"})
        assert answer["success"]
    stats = standin.stats()
    assert (stats.requests, stats.connections_opened) == (80, 1)
    assert pool.creations == 1
    for number, prompt in enumerate(standin.prompts()):
        config = prompt.request["inferenceConfig"]
        assert config == {"maxTokens": 1024 - number // 2, "temperature": number // 2 / 40}
        assert system_of(prompt.request).endswith(f"\n\nYou are number {number // 2}.")
