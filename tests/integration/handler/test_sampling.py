"""What a model is configured with leaves in the request, as the server reads it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from devtools.localcloud.bedrock import BedrockStandIn
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import CHAT, Build
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.model_pool import ModelKey
from tradewind.contracts.environment import ModelEnvironment
from tradewind.run import pydantic_ai_agent, strands_model
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

MEASURE = {"type": "object", "properties": {"height_m": {"type": "number"}}, "required": []}


@pytest.fixture
def pool(build: Build) -> ClientPool:
    """The pool of a service in the stand-in's environment."""
    return build(CHAT).service._clients


@pytest.fixture
def framework() -> Framework:
    """A model is asked as it is here, without an agent around it."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def key(pool: ClientPool) -> ModelKey:
    """A model with nothing but its length limit."""
    return ModelKey.for_client(pool.get(), "us.anthropic.claude-sonnet-4-6", 77)


async def ask_strands(key: ModelKey, client: Any, choice: Any = None) -> None:
    model = strands_model.create_model(key, client)
    spec: Any = {"name": "measure", "description": "x", "inputSchema": {"json": MEASURE}}
    messages: Any = [{"role": "user", "content": [{"text": "How windy?"}]}]
    async for _ in model.stream(messages, [spec], "You measure.", tool_choice=choice):
        pass


async def ask_pydantic_ai(key: ModelKey, client: Any, choice: Any = None) -> None:
    run = AgentRun(
        prompt="How windy?",
        project=Project("p-1", "terrain", {}, MemoryArtifactStore()),
        deadline=Deadline(60),
        environment=ModelEnvironment(
            BEDROCK_MODEL_ID=key.model_id,
            BEDROCK_REGION="us-east-1",
            BEDROCK_MAX_TOKENS=77,
            BEDROCK_CONNECT_TIMEOUT_S=10,
            BEDROCK_READ_TIMEOUT_S=30,
            BEDROCK_MAX_CONNECTIONS=1,
        ),
        bedrock_client=client,
    )
    model = pydantic_ai_agent._RunModel(pydantic_ai_agent.create_model(key, client), run)
    tool = ToolDefinition(name="measure", description="x", parameters_json_schema=MEASURE)
    await model.request(
        [ModelRequest.user_text_prompt("How windy?", instructions="You measure.")],
        None,
        ModelRequestParameters(function_tools=[tool], allow_text_output=choice is None),
    )


ASK = {"strands": ask_strands, "pydantic-ai": ask_pydantic_ai}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize(
    "sampling",
    [
        ({}, {}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"temperature": 0.25, "top_p": 0.5}, {"temperature": 0.25, "topP": 0.5}),
        ({"top_p": 0.0}, {"topP": 0.0}),
    ],
)
def test_sampling_reaches_the_service_as_given(
    standin: BedrockStandIn,
    pool: ClientPool,
    key: ModelKey,
    ask: Any,
    sampling: tuple[dict[str, Any], dict[str, float]],
) -> None:
    given, sent = sampling
    asyncio.run(ask(replace(key, **given), pool.get()))
    [prompt] = standin.prompts()
    assert prompt.request["inferenceConfig"] == {"maxTokens": 77} | sent
    assert prompt.model == key.model_id


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize("choice", [None, {"any": {}}])
def test_the_choice_of_a_tool_reaches_the_service(
    standin: BedrockStandIn, pool: ClientPool, key: ModelKey, ask: Any, choice: Any
) -> None:
    asyncio.run(ask(key, pool.get(), choice))
    [prompt] = standin.prompts()
    tools = prompt.request["toolConfig"]
    assert tools["tools"][0]["toolSpec"]["name"] == "measure"
    assert tools.get("toolChoice", {"auto": {}}) == (choice or {"auto": {}})
    assert prompt.request["system"][0]["text"] == "You measure."
