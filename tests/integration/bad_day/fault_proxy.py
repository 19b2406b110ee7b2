"""A proxy before a service of AWS that lets chosen calls meet a bad day, on the wire.

It knows the operations that the runtime calls by their real protocols, hands each on to the
service behind it, and plays a fault on the nth call that a rule chooses. A fault comes before the
service has worked or after: a reply that is lost after the work is what repeats have to survive.
"""

import http.client
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

#: Headers that belong to one hop.
_HOP: Final = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Fault(StrEnum):
    """What may become of a call."""

    DENIED = "denied"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    RESET = "reset"
    #: Taken, and never answered; nothing was done.
    SILENT = "silent"
    #: Done, and the connection closed without an answer.
    LOST = "lost"
    #: Done, and answered with an error of the service.
    FAILED_AFTER = "failed-after"
    #: Done, and half of the answer sent.
    CUT = "cut"
    #: Done, and the answer never sent.
    STALLED = "stalled"


#: Those of which the service has done the work.
DONE: Final = frozenset({Fault.LOST, Fault.FAILED_AFTER, Fault.CUT, Fault.STALLED})


@dataclass(frozen=True)
class Call:
    """A call on the wire.

    Attributes:
        operation: ``PutItem``, ``PutObject`` and so on.
        target: An object's key; empty where there is none.
    """

    operation: str
    target: str = ""


@dataclass
class Rule:
    """Which calls meet a fault.

    Attributes:
        fault: What they meet.
        chooses: Whether a call is meant.
        skip: How many of those are spared first.
        times: How many meet it then; all from there on when None.
    """

    fault: Fault
    chooses: Callable[[Call], bool]
    skip: int = 0
    times: int | None = 1
    seen: int = 0

    def hits(self, call: Call) -> bool:
        """Whether this call meets the fault; counts it."""
        if not self.chooses(call):
            return False
        self.seen += 1
        at = self.seen - self.skip
        return at > 0 and (self.times is None or at <= self.times)


@dataclass
class FaultProxy:
    """Stands before the service at ``upstream`` until it is closed.

    Attributes:
        upstream: The service's https address.
        ca: The authority to trust it by.
        calls: What came, in order.
        rules: Which of it meets what.
        silent: The ports of callers who are told nothing now.
    """

    upstream: str
    ca: Path
    calls: list[Call] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context(cafile=str(self.ca))
        self._server = _Server(("127.0.0.1", 0), self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        """Where to send calls to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def play(self, *rules: Rule) -> None:
        """Forget what came, and play these rules from now on."""
        self._released.set()  # whoever still waits of an earlier play
        with self._lock:
            self._released = threading.Event()
            self.calls.clear()
            self.rules = list(rules)

    def close(self) -> None:
        """Stop serving."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def fault_of(self, call: Call) -> tuple[Fault | None, threading.Event]:
        """Note a call; what it meets, and the event that ends a silence."""
        with self._lock:
            self.calls.append(call)
            hit = [rule.fault for rule in self.rules if rule.hits(call)]
            return (hit[0] if hit else None), self._released

    def forward(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> "Reply":
        """Hand a call on."""
        place = urlsplit(self.upstream)
        connection = http.client.HTTPSConnection(
            place.hostname or "", place.port, context=self._tls, timeout=180
        )
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            kept = [
                (name, value) for name, value in answer.getheaders() if name.lower() not in _HOP
            ]
            return Reply(answer.status, kept, answer.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Reply:
    """What a service answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        super().__init__(address, _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is part of a bad day."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _serve(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = _call_of(self.command, self.path, self.headers.get("X-Amz-Target", ""))
        fault, released = self.server.proxy.fault_of(call)
        if fault in _ANSWERED:
            self._send(_error(call, _ANSWERED[fault]))
        elif fault in {Fault.RESET, Fault.SILENT}:
            self._fall_silent(released if fault is Fault.SILENT else None)
        else:
            reply = self.server.proxy.forward(self.command, self.path, self.headers.items(), body)
            self._reply(reply, call, fault, released)

    def _reply(
        self, reply: Reply, call: Call, fault: Fault | None, released: threading.Event
    ) -> None:
        match fault:
            case Fault.LOST:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case Fault.STALLED:
                self._fall_silent(released)
            case Fault.FAILED_AFTER:
                self._send(_error(call, _ANSWERED[Fault.UNAVAILABLE]))
            case Fault.CUT:
                self._send(reply, half=True)
                self._fall_silent(None)
            case _:
                self._send(reply)

    do_GET = do_PUT = do_POST = do_HEAD = _serve  # noqa: N815  the base class looks for these

    def _send(self, reply: Reply, *, half: bool = False) -> None:
        head = f"HTTP/1.1 {reply.status} .\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
        head += f"Content-Length: {len(reply.body)}\r\n\r\n"
        whole = head.encode() + (b"" if self.command == "HEAD" else reply.body)
        # Of an answer without a body, half of its head.
        cut = len(head) + len(reply.body) // 2 if reply.body else len(head) // 2
        self.connection.sendall(whole[:cut] if half else whole)

    def _fall_silent(self, until: threading.Event | None) -> None:
        """Say nothing until an event, and then reset the connection."""
        if until is not None:
            port = self.client_address[1]
            self.server.proxy.silent.add(port)
            until.wait()
            self.server.proxy.silent.discard(port)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _call_of(method: str, path: str, target: str) -> Call:
    """Name a call as its service does."""
    if target.startswith("DynamoDB_"):
        return Call(target.rpartition(".")[2])
    place = urlsplit(path)
    if place.path.endswith("/converse-stream"):
        return Call("ConverseStream")
    # Path style: /bucket/key.
    key = place.path.lstrip("/").partition("/")[2]
    if not key or "list-type" in parse_qs(place.query):
        return Call("ListObjectsV2")
    return Call({"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject"}[method], key)


@dataclass(frozen=True)
class _Said:
    """How a service says an error: its status and code, for DynamoDB, S3 and Bedrock."""

    dynamodb: tuple[int, str]
    s3: tuple[int, str]
    bedrock: tuple[int, str]


_ANSWERED: Final = {
    Fault.DENIED: _Said(
        (400, "AccessDeniedException"), (403, "AccessDenied"), (403, "AccessDeniedException")
    ),
    Fault.THROTTLED: _Said(
        (400, "ProvisionedThroughputExceededException"),
        (503, "SlowDown"),
        (429, "ThrottlingException"),
    ),
    Fault.UNAVAILABLE: _Said(
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (503, "ServiceUnavailableException"),
    ),
}


def _error(call: Call, said: _Said) -> Reply:
    if call.operation == "ConverseStream":
        status, code = said.bedrock
        body = json.dumps({"message": "A bad day."}).encode()
        return Reply(
            status, [("x-amzn-ErrorType", code), ("Content-Type", "application/json")], body
        )
    if call.operation.endswith("Item") or call.operation == "Query":
        status, code = said.dynamodb
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}).encode()
        return Reply(status, [("Content-Type", "application/x-amz-json-1.0")], body)
    status, code = said.s3
    body = f"<Error><Code>{code}</Code><Message>A bad day.</Message></Error>".encode()
    return Reply(status, [("Content-Type", "application/xml")], body)
