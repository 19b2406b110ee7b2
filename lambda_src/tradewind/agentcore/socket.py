"""Calls of runtimes over WebSockets, one for each call.

One invariant: a socket lives as long as the context it was opened in, and not a moment longer.
None is kept for a later call, so none can be dead after the process has been frozen.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from botocore.session import Session
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.protocol import State

from tradewind.agentcore.answers import read_json
from tradewind.agentcore.calls import EVENT_STREAM, RuntimeCall
from tradewind.agentcore.limits import MAX_KEPT_BYTES
from tradewind.agentcore.socket_address import SESSION_HEADER, SocketAddresses
from tradewind.agentcore.socket_connection import Connection, connect
from tradewind.agentcore.socket_failures import broken_off, is_complete
from tradewind.contracts.errors import (
    DeadlineExceeded,
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeInterrupted,
    RuntimeSilent,
    RuntimeUnavailable,
)

CONNECT_TIMEOUT_S: Final = 5.0
#: For the handshake: a session's first call waits for its process, for as long as AgentCore does.
HANDSHAKE_TIMEOUT_S: Final = 70.0
#: What says nothing for so long is asked whether it is there, and has as long to answer.
PING_INTERVAL_S: Final = 20.0
#: Proxies bound a frame, not a message.
_FRAME_BYTES: Final = 32 * 1024
#: Less than this is no time: clocks and timeouts are not exact.
_NO_TIME_S: Final = 0.01
_OVER: Final = "The time for the call of the runtime is over."


class WebSocketTransport:
    """Carries calls to runtimes over WebSockets.

    The payload is the first message, and the only one of a call that ``open`` sends; each message
    that comes is one event of the answer, which ends when the agent ends the connection. A text
    message goes out where the payload is a text or JSON, and a binary one where it is not.

    Nothing is read ahead but what came in the same packets. What a slow consumer does not take
    stays with the sender.

    Args:
        session: The process's: its credentials and its settings.
        presigned: Sign calls in their URLs and not in headers.
        connect_timeout_s: For TCP and TLS.
        ping_interval_s: How long an agent may be silent before it is asked whether it is there.
        max_message_bytes: How long a message may be that comes.
    """

    def __init__(
        self,
        session: Session,
        *,
        presigned: bool = False,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        ping_interval_s: float = PING_INTERVAL_S,
        max_message_bytes: int = MAX_KEPT_BYTES,
    ) -> None:
        self._addresses = SocketAddresses(session)
        self._sign = self._addresses.presigned if presigned else self._addresses.signed
        self._connect_timeout_s = connect_timeout_s
        self._ping_interval_s = ping_interval_s
        self._max_message_bytes = max_message_bytes

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncIterator["SocketAnswer"]:
        """Send a call, and wait until its answer begins: see ``Transport``.

        Raises:
            RuntimeSilent: The connection is dead; whether the agent is at work, nobody knows.
            ConfigurationError: No endpoint follows from the settings, or none that can be trusted.
        """
        is_text = _is_text(call)
        async with self._duplex(call) as duplex:
            await duplex.send_first(call.payload, is_text=is_text)
            yield SocketAnswer(duplex, await duplex.receive_bytes())

    @asynccontextmanager
    async def converse(self, call: RuntimeCall) -> AsyncIterator["Duplex"]:
        """Open a socket that both sides speak on until one ends it.

        The payload is the first message, unless it is empty. Nothing is ever repeated: whether to
        begin again, in the same session, is for whoever knows what has been said.

        Raises:
            RuntimeUnavailable: Nobody could be reached, or AgentCore is not able to serve now.
            RuntimeThrottled: There are too many calls.
            RuntimeCallError: Of another kind: a repeat cannot help.
            DeadlineExceeded: The call's time is over.
            ConfigurationError: No endpoint follows from the settings, or none that can be trusted.
        """
        is_text = _is_text(call)
        async with self._duplex(call) as duplex:
            if call.payload:
                await duplex.send_first(call.payload, is_text=is_text)
            yield duplex

    @asynccontextmanager
    async def _duplex(self, call: RuntimeCall) -> AsyncIterator["Duplex"]:
        async with _within(
            call.time_left_s,
            HANDSHAKE_TIMEOUT_S,
            lambda: RuntimeUnavailable("The WebSocket was not opened in time."),
        ):
            if self._addresses.would_wait(call.runtime.region):
                address = await asyncio.to_thread(self._sign, call)
            else:
                address = self._sign(call)
            connection = await connect(address, self._connect_timeout_s, self._max_message_bytes)
        try:
            yield Duplex(connection, call.time_left_s, self._ping_interval_s)
        finally:
            await connection.leave()


class Duplex:
    """An open socket to a runtime. One task may send while another one receives.

    Attributes:
        session_id: The session that answers; None where AgentCore does not say.
    """

    def __init__(
        self,
        connection: Connection,
        time_left_s: Callable[[], float],
        ping_interval_s: float,
    ) -> None:
        response = connection.response
        told = response.headers.get_all(SESSION_HEADER) if response else []
        self.session_id: str | None = told[0] if told else None
        self._connection = connection
        self._time_left_s = time_left_s
        self._ping_interval_s = ping_interval_s
        self._ended: ConnectionClosed | RuntimeAnswerUnreadable | None = None

    async def send(self, message: str | bytes) -> None:
        """Send a message; wait while the peer takes none.

        Raises:
            RuntimeCallError: The connection has ended.
            DeadlineExceeded: The call's time is over.
        """
        if isinstance(message, str):
            await self._send(message.encode(), is_text=True)
        else:
            await self._send(message, is_text=False)

    async def send_first(self, payload: bytes, *, is_text: bool) -> None:
        """Send the payload, unless the peer has ended the connection: ``receive`` tells of that.

        An agent may have answered, and be gone, before it was asked.
        """
        if self._connection.state is State.OPEN:
            with suppress(RuntimeCallError):
                await self._send(payload, is_text=is_text)

    async def _send(self, message: bytes, *, is_text: bool) -> None:
        whole = len(message) <= _FRAME_BYTES
        async with _within(self._time_left_s):
            try:
                await self._connection.send(message if whole else _frames(message), text=is_text)
            except ConnectionClosed as closed:
                raise broken_off(closed, has_begun=self._connection.has_begun) from closed

    async def receive(self) -> str | bytes | None:
        """Wait for the next message.

        Returns:
            A text or bytes, as it was sent; None once the peer has ended the connection.

        Raises:
            RuntimeInterrupted: The connection broke off; before the first message, another kind
                of ``RuntimeCallError``.
            RuntimeAnswerUnreadable: The message is too long, or no message at all.
            DeadlineExceeded: The call's time is over.
        """
        pong: Awaitable[float] | None = None
        while True:
            left_s = _time_left(self._time_left_s)
            try:
                async with asyncio.timeout(min(left_s, self._ping_interval_s)):
                    message = await self._next()
            except TimeoutError as error:
                if left_s <= self._ping_interval_s:
                    raise DeadlineExceeded(_OVER) from error
            except ConnectionClosed as closed:
                if is_complete(closed) and not self._connection.kinds:
                    return None
                raise broken_off(closed, has_begun=self._connection.has_begun) from closed
            else:
                return message
            if pong is not None and not asyncio.ensure_future(pong).done():
                raise self._silence()
            async with _within(self._time_left_s):
                with suppress(ConnectionClosed):  # how it ended, the next wait tells
                    pong = await self._connection.ping()

    async def receive_bytes(self) -> bytes | None:
        """Wait for the next message, as the bytes it came in. See ``receive``."""
        message = await self.receive()
        return None if message is None else _as_bytes(message)

    async def receive_arrived(self) -> list[bytes]:
        """Take the messages that have arrived, and wait for none."""
        messages: list[bytes] = []
        # What ends the connection is for the next one who waits.
        with suppress(ConnectionClosed, RuntimeAnswerUnreadable):
            while not self._ended and self._connection.has_message:
                messages.append(_as_bytes(await self._next()))
        return messages

    async def _next(self) -> str | bytes:
        # The library is not to be asked again once it has failed: what it read on is no message.
        if self._ended is not None:
            raise self._ended
        try:
            # Nor to decode: on a connection that has ended in order, it would take a text that is
            # none for the end.
            message = await self._connection.recv(decode=False)
            if self._connection.kinds.popleft() is Opcode.BINARY:
                return message
            return message.decode()
        except ConnectionClosed as closed:
            self._ended = closed
            raise
        except UnicodeDecodeError as error:
            self._ended = RuntimeAnswerUnreadable("The answer is not UTF-8.")
            raise self._ended from error

    def _silence(self) -> RuntimeSilent | RuntimeInterrupted:
        if self._connection.has_begun:
            return RuntimeInterrupted("The answer broke off: the connection is dead.")
        return RuntimeSilent("The connection died before an answer began.")


class SocketAnswer:
    """An answer that comes as messages. See ``Opened``.

    Attributes:
        content_type: Of events, as which the messages are given.
        session_id: The session that answers; None where AgentCore does not say.
    """

    content_type: Final = EVENT_STREAM

    def __init__(self, duplex: Duplex, first: bytes | None) -> None:
        self.session_id = duplex.session_id
        self._duplex = duplex
        self._first = first

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give each message as one event; those that have arrived together in one piece."""
        message, self._first = self._first, None  # it may be large
        while message is not None:
            messages = [message, *await self._duplex.receive_arrived()]
            message = None
            yield b"".join(map(_as_event, messages))
            message = await self._duplex.receive_bytes()


@asynccontextmanager
async def _within(
    time_left_s: Callable[[], float],
    limit_s: float | None = None,
    too_long: Callable[[], Exception] | None = None,
) -> AsyncIterator[None]:
    """Bound what is awaited within by the call's time, and by a limit of its own."""
    left_s = _time_left(time_left_s)
    own = limit_s is not None and limit_s < left_s
    waiting = asyncio.timeout(limit_s if own else left_s)
    try:
        async with waiting:
            yield
    except TimeoutError as error:
        if not waiting.expired():
            raise
        if own and too_long is not None:
            raise too_long() from error
        raise DeadlineExceeded(_OVER) from error


def _time_left(time_left_s: Callable[[], float]) -> float:
    left_s = time_left_s()
    if left_s < _NO_TIME_S:
        raise DeadlineExceeded(_OVER)
    return left_s


def _is_text(call: RuntimeCall) -> bool:
    kind = call.content_type.partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind.endswith(("/json", "+json"))):
        return False
    try:
        call.payload.decode()
    except UnicodeDecodeError as error:
        raise InvalidRuntimeRequest(
            "The payload is not UTF-8, which its content type says it is.", field="payload"
        ) from error
    return True


def _frames(payload: bytes) -> Iterator[memoryview]:
    view = memoryview(payload)
    return (view[start : start + _FRAME_BYTES] for start in range(0, len(view), _FRAME_BYTES))


def _as_bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def _as_event(message: bytes) -> bytes:
    if b"\r" in message:
        message = _without_returns(message)
    return b"data: " + message.replace(b"\n", b"\ndata: ") + b"\n\n"


def _without_returns(message: bytes) -> bytes:
    """The same as it would be read, with no carriage return: that would end an event's line."""
    try:
        text = message.decode()
        read_json(text)
    except UnicodeDecodeError:
        pass  # which its reader says, whatever ends its lines
    except ValueError:  # words as they are
        return json.dumps(text, ensure_ascii=False).encode()
    return message.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
