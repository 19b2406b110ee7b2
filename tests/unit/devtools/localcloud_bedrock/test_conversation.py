"""Requests are held to the rules the service holds them to."""

from typing import Any

import pytest

from devtools.localcloud.bedrock import conversation
from devtools.localcloud.bedrock.errors import ServiceError
from tests.unit.devtools.localcloud_bedrock.bodies import assistant, body, result, tool, use, user

TOOLS = [tool("draw")]


def spec(**changes: Any) -> dict[str, Any]:
    return {"toolSpec": {**tool("draw")["toolSpec"], **changes}}


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (body(), "must start with a user message"),
        (body(assistant("hi")), "must start with a user message"),
        (body(user("a"), user("b")), "must alternate"),
        (body(user("a"), assistant("b")), "must end with a user message"),
        (body({"role": "system", "content": [{"text": "a"}]}), "role field at messages.0"),
        (body({"role": "user", "content": []}), "at messages.0 is empty"),
        (body(user("a"), assistant("b"), user(" ")), "messages.2.content.0 is blank"),
        (body(user({"text": "a", "json": {}})), "must set exactly one member"),
        (body(user({"image": {}})), "does not support image from the user"),
        (body(user(use("a", "draw")), tools=TOOLS), "does not support toolUse from the user"),
        (
            body(user("a"), assistant(use("a", "draw")), user(result("a", "b"))),
            "toolConfig field must be defined",
        ),
        (
            body(user("a"), assistant(use("a", "draw")), user("b"), tools=TOOLS),
            "Expected toolResult blocks at messages.2.content for the following Ids: a",
        ),
        (
            body(user("a"), assistant(use("a", "draw")), user(result("z", "b")), tools=TOOLS),
            "Expected toolResult blocks at messages.2.content for the following Ids: a",
        ),
        (
            body(user(result("a", "b")), tools=TOOLS),
            "exceeds the number of toolUse blocks of previous turn",
        ),
        (
            body(
                user("a"),
                assistant(use("a", "draw"), use("a", "draw")),
                user(result("a", "b")),
                tools=TOOLS,
            ),
            "duplicate Ids",
        ),
        (body(user("a"), tools=[tool("no spaces")]), "regular expression pattern"),
        (body(user("a"), tools=[*TOOLS, *TOOLS]), "used more than once"),
        (body(user("a"), tools=[spec(inputSchema={"json": {"type": "array"}})]), "type must be"),
        (body(user("a"), tools=[spec(inputSchema=3)]), "inputSchema field has the wrong type"),
        (body(user("a"), tools=[{"systemTool": {"name": "x"}}]), "does not support systemTool"),
        (body(user("a"), tools=[]), "at least one tool"),
        (
            body(user("a"), toolConfig={"tools": TOOLS, "toolChoice": {"tool": {"name": "x"}}}),
            "is not among the tools",
        ),
        (body(user("a"), inferenceConfig={"maxTokens": 0}), "inferenceConfig.maxTokens"),
        (
            body(user("a"))[:-1] + b', "system": [{"guardContent": {}}]}',
            "does not support guardContent at system.0",
        ),
        (b'{"messages": "hello"}', "messages field has the wrong type"),
    ],
)
def test_an_invalid_request_is_refused(request_body: bytes, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        conversation.parse(request_body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_a_valid_conversation_is_read() -> None:
    parsed = conversation.parse(
        body(
            user("a", {"cachePoint": {"type": "default"}}),
            assistant({"reasoningContent": {}}, use("1", "draw")),
            user(result("1", {"x": 1}, failed=True), "and?"),
            tools=[*TOOLS, {"cachePoint": {"type": "default"}}],
            system="Be brief.",
            inferenceConfig={"maxTokens": 9},
        )
    )
    assert parsed.system == "Be brief."
    assert [each.name for each in parsed.tools] == ["draw"]
    assert parsed.max_tokens == 9
    assert parsed.messages[2].blocks == (
        conversation.ToolResult("1", ({"x": 1},), failed=True),
        conversation.Text("and?"),
    )
