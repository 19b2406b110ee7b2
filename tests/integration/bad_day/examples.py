"""What the mortal agents are asked."""

from typing import Any

from cli.agents import example_request
from tests.deployed_agents import AGENTS
from tests.integration.bad_day.deaths import PROJECT
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS

#: Less to compute and to fetch, where an agent's tools can be told; it takes the same writes.
SHORT = {"iterations": 1, "years": 1, "turbine_count": 4}


def example(agent: str) -> dict[str, Any]:
    """An agent's example request."""
    event = example_request(agent, PROJECT)
    if AGENTS[agent].framework == RUNS_WORKFLOWS:
        return event  # an input that its workflow does not have is refused
    return {**event, "parameters": {**event.get("parameters", {}), **SHORT}}
