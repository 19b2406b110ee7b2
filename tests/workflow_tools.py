"""Tools of workflows for tests: files that declare some, and calls as a model makes them."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from strands.types.tools import ToolUse

from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow_agents.tools import Tools
from tradewind.workflow_agents.tools.surroundings import Network
from tradewind.workflow_agents.tools.tool import STEP


def _no_fault(_host: str) -> None:
    return None


#: Reaches this machine, which no run's network does.
LOOPBACK = Network(fault_of_url=_no_fault, fault_of_host=_no_fault)


def loaded_with(folder: Path, **more: Any) -> Loaded:
    """A sound file of one agent, a, with more in it."""
    data = {
        "version": 0,
        "name": "test",
        "runtime": {"provider": "bedrock", "region": "us-east-1", "model_id": "m"},
        "agents": {"a": {"prompt": "You are a."}},
        "pattern": {"type": "chain", "config": {"steps": [{"agent": "a"}]}},
        **more,
    }
    file = folder / "flow.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    loaded = load(file)
    assert loaded.spec is not None, [str(one) for one in loaded.problems]
    return loaded


def names_of(tools: Tools, names: tuple[str, ...] | None = None) -> list[str]:
    """What an agent's tools are called."""
    return [tool.tool_name for tool in tools.for_agent("a", names)]


async def use(
    tools: Tools,
    name: str,
    given: Any = None,
    *,
    names: tuple[str, ...] | None = None,
    step: str = "steps/0",
) -> tuple[str, str]:
    """Call a tool as Strands does.

    Returns:
        The status and the text of its result.
    """
    (tool,) = (one for one in tools.for_agent("a", names) if one.tool_name == name)
    asked: ToolUse = {"toolUseId": "1", "name": name, "input": {} if given is None else given}
    results = [event["tool_result"] async for event in tool.stream(asked, {STEP: step})]
    (result,) = results
    return result["status"], result["content"][0]["text"]


def open_files() -> set[str]:
    """This process's open files and sockets, but the loop's own."""
    return {
        os.readlink(f"/proc/self/fd/{number}")
        for number in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{number}")
    }


def children() -> set[int]:
    """The processes that this one has started, and that are not gone."""
    found = set()
    for thread in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError):  # the thread has just ended
            listed = Path(f"/proc/self/task/{thread}/children").read_text()
            found |= {int(number) for number in listed.split()}
    return found


def other_tasks() -> set["asyncio.Task[Any]"]:
    """The loop's tasks but the test's own."""
    return asyncio.all_tasks() - {asyncio.current_task()}
