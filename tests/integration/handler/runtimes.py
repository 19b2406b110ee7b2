"""An agent whose work is done by a runtime, and a transport that says what a test scripts."""

import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tradewind.agentcore.calls import EVENT_STREAM, RuntimeCall, Transport
from tradewind.agentcore.meter import MeteredRuntimes
from tradewind.contracts.runtime_target import RuntimeTarget
from tradewind.runtime_agent.agent import RuntimeAgent

TARGET: Final = RuntimeTarget(
    arn="arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/onboarding-AbCdEfGhIj",
    qualifier="live",
)
#: What makes a function one that asks it.
RUNTIME_VARIABLES: Final = {"TRADEWIND_RUNTIME": TARGET.model_dump_json()}


def runtime_agent(transport: Transport) -> RuntimeAgent:
    """The definition of an agent that is the runtime."""
    return RuntimeAgent(TARGET, transport, MeteredRuntimes())


def event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


@dataclass(frozen=True)
class Said:
    """An answer that has begun.

    Attributes:
        body: Its pieces; an exception where it breaks off, a callable for what happens between.
        content_type: What it is.
    """

    body: tuple[bytes | Exception | Callable[[], object], ...]
    content_type: str = EVENT_STREAM
    session_id: str | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.body:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, bytes):
                yield piece
            else:
                piece()


@dataclass
class ScriptedTransport:
    """A ``Transport`` in memory.

    Attributes:
        acts: What becomes of each call: it is answered, or raises.
        on_call: What happens at each.
    """

    acts: deque[Said | Exception] = field(default_factory=deque)
    on_call: Callable[[], object] = lambda: None

    @asynccontextmanager
    async def open(self, _call: RuntimeCall) -> AsyncGenerator[Said]:
        self.on_call()
        act = self.acts.popleft()
        if isinstance(act, Exception):
            raise act
        yield act
