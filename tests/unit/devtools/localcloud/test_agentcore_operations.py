"""Requests are read and checked as the service's own models say."""

import json
from typing import Any

import pytest

from devtools.localcloud.extension.agentcore import operations
from devtools.localcloud.extension.agentcore.refusal import Refused

ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/agent-AbCdEfGhIj"
RUNTIME = "agent-AbCdEfGhIj"
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"
CREATION: dict[str, Any] = {
    "agentRuntimeName": "agent",
    "roleArn": "arn:aws:iam::000000000000:role/agent",
    "agentRuntimeArtifact": {
        "codeConfiguration": {
            "code": {"s3": {"bucket": "code", "prefix": "agent.zip"}},
            "runtime": "PYTHON_3_12",
            "entryPoint": ["main.py"],
        }
    },
}


@pytest.mark.parametrize(
    ("method", "path", "name", "members"),
    [
        ("PUT", "/runtimes/", "CreateAgentRuntime", {}),
        ("POST", "/runtimes", "ListAgentRuntimes", {}),
        ("PUT", f"/runtimes/{RUNTIME}/", "UpdateAgentRuntime", {"agentRuntimeId": RUNTIME}),
        ("POST", f"/runtimes/{ARN}/invocations", "InvokeAgentRuntime", {"agentRuntimeArn": ARN}),
        (
            "POST",
            f"/runtimes/{RUNTIME}/invocations",
            "InvokeAgentRuntime",
            {"agentRuntimeArn": RUNTIME},
        ),
        (
            "GET",
            f"/runtimes/{ARN}/invocations/.well-known/agent-card.json",
            "GetAgentCard",
            {"agentRuntimeArn": ARN},
        ),
        (
            "DELETE",
            f"/runtimes/{RUNTIME}/runtime-endpoints/live/",
            "DeleteAgentRuntimeEndpoint",
            {"agentRuntimeId": RUNTIME, "endpointName": "live"},
        ),
        ("GET", f"/resourcepolicy/{ARN}", "GetResourcePolicy", {"resourceArn": ARN}),
    ],
)
def test_a_request_is_the_operation_of_its_method_and_path(
    method: str, path: str, name: str, members: dict[str, str]
) -> None:
    found = operations.find(method, path)
    assert found is not None
    assert (found[0].name, found[1]) == (name, members)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/memories"), ("PATCH", "/runtimes/"), ("GET", "/runtimes/a/b/c")]
)
def test_what_is_not_served_is_no_operation(method: str, path: str) -> None:
    assert operations.find(method, path) is None


def test_what_the_model_allows_is_read() -> None:
    assert read("PUT", "/runtimes/", body=CREATION) == CREATION


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"agentRuntimeName": "1agent"}, "agentRuntimeName"),
        ({"agentRuntimeName": "a" * 49}, "agentRuntimeName"),
        ({"agentRuntimeName": None}, "agentRuntimeName"),
        ({"roleArn": "role/agent"}, "roleArn"),
        ({"description": ""}, "description"),
        ({"description": 7}, "description"),
        ({"environmentVariables": {"K": "v" * 5001}}, "environmentVariables.K"),
        ({"environmentVariables": {f"K{n}": "" for n in range(51)}}, "environmentVariables"),
        ({"networkConfiguration": {"networkMode": "OPEN"}}, "networkConfiguration.networkMode"),
        ({"protocolConfiguration": {}}, "protocolConfiguration.serverProtocol"),
        ({"protocolConfiguration": {"serverProtocol": "FTP"}}, "protocolConfiguration"),
        (
            {"lifecycleConfiguration": {"maxLifetime": 59}},
            "lifecycleConfiguration.maxLifetime",
        ),
        (
            {"lifecycleConfiguration": {"maxLifetime": "60"}},
            "lifecycleConfiguration.maxLifetime",
        ),
        ({"lifecycleConfiguration": {"maxLife": 60}}, "lifecycleConfiguration.maxLife"),
        ({"agentRuntimeArtifact": {}}, "agentRuntimeArtifact"),
        ({"clientToken": "short"}, "clientToken"),
        ({"tags": ["a"]}, "tags"),
    ],
)
def test_what_the_model_does_not_allow_is_refused_by_its_place(
    change: dict[str, Any], place: str
) -> None:
    with pytest.raises(Refused, match=f"'{place}") as refused:
        read("PUT", "/runtimes/", body=CREATION | change)
    assert refused.value.code == "ValidationException"


def test_every_place_that_is_wrong_is_named() -> None:
    with pytest.raises(Refused, match="3 validation errors detected"):
        read("PUT", "/runtimes/", body={})


def test_a_member_that_this_model_does_not_know_is_refused_and_not_dropped() -> None:
    with pytest.raises(Refused, match="allowedSomething is not supported here"):
        read("PUT", "/runtimes/", body={**CREATION, "allowedSomething": [1]})


@pytest.mark.parametrize("body", [b"[]", b"{", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="no JSON object"):
        read("PUT", "/runtimes/", raw=body)


@pytest.mark.parametrize("session", ["s" * 32, "s" * 257, ""])
def test_a_session_id_has_the_models_length(session: str) -> None:
    with pytest.raises(Refused, match="runtimeSessionId"):
        read("POST", f"/runtimes/{ARN}/invocations", headers={SESSION: session})


@pytest.mark.parametrize("length", [33, 256])
def test_an_invocations_members_come_from_headers_and_query(length: int) -> None:
    given = read(
        "POST",
        f"/runtimes/{ARN}/invocations",
        headers={SESSION: "s" * length, "content-type": "text/plain"},
        query={"qualifier": ["live"]},
        raw=b"not JSON, and nobody's business",
    )
    assert given == {
        "agentRuntimeArn": ARN,
        "runtimeSessionId": "s" * length,
        "contentType": "text/plain",
        "qualifier": "live",
    }


@pytest.mark.parametrize("value", ["0", "101", "ten", "9" * 30])
def test_a_page_has_one_to_a_hundred_entries(value: str) -> None:
    with pytest.raises(Refused, match="maxResults"):
        read("POST", "/runtimes/", query={"maxResults": [value]})


def read(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    query: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    raw: bytes = b"",
) -> dict[str, Any]:
    found = operations.find(method, path)
    assert found is not None
    # As a client sends it: null is no value.
    sent = raw if body is None else json.dumps(body).encode()
    return operations.read(found[0], found[1], headers or {}, query or {}, sent)
