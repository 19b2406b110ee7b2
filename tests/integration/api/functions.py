"""Lambda's Invoke on loopback, which answers late, refuses or breaks off on demand."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Works on an event: gets it, returns the function's answer.
Work = Callable[[dict[str, Any]], Any]


@dataclass
class LoopbackLambda:
    """The server; see ``running_lambda``.

    Attributes:
        url: Where a client finds it.
        work: What the function does.
        plan: What becomes of the next invocations: "throttle", "cut", "late", "too large",
            "died"; then they go well.
        events: Every event it got, and how it was to be invoked.
        connections: How many were opened.
        queue: Events that nobody waits for.
    """

    url: str
    work: Work = lambda _event: {}
    plan: list[str] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connections: int = 0
    queue: list[dict[str, Any]] = field(default_factory=list)
    #: Set by a test when a late answer may come.
    go_on: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    functions: LoopbackLambda

    def setup(self) -> None:
        self.functions.connections += 1
        super().setup()

    def do_POST(self) -> None:
        functions = self.functions
        kind = self.headers["X-Amz-Invocation-Type"]
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        functions.events.append((kind, event))
        plan = functions.plan.pop(0) if functions.plan else ""
        if plan == "throttle":
            self._reply(429, {"Type": "User"}, error="TooManyRequestsException")
        elif plan == "too large":
            self._reply(413, {"Type": "User"}, error="RequestTooLargeException")
        elif plan == "denied":
            self._reply(403, {}, error="AccessDeniedException")
        elif plan == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "Event":
            functions.queue.append(event)
            self._reply(202, None)
        else:
            if plan == "late":
                functions.go_on.wait(120)
            answer = functions.work(event)
            functions.done.set()
            try:
                self._reply(200, answer, died=plan == "died")
            except OSError:
                self.close_connection = True  # nobody waits any more

    def _reply(
        self, status: int, document: Any, error: str | None = None, *, died: bool = False
    ) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        if error:
            self.send_header("x-amzn-ErrorType", error)
        if died:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_lambda() -> Iterator[LoopbackLambda]:
    """Run one."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        functions = LoopbackLambda(f"http://127.0.0.1:{server.server_address[1]}")
        handler.functions = functions  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield functions
        finally:
            functions.go_on.set()
            server.shutdown()
            thread.join()
