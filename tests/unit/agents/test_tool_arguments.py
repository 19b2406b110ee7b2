"""Every tool of every agent refuses what the model got wrong, and writes nothing."""

import json

import pytest

from tests.answers import calling_with
from tests.unit.agents.runs import results_in, run, tools_of, with_tools
from tradewind.contracts.environment import AgentEnvironment
from tradewind.run.memory_artifacts import MemoryArtifactStore


@pytest.fixture
def environment(agent_variables: dict[str, str]) -> AgentEnvironment:
    return AgentEnvironment.from_variables(agent_variables)


@pytest.mark.parametrize("agent", with_tools())
def test_wrong_arguments_run_no_tool(agent: str, environment: AgentEnvironment) -> None:
    tools = tools_of(agent, environment)
    assert tools
    for tool, schema in tools.items():
        wrong = [
            ('{"no_such_argument": 1}', "There is no argument no_such_argument"),
            ('{"building_setback_m": 2000, "tip_h', "cannot be read"),
            *(
                (json.dumps({name.upper(): 1}), f"There is no argument {name.upper()}")
                for name in schema["properties"]
            ),
            *(
                (json.dumps({name: {"a": "b"}}), f"{name} must be ")
                for name in schema["properties"]
            ),
        ]
        done, model = run(agent, environment, calling_with(*((tool, text) for text, _ in wrong)))
        for (_, why), result in zip(wrong, results_in(model), strict=True):
            assert result["status"] == "error"
            told = json.dumps(result["content"])
            assert f"{tool} was not run." in told
            assert why in told
            assert all(name in told for name in schema["properties"])
        assert (done.tool_calls, done.tool_errors) == (len(wrong), len(wrong))
        store = done.project.store
        assert isinstance(store, MemoryArtifactStore)
        assert (store.objects, done.project.artifacts, done.project.failure) == ({}, [], None)
        assert not done.project.facts


@pytest.mark.parametrize("agent", with_tools())
def test_the_model_is_told_that_there_are_no_other_arguments(
    agent: str, environment: AgentEnvironment
) -> None:
    for schema in tools_of(agent, environment).values():
        assert schema["additionalProperties"] is False
