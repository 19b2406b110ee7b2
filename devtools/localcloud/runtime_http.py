"""The HTTP side of the Runtime API: strict, so that what AWS would refuse is refused here.

An event is answered once, on ``response`` or on ``error``. A streamed answer is chunked; its
trailers count only where they were announced; one that breaks off is no answer. Whoever asks for
the next event while an answer is due is refused.
"""

import contextlib
import json
import select
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Final

from devtools.localcloud.streamed import StreamEnd, StreamPipe

if TYPE_CHECKING:
    from devtools.localcloud.runtime_api import RuntimeApi

_ROOT: Final = "/2018-06-01/runtime"
#: Where a process that was restored asks for its credentials.
CREDENTIALS = "/credentials"
_MODE: Final = "Lambda-Runtime-Function-Response-Mode"
_ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY: Final = "Lambda-Runtime-Function-Error-Body"
_TRUNCATED: Final = "Runtime.TruncatedResponse"


class RuntimeServer(ThreadingHTTPServer):
    """Serves one process on a port of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, api: "RuntimeApi") -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A function's process may end in the middle of a request; that is not news."""


class _Broken(Exception):
    """A chunked body that does not go on as one."""


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeServer
    protocol_version = "HTTP/1.1"
    # A header and a body in two packets would cost every call a delayed acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    wbufsize: ClassVar[int] = -1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; one line per invocation is the function's own log's."""

    def do_GET(self) -> None:
        """Serve the long polls."""
        if self.path == f"{_ROOT}/invocation/next":
            self._next()
        elif self.path == f"{_ROOT}/restore/next":
            self.server.api.wait_for_restore()
            self._reply(200, b"{}")
        elif self.path == CREDENTIALS:
            credentials = self.server.api.credentials(self.headers.get("Authorization", ""))
            status = 401 if credentials is None else 200
            self._reply(status, json.dumps(credentials or {}).encode())
        else:
            self._reply(404, b"{}")

    def do_POST(self) -> None:
        """Take answers and errors."""
        parts = self.path.removeprefix(f"{_ROOT}/").split("/")
        mode = self.headers.get(_MODE)
        match parts:
            case ["invocation", request_id, "response"] if mode is not None:
                self._take_stream(request_id, mode)
            case ["init" | "restore", "error"]:
                self.server.api.take_init_error(self._body())
                self._accept()
            case ["invocation", request_id, "response" | "error" as kind]:
                body = self._body()
                if self.server.api.take_answer(request_id, body, is_error=kind == "error"):
                    self._accept()
                else:
                    self._refuse(400, "InvalidRequestID", "Invalid request ID")
            case _:
                self._reply(404, b"{}")

    def _next(self) -> None:
        if self.server.api.answer_is_due():
            self._refuse(403, "InvalidStateTransition", "The last event has no answer yet")
            return
        invocation = self.server.api.next_invocation(self._peer_is_there)
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

    def _take_stream(self, request_id: str, mode: str) -> None:
        """Hand a streamed answer on as it comes, and say how it ended."""
        if mode != "streaming":
            self._refuse(400, "InvalidFunctionResponseMode", f"There is no mode {mode[:40]!r}")
            return
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            self._refuse(400, "InvalidStreaming", "A streamed answer is chunked")
            return
        content_type = self.headers.get("Content-Type", "application/octet-stream")
        pipe = self.server.api.begin_stream(request_id, content_type, self._cut)
        if pipe is None:
            self._refuse(400, "InvalidRequestID", "Invalid request ID")
            return
        try:
            if not self._forward(pipe):
                self.close_connection = True  # its reader hung up, or it was given up on
                return
            trailers = self._trailers()
        except (_Broken, OSError):
            self.close_connection = True
            self.server.api.end_stream(request_id, pipe, StreamEnd(_TRUNCATED, truncated=True))
            return
        body = trailers.get(_ERROR_BODY.lower(), "")
        end = StreamEnd(trailers.get(_ERROR_TYPE.lower()), body.encode("latin-1"))
        if self.server.api.end_stream(request_id, pipe, end):
            self._accept()
        else:
            self._refuse(400, "InvalidRequestID", "Invalid request ID")

    def _forward(self, pipe: StreamPipe) -> bool:
        while size := self._chunk_size():
            chunk = self.rfile.read(size)
            if len(chunk) != size or self.rfile.readline() != b"\r\n":
                raise _Broken
            if not pipe.write(chunk):
                return False
        return True

    def _chunk_size(self) -> int:
        line = self.rfile.readline(64)
        try:
            return int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            raise _Broken from None

    def _trailers(self) -> dict[str, str]:
        """The trailers that were announced. Others are dropped, as AWS's server drops them."""
        announced = {name.strip().lower() for name in self.headers.get("Trailer", "").split(",")}
        trailers = {}
        while (line := self.rfile.readline(1024 * 1024)) != b"\r\n":
            name, colon, value = line.partition(b":")
            if not colon or not line.endswith(b"\r\n"):
                raise _Broken
            trailers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()
        return {name: value for name, value in trailers.items() if name in announced}

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

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
        while size := self._chunk_size():
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self._trailers()
        return b"".join(chunks)

    def _accept(self) -> None:
        self._reply(202, b'{"status":"OK"}')

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self.close_connection = True  # a body may not have been read
        self._reply(status, json.dumps({"errorMessage": message, "errorType": kind}).encode())

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
