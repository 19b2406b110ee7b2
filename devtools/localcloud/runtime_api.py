"""The Lambda Runtime API of one execution environment, as awslambdaric expects it on AWS.

The server side of ``/2018-06-01/runtime``: ``invocation/next`` is a long poll, an invocation is
answered once on ``response`` or ``error``, and ``init/error`` and ``restore/*`` report on the
phases around it. Whoever runs the process calls ``wait_until_ready`` and then ``invoke``.
"""

import json
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

_ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the function made of an event, or of its own start.

    Attributes:
        payload: The JSON the function posted.
        is_error: Whether it posted it as an error.
    """

    payload: bytes
    is_error: bool = False


class ProcessEnded(Exception):
    """The function's process ended before it answered."""


class ProcessEndedIdle(ProcessEnded):
    """It had ended, or was about to, before it was given the event."""


class RuntimeApi:
    """Serves one process. ``address`` is its ``AWS_LAMBDA_RUNTIME_API``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ended = False
        self._asking = False
        self._has_asked = False
        self._snapshot_taken = False
        self._restored = False
        self._init_error: Answer | None = None
        self._waiting: Invocation | None = None
        self._in_flight: str | None = None
        self._answer: Answer | None = None
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    # -- for whoever runs the process ---------------------------------------------------------

    def wait_until_ready(self, timeout_s: float, *, for_snapshot: bool = False) -> Answer | None:
        """Wait until the function asks for its first event, or (SnapStart) for its restore.

        Returns:
            None when it is ready, else the error its initialisation reported.

        Raises:
            TimeoutError: It took longer than ``timeout_s``.
            ProcessEnded: Its process ended, and reported nothing.
        """
        self._wait(
            lambda: (
                self._init_error is not None
                or (self._snapshot_taken if for_snapshot else self._asking)
            ),
            timeout_s,
        )
        return self._init_error

    def restore(self, timeout_s: float) -> Answer | None:
        """Let a process that waits after its snapshot run its after-restore hooks.

        Returns:
            None when it is ready for events, else the error its hooks reported.

        Raises:
            TimeoutError: It took longer than ``timeout_s``.
            ProcessEnded: Its process ended, and reported nothing.
        """
        with self._changed:
            self._restored = True
            self._changed.notify_all()
        return self.wait_until_ready(timeout_s)

    def invoke(self, invocation: Invocation, timeout_s: float) -> Answer:
        """Hand over an event and wait for the answer.

        Raises:
            TimeoutError: No answer within ``timeout_s``.
            ProcessEndedIdle: The process ended without having seen the event.
            ProcessEnded: The process ended without an answer.
        """
        with self._changed:
            self._answer = None
            self._waiting = invocation
            self._in_flight = invocation.request_id
            self._changed.notify_all()
        try:
            self._wait(lambda: self._answer is not None, timeout_s)
        except ProcessEnded:
            if self._waiting is invocation:
                raise ProcessEndedIdle from None
            raise
        finally:
            with self._changed:
                self._waiting = self._in_flight = None
        assert self._answer is not None  # noqa: S101  for the type checker; just waited for
        return self._answer

    def mark_ended(self) -> bool:
        """Note that the process has ended: nobody waits for it any longer.

        Returns:
            Whether it ended between two events.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            return self._has_asked and (self._in_flight is None or self._waiting is not None)

    def close(self) -> None:
        """Stop serving."""
        self.mark_ended()
        # shutdown() waits for the accept loop's next round; nobody needs to wait for that.
        threading.Thread(target=self._stop_serving, daemon=True).start()

    def _stop_serving(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _wait(self, done: Callable[[], bool], timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: done() or self._ended, timeout_s)
            if done():
                return
            if self._ended:
                raise ProcessEnded
            raise TimeoutError

    # -- for the HTTP side --------------------------------------------------------------------

    def _next(self, is_there: Callable[[], bool]) -> Invocation | None:
        with self._changed:
            self._asking = self._has_asked = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._waiting is not None)
            if self._ended or not is_there():
                return None  # an event is given to nobody rather than to the dead
            self._asking = False
            invocation, self._waiting = self._waiting, None
            return invocation

    def _wait_for_restore(self) -> None:
        with self._changed:
            self._snapshot_taken = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._restored)

    def _take_answer(self, request_id: str, answer: Answer) -> bool:
        with self._changed:
            # A late answer to an event given up on must not pass for the next one's.
            if request_id != self._in_flight:
                return False
            self._in_flight = None
            self._answer = answer
            self._changed.notify_all()
            return True

    def _take_init_error(self, error: Answer) -> None:
        with self._changed:
            self._init_error = error
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A function's process may end in the middle of a request; that is not news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # A header and a body in two packets would cost every call a delayed acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    wbufsize: ClassVar[int] = -1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; one line per invocation is the function's own log's."""

    def do_GET(self) -> None:
        """Serve the long polls."""
        if self.path == f"{_ROOT}/invocation/next":
            invocation = self.server.api._next(self._peer_is_there)
            if invocation is None:
                self.close_connection = True
                return
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            }
            if invocation.trace_id:
                headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
            self._reply(200, invocation.payload, headers)
        elif self.path == f"{_ROOT}/restore/next":
            self.server.api._wait_for_restore()
            self._reply(200, b"{}")
        else:
            self._reply(404, b"{}")

    def do_POST(self) -> None:
        """Take answers and errors."""
        body = self._body()
        parts = self.path.removeprefix(f"{_ROOT}/").split("/")
        match parts:
            case ["init" | "restore", "error"]:
                self.server.api._take_init_error(Answer(body, is_error=True))
                self._reply(202, b'{"status":"OK"}')
            case ["invocation", request_id, "response" | "error" as kind]:
                answer = Answer(body, is_error=kind == "error")
                if self.server.api._take_answer(request_id, answer):
                    self._reply(202, b'{"status":"OK"}')
                else:
                    refusal = {
                        "errorMessage": "Invalid request ID",
                        "errorType": "InvalidRequestID",
                    }
                    self._reply(400, json.dumps(refusal).encode())
            case _:
                self._reply(404, b"{}")

    def _peer_is_there(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
