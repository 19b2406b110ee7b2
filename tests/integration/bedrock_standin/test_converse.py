"""boto3 reads what the stand-in says."""

import json
import ssl
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud.bedrock import BedrockStandIn
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import ask, ask_streaming, text_of, tool_config
from tests.integration.callers import MODEL, PROFILE, PROFILE_ARN


def test_converse(client: Any) -> None:
    answer = ask(client, "good morning")
    assert answer["ResponseMetadata"]["RequestId"]
    assert answer["stopReason"] == "end_turn"
    assert answer["output"]["message"]["role"] == "assistant"
    [block] = answer["output"]["message"]["content"]
    assert block["text"].startswith("[scripted model]")
    assert "good morning" in block["text"]
    usage = answer["usage"]
    assert usage["inputTokens"] > 0
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 0


def test_converse_stream_tells_the_same_in_several_frames(client: Any) -> None:
    events = ask_streaming(client, "good morning")
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert names.count("contentBlockDelta") > 1
    answer = ask(client, "good morning")
    assert text_of(events) == answer["output"]["message"]["content"][0]["text"]
    assert events[-2]["messageStop"]["stopReason"] == answer["stopReason"]
    assert events[-1]["metadata"]["usage"] == answer["usage"]


def test_the_stream_has_the_services_headers(client: Any) -> None:
    answer = client.converse_stream(
        modelId=PROFILE, messages=[{"role": "user", "content": [{"text": "hi"}]}]
    )
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-requestid"] == answer["ResponseMetadata"]["RequestId"]
    assert headers["transfer-encoding"] == "chunked"
    answer["stream"].close()


def test_a_tool_call_arrives_in_partial_json(client: Any) -> None:
    events = ask_streaming(client, "place 16 turbines", toolConfig=tool_config("place"))
    [start] = [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]
    assert start["toolUse"]["name"] == "place"
    deltas = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in events
        if "toolUse" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert len(deltas) > 1
    assert json.loads("".join(deltas)) == {"turbine_count": 16}
    assert {"stopReason": "tool_use"} in [event.get("messageStop") for event in events]


def test_a_tool_loop_by_hand(client: Any) -> None:
    tools = tool_config("place", "measure")
    messages: list[Any] = [{"role": "user", "content": [{"text": "place 16 turbines"}]}]
    called = []
    while True:
        answer = client.converse(modelId=PROFILE, messages=messages, toolConfig=tools)
        message = answer["output"]["message"]
        if answer["stopReason"] != "tool_use":
            break
        [use] = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        called.append((use["name"], use["input"]))
        result = {"toolUseId": use["toolUseId"], "content": [{"json": {"aep_gwh": 366.9}}]}
        messages += [message, {"role": "user", "content": [{"toolResult": result}]}]
    assert called == [("place", {"turbine_count": 16}), ("measure", {"turbine_count": 16})]
    assert "aep_gwh: 366.9" in message["content"][0]["text"]


def test_max_tokens_is_honoured(client: Any) -> None:
    events = ask_streaming(client, "word " * 50, inferenceConfig={"maxTokens": 5})
    assert events[-2] == {"messageStop": {"stopReason": "max_tokens"}}
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 5


def test_a_profiles_arn_names_it(client: Any) -> None:
    assert ask(client, modelId=PROFILE_ARN)["stopReason"] == "end_turn"


@pytest.mark.parametrize("call", [ask, ask_streaming])
@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"modelId": "us.anthropic.claude-9"}, 400, "ValidationException"),
        ({"modelId": MODEL}, 400, "ValidationException"),
        (
            {"modelId": "us.anthropic.claude-3-7-sonnet-20250219-v1:0"},
            404,
            "ResourceNotFoundException",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"text": "hi"}]}]},
            400,
            "ValidationException",
        ),
    ],
)
def test_a_request_the_service_refuses(
    client: Any, call: Any, members: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        call(client, **members)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refused.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("path", [f"/model/{PROFILE}/invoke", "/", "/model//converse"])
def test_an_unknown_operation_is_not_answered(
    standin: BedrockStandIn, tls_files: TlsFiles, method: str, path: str
) -> None:
    trusting = ssl.create_default_context(cafile=str(tls_files.ca))
    request = Request(standin.endpoint_url + path, data=b"{}", method=method)  # noqa: S310
    with pytest.raises(HTTPError) as refused, urlopen(request, context=trusting):  # noqa: S310
        pass
    with refused.value as answer:
        assert answer.code == 404
        assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
        assert path in json.load(answer)["message"]


def test_prompts_are_recorded_for_tests_of_isolation(standin: BedrockStandIn, client: Any) -> None:
    ask(client, "one")
    ask_streaming(client, "two")
    texts = [prompt.request["messages"][0]["content"][0]["text"] for prompt in standin.prompts()]
    assert texts == ["one", "two"]
    standin.reset()
    assert standin.prompts() == []
