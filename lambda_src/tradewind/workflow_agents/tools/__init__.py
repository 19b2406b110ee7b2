"""The tools of a workflow's agents."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.spec.loader import Loaded


class Tools:
    """The tools of one run."""

    def for_agent(self, agent_id: str, names: tuple[str, ...] | None) -> list[Any]:
        """Strands' tools of an agent.

        Args:
            agent_id: The agent.
            names: What it has; None for all that the file declares.
        """
        return []

    def system_text(self, agent_id: str, step_key: str) -> str:
        """What is added to an agent's system prompt for a step."""
        return ""

    async def record(self, call: AgentCall, outcome: AgentReply | Exception) -> None:
        """Note how a call ended."""


@asynccontextmanager
async def open_tools(
    loaded: Loaded, *, run_id: str, environ: Mapping[str, str], root: Path, allow: Any = None
) -> AsyncIterator[Tools]:
    """Open the tools of a run, and close them after it.

    Args:
        loaded: The workflow.
        run_id: Of the run.
        environ: Where secrets are.
        root: The folder of the files that tools work on.
        allow: Who is asked before a tool that changes something runs.
    """
    yield Tools()
