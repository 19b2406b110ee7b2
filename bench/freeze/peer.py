"""Bedrock, DynamoDB, S3 and AgentCore at once, over TLS, as far as connections go.

What it is asked it answers well. What counts is what becomes of its connections while a client is
frozen, and how many connections, handshakes and requests it then sees.
"""

import contextlib
import errno
import io
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devtools.localcloud.bedrock.frames import event
from devtools.localcloud.tls import TlsFiles
from devtools.packets import drop_arrivals

#: Of SO_LINGER: a close resets the connection.
_AT_ONCE: Final = struct.pack("ii", 1, 0)
#: Linux's: what closes such a socket says nothing to its peer. Python has no name for it.
_TCP_REPAIR: Final = 19
#: What an operation on a connection says that its client has left.
_GONE: Final = (errno.EBADF, errno.ENOTCONN)
#: For all of a burst to have asked.
_GATE_S: Final = 60.0


class Mode(StrEnum):
    """What becomes of the connections during a freeze."""

    KEPT = "nothing"
    CLOSED = "closed"
    RESET = "reset"
    FORGOTTEN = "forgotten"
    VANISHED = "packets dropped"
    UNANSWERED = "answers dropped"


def may_forget() -> bool:
    """Whether connections can be forgotten here: it takes CAP_NET_ADMIN."""
    with socket.socket() as sock:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
        except OSError:
            return False
    return True


@dataclass
class Counts:
    """What a peer has seen.

    Attributes:
        handshakes: Of TLS, that were finished.
        requests: That arrived whole.
    """

    handshakes: int = 0
    requests: int = 0


class Peer:
    """Serves on loopback, a thread for each connection.

    Args:
        tls: Its certificate.
    """

    def __init__(self, tls: TlsFiles) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(tls.certificate, tls.key)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._counts = Counts()
        self._open: dict[threading.Thread, ssl.SSLSocket] = {}
        self._gate: threading.Barrier | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def counts(self) -> Counts:
        """What it has seen so far."""
        with self._lock:
            return Counts(self._counts.handshakes, self._counts.requests)

    @contextlib.contextmanager
    def together(self, times: int) -> Iterator[None]:
        """Answer nobody within before so many have asked: each has a connection of its own."""
        self._gate = threading.Barrier(times)
        try:
            yield
        finally:
            self._gate = None

    def lose_connections(self, mode: Mode) -> None:
        """Do to the connections that there are what ``mode`` says of this end."""
        with self._lock:
            lost = dict(self._open)
        for connection in lost.values():
            try:
                _lose(connection, mode)
            except OSError as error:
                if error.errno not in _GONE:
                    raise
        if mode in {Mode.CLOSED, Mode.RESET, Mode.FORGOTTEN}:
            for thread in lost:
                thread.join()

    def stop(self) -> None:
        """End."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends a waiting accept
        self._listener.close()
        self.lose_connections(Mode.RESET)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own = threading.current_thread()
        with contextlib.suppress(OSError, threading.BrokenBarrierError), accepted:
            connection = self._context.wrap_socket(accepted, server_side=True)
            with self._lock:
                self._counts.handshakes += 1
                self._open[own] = connection
            try:
                with connection, connection.makefile("rb") as reading:
                    while self._answer(connection, reading):
                        pass
            finally:
                with self._lock:
                    del self._open[own]

    def _answer(self, connection: ssl.SSLSocket, reading: io.BufferedReader) -> bool:
        line = reading.readline().decode()
        if not line:
            return False
        headers = {}
        while (header := reading.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        if "expect" in headers:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not _read_body(reading, headers):
            return False
        with self._lock:
            self._counts.requests += 1
        gate = self._gate
        if gate is not None:
            gate.wait(_GATE_S)
        connection.sendall(_answer_to(line.split()[1], headers))
        return True


def _lose(connection: ssl.SSLSocket, mode: Mode) -> None:
    if mode is Mode.VANISHED:
        drop_arrivals(connection)
    elif mode is Mode.CLOSED:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    elif mode in {Mode.RESET, Mode.FORGOTTEN}:
        if mode is Mode.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        else:
            connection.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
        # It says nothing on the wire, and ends the read of the thread, which closes.
        socket.socket.shutdown(connection, socket.SHUT_RD)


def _read_body(reading: io.BufferedReader, headers: dict[str, str]) -> bool:
    """Whether all of a request's body has come."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        length = int(headers.get("content-length", 0))
        return len(reading.read(length)) == length
    while length := int(reading.readline().partition(b";")[0] or b"0", 16):
        reading.read(length + len(b"\r\n"))
    return reading.readline() == b"\r\n"


def _answer_to(path: str, headers: dict[str, str]) -> bytes:
    if "x-amz-target" in headers:
        return _http("application/x-amz-json-1.0", b"{}")
    if path.startswith("/model/"):
        return _http("application/vnd.amazon.eventstream", _SPOKEN)
    if path.startswith("/runtimes/"):
        return _http("application/json", json.dumps({"answer": "windy"}).encode())
    return _http("application/xml", b"")


def _http(content_type: str, body: bytes) -> bytes:
    head = f'HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nETag: "e"\r\n'
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_SPOKEN: Final = b"".join(
    (
        event("messageStart", {"role": "assistant"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Windy."}}),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event("messageStop", {"stopReason": "end_turn"}),
        event(
            "metadata",
            {
                "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                "metrics": {"latencyMs": 1},
            },
        ),
    )
)
