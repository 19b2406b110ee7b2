"""What the mortal agents are asked."""

from typing import Any

from cli.agents import example_request
from tests.integration.bad_day.deaths import PROJECT

#: Less to compute and to fetch, where an agent's tools can be told; it takes the same writes.
SHORT = {"iterations": 1, "years": 1, "turbine_count": 4}


def example(agent: str) -> dict[str, Any]:
    """An agent's example request."""
    event = example_request(agent, PROJECT)
    return {**event, "parameters": {**event.get("parameters", {}), **SHORT}}
