"""One WebSocket, opened and left: what the library ``websockets`` is told and asked for.

It is pinned to one release: what is asked of it here goes a step further than its documentation.
"""

import asyncio
import logging
import socket as sockets
from collections import deque
from contextlib import suppress
from typing import Any, Final, cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.exceptions import WebSocketException
from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import Event

from tradewind.agentcore.socket_address import SocketAddress
from tradewind.agentcore.socket_failures import not_opened

#: For the peer to end the connection whose end it has told.
_CLOSE_TIMEOUT_S: Final = 1.0
#: Before a server's ping, pong or close.
_CONTROL_HEAD_BYTES: Final = 2

# The library would show prompts and answers to a log of enough detail.
_MUTE: Final = logging.Logger("mute", logging.CRITICAL + 1)


async def connect(
    address: SocketAddress, connect_timeout_s: float, max_message_bytes: int
) -> "Connection":
    """Open a WebSocket.

    Args:
        address: Where, and with which signature.
        connect_timeout_s: For TCP and TLS. The handshake is for the caller to bound.
        max_message_bytes: How long a message may be that comes.

    Raises:
        RuntimeCallError: Nobody could be reached, or they refuse.
    """
    try:
        connection = await _Connecting(address, connect_timeout_s, max_message_bytes)
    # A ValueError is a host's name that nothing can be called.
    except (WebSocketException, OSError, ValueError) as error:
        raise not_opened(error) from error
    with suppress(OSError):  # it has ended by now, as whoever uses it is told
        raw = connection.transport.get_extra_info("socket")
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)
    return cast("Connection", connection)


class Connection(ClientConnection):
    """Knows what has arrived, which the library has no word for."""

    #: Of the handshake, until it has come to its end.
    _head: bytes | None = b""
    _arrived = 0
    _about_itself = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Of messages that have begun to arrive and are not taken, in order.
        self.kinds: deque[Opcode] = deque()

    def data_received(self, data: bytes) -> None:
        """Count what comes after the handshake."""
        if self._head is not None:
            self._head, end, data_behind = (self._head + data).partition(b"\r\n\r\n")
            self._arrived = len(data_behind)
            if end:
                self._head = None
        else:
            self._arrived += len(data)
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        """Count what is of the connection itself, and note which messages begin."""
        if isinstance(event, Frame):
            if event.opcode in CTRL_OPCODES:
                self._about_itself += _CONTROL_HEAD_BYTES + len(event.data)
            elif event.opcode is not Opcode.CONT:
                self.kinds.append(event.opcode)
        super().process_event(event)

    @property
    def has_begun(self) -> bool:
        """Whether a byte has arrived of anything but pings, pongs and the end."""
        return self._arrived > self._about_itself

    @property
    def has_message(self) -> bool:
        """Whether a whole message has arrived, and waits to be taken."""
        return any(frame.fin for frame in self.recv_messages.frames.queue)

    async def leave(self) -> None:
        """Tell the peer that nobody listens any more, if it does not know; wait for nothing."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await self.close(CloseCode.GOING_AWAY)
        finally:
            self.transport.abort()
        await self.wait_closed()


class _Connecting(websockets_connect):
    """Opens a connection, and follows nobody: what is signed is for one host."""

    def __init__(
        self, address: SocketAddress, connect_timeout_s: float, max_message_bytes: int
    ) -> None:
        super().__init__(
            address.url,
            additional_headers=address.headers,
            user_agent_header="tradewind",
            # Answers are short texts, and each compressor has its own window.
            compression=None,
            open_timeout=None,
            # Its pings would take a slow consumer, who leaves pongs unread, for a dead peer.
            ping_interval=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            max_size=max_message_bytes,
            max_queue=(1, 0),
            logger=_MUTE,
            create_connection=Connection,
            ssl=address.tls,
        )
        self._connect_timeout_s = connect_timeout_s

    async def open_tcp_connection(self) -> ClientConnection:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                return await super().open_tcp_connection()
        except TimeoutError as error:
            raise ConnectionError("no connection in time") from error

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
