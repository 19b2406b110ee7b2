"""MCP with the official client, over HTTP, against the handler's service on a real table."""

import base64
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from mcp import Client, MCPError
from mcp_types import (
    BlobResourceContents,
    CallToolResult,
    RequestParamsMeta,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from tests.api_events import ADA, BOB, proxy_event
from tests.dynamodb import TableFault
from tests.integration.api.conftest import ApiUnderTest, Context
from tests.integration.api.mcp_server import (
    SECRET,
    Do,
    McpUnderTest,
    both_generations,
    serving_mcp,
)
from tradewind.mcp.artifacts import MAX_BYTES
from tradewind.mcp.tools import IDEMPOTENCY_META


@pytest.fixture
def mcp(api: ApiUnderTest) -> Iterator[McpUnderTest]:
    with serving_mcp(api) as serving:
        yield serving


def link_in(result: CallToolResult) -> ResourceLink:
    [link] = [one for one in result.content if isinstance(one, ResourceLink)]
    return link


def words_of(result: CallToolResult) -> str:
    said = result.content[0]
    assert isinstance(said, TextContent)
    return said.text


def keyed(key: Any) -> RequestParamsMeta:
    return cast("RequestParamsMeta", {IDEMPOTENCY_META: key})


def ask(query: str = SECRET, **more: Any) -> Do:
    meta = more.pop("meta", None)
    return lambda client: client.call_tool("terrain", {"query": query, **more}, meta=meta)


@both_generations
def test_every_agent_is_a_tool_with_its_schema(mcp: McpUnderTest, mode: str) -> None:
    tools = {tool.name: tool for tool in mcp(lambda c: c.list_tools(), mode=mode).tools}
    further = ["look_up_invocation", "answer_invocation", "cancel_invocation"]
    assert list(tools) == ["terrain", "layout", *further]
    schema = tools["terrain"].input_schema
    assert schema["required"] == ["query"]
    assert schema["additionalProperties"] is False
    assert {"parameters", "project_id", "session_id", "output_schema"} <= set(schema["properties"])
    assert schema["examples"][0]["query"]
    assert tools["look_up_invocation"].annotations.read_only_hint is True


@both_generations
def test_an_answer_in_time_is_given_whole_and_its_file_is_read(
    mcp: McpUnderTest, mode: str
) -> None:
    async def do(client: Client) -> Any:
        result = await client.call_tool("terrain", {"query": SECRET})
        return result, await client.read_resource(link_in(result).uri)

    result, read = mcp(do, mode=mode)
    assert not result.is_error
    said, link = result.content
    assert isinstance(said, TextContent)
    assert said.text == "the words of the answer"
    invocation = result.structured_content
    assert str(link.uri) == f"tradewind://invocations/{invocation['id']}/artifacts/map.svg"
    assert invocation["state"] == "succeeded"
    assert invocation["usage"]["cost_usd"] == 0.0045
    ((kind, event),) = mcp.api.functions.events
    assert (kind, event["owner"], event["query"]) == ("RequestResponse", ADA, SECRET)
    [content] = read.contents
    assert isinstance(content, TextResourceContents)
    assert (content.text, content.mime_type) == ("<svg/>", "image/svg+xml")
    assert mcp.files.asked == [invocation["result"]["artifacts"][0]["key"]]


def test_what_is_no_text_is_a_blob_and_what_is_too_large_is_refused(mcp: McpUnderTest) -> None:
    async def do(client: Client) -> Any:
        link = link_in(await client.call_tool("terrain", {"query": SECRET}))
        mcp.files.content = b"\xff\x00"
        [blob] = (await client.read_resource(link.uri)).contents
        mcp.files.content = b"x" * (MAX_BYTES + 1)
        with pytest.raises(MCPError) as refused:
            await client.read_resource(link.uri, cache_mode="bypass")
        mcp.files.content = None
        with pytest.raises(MCPError) as gone:
            await client.read_resource(link.uri, cache_mode="bypass")
        return blob, refused.value.data, gone.value.data

    blob, refused, gone = mcp(do)
    assert isinstance(blob, BlobResourceContents)
    assert base64.b64decode(blob.blob) == b"\xff\x00"
    assert refused == {"code": "ANSWER_TOO_LARGE"}
    assert gone == {"code": "ARTIFACT_NOT_FOUND"}


@both_generations
def test_long_work_is_looked_up_later_and_cancelled_on_demand(mcp: McpUnderTest, mode: str) -> None:
    async def do(client: Client) -> Any:
        told = await client.call_tool("terrain", {"query": SECRET})
        own = told.structured_content["id"]
        assert not told.is_error
        assert f'look_up_invocation with the id "{own}"' in words_of(told)
        assert told.structured_content["state"] == "pending"
        waiting = await client.call_tool("look_up_invocation", {"id": own})
        assert waiting.structured_content["state"] == "pending"
        [event] = mcp.api.functions.queue
        mcp.api.work(event)
        done = await client.call_tool("look_up_invocation", {"id": own})
        other = await client.call_tool("terrain", {"query": "Another?"})
        gone = await client.call_tool("cancel_invocation", {"id": other.structured_content["id"]})
        after = await client.call_tool("look_up_invocation", {"id": other.structured_content["id"]})
        return done, gone, after

    done, gone, after = mcp(do, mode=mode, Prefer="respond-async")
    assert done.content[0].text == "the words of the answer"
    assert (gone.is_error, gone.structured_content["state"]) == (False, "cancelled")
    assert after.is_error
    assert after.content[0].text.startswith("CANCELLED: ")


def test_a_question_is_told_and_answered(mcp: McpUnderTest) -> None:
    api = mcp.api
    api.functions.work = lambda event: api.question(event, "Which site?")

    async def do(client: Client) -> tuple[CallToolResult, ...]:
        asked = await client.call_tool("terrain", {"query": "Where?"})
        own, question_id = (asked.structured_content[name] for name in ("id", "question_id"))
        answer = {"id": own, "answer": "The north.", "question_id": question_id}
        told = [await client.call_tool("answer_invocation", answer) for _ in range(2)]
        other = await client.call_tool("answer_invocation", {**answer, "answer": "The south."})
        return asked, *told, other

    asked, told, again, other = mcp(do)
    assert asked.is_error is False
    assert asked.structured_content["state"] == "waiting"
    assert "Which site?" in words_of(asked)
    assert f'question_id "{asked.structured_content["question_id"]}"' in words_of(asked)
    assert [one.structured_content["state"] for one in (told, again)] == ["pending", "pending"]
    assert (other.is_error, "NOT_WAITING" in words_of(other)) == (True, True)
    event = {"agent": "terrain", "owner": ADA, "accepted": True}
    assert all(event.items() <= one.items() for one in api.functions.queue)
    assert all(not {"query", "answer"} & set(one) for one in api.functions.queue)


def test_a_repeat_with_its_key_is_worked_on_once(mcp: McpUnderTest) -> None:
    async def do(client: Client) -> Any:
        meta = keyed("a-key")
        first = await client.call_tool("terrain", {"query": SECRET}, meta=meta)
        again = await client.call_tool("terrain", {"query": SECRET}, meta=meta)
        other = await client.call_tool("terrain", {"query": "Another?"}, meta=meta)
        return first, again, other

    first, again, other = mcp(do)
    assert first.structured_content["id"] == again.structured_content["id"]
    assert len(mcp.api.functions.events) == 1
    assert other.is_error
    assert other.content[0].text.startswith("IDEMPOTENCY_KEY_REUSED: ")
    # The header is the same key, and without one each call is new.
    headed = mcp(ask(), **{"Idempotency-Key": "a-key"})
    assert headed.structured_content["id"] == first.structured_content["id"]
    assert len(mcp.api.functions.events) == 1
    assert mcp(ask()).structured_content["id"] != mcp(ask()).structured_content["id"]
    assert len(mcp.api.functions.events) == 3
    assert mcp(ask(meta=keyed(7))).structured_content["field"] == "_meta"


def test_nobody_sees_what_is_anothers(mcp: McpUnderTest) -> None:
    meta = keyed("a-key")
    adas = mcp(ask(meta=meta))
    own, uri = adas.structured_content["id"], adas.content[1].uri

    async def do(client: Client) -> Any:
        seen = await client.call_tool("look_up_invocation", {"id": own})
        stopped = await client.call_tool("cancel_invocation", {"id": own})
        with pytest.raises(MCPError) as unread:
            await client.read_resource(uri)
        asked = await client.call_tool("terrain", {"query": SECRET}, meta=meta)
        return seen, stopped, unread.value, asked

    seen, stopped, unread, asked = mcp(do, caller=BOB)
    assert seen.is_error
    assert seen.structured_content["code"] == "NOT_FOUND"
    assert stopped.structured_content["code"] == "NOT_FOUND"
    assert unread.data == {"code": "NOT_FOUND"}
    assert mcp.files.asked == []
    # The same key is a key of Bob's own.
    assert [event["owner"] for _, event in mcp.api.functions.events] == [ADA, BOB]
    assert not asked.is_error


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("terrain", {}, "INVALID_REQUEST"),
        ("terrain", {"query": "q", "owner": "me"}, "INVALID_REQUEST"),
        ("terrain", {"query": "q" * 16_001}, "QUERY_TOO_LONG"),
        ("nobody", {"query": "q"}, "NOT_FOUND"),
        ("look_up_invocation", {"id": "terrain.i-1"}, "NOT_FOUND"),
        ("look_up_invocation", {"id": "terrain"}, "NOT_FOUND"),
        ("look_up_invocation", {"id": "terrain.i-1", "wait": 3}, "INVALID_REQUEST"),
        ("look_up_invocation", {}, "INVALID_REQUEST"),
        ("cancel_invocation", {"id": 7}, "INVALID_REQUEST"),
        ("answer_invocation", {"id": "terrain.i-1", "answer": "x"}, "NOT_FOUND"),
        ("answer_invocation", {"id": "terrain.i-1"}, "INVALID_REQUEST"),
        ("answer_invocation", {"answer": "x"}, "INVALID_REQUEST"),
        ("answer_invocation", {"id": "terrain.i-1", "answer": "x", "a": 1}, "INVALID_REQUEST"),
    ],
)
def test_what_is_refused_is_an_error_with_the_apis_code(
    mcp: McpUnderTest, tool: str, arguments: dict[str, Any], code: str
) -> None:
    result = mcp(lambda client: client.call_tool(tool, arguments))
    assert result.is_error
    assert result.structured_content["code"] == code
    assert result.content[0].text.startswith(f"{code}: ")
    assert mcp.api.functions.events == []


def test_a_failure_is_an_error_with_its_invocation(mcp: McpUnderTest) -> None:
    mcp.api.functions.work = lambda event: mcp.api.work(event, code="MODEL_THROTTLED")
    result = mcp(ask())
    assert result.is_error
    assert result.structured_content["code"] == "MODEL_THROTTLED"
    own = result.structured_content["invocation_id"]
    later = mcp(lambda client: client.call_tool("look_up_invocation", {"id": own}))
    assert later.is_error
    assert later.structured_content["error"]["code"] == "MODEL_THROTTLED"


def test_it_counts_as_the_api_would_and_tells_no_word(
    mcp: McpUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    mcp(ask())
    mcp.api.database.inject(TableFault.ERROR_BEFORE, "PutItem", 99)
    assert mcp(ask(), mode="2026-07-28").structured_content["code"] == "STORAGE_UNAVAILABLE"
    mcp.api.database.heal()
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    calls = [line for line in lines if line.get("message") == "API call done"]
    assert {call["route"] for call in calls} == {"POST /mcp"}
    failed = calls[-1]
    assert (failed["status"], failed["error_code"]) == (503, "STORAGE_UNAVAILABLE")
    assert SECRET not in printed
    assert ADA not in printed


def send(mcp: McpUnderTest, body: Any, **named: Any) -> dict[str, Any]:
    headers = {"Accept": "application/json, text/event-stream", **named.pop("headers", {})}
    event = proxy_event("POST", "/mcp", body, headers=headers, **named)
    return mcp.service.handle(event, Context())


def test_who_is_not_known_gets_a_problem(mcp: McpUnderTest) -> None:
    answer = send(mcp, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, caller="")
    assert answer["statusCode"] == 403
    assert json.loads(answer["body"])["code"] == "FORBIDDEN"
    assert answer["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{", {}, 400),
        ('{"jsonrpc": "2.0", "jsonrpc": "2.0", "id": 1, "method": "ping"}', {}, 400),
        ("[" * 100_000, {}, 400),
        ("[]", {}, 400),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Content-Type": "text/plain"}, 415),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Accept": "text/html"}, 406),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"MCP-Protocol-Version": "1999"}, 400),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {}, 202),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {}, 200),
    ],
)
def test_messages_that_are_none_are_refused_and_never_a_defect(
    mcp: McpUnderTest, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = send(mcp, body, headers=headers)
    assert answer["statusCode"] == status, answer


def test_a_subscription_ends_at_once(mcp: McpUnderTest) -> None:
    """Its stream would last as long as the function."""
    about = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
    answer = send(
        mcp,
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "subscriptions/listen",
            "params": {
                "_meta": {f"io.modelcontextprotocol/{name}": what for name, what in about.items()},
                "notifications": {},
            },
        },
        headers={"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"},
    )
    assert answer["statusCode"] == 404
    assert "error" in json.loads(answer["body"])
