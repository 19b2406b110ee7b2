"""Land found and turbines placed for a test."""

import json
from typing import Any

from agents.layout.tools.create import create_layout
from siting.tests.chain import example, find_land, project_for
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore

LAYOUT = "layout/layout.json"


def cut_for(turbine: str, store: MemoryArtifactStore, **setbacks: Any) -> None:
    """Find the land once more, for another turbine."""
    find_land(store, example("site.geojson"), turbine_model=turbine, **setbacks)


def run(store: MemoryArtifactStore, **arguments: Any) -> tuple[str, Any]:
    """Lay turbines out; say how the call ended, and what it gave."""
    return call(create_layout, project_for("layout", store), **arguments)


def current(store: MemoryArtifactStore) -> dict[str, Any]:
    """The project's current layout."""
    layout: dict[str, Any] = json.loads(ProjectContent(store)[LAYOUT])
    return layout
