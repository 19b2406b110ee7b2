"""MCP through the deployed API, with the official client and each way of signing."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ReadResourceResult, ResourceLink, TextContent

from cli.agents import example_request
from cli.api.signing import Signer
from cli.cdk import PROJECT
from tests.deployed_agents import AGENTS, FIRST
from tests.e2e.conftest import RUNTIMES, Deployment
from tests.e2e.test_command_line import QUESTION, environment, url_of


class Signed(httpx2.Auth):
    """Signs what is signed by every client: the host, the date and the body."""

    requires_request_body = True

    def __init__(self, region: str) -> None:
        self._signer = Signer(region)

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        signed = self._signer.sign(request.method, str(request.url), {}, request.content)
        request.headers.update(signed)
        yield request


@asynccontextmanager
async def over_http(deployment: Deployment, auth: httpx2.Auth | None) -> AsyncIterator[Any]:
    trusted = ssl.create_default_context(cafile=deployment.running.ca_bundle)
    async with (
        httpx2.AsyncClient(auth=auth, verify=trusted, timeout=180) as http,
        streamable_http_client(f"{url_of(deployment)}/mcp", http_client=http) as streams,
    ):
        yield streams


def over_the_command(deployment: Deployment) -> Any:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "cli", "mcp"], env=environment(deployment), cwd=PROJECT
    )


async def ask(client: Client) -> tuple[list[str], CallToolResult]:
    async with client:
        tools = await client.list_tools()
        return [tool.name for tool in tools.tools], await client.call_tool(
            FIRST, {"query": QUESTION}
        )


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_agent_is_a_tool_for_the_official_client(deployment: Deployment, mode: str) -> None:
    signed = over_http(deployment, Signed(deployment.running.region))
    tools, result = asyncio.run(asyncio.wait_for(ask(Client(signed, mode=mode)), 120))
    assert tools[: len(AGENTS)] == list(AGENTS)
    assert not result.is_error, result
    assert QUESTION in words_of(result)


def test_a_desktop_client_is_served_through_the_public_signing_proxy(
    deployment: Deployment,
) -> None:
    """It starts the command, which becomes the proxy: that signs, and the gateway verifies."""
    asked = {
        name: value
        for name, value in example_request(FIRST, None).items()
        if name not in {"agent", "request_id", "owner"}
    }
    told: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message or ""))

    async def run() -> tuple[list[str], CallToolResult, CallToolResult, ReadResourceResult]:
        async with Client(over_the_command(deployment)) as client:
            tools = await client.list_tools()
            names = [tool.name for tool in tools.tools]
            result = await client.call_tool(FIRST, asked, progress_callback=hear)
            found = await client.call_tool("look_up_invocation", {"id": id_of(result)})
            [link, *_] = [one for one in found.content if isinstance(one, ResourceLink)]
            return names, result, found, await client.read_resource(link.uri)

    tools, result, found, read = asyncio.run(asyncio.wait_for(run(), 180))
    assert tools == [
        *AGENTS,
        *RUNTIMES,
        "look_up_invocation",
        "answer_invocation",
        "cancel_invocation",
    ]
    assert not result.is_error, result
    assert told[0][1].startswith(f"{id_of(result)} is ")
    assert [steps for steps, _ in told] == sorted({steps for steps, _ in told})
    assert words_of(found) == words_of(result)
    [content] = read.contents
    assert content.mime_type
    assert "text" in content.model_fields_set or "blob" in content.model_fields_set


def test_who_hangs_up_finds_the_answer_later(deployment: Deployment) -> None:
    """The first progress tells the id, and that the answer came while it was made."""

    async def run() -> tuple[str, str]:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            if not told.done():
                told.set_result(message or "")

        async with Client(over_http(deployment, Signed(deployment.running.region))) as client:
            call = asyncio.create_task(
                client.call_tool(FIRST, {"query": QUESTION}, progress_callback=hear)
            )
            own = (await told).partition(" ")[0]
            call.cancel()
            while True:
                found = await client.call_tool("look_up_invocation", {"id": own})
                assert not found.is_error, found
                if found.structured_content and found.structured_content["result"]:
                    return own, words_of(found)
                await asyncio.sleep(0.2)

    own, answer = asyncio.run(asyncio.wait_for(run(), 120))
    assert own.startswith(f"{FIRST}.")
    assert QUESTION in answer


def id_of(result: CallToolResult) -> str:
    assert result.structured_content is not None
    return str(result.structured_content["id"])


def words_of(result: CallToolResult) -> str:
    said = result.content[0]
    assert isinstance(said, TextContent)
    return said.text


def test_who_does_not_sign_is_let_in_nowhere(deployment: Deployment) -> None:
    with pytest.raises((MCPError, ExceptionGroup, httpx2.HTTPStatusError)) as refused:
        asyncio.run(asyncio.wait_for(ask(Client(over_http(deployment, None), mode="legacy")), 60))
    assert refused.value
