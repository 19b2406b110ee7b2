"""Calls of agents that a file asks by name."""

from tests.workflows import run, workflow
from tradewind.workflow.engine.calls import BY_NAME, Model
from tradewind.workflow.engine.memory_agents import MemoryAgents

STEPS = {"steps": [{"agent": "terrain", "input": "Dig {{ x }}"}, {"agent": "terrain"}]}


def test_a_call_of_an_agent_by_name_brings_nothing_but_what_it_is_asked() -> None:
    agents = MemoryAgents({"terrain": lambda call: f"done: {call.input}"})
    result = run(workflow("chain", STEPS, agents={}), agents, {"x": "here"})
    first, second = agents.calls
    assert (first.agent, first.model, first.prompt, first.tools) == (
        "terrain",
        Model(BY_NAME),
        "",
        None,
    )
    assert first.input == "Dig here"
    assert second.input == "Please carry out your task."
    assert result.text == "done: Please carry out your task."


def test_it_goes_on_with_no_conversation() -> None:
    agents = MemoryAgents()
    policy = {"compaction": {"enabled": True}}
    run(workflow("chain", STEPS, agents={}, context_policy=policy), agents, {"x": "here"})
    assert [call.conversation for call in agents.calls] == [None, None]
