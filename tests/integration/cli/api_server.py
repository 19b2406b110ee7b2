"""The API's contract, served over HTTPS in the test's process, and every way an answer is lost.

It is as strict as the API: signatures are verified, unknown fields refused, keys remembered.
"""

import hashlib
import json
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from devtools.localcloud.tls import TlsFiles
from tests.sigv4 import RefusedSignature, verify

REGION: Final = "eu-west-1"
STAGE: Final = "/v1"
KEY: Final = "AKIDTESTER"
SECRET: Final = "a secret"
FIELDS: Final = frozenset(
    {"query", "parameters", "project_id", "session_id", "system_prompt", "context", "max_tokens"}
    | {"temperature", "output_schema"}
)
PROBLEM: Final = "application/problem+json"
SSE: Final = "text/event-stream"
#: Of SO_LINGER: a close resets the connection.
_AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass
class Asked:
    """An invocation.

    Attributes:
        body: What was asked.
        looks: How often it is still found at work.
        state: What it becomes then.
    """

    id: str
    agent: str
    body: dict[str, Any]
    looks: int
    state: str = "succeeded"
    error: dict[str, Any] | None = None
    cancelled: bool = False
    answered: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """What the API shows of it."""
        ended = self.looks <= 0
        state = ("cancelled" if self.cancelled else self.state) if ended else "running"
        good = state == "succeeded"
        cancelled = {"code": "CANCELLED", "message": "The caller cancelled.", "field": None}
        return {
            "id": self.id,
            "agent": self.agent,
            "state": state,
            "session_id": self.body.get("session_id"),
            "project_id": self.body.get("project_id", "project-1"),
            "created_at": "2026-11-26T07:00:00Z",
            "started_at": "2026-11-26T07:00:01Z",
            "finished_at": "2026-11-26T07:00:02Z" if ended else None,
            "progress": {"tools": ["find_land"], "tool_calls": 1, "model_calls": 2},
            "question": "Which one?" if state == "waiting" else None,
            "question_id": "question-1" if state == "waiting" else None,
            "result": {
                "response": f"You asked: {self.body['query']}",
                "output": {"answer": 42} if "output_schema" in self.body else None,
                "artifacts": [
                    {"name": "site.geojson", "key": "k", "url": "https://bucket/site?signed"}
                ],
                "facts": {},
            }
            if good
            else None,
            "error": cancelled if state == "cancelled" else (None if good else self.error),
            "usage": {"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.0123},
        }


@dataclass
class Contract:
    """What the API knows, and what goes wrong next.

    Attributes:
        invocations: By id.
        asked: How often a model was asked for each.
        heard: Method and path of each request that was let in.
        bodies: The JSON of each that had one.
        faults: For the next requests, one each; None for none.
        looks: For new invocations.
        events: Of a stream, before its result.
        hung_up: Set when a stream's caller leaves.
    """

    keys: dict[str, tuple[str, str]] = field(default_factory=lambda: {KEY: (SECRET, "")})
    invocations: dict[str, Asked] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    faults: "deque[Callable[[Handler], bool] | None]" = field(default_factory=deque)
    looks: int = 0
    retry_after: int | None = None
    state: str = "succeeded"
    error: dict[str, Any] | None = None
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hold: threading.Event | None = None
    cut_stream: bool = False
    ignores_keys: bool = False
    hung_up: threading.Event = field(default_factory=threading.Event)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)

    def open(self, agent: str, key: str | None, body: dict[str, Any]) -> Asked | None:
        """The invocation of a key; None when the key is another request's."""
        key = None if self.ignores_keys else key
        digest = hashlib.sha256((key or str(len(self.asked))).encode()).hexdigest()[:32]
        identity = f"{agent}.{'k' if key else 'i'}-{digest}"
        if identity not in self.invocations:
            self.invocations[identity] = Asked(
                identity, agent, body, self.looks, self.state, self.error
            )
            self.asked[identity] = self.asked.get(identity, 0) + 1
        found = self.invocations[identity]
        return found if found.body == body else None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    contract: Contract

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        contract = self.contract
        port = self.connection.getsockname()[1]
        if headers.get("host") != f"127.0.0.1:{port}":
            self.answer(421, {"message": "Misdirected Request"})
            return
        try:
            verify(
                method, self.path, headers, body,
                keys=contract.keys, region=REGION, service="execute-api",
            )  # fmt: skip
        except RefusedSignature as refused:
            self.answer(403, {"message": str(refused)})
            return
        path = urlsplit(self.path).path.removeprefix(STAGE)
        contract.heard.append((method, path))
        contract.headers.append(headers)
        content = json.loads(body) if body else None
        contract.bodies.append(content)
        fault = contract.faults.popleft() if contract.faults else None
        if fault is not None and fault(self):
            return
        self.route(method, path, headers, content)

    def route(self, method: str, path: str, headers: dict[str, str], content: Any) -> None:
        """Answer as the API does."""
        contract = self.contract
        match method, path.strip("/").split("/"):
            case "POST", ["agents" | "runtimes", agent, "invocations" | "stream" as kind]:
                self._ask(agent, kind, headers, content)
            case "GET", ["invocations", identity]:
                self._look(identity)
            case "DELETE", ["invocations", identity] if identity in contract.invocations:
                found = contract.invocations[identity]
                found.cancelled |= found.looks > 0
                self.answer(202 if found.looks > 0 else 200, found.document())
            case "POST", ["invocations", identity, "answer"]:
                found = contract.invocations[identity]
                if found.state != "waiting" and content != found.answered:
                    self.problem(409, "NOT_WAITING", "It does not wait.")
                    return
                found.answered = content
                found.state = "succeeded"
                found.body["query"] = content["answer"]
                self.answer(202, {**found.document(), "state": "running"})
            case "GET", ["models"]:
                rows = [
                    {"id": "us.claude", "name": "Claude", "used": True},
                    {"id": "us.nova", "name": "Nova", "used": False},
                ]
                self.answer(200, {"models": rows})
            case "GET", ["sessions", identity] if identity in contract.sessions:
                self.answer(200, contract.sessions[identity])
            case "DELETE", ["sessions", identity]:
                if contract.sessions.pop(identity, None) is None:
                    self.problem(404, "SESSION_NOT_FOUND", "There is no such session.")
                else:
                    self.answer(204, None)
            case "GET", ["budget"]:
                self.answer(200, contract.budget)
            case _:
                self.problem(404, "NOT_FOUND", "There is no such thing.")

    def _ask(self, agent: str, kind: str, headers: dict[str, str], content: Any) -> None:
        if headers.get("content-type") != "application/json":
            self.problem(415, "UNSUPPORTED", "JSON is wanted.")
            return
        if unknown := sorted(set(content) - FIELDS):
            self.problem(400, "INVALID_REQUEST", "There is no such field.", field=unknown[0])
            return
        found = self.contract.open(agent, headers.get("idempotency-key"), content)
        if found is None:
            self.problem(422, "IDEMPOTENCY_KEY_REUSED", "It was another request's.")
        elif kind == "stream":
            self._stream(found)
        elif found.looks > 0:
            assert re.fullmatch(r"respond-async|wait=\d+", headers.get("prefer", "wait=25"))
            where = {"Location": f"/invocations/{found.id}"}
            if self.contract.retry_after is not None:
                where["Retry-After"] = str(self.contract.retry_after)
            self.answer(202, found.document(), where)
        elif found.error is not None:
            self.problem(502, found.error["code"], found.error["message"], invocation_id=found.id)
        else:
            self.answer(200, found.document())

    def _look(self, identity: str) -> None:
        found = self.contract.invocations.get(identity)
        if found is None:
            self.problem(404, "INVOCATION_NOT_FOUND", "There is no such invocation.")
            return
        document = found.document()
        found.looks -= 1
        self.answer(200, document)

    def _stream(self, found: Asked) -> None:
        contract = self.contract
        self.send_response(200)
        self.send_header("Content-Type", f"{SSE}; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        first = ("invocation", {"id": found.id, "project_id": "project-1", "session_id": None})
        for name, data in [first, *contract.events]:
            self._chunk(f": ping\n\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
        if contract.hold is not None:
            # A caller that hangs up is noticed, and the agent stops.
            if not self.connection.recv(1):
                found.cancelled = True
                contract.hung_up.set()
            return
        if contract.cut_stream:
            # Without a reset, which would void what the caller has not read yet.
            self.close_connection = True
            return
        # A result over several lines of data, in pieces of one byte, CR LF for some ends.
        text = json.dumps(found.document(), indent=1)
        lines = "".join(f"data:{line}\r\n" for line in text.split("\n"))
        self._chunk(f"event:result\n{lines}\n".encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def problem(self, status: int, code: str, detail: str, **more: Any) -> None:
        """Answer a problem document."""
        after = {"Retry-After": str(more.pop("after"))} if "after" in more else {}
        content = {"type": f"urn:tradewind:error:{code}", "title": code, "status": status}
        self.answer(status, {**content, "code": code, "detail": detail, **more}, after, PROBLEM)

    def answer(
        self,
        status: int,
        content: Any,
        headers: dict[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        """Answer a document, or these bytes."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        body = b"" if content is None else body
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """End the connection in mid-sentence."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.close_connection = True
        self.connection.close()


@contextmanager
def serving(contract: Contract, tls: TlsFiles) -> Iterator[str]:
    """Serve a contract on this machine; gives its address."""
    handler = type("Bound", (Handler,), {"contract": contract})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, client_address: Any) -> None:
            # In the connection's own thread: a client that says nothing holds up nobody.
            request.settimeout(120)
            with context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)

        def handle_error(self, *_: Any) -> None:
            """A client that leaves is what the tests are about."""

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}{STAGE}"
        finally:
            server.shutdown()
            thread.join()


def lost(handler: Handler) -> bool:
    """Do what is asked, and lose the answer."""
    real, handler.answer = handler.answer, lambda *_args, **_kwargs: None  # type: ignore[method-assign]
    headers = {name.lower(): value for name, value in handler.headers.items()}
    method, path = handler.contract.heard[-1]
    handler.route(method, path, headers, handler.contract.bodies[-1])
    handler.answer = real  # type: ignore[method-assign]
    handler.cut()
    return True


def half(handler: Handler) -> bool:
    """Do what is asked, and send a half of the answer."""

    def answer(_status: int, content: Any, *_args: Any, **_kwargs: Any) -> None:
        body = json.dumps(content).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])

    handler.answer = answer  # type: ignore[method-assign, assignment]
    headers = {name.lower(): value for name, value in handler.headers.items()}
    method, path = handler.contract.heard[-1]
    handler.route(method, path, headers, handler.contract.bodies[-1])
    handler.cut()
    return True


def answers(status: int, content: Any, **how: Any) -> Callable[[Handler], bool]:
    """Answer this in the place of what was asked."""

    def fault(handler: Handler) -> bool:
        handler.answer(status, content, **how)
        return True

    return fault


def refuses(status: int, code: str, detail: str, **more: Any) -> Callable[[Handler], bool]:
    """Answer a problem in the place of what was asked."""

    def fault(handler: Handler) -> bool:
        handler.problem(status, code, detail, **more)
        return True

    return fault


def silent(released: threading.Event) -> Callable[[Handler], bool]:
    """Say nothing, until the test is over."""

    def fault(handler: Handler) -> bool:
        released.wait(120)
        handler.cut()
        return True

    return fault
