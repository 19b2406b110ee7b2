"""MCP servers: real processes, and a real server over HTTP."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.integration.workflow_tools.mcp_server import made
from tests.workflow_tools import (
    LOOPBACK,
    children,
    loaded_with,
    names_of,
    open_files,
    other_tasks,
    use,
)
from tradewind.workflow.engine.errors import AgentFailed, InvalidRun, Unsupported
from tradewind.workflow_agents.statistics import Statistics
from tradewind.workflow_agents.tools import Tools, mcp_servers, open_tools
from tradewind.workflow_agents.tools.mcp_servers import outline
from tradewind.workflow_agents.tools.surroundings import INWARD, PUBLIC, Network, Patience

SMALL = Path(__file__).with_name("small_mcp_server.py")
LIBRARYS = Path(__file__).with_name("mcp_server.py")
KEY = "hunter-2222"
Ask = Callable[[Tools], Awaitable[None]]


def stdio(*arguments: str, name: str = "s", **more: Any) -> dict[str, Any]:
    return {"id": name, "command": sys.executable, "args": ["-S", str(SMALL), *arguments], **more}


def with_servers(
    folder: Path,
    servers: list[dict[str, Any]],
    ask: Ask,
    *,
    patience: Patience = Patience(),  # noqa: B008
    environ: dict[str, str] | None = None,
    **more: Any,
) -> None:
    """Use servers, and see that nothing of them is left, however that ends."""

    async def run() -> None:
        processes, files = children(), open_files()
        try:
            async with open_tools(
                loaded_with(folder, tools={"mcp": servers}, **more),
                run_id="r",
                environ=environ or {},
                root=folder,
                network=LOOPBACK,
                patience=patience,
            ) as tools:
                await ask(tools)
        finally:
            assert children() == processes
            assert {task.get_name() for task in other_tasks()} == set()
            assert {
                one for one in open_files() - files if one.startswith(("sock", "pipe"))
            } == set()

    asyncio.run(run())


async def _never(_tools: Tools) -> None:
    pytest.fail("it was opened")


def test_a_servers_tools_are_an_agents(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        assert names_of(tools) == ["add", "variable", "die", "hang"]
        assert names_of(tools, ()) == []
        assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")
        status, text = await use(tools, "add", {"a": 1, "b": 2, "c": 3})
        assert (status, "There is no argument c." in text) == ("error", True)
        status, text = await use(tools, "add", {"a": "1", "b": 2})
        assert status == "error"
        # A server's process has what the file gives it, and no key of ours.
        assert await use(tools, "variable", {"name": "GIVEN"}) == ("success", "***REDACTED***")
        assert await use(tools, "variable", {"name": "MY_API_KEY"}) == ("success", "(not set)")
        several = [use(tools, "add", {"a": number, "b": 0}) for number in range(20)]
        assert [text for _, text in await asyncio.gather(*several)] == [str(n) for n in range(20)]

    environ = {"KEY": KEY, "MY_API_KEY": "other"}
    with_servers(tmp_path, [stdio(env={"GIVEN": "${KEY}"})], ask, environ=environ)


def test_a_server_written_with_the_library(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")
        status, text = await use(tools, "fail", {"secret": KEY})
        assert (status, KEY in text) == ("error", False)
        tools.check("steps/0")

    spec = {"id": "s", "command": sys.executable, "args": [str(LIBRARYS)]}
    with_servers(tmp_path, [spec], ask, environ={"MY_KEY": KEY})


def test_two_servers_are_two_processes_with_names_apart(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        names = names_of(tools)
        assert names[:2] == ["add", "variable"]
        assert names[4:6] == ["t_add", "t_variable"]
        assert await use(tools, "t_add", {"a": 1, "b": 2}) == ("success", "3")

    with_servers(tmp_path, [stdio(), stdio(name="t")], ask)


def test_a_server_that_no_agent_has_is_not_started(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        assert names_of(tools, ()) == []

    with_servers(tmp_path, [stdio("broken")], ask, agents={"a": {"prompt": "x", "tools": []}})


def test_a_server_that_dies_fails_the_agent(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        for name, given in (("die", {}), ("add", {"a": 1, "b": 2})):
            status, text = await use(tools, name, given)
            assert (status, text) == ("error", "the MCP server s has ended")
        with pytest.raises(AgentFailed, match="the MCP server s has ended"):
            tools.check("steps/0")

    with_servers(tmp_path, [stdio()], ask)


def test_a_tool_that_hangs_fails_the_agent(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        status, _ = await use(tools, "hang")
        assert status == "error"
        with pytest.raises(AgentFailed, match="did not answer in time"):
            tools.check("steps/0")

    with_servers(tmp_path, [stdio()], ask, patience=Patience(call=0.2))


def test_a_call_that_is_cancelled_leaves_the_server_to_others(tmp_path: Path) -> None:
    async def ask(tools: Tools) -> None:
        hanging = asyncio.create_task(use(tools, "hang"))
        await use(tools, "add", {"a": 1, "b": 2})
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")

    with_servers(tmp_path, [stdio()], ask)


@pytest.mark.parametrize(
    ("server_spec", "told"),
    [
        ({"id": "s", "command": "no-such-program-at-all"}, "did not start: 'no-such-program"),
        ({"id": "s", "command": str(SMALL)}, "did not start: "),
        (stdio("broken"), "did not start: "),
        ({"id": "s", "command": "true"}, "did not start: "),
        ({"id": "s", "url": "http://127.0.0.1:9/mcp"}, "did not start: "),
    ],
)
def test_a_server_that_does_not_start_is_told_of(
    tmp_path: Path, server_spec: dict[str, Any], told: str
) -> None:
    with pytest.raises(AgentFailed, match="the MCP server s") as failed:
        with_servers(tmp_path, [server_spec], _never)
    assert told in str(failed.value)
    assert "hunter" not in str(failed.value)


def _deep(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "properties": []},
        {"type": "object", "required": "a"},
        {"type": "object", "description": "x" * 60_000},
        _deep(80),
    ],
)
def test_a_tool_that_no_model_can_be_given_is_told_of(
    tmp_path: Path, schema: dict[str, Any]
) -> None:
    with pytest.raises(AgentFailed, match="the MCP server s did not start: "):
        with_servers(tmp_path, [stdio("schema", json.dumps(schema))], _never)


@pytest.mark.parametrize(
    ("more", "allowed"),
    [({}, True), (None, False), (False, False), (True, True), ({"type": "string"}, True)],
)
def test_further_arguments_are_a_servers_to_allow(more: Any, allowed: bool) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if more is not None:
        schema["additionalProperties"] = more
    assert outline(schema)["additionalProperties"] is allowed


def test_a_schema_that_is_a_riddle_holds_nobody_up(tmp_path: Path) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/d0"}, "b": {"$ref": "#/$defs/self"}},
        "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)},
    }
    schema["$defs"] |= {"d40": {"type": "string"}, "self": {"$ref": "#/$defs/self"}}

    async def ask(tools: Tools) -> None:
        assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")
        status, _ = await use(tools, "add", {"a": 1, "b": 2, "c": 3})
        assert status == "error"

    with_servers(tmp_path, [stdio("schema", json.dumps(schema))], ask)


@pytest.mark.parametrize("how", ["silent", "stubborn"])
def test_a_server_that_hangs_at_its_start_is_ended(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("PROCESS_TERMINATION_TIMEOUT", "FORCE_KILL_TIMEOUT"):
        monkeypatch.setattr(f"mcp.client.stdio.{patience}", 0.1)
    with pytest.raises(AgentFailed, match="did not start in time"):
        with_servers(tmp_path, [stdio(how)], _never, patience=Patience(start=0.5))


def test_with_one_that_fails_the_others_are_ended(tmp_path: Path) -> None:
    with pytest.raises(AgentFailed, match="the MCP server t did not start"):
        with_servers(tmp_path, [stdio(), stdio("broken", name="t")], _never)


@pytest.mark.parametrize("error", [RuntimeError("a failure"), asyncio.CancelledError()])
def test_a_run_that_ends_badly_ends_its_servers(tmp_path: Path, error: BaseException) -> None:
    async def ask(_tools: Tools) -> None:
        raise error

    with pytest.raises(type(error)):
        with_servers(tmp_path, [stdio()], ask)


def test_a_run_that_is_cancelled_while_it_opens_ends_its_servers(tmp_path: Path) -> None:
    async def run() -> None:
        before = children()
        loaded = loaded_with(tmp_path, tools={"mcp": [stdio("silent")]})

        async def open_one() -> None:
            async with open_tools(loaded, run_id="r", environ={}, root=tmp_path):
                pytest.fail("it was opened")

        opening = asyncio.create_task(open_one())
        while children() == before:
            await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert children() == before
        assert other_tasks() == set()

    asyncio.run(run())


def test_a_server_that_does_not_hear_of_its_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_servers, "_GOODBYE_S", 0.01)

    async def run() -> None:
        async def deaf() -> None:
            await asyncio.Event().wait()

        task = asyncio.create_task(deaf())
        await mcp_servers._finished(task)
        assert task.cancelled()

    asyncio.run(run())


def test_a_missing_secret_is_told_before_a_server_starts(tmp_path: Path) -> None:
    with pytest.raises(InvalidRun, match="the variable GIVEN of s: KEY is not set"):
        with_servers(tmp_path, [stdio(env={"GIVEN": "${KEY}"})], _never)


@asynccontextmanager
async def over_http(headers: list[str]) -> AsyncIterator[str]:
    """The server over HTTP on this machine, which notes who asks."""
    app = made().streamable_http_app()

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope.get("headers", []))
        if scope["type"] == "http":
            headers.append(sent.get(b"x-key", b"").decode())
        await app(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(noting, log_level="error", lifespan="on", ws="none")
        web = uvicorn.Server(config)
        web.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(web.serve([listening]), name="web")
        while not web.started:
            await asyncio.sleep(0.001)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            web.should_exit = True
            await serving


def test_a_server_over_http(tmp_path: Path) -> None:
    async def run() -> None:
        headers: list[str] = []
        async with over_http(headers) as url:
            spec = {"id": "s", "url": url, "headers": {"X-Key": "${KEY}"}}
            loaded = loaded_with(tmp_path, tools={"mcp": [spec]})
            options: dict[str, Any] = {"run_id": "r", "environ": {"KEY": KEY}, "root": tmp_path}
            async with open_tools(loaded, network=LOOPBACK, **options) as tools:
                assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")
            assert set(headers) == {KEY}
            ours = {task for task in other_tasks() if task.get_name().startswith("mcp ")}
            assert ours == set()
            before = len(headers)
            with pytest.raises(Unsupported, match="must not be this machine"):
                async with open_tools(loaded, network=PUBLIC, **options):
                    pytest.fail("it was opened")
            # A name that leads here is found out when it is connected to.
            inward = Network(fault_of_url=lambda _url: None)
            with pytest.raises(AgentFailed, match=r"did not start: .*this machine"):
                async with open_tools(loaded, network=inward, **options):
                    pytest.fail("it was opened")
            assert len(headers) == before

    asyncio.run(run())


def test_a_server_on_this_machine_is_a_runs_but_no_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        asked: list[str] = []
        async with over_http(asked) as url:
            loaded = loaded_with(
                tmp_path,
                tools={"mcp": [{"id": "s", "url": url}], "python": ["web_fetch"]},
                context_policy={"retrieval": {"mcp_servers": ["s"]}},
            )
            options: dict[str, Any] = {"run_id": "r", "environ": {}, "root": tmp_path}
            counted = Statistics()
            async with open_tools(loaded, statistics=counted, **options) as tools:
                assert await use(tools, "add", {"a": 1, "b": 2}) == ("success", "3")
                before = len(asked)
                # What a model chooses stays outside.
                status, text = await use(tools, "web_fetch", {"url": url})
                assert (status, "must not be this machine" in text) == ("error", True)
                assert len(asked) == before
            assert counted.tool_clients == {"mcp": 1, "http": 1}
            assert counted.tool_calls == {"mcp": 1, "python": 1}
            before = len(asked)
            monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
            with pytest.raises(Unsupported, match="must not be this machine"):
                async with open_tools(loaded, **options):
                    pytest.fail("it was opened")
            assert len(asked) == before

    asyncio.run(run())


def test_a_server_by_a_name_that_leads_to_metadata_is_not_called(tmp_path: Path) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "169.254.169.254"]

    async def run() -> None:
        loaded = loaded_with(tmp_path, tools={"mcp": [{"id": "s", "url": "http://innocent/mcp"}]})
        async with open_tools(
            loaded, run_id="r", environ={}, root=tmp_path, network=replace(INWARD, resolve=resolve)
        ):
            pytest.fail("it was opened")

    with pytest.raises(AgentFailed, match=r"did not start: The host must not be link-local"):
        asyncio.run(run())


def test_a_server_that_has_moved_is_not_followed(tmp_path: Path) -> None:
    async def run() -> None:
        asked: list[bytes] = []

        async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readline())
            place = f"Location: http://127.0.0.1:{port}/elsewhere"
            writer.write(f"HTTP/1.1 307 Moved\r\n{place}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(moved, "127.0.0.1", 0) as web:
            port = web.sockets[0].getsockname()[1]
            server = {"id": "s", "url": f"http://127.0.0.1:{port}/mcp"}
            loaded = loaded_with(tmp_path, tools={"mcp": [server]})
            with pytest.raises(AgentFailed, match="did not start"):
                async with open_tools(loaded, run_id="r", environ={}, root=tmp_path):
                    pytest.fail("it was opened")
        assert asked
        assert {one.split()[1] for one in asked} == {b"/mcp"}

    asyncio.run(run())
