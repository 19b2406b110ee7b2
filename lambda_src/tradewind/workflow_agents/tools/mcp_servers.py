"""MCP servers of the file: one client each for a run, and all their tools.

A client lives in a task of its own from its start to its end, because the library's scopes must be
left by the task that entered them. Whoever opens a server closes it, whatever has become of it.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from jsonschema import SchemaError
from jsonschema.validators import validator_for
from mcp import MCPError
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT, CallToolResult, TextContent, Tool
from strands.tools.tools import normalize_schema

from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow.spec.problem import quoted
from tradewind.workflow.spec.tools import McpServer
from tradewind.workflow_agents.tools.network import open_client
from tradewind.workflow_agents.tools.secret_values import Secrets
from tradewind.workflow_agents.tools.surroundings import Network, Patience
from tradewind.workflow_agents.tools.tool import ToolRefused, as_json

_MOST_TOOLS: Final = 200
_MOST_PAGES: Final = 20
_LONGEST_SCHEMA: Final = 50_000
#: How long a server may take to hear of its end. The library ends a process that does not in 7 s.
_GOODBYE_S: Final = 10.0


class Unfit(Exception):
    """A server tells of tools that no model can be given."""


class Server:
    """One server.

    Args:
        spec: What the file says of it.
        secrets: For its variables and headers.
        network: What an address may lead to.
        folder: Where a command is started.
        patience: How long it is waited for.

    Raises:
        InvalidRun: A variable that it needs is not set.
    """

    def __init__(
        self,
        spec: McpServer,
        secrets: Secrets,
        network: Network,
        folder: Path,
        patience: Patience,
    ) -> None:
        self.id = spec.id
        self.tools: tuple[Tool, ...] = ()
        self._spec = spec
        self._network = network
        self._folder = folder
        self._patience = patience
        self._env = {
            name: secrets.filled(value, f"the variable {name} of {spec.id}")
            for name, value in spec.env.items()
        }
        self._headers = {
            name: secrets.filled(value, f"the header {name} of {spec.id}")
            for name, value in spec.headers.items()
        }
        self._client: Client | None = None
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start it, and ask for its tools.

        Raises:
            AgentFailed: It did not start, or not in time.
        """
        ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(ready), name=f"mcp {self.id}")
        try:
            async with asyncio.timeout(self._patience.start):
                await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise AgentFailed(
                f"the MCP server {self.id} did not start in time ({self._patience.start:g} s)"
            ) from None
        if not ready.done():
            raise AgentFailed(f"the MCP server {self.id} did not start: {self._why()}")

    def _why(self) -> str:
        task, error = self._task, None
        if task is not None and task.done() and not task.cancelled():
            error = task.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, FileNotFoundError | PermissionError):
            return f"{quoted(self._spec.command)}: {os.strerror(error.errno or 0)}"
        if isinstance(error, ToolRefused | Unfit):
            return str(error)
        # What it says itself may repeat what it was given.
        return "it ended" if error is None else type(error).__name__

    async def _live(self, ready: "asyncio.Future[None]") -> None:
        async with self._transport() as transport, Client(transport) as client:
            self.tools = await _tools_of(client)
            self._client = client
            ready.set_result(None)
            try:
                await self._closing.wait()
            finally:
                self._client = None

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            if self._spec.url is not None:
                client = open_client(self._network, self._headers, seconds=self._patience.call)
                await stack.enter_async_context(client)
                yield streamable_http_client(self._spec.url, http_client=client)
                return
            parameters = StdioServerParameters(
                command=self._spec.command or "",
                args=list(self._spec.args),
                # The library adds PATH, HOME and the like, and nothing else of ours.
                env=self._env,
                cwd=self._folder,
            )
            # What it says there may be anything.
            unheard = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
            yield stdio_client(parameters, errlog=unheard)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What a tool answers.

        Raises:
            ToolRefused: It says that it failed.
            AgentFailed: The server is gone, or does not answer.
        """
        client = self._client
        if client is None:
            raise AgentFailed(f"the MCP server {self.id} has ended")
        try:
            async with asyncio.timeout(self._patience.call):
                result = await client.call_tool(name, dict(arguments))
        except TimeoutError:
            raise self._silent() from None
        except MCPError as error:
            if error.error.code == CONNECTION_CLOSED:
                raise AgentFailed(f"the MCP server {self.id} has ended") from None
            if error.error.code == REQUEST_TIMEOUT:
                raise self._silent() from None
            raise ToolRefused(f"{self.id} refuses: {error.error.message}") from None
        except ToolRefused:
            raise
        except Exception as error:
            told = f"the MCP server {self.id} cannot be used: {type(error).__name__}"
            raise AgentFailed(told) from None
        text = _text_of(result)
        if result.is_error:
            raise ToolRefused(text)
        return text

    def _silent(self) -> AgentFailed:
        told = f"the MCP server {self.id} did not answer in time ({self._patience.call:g} s)"
        return AgentFailed(told)

    async def aclose(self) -> None:
        """Close it; a process that does not end is killed."""
        self._closing.set()
        task = self._task
        if task is None:
            return
        if self._client is None:
            task.cancel()  # it has not started, or is not going to
        await _finished(task)


async def _finished(task: "asyncio.Task[None]") -> None:
    """Wait for a task's end, and hasten it; a cancellation of ours goes on when that is done."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task}, timeout=_GOODBYE_S)
        except asyncio.CancelledError as error:
            cancelled = error
        task.cancel()  # without effect on one that has ended
    with suppress(asyncio.CancelledError):
        task.exception()  # heard, so that it is not told of as forgotten
    if cancelled is not None:
        raise cancelled


async def _tools_of(client: Client) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    if cursor or len(tools) > _MOST_TOOLS:
        raise Unfit(f"it has more than {_MOST_TOOLS} tools")
    for tool in tools:
        _check_schema(tool)
    return tuple(tools)


def _check_schema(tool: Tool) -> None:
    """What a model is told and its arguments are held to must be a schema, and no riddle."""
    schema = tool.input_schema
    try:
        length = len(json.dumps(schema))
        validator_for(schema).check_schema(schema)
        normalize_schema(schema)  # as Strands will, which refuses the deepest
        is_sound = length <= _LONGEST_SCHEMA and schema.get("type", "object") == "object"
    except (SchemaError, TypeError, ValueError, RecursionError):
        is_sound = False
    if not is_sound:
        raise Unfit(f"its tool {quoted(tool.name)} has no schema that can be used")


def outline(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What of a server's schema arguments are held to before it sees them: names and plain types.

    The rest is the server's to check: its schema may refer to itself, or take for ever.
    """
    properties = schema.get("properties", {})
    return {
        "type": "object",
        "properties": {
            name: {"type": entry["type"]}
            if isinstance(entry, dict) and isinstance(entry.get("type"), str)
            else {}
            for name, entry in properties.items()
        },
        "required": schema.get("required", []),
        # A schema of them, even an empty one, allows them.
        "additionalProperties": schema.get("additionalProperties", False) is not False,
    }


def _text_of(result: CallToolResult) -> str:
    parts = []
    for content in result.content:
        if isinstance(content, TextContent):
            parts.append(content.text)
        else:
            parts.append(f"[{content.type}: cannot be shown]")
    if not parts and result.structured_content is not None:
        return as_json(result.structured_content)
    return "\n".join(parts)
