"""Lets ``devtools.localcloud.clock`` set the clock that deployments go by."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ministack import app

from devtools.localcloud.extension.alarm_evaluation import AlarmEvaluation
from devtools.localcloud.extension.clock import Clock

PATH: Final = "/_localcloud/clock"

Scope = Mapping[str, Any]


def install(clock: Clock, alarms: AlarmEvaluation) -> None:
    """Answer at ``PATH``.

    It takes a PUT of ``seconds_per_minute``, ``held`` or ``metric_delay_s``, and a POST of
    ``advance_s``.
    """
    serve: Callable[..., Awaitable[None]] = app.app

    async def serve_clock_too(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await serve(scope, receive, send)
            return
        status, document = 200, {}
        try:
            # What is due is done on this thread, and may call this server.
            asked = json.loads(await _body(receive))
            await asyncio.to_thread(_set, clock, alarms, scope["method"], asked)
        except (ValueError, KeyError, TypeError) as problem:
            status, document = 400, {"error": str(problem)}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    app.app = serve_clock_too


def _set(clock: Clock, alarms: AlarmEvaluation, method: str, asked: Mapping[str, float]) -> None:
    if method == "POST":
        clock.advance(float(asked["advance_s"]))
    elif "metric_delay_s" in asked:
        alarms.delay_s = float(asked["metric_delay_s"])
    elif asked.get("held"):
        clock.hold()
    else:
        clock.run(float(asked["seconds_per_minute"]))


async def _body(receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
