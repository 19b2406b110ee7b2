"""Integrations whose answer streams: ``responseTransferMode`` is ``STREAM``.

A stream begins with a prelude, which becomes the response's status and headers; what follows is
the body. Before the prelude a failure is a gateway's answer. After it there is no answer left to
give: the response breaks off.

After each stream the function is invoked once more, with an event that only says how it went. That
was seen on AWS, and is in none of its pages.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import StreamingResponse
from ministack.services import lambda_svc

from devtools.localcloud.extension.gateway import errors, trail
from devtools.localcloud.extension.gateway.answers import Malformed, response_of
from devtools.localcloud.extension.gateway.errors import Response
from devtools.localcloud.extension.gateway.proxy_call import ProxyCall
from devtools.localcloud.extension.response_streams import (
    Reader,
    Receive,
    Send,
    left_alone,
    until_hang_up,
)
from devtools.localcloud.streamed import StreamEnd

logger = logging.getLogger("devtools.localcloud.gateway")

#: How long nothing may come through a regional API.
IDLE_LIMIT_S: Final = 300.0
_URI_ENDS: Final = "/response-streaming-invocations"
_CONTENT_TYPE: Final = "application/vnd.awslambda.http-integration-response"
_DELIMITER: Final = bytes(8)
_PRELUDE_LIMIT: Final = 16 * 1024
_PRELUDE_KEYS: Final = {"statusCode", "headers", "multiValueHeaders", "cookies"}


@dataclass(frozen=True)
class _Limits:
    """When a stream has to have ended, and how long it may be silent."""

    ends_at: float
    idle_s: float

    def next_s(self) -> float:
        """How long the next piece may take."""
        return max(0.0, min(self.idle_s, self.ends_at - time.monotonic()))


async def dispatch(call: ProxyCall) -> Response:
    """Answer a request through a streaming integration.

    Function, permission and the sizes of request and event have been checked.
    """
    response: Response
    if not call.integration.get("uri", "").endswith(_URI_ENDS):
        response = errors.misconfigured()
        return response
    reader = Reader()
    invocation = reader.start(lambda: _execute(call.function, call.event))
    limits = _Limits(time.monotonic() + call.timeout_s, IDLE_LIMIT_S)
    started = time.monotonic()
    try:
        streams = await reader.begin(limits.next_s())
        trail.note(integration__latency=int((time.monotonic() - started) * 1000))
        if not streams:
            return _refusal(invocation.result())
        status, headers, body, end = await _read_prelude(reader, call, limits)
    except TimeoutError:
        reader.pipe.hang_up()
        _complete(call, invocation, "Timeout")
        response = errors.timed_out()
        return response
    except Malformed:
        reader.pipe.hang_up()
        _complete(call, invocation, "MalformedPrelude")
        response = errors.bad_gateway()
        return response
    trail.note(integration__status=200)

    async def run(send: Send, receive: Receive) -> None:
        watching = until_hang_up(receive, reader.pipe)
        failure: str | None = "ClientDisconnected"
        try:
            failure = await _forward(send, reader, body, end, limits)
        finally:
            watching.cancel()
            reader.pipe.hang_up()
            _complete(call, invocation, failure)

    return status, headers, StreamingResponse(run)


async def _forward(
    send: Send, reader: Reader, body: bytes, end: StreamEnd | None, limits: _Limits
) -> str | None:
    """Send the body as it comes; return why it broke off, None when it did not."""
    while True:
        if body:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if end is not None:
            break
        try:
            body, end = await reader.read(limits.next_s())
        except TimeoutError:
            return "Timeout"
    if end.error is not None or end.truncated:
        return end.error or "ClientDisconnected"  # the last frame stays unsent
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return None


async def _read_prelude(
    reader: Reader, call: ProxyCall, limits: _Limits
) -> tuple[int, dict[str, Any], bytes, StreamEnd | None]:
    """Read up to the body.

    Returns:
        Status, headers, what has come of the body, and how the stream ended if it has.

    Raises:
        TimeoutError: It did not come in time.
        Malformed: There is none.
    """
    if reader.pipe.content_type != _CONTENT_TYPE:
        raise Malformed
    read, end = b"", None
    while _DELIMITER not in read and end is None and len(read) <= _PRELUDE_LIMIT:
        chunk, end = await reader.read(limits.next_s())
        read += chunk
    prelude, delimiter, body = read.partition(_DELIMITER)
    if not delimiter or len(prelude) > _PRELUDE_LIMIT:
        raise Malformed
    try:
        said = json.loads(prelude)
    except ValueError:
        raise Malformed from None
    if not isinstance(said, dict) or said.keys() - _PRELUDE_KEYS:
        raise Malformed
    cookies = said.pop("cookies", None)
    if cookies:
        said["multiValueHeaders"] = {**said.get("multiValueHeaders", {}), "Set-Cookie": cookies}
    status, headers, _ = response_of(said, call.accept, call.binary_media_types)
    return status, headers, body, end


def _refusal(result: Mapping[str, Any]) -> Response:
    """The answer where the function has ended without a stream."""
    response: Response = errors.not_served() if result.get("throttle") else errors.bad_gateway()
    return response


def _complete(call: ProxyCall, invocation: "asyncio.Task[Any]", failure: str | None) -> None:
    """Tell the function that its stream is over, once the invocation is."""
    event: dict[str, Any] = {
        "requestId": call.event["requestContext"]["requestId"],
        "invokeCompletionStatus": "Success" if failure is None else "Failure",
    }
    if failure is not None:
        event["errorCode"] = failure

    async def tell() -> None:
        with contextlib.suppress(Exception):
            await asyncio.shield(invocation)
        result = await _execute(call.function, event)
        if result.get("error"):
            logger.warning("a completion invocation failed: %s", result.get("body"))

    left_alone(asyncio.ensure_future(tell()))


async def _execute(function: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    return await run_reentrant(
        lambda_svc._execute_function_with_config_scope,
        function,
        event,
        thread_name="gateway-invoke",
    )
