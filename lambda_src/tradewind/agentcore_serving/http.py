"""The agent over HTTP, as AgentCore Runtime's contract has it: ``/invocations`` and ``/ping``.

Every answer has status 200, also one that says why there is none: of another status AgentCore tells
the caller nothing but the number.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bedrock_agentcore.runtime import BedrockAgentCoreApp, PingStatus, RequestContext
from bedrock_agentcore.runtime.models import REQUEST_ID_HEADER
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tradewind.agentcore_serving.desk import Desk, Document, Job
from tradewind.agentcore_serving.ids import request_id_of
from tradewind.contracts.texts import all_well_formed
from tradewind.handlers.server_sent_events import RunEvents, Unread, event

_JSON: Final = "application/json"
_EVENT_STREAM: Final = "text/event-stream"
#: Beside the request's own fields: whether it is streamed.
_STREAM_FIELD: Final = "stream"


def http_app(desk: Desk) -> BedrockAgentCoreApp:
    """The server's application, on AWS's own.

    Args:
        desk: Does the work.
    """
    app = BedrockAgentCoreApp()

    def invocation(payload: Any, context: RequestContext) -> Response:
        headers: Mapping[str, str] = {} if context.request is None else context.request.headers
        asked, streams = _asked(payload, headers)
        request_id = request_id_of(headers.get(REQUEST_ID_HEADER)) or uuid.uuid4().hex
        if streams:
            return StreamedResponse(desk, asked, request_id)
        return WholeResponse(desk, asked, request_id)

    app.entrypoint(invocation)
    app.ping(lambda: PingStatus.HEALTHY_BUSY if desk.is_busy else PingStatus.HEALTHY)
    return app


def _asked(payload: Any, headers: Mapping[str, str]) -> tuple[Any, bool]:
    """What the agent is asked, and whether the answer is streamed."""
    if isinstance(payload, dict) and isinstance(payload.get(_STREAM_FIELD), bool):
        asked = {name: value for name, value in payload.items() if name != _STREAM_FIELD}
        return asked, payload[_STREAM_FIELD]
    # Of several, the first is what the caller would like best.
    preferred = headers.get("accept", "").partition(",")[0].partition(";")[0]
    return payload, preferred.strip().lower() == _EVENT_STREAM


class _WorkingResponse(Response):
    """A response whose work is begun when it is sent, and ends with its caller."""

    def __init__(self, desk: Desk, asked: Any, request_id: str) -> None:
        super().__init__()
        self._desk = desk
        self._asked = asked
        self._request_id = request_id

    async def _while_anybody_waits(self, receive: Receive, gone: Callable[[], object]) -> None:
        """Call ``gone`` when the caller has gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        gone()


class WholeResponse(_WorkingResponse):
    """The answer as one JSON document, once there is one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work, and answer."""
        job = Job()
        watching = asyncio.create_task(self._while_anybody_waits(receive, job.cancel))
        try:
            self._desk.take(self._asked, self._request_id, job)
            # Shielded: whoever works sets the answer, also when nobody waits for it any more.
            answer = await asyncio.shield(asyncio.wrap_future(job.done))
            body = json.dumps(all_well_formed(answer), ensure_ascii=False).encode()
            await Response(body, media_type=_JSON)(scope, receive, send)
        finally:
            job.cancel()
            watching.cancel()


class StreamedResponse(_WorkingResponse):
    """The answer as server-sent events, as they happen; see docs/streaming.md."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work, and tell of it."""

        def gone() -> None:
            unread.drop()
            job.cancel()

        unread = Unread(gone)  # a reader who is too far behind counts as gone
        job = Job(
            lambda project_id: unread.write(self._told_of_the_beginning(project_id)),
            RunEvents(unread.write).heard,
        )

        def end(answer: Document) -> None:
            unread.end(event("result", answer))

        job.done.add_done_callback(lambda done: end(done.result()))
        watching = asyncio.create_task(self._while_anybody_waits(receive, gone))
        try:
            self._desk.take(self._asked, self._request_id, job)
            await send(_begins())
            chunks = unread.read(pings=lambda: True)
            while (chunk := await asyncio.to_thread(_next, chunks)) is not None:
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone()
            watching.cancel()

    def _told_of_the_beginning(self, project_id: str) -> bytes:
        # The service has read it by now, so it is an object.
        request_id = self._asked.get("request_id") or self._request_id
        known = {
            "id": f"{self._desk.agent}.{request_id}",
            "project_id": project_id,
            "session_id": self._asked.get("session_id"),
        }
        return event("invocation", known)


def _begins() -> dict[str, Any]:
    # No cache and no proxy may keep it back.
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)
