"""Runtimes of AgentCore for tests: what carries calls to them, and answers as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tradewind.agentcore.calls import EVENT_STREAM, JSON, RuntimeCall
from tradewind.agentcore.meter import MeteredRuntimes
from tradewind.contracts.response import AgentAnswer, Performance, Usage
from tradewind.contracts.runtime_target import RuntimeTarget
from tradewind.runtime_agent.agent import RuntimeAgent

ARN: Final = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/onboarding-AbCdEfGhIj"
SOMEBODYS: Final = RuntimeTarget(arn=ARN, qualifier="live", most_usd=0.5)
OURS: Final = RuntimeTarget(arn=ARN, qualifier="live", agent="assistant")


@dataclass
class Reply:
    """An answer, as it comes.

    Attributes:
        chunks: Its bytes; an exception is raised where it stands.
        content_type: What it is.
        waits: Whether it stays open after its last chunk, until it is given up.
    """

    chunks: Sequence[bytes | Exception]
    content_type: str = EVENT_STREAM
    waits: bool = False
    session_id: str | None = None


def events(*values: Any) -> Reply:
    """Values, one per event, as ``BedrockAgentCoreApp`` streams them."""
    return Reply([f"data: {json.dumps(value)}\n\n".encode() for value in values])


def document(value: Any) -> Reply:
    """One JSON value."""
    return Reply([json.dumps(value).encode()], JSON)


@dataclass
class ScriptedTransport:
    """Answers calls in order.

    Attributes:
        replies: What it answers, or why it does not.
        calls: What it was sent.
        given_up: How many answers were left before their end.
        waiting: Set once an answer waits.
    """

    replies: Iterable[Reply | Exception]
    calls: list[RuntimeCall] = field(default_factory=list)
    given_up: int = 0

    def __post_init__(self) -> None:
        self._left = iter(self.replies)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What the runtime was told."""
        return [json.loads(call.payload) for call in self.calls]

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncIterator["_Opened"]:
        """See ``Transport``."""
        self.calls.append(call)
        reply = next(self._left)
        if isinstance(reply, Exception):
            raise reply
        opened = _Opened(reply)
        try:
            yield opened
        finally:
            self.given_up += not opened.read


class _Opened:
    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.content_type = reply.content_type
        self.session_id = reply.session_id
        self.read = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self._reply.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
        if self._reply.waits:
            await asyncio.Event().wait()
        self.read = True


def runtime(
    *replies: Reply | Exception, target: RuntimeTarget = SOMEBODYS
) -> tuple[RuntimeAgent, ScriptedTransport]:
    """A runtime that answers so, and what carries the calls to it."""
    transport = ScriptedTransport(replies)
    return RuntimeAgent(target, transport, MeteredRuntimes()), transport


def answer(**changes: Any) -> dict[str, Any]:
    """An answer of an agent of this project, as JSON values."""
    usage = Usage(input_tokens=30, output_tokens=4, model_calls=2, tool_calls=1, cost_usd=0.25)
    whole = AgentAnswer(
        success=True,
        status_code=200,
        agent="assistant",
        response="It blows.",
        project_id="p-1",
        request_id="r",
        usage=usage,
        performance=Performance(
            coldStart=False,
            initTime=1,
            executionTime=1,
            connectionTime=1,
            connectionReused=True,
            memoryUsed=1,
        ),
    )
    return {**whole.model_dump(mode="json"), **changes}
