"""The agents of this checkout, by name and in the order of their work."""

from pathlib import Path
from typing import Final

from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, find_agents

FOLDER: Final = Path(__file__).parents[1] / "lambda_src" / "agents"
AGENTS: Final = find_agents(FOLDER)
#: Those that the demo asks: a chain of work.
IN_DEMO: Final = {name: manifest for name, manifest in AGENTS.items() if manifest.demo}
#: Those that answer any question; the others take the names of workflows.
TALKING: Final = {
    name: manifest for name, manifest in AGENTS.items() if manifest.framework != RUNS_WORKFLOWS
}
#: Where a test needs one agent, or two, and it does not matter which.
FIRST: Final = next(iter(IN_DEMO or AGENTS))
LAST: Final = list(IN_DEMO or AGENTS)[-1]
