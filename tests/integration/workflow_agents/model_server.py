"""A loopback server that speaks the wire formats of five model providers, and counts."""

import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from devtools.localcloud.bedrock import frames
from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock

Chunks = list[bytes]
_LIMIT_S = 120
_AWS_CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


@dataclass
class Said:
    """What a model says to one request.

    Attributes:
        text: Its answer.
        status: Of HTTP; above 299 it is an error that repeats the question.
        tool: A tool that it calls in the place of an answer.
        given: The tool's arguments.
        ends: ``whole``; ``cut`` in the middle by the connection's end, or ``short`` with the HTTP
            answer whole but half of the model's; ``never``: the caller hangs up in the middle, or
            before the first word with ``silent``.
    """

    text: str = "windy"
    status: int = 200
    tool: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    ends: Literal["whole", "cut", "short", "never", "silent"] = "whole"


@dataclass
class Request:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.of.answer(self, Request(self.path, dict(self.headers.items()), body))

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, of: "ModelServer") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.of = of
        self.accepted: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.of.connections += 1
        self.accepted.append(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.accepted.remove(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep, so that their threads end."""
        for one in [*self.accepted]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@dataclass
class ModelServer:
    """The server. Answers ``windy``, or what the script says next.

    Attributes:
        script: What is said to the next requests.
        together: Requests that are answered only when so many are there at once.
        requests: What came.
        connections: How many were opened.
        hung_up: Requests whose caller went away in the middle.
        asked: Released once for each request that is held.
    """

    script: list[Said] = field(default_factory=list)
    together: int = 1
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    hung_up: int = 0
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(self.together)
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for_quiet(self) -> int:
        """Wait until the threads of its connections have ended, and say how many have not."""
        for thread in [*(getattr(self._server, "_threads", None) or ())]:
            thread.join(_LIMIT_S)  # only a test that fails meets the limit
        return len(self._server.accepted)

    def answer(self, http: _Handler, request: Request) -> None:
        """Answer a request as the script says."""
        with self._lock:
            self.requests.append(request)
            said = self.script.pop(0) if self.script else Said()
        # Only a test that fails meets the limit.
        self._barrier.wait(_LIMIT_S)
        if said.status > 299:
            _refuse(http, said.status, request)
            return
        kind, chunks = _in_words_of(request, said)
        if said.ends == "silent":
            self._hold(http)
            return
        http.send_response(200)
        http.send_header("content-type", kind)
        http.send_header("transfer-encoding", "chunked")
        http.end_headers()
        sent = chunks if said.ends == "whole" else chunks[: len(chunks) // 2]
        for chunk in sent:
            http.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        http.wfile.flush()
        if said.ends == "never":
            self._hold(http)
        elif said.ends == "cut":
            http.close_connection = True
        else:
            http.wfile.write(b"0\r\n\r\n")

    def _hold(self, http: _Handler) -> None:
        self.asked.release()
        http.close_connection = True
        try:
            left = http.connection.recv(1) == b""
        except ConnectionError:
            left = True
        with self._lock:
            self.hung_up += left


def _refuse(http: _Handler, status: int, request: Request) -> None:
    question = json.dumps(request.body)
    content = json.dumps(
        {"error": {"message": f"no: {question}", "type": "x", "code": status, "status": "X"}}
    ).encode()
    http.send_response(status)
    http.send_header("x-amzn-errortype", _AWS_CODES[status])
    http.send_header("content-type", "application/json")
    http.send_header("content-length", str(len(content)))
    http.end_headers()
    http.wfile.write(content)


def _in_words_of(request: Request, said: Said) -> tuple[str, Chunks]:
    if request.path.endswith("/converse-stream"):
        return "application/vnd.amazon.eventstream", _bedrock(said)
    if request.path.endswith("/chat/completions"):
        return "text/event-stream", _openai(said)
    if request.path.endswith("/messages"):
        return "text/event-stream", _anthropic(said)
    if request.path.endswith("/api/chat"):
        return "application/x-ndjson", _ollama(said)
    if ":streamGenerateContent" in request.path:
        return "text/event-stream", _gemini(said)
    raise LookupError(request.path)


def _bedrock(said: Said) -> Chunks:
    block = (
        ToolUseBlock("call-1", said.tool, json.dumps(said.given))
        if said.tool
        else TextBlock(said.text)
    )
    reply = Reply((block,), "tool_use" if said.tool else "end_turn", 5, 2)
    return list(frames.stream(reply, 1))


def _events(*events: dict[str, Any], named: bool = False) -> Chunks:
    return [
        (f"event: {event['type']}\n" if named else "").encode()
        + b"data: "
        + json.dumps(event).encode()
        + b"\n\n"
        for event in events
    ]


def _openai(said: Said) -> Chunks:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [choice]}  # fmt: skip

    deltas: Iterator[dict[str, Any]]
    if said.tool:
        call = {"index": 0, "id": "call-1", "type": "function",
                "function": {"name": said.tool, "arguments": json.dumps(said.given)}}  # fmt: skip
        deltas = iter([{"role": "assistant", "tool_calls": [call]}])
    else:
        deltas = ({"content": letter} for letter in said.text)
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return [
        *_events(*map(chunk, deltas), chunk({}, "tool_calls" if said.tool else "stop")),
        *_events({**chunk({}), "choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]


def _anthropic(said: Said) -> Chunks:
    message: dict[str, Any]
    message = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "stop_sequence": None,
               "usage": {"input_tokens": 5, "output_tokens": 1}}  # fmt: skip
    if said.tool:
        block = {"type": "tool_use", "id": "call-1", "name": said.tool, "input": said.given}
        deltas = [{"type": "input_json_delta", "partial_json": "{}"}]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": letter} for letter in said.text]
    stop = {"stop_reason": "tool_use" if said.tool else "end_turn", "stop_sequence": None}
    return _events(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
        named=True,
    )


def _ollama(said: Said) -> Chunks:
    def line(content: str, **more: Any) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if said.tool:
            message["tool_calls"] = [{"function": {"name": said.tool, "arguments": said.given}}]
        return {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message,
                "done": False, **more}  # fmt: skip

    ends = {"done": True, "done_reason": "stop", "total_duration": 1, "prompt_eval_count": 5,
            "eval_count": 2, "message": {"role": "assistant", "content": ""}}  # fmt: skip
    lines = [line("")] if said.tool else [line(letter) for letter in said.text]
    return [json.dumps(one).encode() + b"\n" for one in [*lines, line("", **ends)]]


def _gemini(said: Said) -> Chunks:
    def event(part: dict[str, Any], **more: Any) -> dict[str, Any]:
        content = {"role": "model", "parts": [part]}
        return {"candidates": [{"content": content, "index": 0, **more}]}

    usage = {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}
    parts = (
        [{"functionCall": {"name": said.tool, "args": said.given}}]
        if said.tool
        else [{"text": letter} for letter in said.text]
    )
    events = [event(part) for part in parts[:-1]]
    last = {**event(parts[-1], finishReason="STOP"), "usageMetadata": usage}
    return list(itertools.chain(_events(*events, last)))
