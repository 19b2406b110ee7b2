"""``tradewind mcp`` between the official client and the service, as its own process."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from cli.api.mcp_bridge import Bridge
from cli.cdk import PROJECT
from devtools.localcloud.tls import make_tls_files
from tests.api_events import proxy_event
from tests.integration.api.conftest import ApiUnderTest, Context
from tests.integration.cli.api_server import KEY, REGION, SECRET, Contract, Handler, lost, serving
from tradewind.api.service import ApiService
from tradewind.mcp.exchange import ROUTES
from tradewind.telemetry.process import ColdStart


class Desk:
    """Where the command runs: its environment, and the API that it talks to."""

    def __init__(self, contract: Contract, environment: dict[str, str]) -> None:
        self.contract = contract
        self.environment = environment

    def client(self, mode: str, **more: str) -> Client:
        program = StdioServerParameters(
            command=sys.executable,
            args=["-m", "cli", "mcp"],
            env={**self.environment, **more},
            cwd=PROJECT,
        )
        return Client(program, mode=mode)


@pytest.fixture
def desk(api: ApiUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    service = ApiService(api.service._door, ROUTES, ColdStart())

    def route(self: Handler, method: str, path: str, headers: dict[str, str], content: Any) -> None:
        answer = service.handle(proxy_event(method, path, content, headers=headers), Context())
        kind = answer["headers"].get("Content-Type", "application/json")
        self.answer(answer["statusCode"], answer["body"].encode(), kind=kind)

    monkeypatch.setattr(Handler, "route", route)
    tls, contract = make_tls_files(tmp_path), Contract()
    with serving(contract, tls) as url:
        yield Desk(
            contract,
            {
                "PATH": os.defpath,
                "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
                "TRADEWIND_API_URL": url,
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_CA_BUNDLE": str(tls.ca),
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_client_that_starts_the_command_asks_an_agent(
    api: ApiUnderTest, desk: Desk, mode: str
) -> None:
    async def run() -> Any:
        async with desk.client(mode) as client:
            tools = await client.list_tools()
            # The first answer is lost, and asked for again.
            desk.contract.faults.append(lost)
            return tools, await client.call_tool("terrain", {"query": "Whère?"})

    tools, result = asyncio.run(asyncio.wait_for(run(), 60))
    assert [tool.name for tool in tools.tools][:2] == ["terrain", "layout"]
    assert result.content[0].text == "the words of the answer"
    [(_, event)] = api.functions.events
    assert event["query"] == "Whère?"
    keys = [headers.get("idempotency-key") for headers in desk.contract.headers[-2:]]
    assert keys[0] == keys[1] is not None


def test_what_the_api_refuses_is_an_error_of_the_message(desk: Desk) -> None:
    messages = [
        {"jsonrpc": "2.0", "id": "a", "method": "tools/list"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]
    lines = "".join(f"{json.dumps(message)}\n" for message in messages) + "{\n\n[]\n"
    done = subprocess.run(
        [sys.executable, "-m", "cli", "mcp"],
        input=lines,
        env={**desk.environment, "AWS_SECRET_ACCESS_KEY": "another"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(answer["error"]["code"] for answer in answers) == [-32700, -32700, -32000]
    [refused] = [answer for answer in answers if answer["id"] == "a"]
    assert "ignature" in refused["error"]["message"]


class Silent:
    """A connection that notes what it is to send."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []

    def send(self, _method: str, _path: str, *, headers: dict[str, str], body: Any) -> Any:
        self.headers.append(headers)
        answer = {"jsonrpc": "2.0", "id": body["id"], "result": {"protocolVersion": "2025-06-18"}}
        return type("Reply", (), {"document": lambda _self: answer, "status": 200})()


def test_the_headers_repeat_what_a_message_says() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    messages: list[dict[str, Any]] = [
        {"method": "initialize"},
        {"method": "ping"},
        {"method": "tools/call", "params": {"name": "wörk", "_meta": meta}},
    ]
    connection, out = Silent(), io.StringIO()
    for message in messages:
        Bridge.run(bridge := Bridge(connection, out), [json.dumps({"id": 1, **message})])  # type: ignore[arg-type]  # as far as used
        if message["method"] == "initialize":
            bridge.run([json.dumps({"id": 2, "method": "ping"})])
    first, agreed, unsaid, named = connection.headers
    assert "MCP-Protocol-Version" not in first | unsaid
    assert agreed["MCP-Protocol-Version"] == "2025-06-18"
    assert named["MCP-Protocol-Version"] == "2026-07-28"
    assert (named["Mcp-Method"], named["Mcp-Name"]) == ("tools/call", "=?base64?d8O2cms=?=")
    assert len(out.getvalue().splitlines()) == 4
