"""What an agent says to the model first, on its example; and what the scripted model calls then.

Of every agent of this checkout, and of a new one on each framework.
"""

import asyncio
import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from cli.agent_folders import create
from cli.commands.agent import FRAMEWORKS
from devtools.localcloud.bedrock import conversation, scripted
from devtools.localcloud.bedrock.reply import ToolUseBlock
from tests.deployed_agents import AGENTS, FOLDER
from tests.unit.agents.runs import with_tools
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.client import create_bedrock_client
from tradewind.contracts.environment import AgentEnvironment
from tradewind.run.agent_run import AgentRun
from tradewind.run.definition import AgentDefinition
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.prompt import compose_prompt


class _Sent(Exception):
    """The request went out; no answer is needed."""


def first_call(
    definition: AgentDefinition, example: dict[str, Any], environment: AgentEnvironment
) -> dict[str, Any]:
    """The first ConverseStream request of an agent on a request."""
    sent: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: Any) -> None:
        sent.append(json.loads(json.dumps(params)))
        raise _Sent

    client = create_bedrock_client(environment)
    client.meta.events.register("provide-client-params.bedrock-runtime.ConverseStream", keep)
    parameters = example.get("parameters", {})
    run = AgentRun(
        prompt=compose_prompt(example["query"], parameters),
        project=Project("p-1", environment.agent, parameters, MemoryArtifactStore()),
        deadline=Deadline(60.0),
        environment=environment,
        bedrock_client=client,
    )
    with pytest.raises(Exception):  # noqa: B017, PT011  what a framework makes of it
        asyncio.run(definition.answer(run))
    (request,) = sent
    return request


def definition_in(folder: Path, name: str) -> AgentDefinition:
    """The definition in an agent's folder, wherever the folder is."""
    if folder.parent == FOLDER:
        module = importlib.import_module(f"agents.{name}.agent")
    else:
        spec = importlib.util.spec_from_file_location(f"new_{name}_agent", folder / "agent.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    definition: AgentDefinition = module.DEFINITION
    return definition


@pytest.mark.parametrize("agent", [*with_tools(), *FRAMEWORKS])
def test_the_scripted_model_calls_a_tool_with_what_the_example_says(
    agent: str, tmp_path: Path, agent_variables: dict[str, str]
) -> None:
    folder = FOLDER / agent if agent in AGENTS else create(tmp_path, "grid", agent)
    example = json.loads((folder / "request.json").read_text())
    environment = AgentEnvironment.from_variables(agent_variables)
    request = first_call(definition_in(folder, folder.name), example, environment)

    tools = {one["toolSpec"]["name"]: one["toolSpec"] for one in request["toolConfig"]["tools"]}
    system = "\n".join(block["text"] for block in request["system"])
    parameters = example.get("parameters", {})
    taken: set[str] = set()
    for name, tool in tools.items():
        assert name in system
        assert len(tool["description"]) > 40
        for argument, schema in tool["inputSchema"]["json"]["properties"].items():
            assert schema["description"] not in ("", f"Parameter {argument}")
            taken.add(argument)
    assert set(parameters) <= taken

    reply = scripted.answer(conversation.parse(json.dumps(request).encode()))
    (call,) = (block for block in reply.blocks if isinstance(block, ToolUseBlock))
    arguments = json.loads(call.input_json)
    takes = tools[call.name]["inputSchema"]["json"]["properties"]
    given = {name: value for name, value in parameters.items() if name in takes}
    assert arguments | given == arguments
    if agent in FRAMEWORKS:
        assert arguments == parameters
