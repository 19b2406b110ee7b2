"""From a definition to an agent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strands import Agent
from strands.hooks import HookProvider

from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.model_pool import ModelKey, ModelPool, create_model
from tradewind.contracts.environment import ModelEnvironment
from tradewind.run.definition import AgentDefinition

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

#: The process's models.
MODELS = ModelPool()


def create_agent(
    name: str,
    definition: AgentDefinition,
    environment: ModelEnvironment,
    *,
    bedrock_client: "BedrockRuntimeClient | None" = None,
    hooks: Sequence[HookProvider] = (),
) -> Agent:
    """Build an agent for one conversation. Prompt, tools and model are shared; messages are not.

    Args:
        name: What the agent is called.
        definition: Its prompt and tools.
        environment: Which model, and how to reach it.
        bedrock_client: The client to call the model with. Without one the agent makes its own,
            which suits development and tests; a deployed function passes the pooled client.
        hooks: Strands hooks, such as the retry layer.
    """
    if bedrock_client is None:
        own_client = create_bedrock_client(environment)
        key = ModelKey.for_client(own_client, environment.model_id, environment.max_tokens)
        model = create_model(key, own_client)
    else:
        key = ModelKey.for_client(bedrock_client, environment.model_id, environment.max_tokens)
        model = MODELS.get(key, bedrock_client)
    return Agent(
        name=name,
        model=model,
        system_prompt=definition.system_prompt,
        tools=list(definition.tools),
        hooks=list(hooks),
        callback_handler=None,  # the default prints the answer
        retry_strategy=None,  # bedrock.retry is the one layer that repeats
        load_tools_from_directory=False,
    )
