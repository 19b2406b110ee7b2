"""A WebSocket to an agent's process, the client's side of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from devtools.localcloud.extension.agentcore.exchange import Broken

_READ: Final = 64 * 1024
#: Says that a connection ended without a word (RFC 6455).
_ABNORMAL: Final = 1006


class Rejected(Exception):
    """The agent takes no socket; ``status`` is what it said."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Upstream:
    """An open socket.

    Attributes:
        subprotocol: The one that the agent chose.
        closed: Code and reason, once ``messages`` has come to its end.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = WSConnection(ConnectionType.CLIENT)
        self.subprotocol: str | None = None
        self.closed: tuple[int, str] = (_ABNORMAL, "")

    @classmethod
    async def open(
        cls,
        address: tuple[str, int],
        target: str,
        headers: Mapping[str, str],
        subprotocols: Sequence[str],
    ) -> "Upstream":
        """Open a socket.

        Raises:
            Rejected: The agent takes none.
            Broken: There is no such server, or it hung up.
        """
        try:
            reader, writer = await asyncio.open_connection(*address, limit=_READ)
        except OSError as error:
            raise Broken(str(error)) from error
        upstream = cls(reader, writer)
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            await upstream._send(
                Request(
                    host=f"{address[0]}:{address[1]}",
                    target=target,
                    extra_headers=fields,
                    subprotocols=list(subprotocols),
                )
            )
            await upstream._accepted()
        except BaseException:
            upstream.hang_up()
            raise
        return upstream

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Whole messages, until the socket is closed or has broken off."""
        parts: list[str | bytes] = []
        async for event in self._events():
            if isinstance(event, CloseConnection):
                self.closed = (event.code, event.reason or "")
                if self._connection.state is ConnectionState.REMOTE_CLOSING:
                    await self._send(event.response())
                return
            if isinstance(event, Ping):
                await self._send(event.response())
            elif isinstance(event, TextMessage | BytesMessage):
                parts.append(event.data)
                if event.message_finished:
                    yield _joined(parts)
                    parts = []

    async def send(self, message: str | bytes) -> None:
        """Send a message.

        Raises:
            Broken: The socket is closed.
        """
        await self._send(Message(data=message))

    async def close(self, code: int, reason: str) -> None:
        """Say that there will be no more."""
        await self._send(CloseConnection(code=code, reason=reason))

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def _accepted(self) -> None:
        async for event in self._events():
            if isinstance(event, AcceptConnection):
                self.subprotocol = event.subprotocol
                return
            if isinstance(event, RejectConnection):
                raise Rejected(event.status_code)
        raise Broken("no answer")

    async def _events(self) -> AsyncIterator[Event]:
        """Events, until the connection ends."""
        while True:
            for event in self._connection.events():
                yield event
            try:
                received = await self._reader.read(_READ)
                self._connection.receive_data(received or None)
            except (OSError, RemoteProtocolError):
                return
            if not received:
                for event in self._connection.events():
                    yield event
                return

    async def _send(self, event: Event) -> None:
        try:
            self._writer.write(self._connection.send(event))
            await self._writer.drain()
        except (OSError, LocalProtocolError) as error:
            raise Broken(str(error)) from error


def _joined(parts: Sequence[str | bytes]) -> str | bytes:
    if isinstance(parts[0], str):
        return "".join(part for part in parts if isinstance(part, str))
    return b"".join(bytes(part) for part in parts if not isinstance(part, str))
