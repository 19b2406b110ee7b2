"""Calls of a raw runtime: asked through either transport, and how they ended."""

import asyncio
import json
import select
import socket
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from tradewind.agentcore.answers import RuntimeEvent, Text, Value
from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall, Transport
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.observer import RuntimeOutcome
from tradewind.agentcore.retries import Retries
from tradewind.agentcore.sdk import SdkTransport
from tradewind.agentcore.session_ids import new_session_id
from tradewind.agentcore.socket import WebSocketTransport
from tradewind.contracts.errors import TradewindError

REGION: Final = "us-east-1"
RUNTIME: Final = RuntimeArn("aws", REGION, "111122223333", "onboarding-AbCdEfGhIj")
#: Shorter than any limit of a transport's own.
PLENTY_S: Final = 60.0
#: A thread that reads from a socket has so long when the time of its call is over.
_RUNS_OUT_IN_S: Final = 0.02


@dataclass
class Clients:
    """Both transports, to one address.

    Attributes:
        listener: Where a runtime is to serve.
        sdk: Over HTTP.
        websocket: Over WebSockets.
    """

    listener: socket.socket
    sdk: SdkTransport
    websocket: WebSocketTransport

    def transport(self, name: str) -> Transport:
        """By its name in settings."""
        return self.sdk if name == "sdk" else self.websocket

    def is_reached(self) -> bool:
        """Whether a connection waits to be served. Each is one that its client has made whole."""
        return bool(select.select([self.listener], [], [], 0)[0])


class Patience:
    """Time that runs out once something holds: at once for who waits then, whatever the clock says.

    Args:
        clock: Of the event loop.
        runs_out: Whether it does by now.
    """

    def __init__(self, clock: Callable[[], float], runs_out: Callable[[], bool]) -> None:
        self._clock = clock
        self._over_at = clock() + PLENTY_S
        self._runs_out = runs_out
        self._ends_at: float | None = None

    def __call__(self) -> float:
        """Return the seconds that are left."""
        if self._ends_at is None and self._runs_out():
            self._ends_at = time.monotonic() + _RUNS_OUT_IN_S
        left_s = self._over_at - self._clock()
        if self._ends_at is not None:
            left_s = min(left_s, self._ends_at - time.monotonic())
        return max(0.0, left_s)


@dataclass
class Call:
    """A call, and what came of it so far.

    Attributes:
        payload: What the runtime is told.
        session_id: In which session.
        values: Of the events, in order.
        error: What it ended with.
        outcomes: What an observer was told at its end.
        repeats: What it was told of them: the attempt, and the code of the failure before it.
        pauses: Drawn before repeats, and not slept.
    """

    transport: Transport
    payload: object = field(default_factory=lambda: {"query": "How are you?"})
    session_id: str = field(default_factory=new_session_id)
    values: list[object] = field(default_factory=list)
    error: TradewindError | None = None
    outcomes: list[RuntimeOutcome] = field(default_factory=list)
    repeats: list[tuple[int, str]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def call_repeated(self, _call: RuntimeCall, attempt: int, code: str) -> None:
        """As of a ``RuntimeObserver``."""
        self.repeats.append((attempt, code))

    def call_ended(self, _call: RuntimeCall, outcome: RuntimeOutcome) -> None:
        """As of a ``RuntimeObserver``."""
        self.outcomes.append(outcome)

    async def ask(self, time_left_s: Callable[[], float]) -> None:
        """Stream the answer to its end."""

        async def no_sleep(seconds: float) -> None:
            self.pauses.append(seconds)

        retries = Retries(sleep=no_sleep, draw=lambda _least, most: most)
        client = AgentCoreClient(self.transport, observer=self, retries=retries)
        try:
            async with aclosing(client.stream(self._call(time_left_s))) as events:
                async for event in events:
                    self.values.append(value_of(event))
                    self._moved.set()
        except TradewindError as error:
            self.error = error

    def _call(self, time_left_s: Callable[[], float]) -> RuntimeCall:
        payload = json.dumps(self.payload).encode()
        return RuntimeCall(RUNTIME, payload, self.session_id, time_left_s)

    async def until_values(self, count: int) -> None:
        """Wait until so many events have come."""
        while len(self.values) < count:
            self._moved.clear()
            await self._moved.wait()


def runtime_call(payload: object = None) -> RuntimeCall:
    """A call of the raw runtime, with all the time there is."""
    return RuntimeCall(RUNTIME, json.dumps(payload).encode(), new_session_id(), lambda: 900.0)


def value_of(event: RuntimeEvent) -> object:
    """What an event carries."""
    match event:
        case Text(text):
            return text
        case Value(data):
            return data
