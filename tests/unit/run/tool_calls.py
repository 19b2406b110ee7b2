"""Tools, called as Strands calls them."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool

from tradewind.run.project import Project


def call(tool: AgentTool, project: Project, **arguments: Any) -> tuple[str, Any]:
    """Call a tool as Strands does, in a tool call of its project's.

    Returns the result's status and its text, decoded if JSON.
    """

    async def run() -> ToolResultEvent:
        state: dict[str, Any] = {
            "project": project,
            "agent": SimpleNamespace(cancel_signal=threading.Event()),
        }
        use: Any = {"toolUseId": "call-1", "name": tool.tool_name, "input": arguments}
        project.begin_call()
        events = [event async for event in tool.stream(use, state)]
        assert isinstance(events[-1], ToolResultEvent)
        project.end_call(succeeded=events[-1].tool_result["status"] == "success")
        return events[-1]

    result = asyncio.run(run()).tool_result
    text = result["content"][0]["text"]
    return result["status"], json.loads(text) if text.startswith("{") else text
