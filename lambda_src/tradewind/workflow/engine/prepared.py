"""What a run makes ready once: its agents, and the names that all its templates see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.workflow.engine.calls import BY_NAME, Model
from tradewind.workflow.spec.model import AgentSpec, Spec
from tradewind.workflow.text.templates import Names, Template, Unset, prompt


@dataclass(frozen=True, slots=True)
class ReadyAgent:
    """An agent, ready to be called."""

    prompt: Template
    model: Model
    tools: tuple[str, ...] | None


#: An agent that the file asks by name: what else there is to it is its own.
NAMED_AGENT: Final = ReadyAgent(prompt(""), Model(BY_NAME), None)


def ready_agent(spec: Spec, agent: AgentSpec) -> ReadyAgent:
    """An agent with what it takes over from the workflow."""
    runtime, own = spec.runtime, agent.inference
    provider = agent.provider or runtime.provider
    return ReadyAgent(
        prompt(agent.prompt),
        Model(
            provider,
            agent.model_id or runtime.model_id,
            runtime.region,
            runtime.host if _is_at_host(provider, runtime.provider) else None,
            runtime.temperature if own.temperature is None else own.temperature,
            runtime.top_p if own.top_p is None else own.top_p,
            runtime.max_tokens if own.max_tokens is None else own.max_tokens,
        ),
        agent.tools,
    )


def _is_at_host(provider: str, runtimes: str) -> bool:
    """Whether ``runtime.host`` is an agent's, too.

    It is where the runtime's provider is. Another one's key and prompts are nothing for it, unless
    the runtime's has no use for a host (Bedrock), or the agent's has no other place (Ollama).
    """
    return provider in (runtimes, "ollama") or runtimes == "bedrock"


def names_of(spec: Spec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The names that every template of a run sees; an optional input without a value is empty."""
    given = dict(inputs)
    for name in spec.inputs.optional:
        if name not in given:
            given[name] = Unset(name=name)
    return {
        "last_response": "",
        "hitl_response": "",
        **given,
        "inputs": Names(given, values=Names(given)),
    }


def with_vars(names: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The names with a step's own ``vars`` before them."""
    return {**names, **given, "inputs": Names({**names["inputs"], **given})}
