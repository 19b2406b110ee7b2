"""One HTTP request to an agent's process, its answer read as it comes.

No more than the socket's own room is read ahead: an agent whose caller is slow is slow itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

import h11

_READ: Final = 64 * 1024
#: Of the body's pieces that are sent at once.
_SENT: Final = 256 * 1024


class Broken(Exception):
    """The connection ended before the answer did, or said what is not HTTP."""


class Unreachable(Broken):
    """Nobody listens, so nothing was sent."""


class Exchange:
    """A request and its answer on a connection of its own.

    Attributes:
        status: Of the answer.
        headers: Of the answer, names in small letters.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = h11.Connection(h11.CLIENT)
        self.status = 0
        self.headers: dict[str, str] = {}

    @classmethod
    async def begin(
        cls,
        address: tuple[str, int],
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> "Exchange":
        """Send a request and wait for the answer's head.

        Raises:
            Unreachable: There is no such server.
            Broken: It ended without one.
        """
        try:
            reader, writer = await asyncio.open_connection(*address, limit=_READ)
        except OSError as error:
            raise Unreachable(str(error)) from error
        exchange = cls(reader, writer)
        try:
            await exchange._send(method, target, headers, body, f"{address[0]}:{address[1]}")
            await exchange._receive_head()
        except BaseException:
            exchange.close()
            raise
        return exchange

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it comes.

        Raises:
            Broken: It ended before its end.
        """
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str
    ) -> None:
        fields = [("Host", host), *headers.items(), ("Content-Length", str(len(body)))]
        request = h11.Request(method=method, target=target, headers=_bytes(fields))
        try:
            self._writer.write(self._connection.send(request) or b"")
            for start in range(0, len(body), _SENT):
                piece = h11.Data(data=body[start : start + _SENT])
                self._writer.write(self._connection.send(piece) or b"")
                await self._writer.drain()
            self._connection.send(h11.EndOfMessage())
            await self._writer.drain()
        except OSError as error:
            raise Broken(str(error)) from error

    async def _receive_head(self) -> None:
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise Broken("no answer")
        self.status = event.status_code
        self.headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers
        }

    async def _next(self) -> h11.Event:
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_READ))
        except (OSError, h11.RemoteProtocolError) as error:
            raise Broken(str(error)) from error
        if isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
            return event
        raise Broken("the connection ended")


def _bytes(fields: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in fields]
