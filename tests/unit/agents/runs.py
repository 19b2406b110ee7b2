"""Runs of deployed agents on a model that says what a test wants it to say."""

import asyncio
import importlib
from typing import Any

from tests.answers import Answer, saying
from tests.deployed_agents import AGENTS, TALKING
from tests.scripted_model import Model
from tradewind.aws.deadline import Deadline
from tradewind.contracts.environment import AgentEnvironment
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.runner import run_agent


def with_tools() -> list[str]:
    """The agents whose model has tools."""
    return [
        agent
        for agent in TALKING
        if importlib.import_module(f"agents.{agent}.agent").DEFINITION.has_tools
    ]


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
