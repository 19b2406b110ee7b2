"""AgentCore's data plane as far as bytes go: each request is answered by a script's next act."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: Of SO_LINGER: a close resets the connection.
_AT_ONCE = struct.pack("ii", 1, 0)

#: Says an answer on a connection. Returns whether the connection is kept.
Act = Callable[[socket.socket], bool]


def head(content_type: str = "text/event-stream", *, framing: str = "chunked") -> bytes:
    """The head of an answer that goes well.

    Args:
        content_type: Of the body; none with an empty one.
        framing: "chunked", "none", or a length in bytes.
    """
    lines = ["HTTP/1.1 200 OK", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: answered"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
    elif framing != "none":
        lines.append(f"Content-Length: {framing}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST = b"0\r\n\r\n"


def event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def say(*parts: bytes | Callable[[], object]) -> Act:
    """Send bytes one by one, and call what is to happen between them; keep the connection."""

    def act(connection: socket.socket) -> bool:
        for part in parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                part()
        return True

    return act


def say_and_close(*parts: bytes | Callable[[], object]) -> Act:
    spoken = say(*parts)
    return lambda connection: not spoken(connection)


def say_and_reset(*parts: bytes | Callable[[], object]) -> Act:
    spoken = say(*parts)

    def act(connection: socket.socket) -> bool:
        spoken(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        return False

    return act


def refuse(status: int, code: str = "", body: bytes = b"<html>no</html>") -> Act:
    """Answer with an error, as the service spells it, or as a proxy does without a code."""
    named = f"x-amzn-ErrorType: {code}\r\n" if code else ""
    content = json.dumps({"message": "no"}).encode() if code else body
    return say(
        f"HTTP/1.1 {status} Whatever\r\n{named}Content-Length: {len(content)}\r\n\r\n".encode(),
        content,
    )


def tell(*values: object) -> Act:
    """Stream values, each as an event in a chunk of its own."""
    return say(head(), *(chunk(event(value)) for value in values), LAST)


@dataclass
class Request:
    """What a caller sent.

    Attributes:
        line: The request line.
        headers: By name in lower case.
        body: The payload.
    """

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ByteServer:
    """Serves on loopback.

    Attributes:
        acts: The next answers, in order.
        requests: Those that arrived whole.
        connections: Accepted so far.
    """

    tls: ssl.SSLContext | None = None
    acts: deque[Act] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends a waiting accept
        self.hang_up()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def forget(self) -> None:
        """Begin anew for another test: no act, no request, no connection."""
        self.hang_up()
        with self._lock:
            self.acts.clear()
            self.requests.clear()
            self.connections = 0

    def hang_up(self) -> None:
        """End the connections that there are."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            self._open.clear()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, accepted)

    def _serve(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            connection = stack.enter_context(accepted)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = stack.enter_context(self.tls.wrap_socket(accepted, server_side=True))
            with self._lock:
                self._open.append(connection)
            reading = stack.enter_context(connection.makefile("rb"))
            while self._answer(connection, reading):
                pass

    def _answer(self, connection: socket.socket, reading: Any) -> bool:
        line = reading.readline().decode().strip()
        if not line:
            return False
        headers = {}
        while (header := reading.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = reading.read(int(headers.get("content-length", 0)))
        with self._lock:
            self.requests.append(Request(line, headers, body))
            act = self.acts.popleft()
        return act(connection)
