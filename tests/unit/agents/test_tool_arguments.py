"""Every tool of every agent refuses what the model got wrong, and writes nothing."""

import asyncio
import importlib
import json
from typing import Any

import pytest

from tests.answers import Answer, calling_with, saying
from tests.deployed_agents import AGENTS
from tests.unit.run.scripted import Model
from tradewind.aws.deadline import Deadline
from tradewind.contracts.environment import AgentEnvironment
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.runner import run_agent


def run(agent: str, environment: AgentEnvironment, *answers: Answer) -> tuple[AgentRun, Model]:
    """Run a deployed agent on a model that says this, and then that it is done."""
    definition = importlib.import_module(f"agents.{agent}.agent").DEFINITION
    model = Model(environment, *answers, saying("Done."))
    run = AgentRun(
        prompt="Work.",
        project=Project(
            "p-1", agent, {}, MemoryArtifactStore(), reads_from=AGENTS[agent].reads_from
        ),
        deadline=Deadline(900),
        environment=environment,
        bedrock_client=model.client,
    )
    asyncio.run(run_agent(definition, run))
    return run, model


def tools_of(agent: str, environment: AgentEnvironment) -> dict[str, dict[str, Any]]:
    """The schemas of an agent's tools, as the model is told them."""
    _, model = run(agent, environment)
    specs = [one["toolSpec"] for one in model.requests[0][1]["toolConfig"]["tools"]]
    return {spec["name"]: spec["inputSchema"]["json"] for spec in specs}


def results_in(model: Model) -> list[dict[str, Any]]:
    """The tool results that the last call was sent with."""
    return [
        block["toolResult"]
        for block in model.requests[-1][1]["messages"][-1]["content"]
        if "toolResult" in block
    ]


@pytest.fixture
def environment(agent_variables: dict[str, str]) -> AgentEnvironment:
    return AgentEnvironment.from_variables(agent_variables)


@pytest.mark.parametrize("agent", AGENTS)
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


@pytest.mark.parametrize("agent", AGENTS)
def test_the_model_is_told_that_there_are_no_other_arguments(
    agent: str, environment: AgentEnvironment
) -> None:
    for schema in tools_of(agent, environment).values():
        assert schema["additionalProperties"] is False


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
