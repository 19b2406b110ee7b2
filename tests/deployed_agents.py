"""The agents of this checkout, by name and in the order of their work."""

from pathlib import Path
from typing import Final

from tradewind.contracts.agent_manifest import find_agents

FOLDER: Final = Path(__file__).parents[1] / "lambda_src" / "agents"
AGENTS: Final = find_agents(FOLDER)
#: Where a test needs one agent, or two, and it does not matter which.
FIRST: Final = next(iter(AGENTS))
LAST: Final = list(AGENTS)[-1]
