"""The example requests, run through the tools without a model."""

import json
from pathlib import Path
from typing import Any

from strands.types.tools import AgentTool

from agents.layout import agent as layout
from agents.report import agent as report
from agents.simulation import agent as simulation
from agents.terrain import agent as terrain
from siting.crew import TERRAIN
from tests.deployed_agents import AGENTS
from tests.unit.run.tool_calls import call
from tradewind.contracts.agent_manifest import in_order
from tradewind.contracts.response import Artifact
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.strands_agent import StrandsAgent

EXAMPLES = Path(__file__).parents[1] / "examples"
PROJECT_ID = "moorkoog"
#: Tools that need a public data service, which a unit test does not reach.
ASKS_A_SERVICE = {"get_unbuildable_areas", "get_wind_conditions"}
#: Tools for a file of the request's own or a choice of turbines, which the examples do without.
NOT_IN_EXAMPLES = {"use_wind_file", "add_turbine", "set_turbine_type"}
DEFINITIONS: dict[str, StrandsAgent] = {
    "terrain": terrain.DEFINITION,
    "layout": layout.DEFINITION,
    "simulation": simulation.DEFINITION,
    "report": report.DEFINITION,
}


def example(name: str) -> dict[str, Any]:
    """An example request, by the file's name."""
    request: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    return request


class ProjectAskedByCall(Project):
    """A project as a request after the other sees it, each of a single tool call."""

    def end_call(self, *, succeeded: bool) -> None:
        super().end_call(succeeded=succeeded)
        self.commit()
        self._closed = False
        self._snapshots.clear()
        self._left = [*self._left_before(), *super().artifacts]
        self._files.clear()

    @property
    def artifacts(self) -> list[Artifact]:
        return [*self._left_before(), *super().artifacts]

    def _left_before(self) -> list[Artifact]:
        left: list[Artifact] = getattr(self, "_left", [])
        return left


def project_for(
    agent: str,
    store: MemoryArtifactStore,
    parameters: dict[str, Any] | None = None,
    project_id: str = PROJECT_ID,
) -> Project:
    """What an agent's requests see of a project."""
    reads_from = in_order(AGENTS[agent].reads_from, AGENTS)
    return ProjectAskedByCall(project_id, agent, parameters or {}, store, reads_from)


def request_for(
    agent: str, store: MemoryArtifactStore, parameters: dict[str, Any] | None = None
) -> Project:
    """What one request, of all the calls it makes, sees of the project."""
    reads_from = in_order(AGENTS[agent].reads_from, AGENTS)
    return Project(PROJECT_ID, agent, parameters or {}, store, reads_from, request_id=agent)


def tools_in_order(definition: StrandsAgent) -> list[AgentTool]:
    """An agent's tools in the order its prompt names them, which is the order to call them in."""
    return sorted(definition.tools, key=lambda tool: definition.system_prompt.find(tool.tool_name))


def run_example(agent: str, store: MemoryArtifactStore) -> tuple[Project, dict[str, Any]]:
    """Run an agent's example request: each tool once, in the order the prompt names them.

    Those that ask a public data service, or take what no example brings, are left out. A tool
    gets the request's scalar parameters by name; what else it requires comes from the results
    before. Returns the project and the last tool's result.
    """
    parameters = example(f"requests/{agent}.json")["parameters"]
    project = request_for(agent, store, parameters)
    results: list[dict[str, Any]] = [parameters]
    for tool in tools_in_order(DEFINITIONS[agent]):
        if tool.tool_name in ASKS_A_SERVICE | NOT_IN_EXAMPLES:
            continue
        schema = tool.tool_spec["inputSchema"]["json"]
        arguments = {name: parameters[name] for name in schema["properties"] if name in parameters}
        for name in set(schema.get("required", ())) - set(arguments):
            arguments[name] = _named(name, results)
        status, result = call(tool, project, **arguments)
        assert status == "success", result
        results.append(result)
    project.commit()
    return project, results[-1]


def _named(name: str, values: list[Any]) -> Any:
    """Find what is filed under a name, the latest result first and its outer levels first."""
    for value in reversed(values):
        level = [value]
        while level:
            for one in level:
                if isinstance(one, dict) and name in one:
                    return one[name]
            level = [
                inner
                for one in level
                if isinstance(one, dict | list)
                for inner in (one.values() if isinstance(one, dict) else one)
            ]
    raise AssertionError(f"no earlier result has a {name}")


def find_land(store: MemoryArtifactStore, site: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Find the land of a site that comes with the request, by the terrain agent's own tool."""
    tool = next(
        one for one in DEFINITIONS[TERRAIN].tools if one.tool_name == "find_exclusion_zones"
    )
    status, result = call(tool, project_for(TERRAIN, store, {"site": site}), **arguments)
    assert status == "success", result
    found: dict[str, Any] = result
    return found


def run_until(agent: str) -> MemoryArtifactStore:
    """The artifacts of the example project up to and with an agent's."""
    store = MemoryArtifactStore()
    for one in DEFINITIONS:
        run_example(one, store)
        if one == agent:
            break
    return store
