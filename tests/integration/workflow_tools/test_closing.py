"""Whatever ends a run, and wherever: nothing that its tools opened is left."""

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.web_server import web_server
from tests.workflow_tools import (
    LOOPBACK,
    children,
    loaded_with,
    open_files,
    other_tasks,
    use,
)
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow_agents.tools import open_tools

SERVER = str(Path(__file__).with_name("small_mcp_server.py"))
CALL = AgentCall("steps/0", "a", Model("bedrock"), "You are a.", "What?")


def everything(folder: Path) -> Any:
    """A file with a tool of each kind."""
    return loaded_with(
        folder,
        tools={
            "python": ["file_write", "grep", "web_fetch", "current_time"],
            "http_executors": [{"id": "api", "base_url": "https://api.example.com"}],
            "mcp": [{"id": "s", "command": sys.executable, "args": ["-S", SERVER]}],
        },
        context_policy={"notes": {"file": "notes.md"}},
    )


async def a_run(folder: Path, url: str, error: BaseException | None = None) -> None:
    async with open_tools(
        everything(folder), run_id="r", environ={}, root=folder, network=LOOPBACK
    ) as tools:
        assert (await use(tools, "web_fetch", {"url": url}))[0] == "success"
        assert (await use(tools, "add", {"a": 1, "b": 2}))[0] == "success"
        await tools.record(CALL, AgentReply("fine"))
        if error is not None:
            raise error


def left(before: tuple[set[int], set[str]]) -> dict[str, Any]:
    """What is there that was not."""
    files = {one for one in open_files() - before[1] if one.startswith(("socket", "pipe", "/"))}
    tasks = {task for task in other_tasks() if "WebServer" not in repr(task)}
    return {"processes": children() - before[0], "files": files, "tasks": tasks}


NOTHING: dict[str, Any] = {"processes": set(), "files": set(), "tasks": set()}


@pytest.mark.parametrize("error", [None, RuntimeError("a failure"), asyncio.CancelledError()])
def test_nothing_is_left_of_a_run(tmp_path: Path, error: BaseException | None) -> None:
    async def run() -> None:
        async with web_server() as web:
            web.says("/a", "hello")
            before = children(), open_files()
            try:
                await a_run(tmp_path, f"{web.url}/a", error)
            except (RuntimeError, asyncio.CancelledError) as raised:
                assert raised is error  # noqa: PT017  which of the three it is
            await web.all_gone()
            assert left(before) == NOTHING

    threads = threading.active_count()
    asyncio.run(run())
    # Threads that an earlier test has left may have ended meanwhile.
    assert threading.active_count() <= threads


def test_nothing_is_left_of_a_run_that_is_cancelled_anywhere(tmp_path: Path) -> None:
    """After so many turns of the loop: while it opens, in a call, while it closes, or never."""

    async def run(turns: int) -> bool:
        async with web_server() as web:
            web.says("/a", "hello")
            before = children(), open_files()
            running = asyncio.create_task(a_run(tmp_path, f"{web.url}/a"))
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
            ended = await asyncio.gather(running, return_exceptions=True)
            assert ended[0] is None or isinstance(ended[0], asyncio.CancelledError)
            await web.all_gone()
            assert left(before) == NOTHING
            return ended[0] is None

    for turns in (0, 1, 2, 3, 4, 6, 9, 13, 20, 40, 100, 1_000, 4_000):
        asyncio.run(run(turns))
