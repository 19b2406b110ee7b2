import math

import pytest

from tests.unit.agents.chain import DEFINITIONS, example
from tradewind.contracts.names import AgentName
from tradewind.contracts.request import parse_request


@pytest.mark.parametrize("folder", ["requests", "chain"])
@pytest.mark.parametrize("agent", AgentName)
def test_a_request_is_one_that_its_agent_takes(agent: AgentName, folder: str) -> None:
    request = parse_request(example(f"{folder}/{agent}.json"), agent)

    assert request.agent == agent
    # A project is made by the first agent, and never by an example.
    assert request.project_id is None


@pytest.mark.parametrize("agent", AgentName)
def test_a_parameter_of_the_chain_is_one_that_a_tool_takes(agent: AgentName) -> None:
    named = {
        name
        for tool in DEFINITIONS[agent].tools
        for name in tool.tool_spec["inputSchema"]["json"]["properties"]
    }

    assert set(example(f"chain/{agent}.json")["parameters"]) <= named


def test_the_terrain_request_brings_the_example_site() -> None:
    assert example("requests/terrain.json")["parameters"]["site"] == example("site.geojson")


def test_the_case_study_request_holds_the_published_layout() -> None:
    request = parse_request(example("iea37_case1_16.json"), AgentName.SIMULATION)
    rings = [(650.0, 5), (1300.0, 10)]
    published = [(0.0, 0.0)] + [
        (round(r * math.cos(math.tau * at / n), 4), round(r * math.sin(math.tau * at / n), 4))
        for r, n in rings
        for at in range(n)
    ]

    assert [(one["x_m"], one["y_m"]) for one in request.parameters["turbines"]] == published
