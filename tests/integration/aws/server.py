"""S3, DynamoDB and Bedrock at once, as far as their sockets go, with answers by script.

Run as a program it serves until its standard input ends, so that it can be stopped by a signal.
"""

import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OBJECT = b"a wind rose" * 100

_ANSWERS: dict[str, bytes] = {
    "s3": OBJECT,
    "dynamodb": json.dumps({"Item": {"record_id": {"S": "r"}}}).encode(),
    "bedrock-runtime": json.dumps(
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "windy"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
            "metrics": {"latencyMs": 1},
        }
    ).encode(),
}

#: Of SO_LINGER: a close resets the connection.
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status: Of HTTP.
        body: In place of the service's ordinary one.
        sent: How many bytes of the body are sent; all without it.
        end: What becomes of the connection then: ``keep``, ``close``, ``reset`` or ``stall``.
        early: Whether it comes before the body was read.
        slow: Is called before the request's body is read.
        pause: Is called before the last byte of the answer.
        drops: Whether the body comes byte by byte, slowly and without an end until this is set.
        heard: Whether anything is answered at all; else the connection ends at once.
    """

    status: int = 200
    body: bytes | None = None
    sent: int | None = None
    end: str = "keep"
    early: bool = False
    slow: Callable[[], object] = lambda: None
    pause: Callable[[], object] | None = None
    drops: threading.Event | None = None
    heard: bool = True


@dataclass
class Server:
    """Serves on loopback.

    Attributes:
        replies: The next answers, in order; ordinary ones after them.
        connections: Accepted so far.
        requests: The bodies of the requests that arrived whole, in order.
        gate: Requests wait at it before they are answered.
    """

    tls: ssl.SSLContext
    replies: deque[Reply] = field(default_factory=deque)
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    gate: threading.Barrier | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends a waiting accept
        self._listener.close()
        self.end_idle(by_reset=False)

    def end_idle(self, *, by_reset: bool) -> None:
        """End the connections that there are, from this side."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    if by_reset:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                    socket.socket.shutdown(sock, socket.SHUT_RD)  # its thread closes it
            self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError, threading.BrokenBarrierError), accepted:
            connection = self.tls.wrap_socket(accepted, server_side=True)
            with self._lock:
                self._open.append(connection)
            with connection, connection.makefile("rb") as reading:
                while self._answer(connection, reading):
                    pass

    def _answer(self, connection: ssl.SSLSocket, reading: Any) -> bool:
        line = reading.readline()
        if not line:
            return False
        headers = {}
        while (header := reading.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        with self._lock:
            reply = self.replies.popleft() if self.replies else Reply()
        reply.slow()
        if not reply.early:
            length = int(headers.get("content-length", 0))
            body = reading.read(length)
            if len(body) < length:
                return False
            with self._lock:
                self.requests.append(body)
        if self.gate is not None:
            self.gate.wait()
        service = "s3"
        if "x-amz-target" in headers:
            service = "dynamodb"
        elif line.split()[1].startswith(b"/model/"):
            service = "bedrock-runtime"
        ordinary = b"" if line.startswith(b"PUT") else _ANSWERS[service]
        content = ordinary if reply.body is None else reply.body
        if reply.heard:
            self._say(connection, reply, content)
        if reply.end == "stall":
            self._ended.wait()
        if reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        return reply.end == "keep"

    @staticmethod
    def _say(connection: ssl.SSLSocket, reply: Reply, content: bytes) -> None:
        length = len(content) if reply.drops is None else 1_000_000
        head = (
            f"HTTP/1.1 {reply.status} Whatever\r\nContent-Length: {length}\r\n"
            'ETag: "e"\r\nContent-Type: application/json\r\n\r\n'
        )
        said = head.encode() + content[: reply.sent]
        if reply.pause is not None:
            connection.sendall(said[:-1])
            reply.pause()
            said = said[-1:]
        if reply.drops is not None:
            connection.sendall(head.encode())
            while not reply.drops.wait(0.02):
                connection.sendall(b" ")
            return
        connection.sendall(said)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


if __name__ == "__main__":
    server = Server(server_context(Path(sys.argv[1]), Path(sys.argv[2])))
    print(server.port, flush=True)
    sys.stdin.read()
