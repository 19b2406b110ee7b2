"""A runtime of AgentCore as far as its bytes go: every one that it sends is a test's own.

It speaks no protocol by itself. A test says what it sends for each request that arrives, piece by
piece, and what becomes of the connection then; what arrives is counted here, as the wire has it.
"""

import asyncio
import base64
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

#: Of SO_LINGER: a close resets the connection.
_AT_ONCE: Final = struct.pack("ii", 1, 0)
#: Of WebSockets, as their standard has it: what the key of a handshake is hashed with.
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: For how many turns nothing may move before it is said that nothing does.
_QUIET_TURNS: Final = 100

SESSION_HEADER: Final = "x-amzn-bedrock-agentcore-runtime-session-id"


class Then(Enum):
    """What becomes of a connection after an answer."""

    KEEP = "the next request is read"
    CLOSE = "it is closed"
    RESET = "it is reset"
    STALL = "nothing more is said on it"


@dataclass
class Asked:
    """A request as it came: an attempt.

    Attributes:
        line: Its first line.
        headers: By names in lower case.
        body: Its body; of a WebSocket, the messages that were read.
    """

    line: str
    headers: dict[str, str]
    body: bytes = b""


class Read(Enum):
    """What is read of a client's while it is answered."""

    MESSAGE = "its next message, on a WebSocket"


#: A part of an answer: bytes as they are; many of them; what is made of the request; or something
#: to wait for before the next part, in the last place seconds.
Piece = bytes | Iterable[bytes] | Callable[[Asked], bytes] | Read | asyncio.Event | float


@dataclass(frozen=True)
class Answer:
    """What is sent for one request.

    Attributes:
        pieces: One after the other, each in a packet of its own as far as the sender has a say.
        then: What becomes of the connection.
    """

    pieces: tuple[Piece, ...] = ()
    then: Then = Then.KEEP


@dataclass
class RawRuntime:
    """The server.

    Attributes:
        url: Its address.
        answers: One for each request in turn, or what makes it of the request; the last one is for
            all further ones.
        asked: The requests whose head came whole.
        connections: How many were opened.
        writers: Of those that are open.
        busy: How many of these are not waiting for a request.
        sent: How many bytes of answers were taken from it.
    """

    url: str = ""
    answers: list[Answer | Callable[[Asked], Answer]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    busy: int = 0
    sent: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.connections += 1
        self.writers.add(writer)
        self._moved.set()
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What was taken from the sender is then what the kernel took.
        writer.transport.set_write_buffer_limits(0)
        try:
            while await self._answer(reader, writer) is Then.KEEP:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side went away; what it makes of that is what is tested
        finally:
            self.writers.discard(writer)
            self._moved.set()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Then:
        asked = await _read_request(reader)
        self.asked.append(asked)
        self.busy += 1
        self._moved.set()
        try:
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            return await self._send(
                answer(asked) if callable(answer) else answer, asked, reader, writer
            )
        finally:
            self.busy -= 1
            self._moved.set()

    async def _send(
        self,
        answer: Answer,
        asked: Asked,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Then:
        for piece in answer.pieces:
            if isinstance(piece, Read):
                asked.body += await _read_message(reader)
            elif isinstance(piece, asyncio.Event):
                await piece.wait()
            elif isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                for data in _bytes_of(piece, asked):
                    writer.write(data)
                    await writer.drain()
                    self.sent += len(data)
        if answer.then is Then.STALL:
            await reader.read()  # until the other side hangs up
        elif answer.then is Then.RESET:
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE
            )
            writer.transport.abort()
        return answer.then

    async def until(self, holds: Callable[["RawRuntime"], bool]) -> None:
        """Wait until it is so; a test that waits for ever has found that it is not.

        Args:
            holds: Says so of what is asked, of connections, and of who has them open.
        """
        while not holds(self):
            self._moved.clear()
            await self._moved.wait()

    async def until_full(self) -> None:
        """Wait until nothing more is taken of what is sent, or all of it has been.

        Taken is what the kernels take. Of many turns of the event loop none may then move a byte:
        a reader that reads ahead in another thread could be slower, and escape; none fails that
        does not.
        """
        quiet = 0
        while quiet < _QUIET_TURNS and self.busy:
            before = self._taken()
            await asyncio.sleep(0.001)
            quiet = quiet + 1 if self._taken() == before else 0

    def _taken(self) -> int:
        return self.sent - sum(writer.transport.get_write_buffer_size() for writer in self.writers)


def _bytes_of(
    piece: bytes | Iterable[bytes] | Callable[[Asked], bytes], asked: Asked
) -> Iterable[bytes]:
    if callable(piece):
        return (piece(asked),)
    return (piece,) if isinstance(piece, bytes) else piece


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *rest = head.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(line, headers, body)


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """A message of a client's, pings and the like aside."""
    message = b""
    while True:
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length == _TWO_BYTES:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
        elif length == _EIGHT_BYTES:
            (length,) = struct.unpack("!Q", await reader.readexactly(8))
        mask = await reader.readexactly(4)
        data = bytes(
            byte ^ mask[number % 4] for number, byte in enumerate(await reader.readexactly(length))
        )
        if first & 0x0F > _BINARY:
            continue
        message += data
        if first & _LAST:
            return message


@asynccontextmanager
async def raw_runtime(
    *answers: Answer | Callable[[Asked], Answer],
    listener: socket.socket | None = None,
    send_buffer: int | None = None,
) -> AsyncIterator[RawRuntime]:
    """A server while a test needs it.

    Args:
        answers: As ``RawRuntime.answers``.
        listener: Where it serves, and nobody else; a port of its own without one.
        send_buffer: How many bytes the kernel keeps of what is sent; as it likes without it.
    """
    runtime = RawRuntime(answers=list(answers))
    listener = socket.create_server(("127.0.0.1", 0)) if listener is None else listener.dup()
    if send_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    server = await asyncio.start_server(runtime.serve, sock=listener, backlog=1024)
    runtime.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield runtime
    finally:
        server.close()
        for writer in runtime.writers:
            writer.transport.abort()


# --- HTTP -----------------------------------------------------------------------------------------

SESSION: Final = "session-of-a-raw-runtime-0123456789abcdef"


def http_head(status: str = "200 OK", kind: str = "text/event-stream", **more: str) -> bytes:
    """The head of a response; without a length among ``more``, its body comes in chunks."""
    headers = {"content-type": kind, SESSION_HEADER: SESSION, **more}
    if "content_length" not in more:
        headers["transfer-encoding"] = "chunked"
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def http_whole(status: str, body: bytes, kind: str = "application/json", **more: str) -> bytes:
    """A response of a known length."""
    return http_head(status, kind, content_length=str(len(body)), **more) + body


def http_chunk(data: bytes) -> bytes:
    """A piece of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


#: The end of a body that came in chunks.
HTTP_END: Final = b"0\r\n\r\n"


# --- WebSockets -----------------------------------------------------------------------------------

_LAST: Final = 0x80
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127
CONTINUED: Final = 0x0
TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8


def socket_opened(asked: Asked) -> bytes:
    """The server's half of a handshake."""
    key = asked.headers["sec-websocket-key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324  as the standard says
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
    )


def socket_frame(data: bytes, opcode: int = TEXT, *, last: bool = True) -> bytes:
    """A frame of a server's: a message, or a part of one."""
    first = opcode | (_LAST if last else 0)
    if len(data) < _TWO_BYTES:
        return struct.pack("!BB", first, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack("!BBH", first, _TWO_BYTES, len(data)) + data
    return struct.pack("!BBQ", first, _EIGHT_BYTES, len(data)) + data


def socket_end(code: int = 1000) -> bytes:
    """The frame that ends a conversation."""
    return socket_frame(struct.pack("!H", code), _CLOSE)
