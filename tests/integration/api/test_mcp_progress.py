"""What a caller of an agent is told while it works, and what becomes of one who hangs up."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from mcp import Client

from tests.api_events import ADA, proxy_event
from tests.integration.api.conftest import ApiUnderTest, Context, recorded_of
from tests.integration.api.mcp_server import (
    SECRET,
    McpUnderTest,
    both_generations,
    serving_mcp,
)
from tests.integration.records.requests import encoded
from tests.metric_lines import metrics_in
from tradewind.api import invocations, service
from tradewind.api.service import ApiService
from tradewind.mcp import progress
from tradewind.records.progress import RecordedProgress

Told = tuple[float, str]


@pytest.fixture
def mcp(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[McpUnderTest]:
    monkeypatch.setattr(progress, "PAUSE_S", 0.01)
    with serving_mcp(api) as serving:
        yield serving


class Agent:
    """Comes a step further each time that its caller is told how far it is."""

    def __init__(self, api: ApiUnderTest, code: str | None = None) -> None:
        self._api = api
        self._code = code
        self.told: list[Told] = []

    async def hear(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        self.told.append((progress, message or ""))
        recorded = recorded_of(self._api.functions.queue[0])
        match len(self.told):
            case 1:
                self._api.records.start(recorded, remaining_s=900, ttl_days=1)
            case 2:
                self._tell(recorded, ["elevation"], 1)
            case 3:
                self._tell(recorded, ["elevation", "slope"], 2)
            case 4:
                self._api.records.finish(recorded, encoded(self._code))

    def _tell(self, recorded: Any, tools: list[str], calls: int) -> None:
        so_far = {"tools": tools, "tool_calls": calls, "model_calls": calls, "updated_at": ""}
        RecordedProgress(self._api.records.table, recorded).tell(so_far)


@both_generations
def test_a_caller_is_told_each_step_and_then_the_answer(mcp: McpUnderTest, mode: str) -> None:
    agent = Agent(mcp.api)

    async def do(client: Client) -> Any:
        return await client.call_tool("terrain", {"query": SECRET}, progress_callback=agent.hear)

    result = mcp(do, mode=mode)
    own = result.structured_content["id"]
    assert agent.told == [
        (0.0, f"{own} is pending"),
        (1.0, f"{own} is running"),
        (3.0, f"{own} is running; tools called: 1, the last one elevation"),
        (5.0, f"{own} is running; tools called: 2, the last one slope"),
    ]
    assert not result.is_error
    assert result.content[0].text == "the words of the answer"
    assert result.structured_content["state"] == "succeeded"
    [(kind, event)] = mcp.api.functions.events
    assert (kind, event["owner"], event["query"]) == ("Event", ADA, SECRET)


def test_a_failure_after_progress_is_told_and_counted_as_without(
    mcp: McpUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = Agent(mcp.api, "MODEL_THROTTLED")

    async def do(client: Client) -> Any:
        return await client.call_tool("terrain", {"query": SECRET}, progress_callback=agent.hear)

    result = mcp(do, mode="2026-07-28")
    assert result.is_error
    assert result.structured_content["code"] == "MODEL_THROTTLED"
    assert result.structured_content["invocation_id"] in agent.told[0][1]
    printed = capsys.readouterr().out
    done = [json.loads(line) for line in printed.splitlines() if "API call done" in line][-1]
    status = result.structured_content["status"]
    assert (done["status"], done["error_code"]) == (status, "MODEL_THROTTLED")
    assert SECRET not in printed


@both_generations
def test_what_takes_longer_than_the_wait_is_looked_up(mcp: McpUnderTest, mode: str) -> None:
    told: list[Told] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message or ""))

    async def do(client: Client) -> Any:
        asked = await client.call_tool("terrain", {"query": SECRET}, progress_callback=hear)
        mcp.api.work(mcp.api.functions.queue[0])
        own = {"id": asked.structured_content["id"]}
        return asked, await client.call_tool("look_up_invocation", own, progress_callback=hear)

    asked, found = mcp(do, mode=mode, Prefer="respond-async")
    own = asked.structured_content["id"]
    assert told == [(0.0, f"{own} is pending")]
    assert f'look_up_invocation with the id "{own}"' in asked.content[0].text
    assert found.content[0].text == "the words of the answer"


def asking(**changes: Any) -> dict[str, Any]:
    params = {"name": "terrain", "arguments": {"query": SECRET}, "_meta": {"progressToken": 7}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {**params, **changes}}


GENERATIONS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    (
        {
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "terrain",
        },
        {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    ),
]


def send(mcp: McpUnderTest, body: Any, **headers: str) -> dict[str, Any]:
    both = {"Accept": "application/json, text/event-stream", **headers}
    return mcp.service.handle(proxy_event("POST", "/mcp", body, headers=both), Context())


@pytest.mark.parametrize(("headers", "meta"), GENERATIONS)
def test_a_caller_who_hangs_up_ends_the_call_and_not_the_agent(
    mcp: McpUnderTest,
    headers: dict[str, str],
    meta: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "PAUSE_S", 3600.0)
    looks: list[Any] = []
    monkeypatch.setattr(invocations, "outcome", lambda *given: looks.append(given))
    answer = send(mcp, asking(_meta={"progressToken": 7, **meta}), **headers)
    assert answer["headers"]["Content-Type"].startswith("text/event-stream")
    assert answer["headers"]["X-Accel-Buffering"] == "no"
    first = next(piece for piece in answer["body"] if b"notifications/progress" in piece)
    assert b'"progressToken":7' in first
    assert "McpCalls" not in capsys.readouterr().out  # it goes on
    answer["body"].close()
    assert next(answer["body"], None) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "mcp"]
    assert capsys.readouterr().out.count("API call done") == 1
    assert looks == []  # it was not waited to the end
    answer["body"].close()  # a second time has no effect
    assert "API call done" not in capsys.readouterr().out
    # The agent works, and its answer is there.
    [event] = mcp.api.functions.queue
    mcp.api.work(event)
    found = mcp(
        lambda client: client.call_tool(
            "look_up_invocation", {"id": f"terrain.{event['request_id']}"}
        )
    )
    assert found.structured_content["state"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "accept"),
    [
        (asking(name="look_up_invocation", arguments={"id": "terrain.i-1"}), None),
        (asking(_meta={}), None),
        (asking(_meta="none"), None),
        (asking(_meta={"progressToken": None}), None),
        (asking(name="nobody"), None),
        (asking(name=[]), None),
        (asking(), "application/json"),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": asking()["params"]}, None),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}, None),
    ],
)
def test_where_nothing_is_to_be_told_the_answer_is_a_document(
    mcp: McpUnderTest, body: Any, accept: str | None
) -> None:
    answer = send(mcp, body, **({"Accept": accept} if accept else {}))
    assert json.loads(answer["body"])["jsonrpc"] == "2.0"
    assert answer["headers"]["Content-Type"] == "application/json"


def test_a_question_that_is_refused_is_refused_all_the_same(mcp: McpUnderTest) -> None:
    told: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    ask: Callable[[Client], Any] = lambda client: client.call_tool(  # noqa: E731  as the others
        "terrain", {"query": SECRET, "owner": "me"}, progress_callback=hear
    )
    for mode in ("legacy", "2026-07-28"):
        result = mcp(ask, mode=mode)
        assert result.is_error
        assert result.structured_content["code"] == "INVALID_REQUEST"
    assert (told, mcp.api.functions.events) == ([], [])


def test_messages_are_counted_apart_from_the_apis_calls(
    mcp: McpUnderTest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([10.0, 10.5, 20.0, 20.25, 30.0, 30.0])
    clock = SimpleNamespace(monotonic=time.monotonic, perf_counter=lambda: next(moments))
    monkeypatch.setattr(service, "time", clock)
    monkeypatch.setattr(ApiService, "init_ms", property(lambda _: 123.0))
    streamed = send(mcp, asking())["body"]
    next(piece for piece in streamed if b"notifications/progress" in piece)
    mcp.api.work(mcp.api.functions.queue[0], code="INTERNAL_ERROR")
    assert b"INTERNAL_ERROR" in b"".join(streamed)
    send(mcp, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    send(mcp, asking(arguments={}, _meta={}))
    lines = metrics_in(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [line.get("McpCalls") for line in lines] == [[1.0]] * 3
    assert [line["McpErrors"] for line in lines] == [[1.0], [0.0], [0.0]]
    assert [line["McpRefusals"] for line in lines] == [[0.0], [0.0], [1.0]]
    assert [line["McpLatency"] for line in lines] == [[500.0], [250.0], [0.0]]
    assert [line["McpColdStart"] for line in lines] == [[1.0], [0.0], [0.0]]
    assert [line.get("McpInitTime") for line in lines] == [[123.0], None, None]
    assert not [name for line in lines for name in line if name.startswith("Api")]
