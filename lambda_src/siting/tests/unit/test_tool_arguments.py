"""A name that is nearly an argument's goes back to the model, and is not dropped."""

import json
from typing import Any

import pytest

from tests.answers import calling_with
from tests.unit.agents.runs import results_in, run
from tradewind.contracts.environment import AgentEnvironment


@pytest.fixture
def environment(agent_variables: dict[str, str]) -> AgentEnvironment:
    return AgentEnvironment.from_variables(agent_variables)


@pytest.mark.parametrize(
    ("agent", "tool", "arguments", "why"),
    [
        ("terrain", "find_exclusion_zones", {"buildings_setback": 2000}, "buildings_setback"),
        ("layout", "create_layout", {"turbine_count": 3, "spacing_along_wind": 5}, "along_wind"),
        ("layout", "create_layout", {"turbine_count": 3, "Strategy": "spiral"}, "Strategy"),
        ("layout", "save_layout", {"name": "a1"}, "There is no argument name."),
    ],
)
def test_a_name_that_is_nearly_right_is_not_dropped(
    agent: str, tool: str, arguments: dict[str, Any], why: str, environment: AgentEnvironment
) -> None:
    done, model = run(agent, environment, calling_with((tool, json.dumps(arguments))))
    [result] = results_in(model)
    assert result["status"] == "error"
    assert why in json.dumps(result["content"])
    assert done.tool_errors == 1
