"""Streamed answers within the server: who reads one, and InvokeWithResponseStream that streams."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from ministack.core.responses import StreamingResponse
from ministack.services import lambda_svc

from devtools.localcloud.streamed import StreamEnd, StreamPipe

Response = tuple[int, dict[str, Any], Any]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

#: Where the answer of the invocation that is made here goes while it comes; see ``Reader``.
pipe_of_caller: ContextVar[StreamPipe | None] = ContextVar("pipe_of_caller", default=None)


class Reader:
    """Reads a streamed answer on the server's event loop, while the invocation goes on."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self.pipe = StreamPipe(lambda: _call_soon(loop, self._changed.set))
        self._invocation: asyncio.Task[Any] | None = None

    def start(self, invocation: Callable[[], Awaitable[Any]]) -> "asyncio.Task[Any]":
        """Start the invocation whose answer is to be read. It goes on when nobody reads."""

        async def invoke() -> Any:
            pipe_of_caller.set(self.pipe)
            try:
                return await invocation()
            finally:
                self._changed.set()

        self._invocation = left_alone(asyncio.ensure_future(invoke()))
        return self._invocation

    async def begin(self, timeout_s: float | None = None) -> bool:
        """Wait for the stream's beginning, or the invocation's end without one.

        Returns:
            Whether it streams.

        Raises:
            TimeoutError: Neither came in time.
        """
        async with asyncio.timeout(timeout_s):
            while self.pipe.content_type is None and not self._over():
                await self._wait()
        return self.pipe.content_type is not None

    async def read(self, timeout_s: float | None = None) -> tuple[bytes, StreamEnd | None]:
        """What there is to read, once there is something; and how the stream ended, at its end.

        Raises:
            TimeoutError: Nothing came in time.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                chunk, end = self.pipe.take()
                if chunk or end is not None:
                    return chunk, end
                await self._wait()

    async def _wait(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def _over(self) -> bool:
        return self._invocation is not None and self._invocation.done()


#: Tasks that nobody may wait for any longer; the event loop itself keeps none alive.
_going_on: set["asyncio.Task[Any]"] = set()


def left_alone(task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
    """Keep a task alive until it is done."""
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    return task


def install() -> None:
    """Make MiniStack's InvokeWithResponseStream stream."""
    lambda_svc._invoke_with_response_stream = _invoke_with_response_stream


def until_hang_up(receive: Receive, pipe: StreamPipe) -> "asyncio.Task[None]":
    """Watch for a caller that hangs up, and hang up on the function then."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # To shut a socket down takes no time; the function's thread does the rest.
        pipe.hang_up()

    return asyncio.ensure_future(watch())


async def _invoke_with_response_stream(
    name: str,
    event: Any,
    headers: Mapping[str, Any],
    path_qualifier: str | None = None,
    query: Mapping[str, Any] | None = None,
) -> Response:
    reader = Reader()
    invocation = reader.start(
        lambda: lambda_svc._invoke(name, event, headers, path_qualifier, query)
    )
    if not await reader.begin():
        response: Response = invocation.result()
        return _whole(*response)

    async def run(send: Send, receive: Receive) -> None:
        watching = until_hang_up(receive, reader.pipe)
        try:
            end = None
            while end is None:
                chunk, end = await reader.read()
                if chunk:
                    await _send(send, _message("PayloadChunk", chunk, "application/octet-stream"))
            _, _, body = await invocation
            await _send(send, _complete(end, body), last=True)
        finally:
            watching.cancel()

    return HTTPStatus.OK, _headers(reader.pipe.content_type or ""), StreamingResponse(run)


def _whole(status: int, headers: dict[str, Any], body: bytes) -> Response:
    """An answer that was not streamed, as one chunk; a refusal as it is."""
    if status != HTTPStatus.OK:
        return status, headers, body
    if headers.get("X-Amz-Function-Error"):
        end = StreamEnd(json.loads(body).get("errorType"))
        return status, _headers("application/json"), _complete(end, body)
    chunk = _message("PayloadChunk", body, "application/octet-stream")
    return status, _headers("application/json"), chunk + _complete(StreamEnd(), b"")


def _complete(end: StreamEnd, body: bytes) -> bytes:
    if end.error is None:
        return _message("InvokeComplete", b"{}", "application/json")
    details = {"ErrorCode": end.error, "ErrorDetails": body.decode(errors="replace")}
    return _message("InvokeComplete", json.dumps(details).encode(), "application/json")


def _message(kind: str, payload: bytes, content_type: str) -> bytes:
    names = {":message-type": "event", ":event-type": kind, ":content-type": content_type}
    encoded: bytes = lambda_svc._es_encode_message(names, payload)
    return encoded


def _headers(content_type: str) -> dict[str, Any]:
    return {
        "Content-Type": "application/vnd.amazon.eventstream",
        "X-Amzn-Lambda-Response-Streamed": "true",
        "X-Amzn-Remapped-Content-Type": content_type,
    }


async def _send(send: Send, body: bytes, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not last})


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
