"""What the engine asks of agents: one interface, which whoever runs a workflow implements.

An implementation opens what it needs when it needs it and is closed by whoever made it. It makes
one attempt per call: repeats are the engine's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

#: In the place of a provider: of an agent that the file asks by name and does not declare. It has
#: a prompt, tools and a model of its own, wherever it is.
BY_NAME: Final = "by name"


@dataclass(frozen=True, slots=True)
class Model:
    """Which model, and how it is asked. What is None is the provider's to choose."""

    provider: str
    model_id: str | None = None
    region: str | None = None
    host: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None


@dataclass(slots=True)
class AgentCall:
    """One question to an agent.

    Attributes:
        key: Of the step: unique in the run, and the same when the run is resumed.
        agent: Its id in the file.
        model: What it runs on.
        prompt: Its system prompt, rendered.
        input: The question, rendered.
        tools: The tools it has; None is all that the file declares.
        conversation: Which conversation it goes on with; None for one of its own.
        history: What ``AgentReply.history`` of that conversation's last call was.
        attempt: Of this call, from 1.
    """

    key: str
    agent: str
    model: Model
    prompt: str
    input: str
    tools: tuple[str, ...] | None = None
    conversation: str | None = None
    history: Any = None
    attempt: int = 1


@dataclass(slots=True)
class AgentReply:
    """An agent's answer.

    Attributes:
        text: What it said.
        input_tokens: As the provider counts; None if it does not.
        output_tokens: The same.
        cost: US dollars; None if unknown.
        tool_calls: How many it made.
        history: The conversation so far, if it goes on: plain values of JSON.
    """

    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    tool_calls: int = 0
    history: Any = None


class Agents(Protocol):
    """Answers calls, as many at once as the run may have."""

    def call(self, call: AgentCall) -> Awaitable[AgentReply]:
        """Answer.

        Raises:
            Retryable: Not this time.
            AgentFailed: Not at all.
        """
        ...


#: Waits so many seconds before a call is made again.
Rest = Callable[[AgentCall, float], Awaitable[None]]


async def sleep(_call: AgentCall, seconds: float) -> None:
    """Wait in this process."""
    await asyncio.sleep(seconds)
