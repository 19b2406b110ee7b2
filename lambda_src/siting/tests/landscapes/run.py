"""The whole chain on a landscape: land, wind, layout, energy, charts and report."""

from typing import Any

from agents.layout.tools.create import create_layout
from agents.report.agent import create_report
from agents.simulation.agent import generate_charts, run_wake_simulation
from agents.terrain.tools.areas import get_unbuildable_areas
from agents.terrain.tools.wind import get_wind_conditions
from siting.crew import TERRAIN
from siting.tests.chain import project_for
from siting.tests.landscapes.landscape import Landscape
from siting.tests.landscapes.services import served
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


def run(
    landscape: Landscape, *, years: int = 10, sectors: int = 12, charts: bool = True
) -> tuple[MemoryArtifactStore, dict[str, Any]]:
    """Run the chain on a landscape.

    Args:
        landscape: Where.
        years: Of wind, up to 20: fewer take less time.
        sectors: That the charts tell apart.
        charts: Whether to draw them.

    Returns:
        The project's store, and what each tool answered.
    """
    store = MemoryArtifactStore()
    place = {"latitude": landscape.latitude, "longitude": landscape.longitude}
    steps: list[tuple[str, Any, dict[str, Any]]] = [
        (TERRAIN, get_unbuildable_areas, {**place, **landscape.land}),
        (TERRAIN, get_wind_conditions, {"years": years, "sectors": sectors, **landscape.wind}),
        ("layout", create_layout, dict(landscape.layout)),
        ("simulation", run_wake_simulation, {}),
        *([("simulation", generate_charts, {})] if charts else []),
        ("report", create_report, {"title": landscape.title}),
    ]
    answers: dict[str, Any] = {}
    with served(landscape):
        for agent, tool, arguments in steps:
            brings = dict(landscape.parameters) if agent == TERRAIN else {}
            project = project_for(agent, store, brings, landscape.project_id)
            status, answer = call(tool, project, **arguments)
            if status != "success":
                raise RuntimeError(f"{tool.tool_name} of {landscape.name}: {answer}")
            answers[tool.tool_name] = answer
    return store, answers
