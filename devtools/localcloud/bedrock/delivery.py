"""Putting an answer on the wire, whole or with the faults it is to suffer."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from devtools.localcloud.bedrock import frames
from devtools.localcloud.bedrock.faults import Fault, FaultKind, Hit
from devtools.localcloud.bedrock.relay import RelayBroken, Relayed
from devtools.localcloud.bedrock.reply import Reply
from devtools.localcloud.bedrock.wire import Headers, HttpConnection

_BREAKING: Final = frozenset({FaultKind.CUT, FaultKind.RESET, FaultKind.STALL})


@dataclass(frozen=True)
class Answer:
    """A scripted answer, in the parts in which it goes out: frames, or the halves of a body."""

    headers: Headers
    parts: Sequence[bytes]
    input_tokens: int
    output_tokens: int
    status: int = 200


def compose(reply: Reply, *, streaming: bool, arrived: float) -> Answer:
    """Encode a reply to a request that arrived at ``arrived`` (``time.perf_counter``)."""
    latency_ms = round((time.perf_counter() - arrived) * 1000)
    if streaming:
        return Answer(
            [("content-type", "application/vnd.amazon.eventstream")],
            list(frames.stream(reply, latency_ms)),
            reply.input_tokens,
            reply.output_tokens,
        )
    body = reply.converse_body(latency_ms)
    middle = len(body) // 2
    return Answer(
        [("content-type", "application/json"), ("content-length", str(len(body)))],
        [body[:middle], body[middle:]],
        reply.input_tokens,
        reply.output_tokens,
    )


def document(value: Mapping[str, Any]) -> Answer:
    """Encode an answer that is a JSON document, whole."""
    body = json.dumps(value).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    return Answer(headers, [body], 0, 0)


async def deliver(http: HttpConnection, answer: Answer, hit: Hit) -> None:
    """Send a scripted answer, as far as the request's faults let it through."""
    fault = hit.answer
    parts = answer.parts if fault is None else fault.spoil(answer.parts)
    await http.start(answer.status, answer.headers)
    if hit.before is not None and hit.before.kind is FaultKind.SLOW_FIRST_BYTE:
        await asyncio.sleep(hit.before.seconds or 0)
    if fault is None or fault.kind not in _BREAKING:
        await _send_all(http, parts)
        return
    breaks_at = min(fault.after_frames, len(parts) - 1)
    for part in parts[:breaks_at]:
        await http.send(part)
    if fault.kind is not FaultKind.STALL:
        broken = parts[breaks_at]
        await http.send(broken[: len(broken) // 2])
        http.cut(reset=fault.kind is FaultKind.RESET)
    elif not await http.client_left(within_s=fault.seconds):
        await _send_all(http, parts[breaks_at:])


async def pass_on(http: HttpConnection, relayed: Relayed) -> None:
    """Send the real service's answer, as it arrives."""
    await http.start(relayed.status, relayed.headers)
    try:
        async with aclosing(relayed.body) as body:
            async for chunk in body:
                await http.send(chunk)
    except RelayBroken:
        http.cut(reset=False)
    else:
        await http.end()


async def spoil_idle(http: HttpConnection, fault: Fault) -> None:
    """Lose an idle connection: at once, on the next request, or without a word."""
    # The whole request is awaited: a reset while the client still sends is a different error.
    if fault.kind is FaultKind.IDLE_RESET and await http.next_request() is not None:
        http.cut(reset=True)
    if fault.kind is FaultKind.IDLE_SILENCE:
        await http.client_left(within_s=None)


async def _send_all(http: HttpConnection, parts: Sequence[bytes]) -> None:
    for part in parts:
        await http.send(part)
    await http.end()
