"""The data plane: an invocation goes to its session's process, and the answer back as it comes.

Sources: the service model of ``bedrock-agentcore`` for members, headers and errors; the guide's
service contracts for paths; what callers of AWS report of an agent's own statuses, of which AWS
tells nothing but the number (agentcore-samples, bedrock-agentcore-sdk-python).
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from devtools.localcloud.extension.agentcore.exchange import Broken, Exchange, Unreachable
from devtools.localcloud.extension.agentcore.process import AgentProcess, InitFailed
from devtools.localcloud.extension.agentcore.records import DEFAULT, Runtimes, Version
from devtools.localcloud.extension.agentcore.refusal import (
    Refused,
    Response,
    agent_failed,
    invalid,
    not_found,
)
from devtools.localcloud.extension.agentcore.sessions import Key, SessionEnded, Sessions

SESSION_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_REQUEST_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
#: The model's, of a payload.
_MOST_BYTES: Final = 100_000_000
_PATHS: Final = {"HTTP": "/invocations", "AGUI": "/invocations", "A2A": "/"}
#: Members of the request that reach the agent, beside its session's and its own headers.
_IN: Final = (
    "Content-Type",
    "Accept",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "X-Amzn-Trace-Id",
    "traceparent",
    "tracestate",
    "baggage",
)
#: Members of the answer that reach the caller.
_OUT: Final = (
    "Content-Type",
    "Content-Length",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "X-Amzn-Trace-Id",
    "traceparent",
    "tracestate",
    "baggage",
)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Run = Callable[[Send, Receive], Awaitable[None]]
AgentSessions = Sessions[AgentProcess]


@dataclass(frozen=True)
class Call:
    """A request to a runtime's process.

    Attributes:
        runtime_arn: Of the runtime.
        qualifier: The endpoint it goes through.
        session_id: The session it belongs to.
        headers: The caller's, names in small letters.
        body: The payload.
    """

    runtime_arn: str
    qualifier: str = DEFAULT
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class DataPlane:
    """Serves invocations.

    Args:
        runtimes: What there is to invoke.
        sessions: Their processes.
        streaming: Makes an answer's body of what sends it.
    """

    def __init__(
        self, runtimes: Runtimes, sessions: AgentSessions, streaming: Callable[[Run], Any]
    ) -> None:
        self._runtimes = runtimes
        self._sessions = sessions
        self._streaming = streaming

    def key(self, call: Call) -> tuple[Key, Version]:
        """Whose process serves a call.

        Raises:
            Refused: There is no such runtime or endpoint.
        """
        runtime, endpoint, version = self._runtimes.target(call.runtime_arn, call.qualifier)
        return Key(runtime.id, endpoint.name, version.number, call.session_id), version

    async def invoke(self, call: Call) -> Response:
        """Send a payload to the agent.

        Raises:
            Refused: There is no such runtime, the payload is too large, or the agent failed.
        """
        if len(call.body) > _MOST_BYTES:
            raise invalid(
                f"payload must have length less than or equal to {_MOST_BYTES}", "payload"
            )
        _, version = self.key(call)
        return await self._pass_on(call, "POST", _PATHS[version.protocol])

    async def agent_card(self, call: Call) -> Response:
        """The card of an A2A agent.

        Raises:
            Refused: There is no such runtime, it is no A2A agent, or it failed.
        """
        _, version = self.key(call)
        if version.protocol != "A2A":
            raise invalid("The agent card is available for agents of the protocol A2A only")
        return await self._pass_on(call, "GET", "/.well-known/agent-card.json")

    def stop(self, call: Call) -> Response:
        """End a session.

        Raises:
            Refused: There is no such runtime or session.
        """
        key, _ = self.key(call)
        if not self._sessions.stop(key.runtime_id, key.endpoint, key.session_id):
            raise not_found(f"Session '{call.session_id}' was not found.")
        return HTTPStatus.OK, {SESSION_HEADER: call.session_id}, b""

    @contextlib.asynccontextmanager
    async def process(self, call: Call) -> AsyncIterator[tuple[AgentProcess, Version]]:
        """The process that serves a call.

        Raises:
            Refused: There is no such runtime, or its process did not get ready.
        """
        key, version = self.key(call)
        try:
            async with self._sessions.use(key, version) as process:
                yield process, version
        except InitFailed as error:
            raise agent_failed(str(error)) from None
        except SessionEnded:
            raise agent_failed("The session was stopped while it started.") from None

    async def _pass_on(self, call: Call, method: str, path: str) -> Response:
        try:
            return await self._send(call, method, path)
        except Unreachable:
            # The session's process was about to end when it was looked at.
            with contextlib.suppress(Unreachable):
                return await self._send(call, method, path)
            raise own_status(HTTPStatus.BAD_GATEWAY) from None

    async def _send(self, call: Call, method: str, path: str) -> Response:
        async with AsyncExitStack() as stack:
            process, version = await stack.enter_async_context(self.process(call))
            try:
                headers = headers_in(call, version)
                exchange = await process.request(method, path, headers, call.body)
            except Unreachable:
                raise
            except Broken:
                raise own_status(HTTPStatus.BAD_GATEWAY) from None
            stack.callback(exchange.close)
            if not HTTPStatus.OK <= exchange.status < HTTPStatus.MULTIPLE_CHOICES:
                raise own_status(exchange.status)
            # From here on, they end with the answer.
            held = stack.pop_all()
        run = _Forwarding(exchange, held)
        return exchange.status, _headers_out(exchange, call), self._streaming(run)


class _Forwarding:
    """Sends an answer on, piece by piece; one that breaks off breaks off for the caller, too."""

    def __init__(self, exchange: Exchange, held: AsyncExitStack) -> None:
        self._exchange = exchange
        self._held = held

    async def __call__(self, send: Send, receive: Receive) -> None:
        async with self._held:
            watching = _until_hang_up(receive, self._exchange)
            try:
                async for chunk in self._exchange.chunks():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except Broken:
                return  # the last frame stays unsent
            finally:
                watching.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def headers_in(call: Call, version: Version) -> dict[str, str]:
    """The caller's headers that reach the agent: the contract's, and those the runtime lists."""
    listed = version.configuration.get("requestHeaderConfiguration") or {}
    names = (*_IN, *listed.get("requestHeaderAllowlist", ()))
    passed = {name: call.headers[name.lower()] for name in names if name.lower() in call.headers}
    return {**passed, SESSION_HEADER: call.session_id, _REQUEST_HEADER: str(uuid.uuid4())}


def _headers_out(exchange: Exchange, call: Call) -> dict[str, str]:
    headers = {
        name: exchange.headers[name.lower()] for name in _OUT if name.lower() in exchange.headers
    }
    headers.setdefault("Content-Type", "application/octet-stream")
    return {**headers, SESSION_HEADER: call.session_id}


def own_status(status: int) -> Refused:
    """What AWS makes of an agent's own refusal: the number, and nothing that it said."""
    return agent_failed(
        f"Received error ({int(status)}) from runtime. Please check your CloudWatch logs for more "
        "information."
    )


def _until_hang_up(receive: Receive, exchange: Exchange) -> "asyncio.Task[None]":
    """Watch for a caller that hangs up, and hang up on the agent then."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        exchange.close()

    return asyncio.ensure_future(watch())
