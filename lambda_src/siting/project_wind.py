"""The wind data that a project holds."""

from typing import Final

from siting.crew import TERRAIN
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.project import Project
from tradewind.run.tools import Source, load_json

WIND_FILE: Final = "wind.json"


def project_wind(project: Project) -> Source | None:
    """Return the wind data the terrain agent left in the project, or None."""
    try:
        return load_json(project, TERRAIN, WIND_FILE)
    except ArtifactNotFound:
        return None
