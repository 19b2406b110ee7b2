"""Turbines placed for a test."""

from typing import Any

from agents.layout.tools.create import create_layout
from siting.tests.chain import project_for
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


def run(store: MemoryArtifactStore, **arguments: Any) -> tuple[str, Any]:
    """Lay turbines out; say how the call ended, and what it gave."""
    return call(create_layout, project_for("layout", store), **arguments)
