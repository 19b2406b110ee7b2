"""One HTTP request through the library's own transport, without a server that listens.

The library serves a request as an ASGI application; this is the other side of that. The
application has a thread and an event loop that end with the request. Its answer is one JSON
document, or, where a caller wants to be told how far an agent is, a stream of events.
"""

import asyncio
import json
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from tradewind.api.door import Door
from tradewind.api.errors import UnsupportedMediaType
from tradewind.api.http import MAX_BODY_BYTES, Answer, Request
from tradewind.api.routing import Route
from tradewind.api.service import CallMetrics
from tradewind.contracts.errors import InternalError, InvalidRequest
from tradewind.mcp.server import Session
from tradewind.telemetry.metric_names import MetricName

_PATH: Final = "/mcp"
_REFUSED: Final = 400
_OUR_FAULT: Final = 500
_EVENT_STREAM: Final = "text/event-stream"
#: Of the library's answer; the rest is for a connection that there is not.
_KEPT_HEADERS: Final = frozenset({"allow", "content-type"})
#: How often who is silent looks whether anybody reads.
_LOOK_S: Final = 0.5


def serve(door: Door, request: Request) -> Answer:
    """Serve a message of the protocol, of either of its generations.

    Raises:
        InvalidRequest: The body is no JSON.
        UnsupportedMediaType: It does not say that it is.
    """
    # Stricter than the library: no name twice, no NaN.
    message = request.json()
    session = Session(door, request, _wants_progress(door, request, message))
    exchange = _Exchange(session)
    status, headers = exchange.begin()
    if headers.get("Content-Type", "").startswith(_EVENT_STREAM):
        return Answer(status, None, headers, stream=exchange)
    body = b"".join(exchange)
    failure = session.failure
    if failure is None and status >= _REFUSED:  # the library's own, in its own words
        failure = (status, InvalidRequest.code)
    return Answer(status, json.loads(body) if body else None, headers, failure)


def _wants_progress(door: Door, request: Request, message: Any) -> bool:
    """Whether a message is a call of an agent, and its caller wants to be told how far it is."""
    if not isinstance(message, dict) or message.get("method") != "tools/call":
        return False
    params = message.get("params")
    if not isinstance(params, dict):
        return False
    meta, name = params.get("_meta"), params.get("name")
    return (
        isinstance(meta, dict)
        and meta.get("progressToken") is not None
        and isinstance(name, str)
        and name in door.environment.agents
        and _EVENT_STREAM in request.headers.get("accept", "").lower()
    )


class _Exchange:
    """One request at work, and the body of its answer; an empty piece is one of silence."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gone = asyncio.Event()
        self._told = False
        self._head: tuple[int, dict[str, str]] | None = None
        #: What the application sends, and None when it has ended.
        self._sent: SimpleQueue[bytes | None] = SimpleQueue()
        self._ended = False
        self._failure: Exception | None = None
        work = copy_context().run  # it has the call's time
        self._thread = threading.Thread(target=work, args=(self._work,), name="mcp")

    @property
    def counts_as(self) -> tuple[int, str] | None:
        """See ``StreamedBody``."""
        if self._failure is not None:
            return _OUR_FAULT, InternalError.code
        return self._session.failure

    def begin(self) -> tuple[int, dict[str, str]]:
        """Have the application begin, and return the status and headers of its answer.

        Raises:
            InternalError: It has ended without.
        """
        self._thread.start()
        if self._sent.get() is None:  # what comes first is the head, with an empty piece
            self._end()
        if self._head is None:
            raise InternalError("The request was not answered.")
        return self._head

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        try:
            piece = self._sent.get(timeout=_LOOK_S)
        except Empty:
            return b""
        if piece is not None:
            return piece
        self._end()
        raise StopIteration

    def close(self) -> None:
        """Let the application know that nobody reads any more, and wait for its end."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed: the application has ended
                self._loop.call_soon_threadsafe(self._gone.set)
        self._ended = True
        self._thread.join()

    def _end(self) -> None:
        self._ended = True
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve())
        except Exception as error:  # whatever it is, the other thread has to know
            self._failure = error
        finally:
            self._sent.put(None)

    async def _serve(self) -> None:
        session = self._session
        manager = StreamableHTTPSessionManager(
            session.server(),
            json_response=not session.tells_progress,
            stateless=True,
            max_request_body_size=MAX_BODY_BYTES,
        )
        async with manager.run():
            scope = _scope(session.request)
            await manager.handle_request(scope, self._tell, self._hear)  # type: ignore[arg-type]

    async def _tell(self) -> Mapping[str, Any]:
        if self._told:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        self._told = True
        body = self._session.request.raw_body
        return {"type": "http.request", "body": body, "more_body": False}

    async def _hear(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            named = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            kept = {name.title(): value for name, value in named.items() if name in _KEPT_HEADERS}
            self._head = (message["status"], kept)
        self._sent.put(message.get("body", b""))


def _scope(request: Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "https",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in request.headers.items()
        ],
        "client": None,
        "server": None,
    }


MCP_METRICS: Final = CallMetrics(
    calls=MetricName.MCP_CALLS,
    errors=MetricName.MCP_ERRORS,
    refusals=MetricName.MCP_REFUSALS,
    latency=MetricName.MCP_LATENCY,
    cold_start=MetricName.MCP_COLD_START,
    init_time=MetricName.MCP_INIT_TIME,
)

ROUTES: Final = (
    Route(
        "POST",
        _PATH,
        "mcp",
        "A message of the Model Context Protocol",
        serve,
        {200: None, 202: None},
        problems=(InvalidRequest, UnsupportedMediaType),
    ),
)
