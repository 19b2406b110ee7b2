"""The example requests, run through the tools without a model."""

import asyncio
import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool

from tradewind.agents import layout, report, simulation, terrain
from tradewind.agents.base import AgentDefinition
from tradewind.agents.project import MemoryArtifactStore, Project
from tradewind.contracts.names import AgentName

EXAMPLES = Path(__file__).parents[3] / "examples"
PROJECT_ID = "moorkoog"
DEFINITIONS: dict[AgentName, AgentDefinition] = {
    one.name: one
    for one in (terrain.DEFINITION, layout.DEFINITION, simulation.DEFINITION, report.DEFINITION)
}


def example(name: str) -> dict[str, Any]:
    """An example request, by the file's name."""
    request: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    return request


def project_for(
    agent: AgentName, store: MemoryArtifactStore, parameters: dict[str, Any] | None = None
) -> Project:
    """A request's project."""
    return Project(PROJECT_ID, agent, parameters or {}, store)


def call(tool: AgentTool, project: Project, **arguments: Any) -> tuple[str, Any]:
    """Call a tool as Strands does; return the result's status and its text, decoded if JSON."""

    async def run() -> ToolResultEvent:
        state: dict[str, Any] = {
            "project": project,
            "agent": SimpleNamespace(cancel_signal=threading.Event()),
        }
        use: Any = {"toolUseId": "call-1", "name": tool.tool_name, "input": arguments}
        events = [event async for event in tool.stream(use, state)]
        assert isinstance(events[-1], ToolResultEvent)
        return events[-1]

    result = asyncio.run(run()).tool_result
    text = result["content"][0]["text"]
    return result["status"], json.loads(text) if text.startswith("{") else text


def run_example(agent: AgentName, store: MemoryArtifactStore) -> tuple[Project, dict[str, Any]]:
    """Run an agent's example request, its scalar parameters given to the tool by name."""
    parameters = example(f"requests/{agent}.json")["parameters"]
    (tool,) = DEFINITIONS[agent].tools
    named = tool.tool_spec["inputSchema"]["json"]["properties"]
    project = project_for(agent, store, parameters)
    arguments = {name: value for name, value in parameters.items() if name in named}
    status, result = call(tool, project, **arguments)
    assert status == "success", result
    return project, result


def run_until(agent: AgentName) -> MemoryArtifactStore:
    """The artifacts of the example project up to and with an agent's."""
    store = MemoryArtifactStore()
    for one in AgentName:
        run_example(one, store)
        if one is agent:
            break
    return store
