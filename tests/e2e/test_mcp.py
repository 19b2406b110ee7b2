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
from tests.e2e.conftest import Deployment
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
        httpx2.AsyncClient(auth=auth, verify=trusted, timeout=60) as http,
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
    assert isinstance(result.content[0], TextContent)
    assert QUESTION in result.content[0].text


def test_a_client_that_starts_the_command_reads_what_an_agent_left(
    deployment: Deployment,
) -> None:
    asked = {
        name: value
        for name, value in example_request(FIRST, None).items()
        if name not in {"agent", "request_id", "owner"}
    }

    async def run() -> tuple[CallToolResult, ReadResourceResult]:
        async with Client(over_the_command(deployment)) as client:
            result = await client.call_tool(FIRST, asked)
            [link, *_] = [one for one in result.content if isinstance(one, ResourceLink)]
            return result, await client.read_resource(link.uri)

    result, read = asyncio.run(asyncio.wait_for(run(), 180))
    assert not result.is_error, result
    [content] = read.contents
    assert content.mime_type
    assert "text" in content.model_fields_set or "blob" in content.model_fields_set


def test_who_does_not_sign_is_let_in_nowhere(deployment: Deployment) -> None:
    with pytest.raises((MCPError, ExceptionGroup, httpx2.HTTPStatusError)) as refused:
        asyncio.run(asyncio.wait_for(ask(Client(over_http(deployment, None), mode="legacy")), 60))
    assert refused.value
