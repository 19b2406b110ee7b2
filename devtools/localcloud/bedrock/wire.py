"""HTTP/1.1 on an asyncio stream: framing by h11, plus the ways a connection can be broken."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import h11

_READ_SIZE = 65536
#: Bedrock's own limit for a Converse request.
_MAX_BODY = 25 * 1024 * 1024

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """A request as received. Header names are in lower case, the target is still encoded."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header's first value."""
        return next((value for key, value in self.headers if key == name), None)


class HttpConnection:
    """The server's side of one connection.

    Attributes:
        bytes_received: HTTP bytes, TLS not included.
        bytes_sent: HTTP bytes, TLS not included.
    """

    @classmethod
    async def over(cls, accepted: socket.socket, tls: ssl.SSLContext | None) -> "HttpConnection":
        """Take over an accepted TCP connection.

        Raises:
            OSError: The client left, or the TLS handshake failed.
        """
        # asyncio sets this only on sockets made with an explicit protocol, which accepted ones are
        # not. Without it each answer waits 40 ms for the client's delayed acknowledgement.
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, ssl=tls)
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self.bytes_received = 0
        self.bytes_sent = 0

    async def next_request(self) -> Request | None:
        """Wait for a request; None when there will be no more on this connection."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        elif self._http.our_state is not h11.IDLE:
            return None
        try:
            return await self._read_request()
        except h11.RemoteProtocolError as error:
            await self.respond(error.error_status_hint, [], b"")
            return None

    async def _read_request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                await self._receive()
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _MAX_BODY:
                    raise h11.RemoteProtocolError("body too large", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return Request(
                    method=head.method.decode("ascii"),
                    target=head.target.decode("ascii"),
                    headers=[(k.decode("ascii"), v.decode("latin-1")) for k, v in head.headers],
                    body=bytes(body),
                )
            else:
                return None

    async def respond(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole response."""
        await self._send(
            h11.Response(
                status_code=status, headers=[*headers, ("content-length", str(len(body)))]
            ),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )

    async def start(self, status: int, headers: Headers) -> None:
        """Send a response's head. Without a content length the body goes out in chunks."""
        if not any(name == "content-length" for name, _ in headers):
            headers = [*headers, ("transfer-encoding", "chunked")]
        await self._send(h11.Response(status_code=status, headers=headers))

    async def send(self, data: bytes) -> None:
        """Send a part of the body, at once."""
        await self._send(h11.Data(data=data))

    async def end(self) -> None:
        """End the response."""
        await self._send(h11.EndOfMessage())

    async def client_left(self, within_s: float | None) -> bool:
        """Wait for the client to hang up; False if it has not after ``within_s`` seconds."""
        try:
            async with asyncio.timeout(within_s):
                while await self._receive():
                    pass
        except TimeoutError:
            return False
        return True

    def cut(self, *, reset: bool) -> None:
        """Drop the connection in mid-sentence: without a TLS goodbye, or with a TCP reset."""
        if reset:
            raw: socket.socket = self._writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        """Say goodbye and hang up, without waiting for the client to say it too."""
        with contextlib.suppress(OSError):
            self._writer.close()
            self._writer.transport.abort()
            await self._writer.wait_closed()

    async def _receive(self) -> bool:
        data = await self._reader.read(_READ_SIZE)
        self.bytes_received += len(data)
        self._http.receive_data(data)
        return bool(data)

    async def _send(self, *events: h11.Event) -> None:
        data = b"".join(_parts(self._http.send(event) for event in events))
        self.bytes_sent += len(data)
        self._writer.write(data)
        await self._writer.drain()


def _parts(sent: Iterable[bytes | None]) -> Iterable[bytes]:
    return (part for part in sent if part is not None)
