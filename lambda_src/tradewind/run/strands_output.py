"""The tool by which an agent on Strands gives a run's output."""

import asyncio
from concurrent.futures import Executor
from typing import Any

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from tradewind.contracts.errors import OutputInvalid
from tradewind.run.output import OUTPUT_TOOL, OUTPUT_TOOL_TEXT, RunOutput
from tradewind.run.project import Project


class OutputTool(AgentTool):
    """Takes a run's output. It is none of the agent's tools, and not counted among their calls.

    Args:
        output: What the output has to be.
        project: Fails when there will be none.
        threads: Where outputs are checked.
    """

    def __init__(self, output: RunOutput, project: Project, threads: Executor) -> None:
        super().__init__()
        self._output = output
        self._project = project
        self._threads = threads

    @property
    def tool_name(self) -> str:
        """Its name."""
        return OUTPUT_TOOL

    @property
    def tool_spec(self) -> ToolSpec:
        """What it is, but for the schema, which the model of the run knows."""
        return {
            "name": OUTPUT_TOOL,
            "description": OUTPUT_TOOL_TEXT,
            "inputSchema": {"json": {"type": "object", "properties": {}}},
        }

    @property
    def tool_type(self) -> str:
        """What Strands logs of it."""
        return "output"

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **_kwargs: Any
    ) -> ToolGenerator:
        """Take what the model gives. See ``AgentTool``."""
        loop = asyncio.get_running_loop()
        given = tool_use["input"]
        try:
            problems = await loop.run_in_executor(self._threads, self._output.take, given)
        except OutputInvalid as error:
            self._project.fail(error)
            problems = error.message
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "success" if problems is None else "error",
                "content": [{"text": problems or "Taken."}],
            }
        )
