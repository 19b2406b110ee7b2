"""WebSockets to runtimes: ``/runtimes/{arn}/ws``, signed in headers or in the query.

Sources: the guide's page on bidirectional streaming, and the client of ``bedrock-agentcore``, which
signs both ways and sends the session in a header or, presigned, in the query.
"""

import asyncio
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

from ministack.core import iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.core.sigv4 import decode_header_value

from devtools.localcloud.extension.agentcore.exchange import Broken
from devtools.localcloud.extension.agentcore.invocation import (
    SESSION_HEADER,
    Call,
    DataPlane,
    Receive,
    Send,
    headers_in,
    own_status,
)
from devtools.localcloud.extension.agentcore.permissions import (
    OPEN_SOCKET,
    USER_HEADER,
    authorize_invocation,
    require_scope,
)
from devtools.localcloud.extension.agentcore.records import DEFAULT, Version
from devtools.localcloud.extension.agentcore.refusal import Refused, invalid, unsigned, unsupported
from devtools.localcloud.extension.agentcore.upstream import Rejected, Upstream

PATH: Final = re.compile(r"/runtimes/(?P<arn>arn:[^?]+)/ws/?")
_SESSION_LENGTHS: Final = range(33, 257)
_GOING_AWAY: Final = 1011

Scope = Mapping[str, Any]


async def serve(scope: Scope, receive: Receive, send: Send, data_plane: DataPlane) -> None:
    """Serve a socket from its handshake to its end."""
    await receive()  # websocket.connect
    accepted = False
    try:
        call = _call(scope)
        async with data_plane.process(call) as (process, version):
            upstream = await _open(scope, call, version, process.address)
            try:
                headers = [(SESSION_HEADER.lower().encode(), call.session_id.encode())]
                accept = {"subprotocol": upstream.subprotocol, "headers": headers}
                await send({"type": "websocket.accept", **accept})
                accepted = True
                await _relay(receive, send, upstream)
            finally:
                upstream.hang_up()
    except Refused as refused:
        if accepted:
            raise
        await _refuse(send, refused)


async def _open(scope: Scope, call: Call, version: Version, address: tuple[str, int]) -> Upstream:
    if version.protocol not in ("HTTP", "AGUI"):
        raise unsupported(f"a socket to an agent of the protocol {version.protocol}")
    headers = headers_in(call, version)
    # The caller's handshake has none, and a body's type means nothing in it.
    headers.pop("Content-Type", None)
    try:
        return await Upstream.open(address, "/ws", headers, scope.get("subprotocols") or [])
    except Rejected as rejected:
        raise own_status(rejected.status) from None
    except Broken:
        raise own_status(HTTPStatus.BAD_GATEWAY) from None


async def _relay(receive: Receive, send: Send, upstream: Upstream) -> None:
    """Pass messages both ways until either side has ended."""

    async def up() -> None:
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            await upstream.send(message["bytes"] if text is None else text)
        await upstream.close(message.get("code") or 1000, message.get("reason") or "")

    async def down() -> None:
        async for message in upstream.messages():
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})
        code, reason = upstream.closed
        if code in (1005, 1006):  # these may not be sent
            code = 1000 if code == 1005 else _GOING_AWAY  # noqa: PLR2004  RFC 6455's numbers
        await send({"type": "websocket.close", "code": code, "reason": reason})

    tasks = {asyncio.ensure_future(up()), asyncio.ensure_future(down())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        # What failed here failed because a side has ended.
        await asyncio.gather(*tasks, return_exceptions=True)


def _call(scope: Scope) -> Call:
    """Who wants a socket to what; raises what is refused."""
    failure = iam_evaluator.authenticate_handshake(dict(scope), "bedrock-agentcore")
    if failure is None:
        raise Refused("Missing Authentication Token", "MissingAuthenticationTokenException", 403)
    if isinstance(failure, iam_evaluator.AuthError):
        raise unsigned(failure.message)
    headers = {
        name.decode("latin-1").lower(): decode_header_value(value)
        for name, value in scope["headers"]
    }
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    require_scope(headers, query)
    found = PATH.fullmatch(scope["path"])
    assert found is not None  # noqa: S101  for the type checker; others are not sent here
    session = _given(SESSION_HEADER, headers, query) or str(uuid.uuid4())
    # In a query it may have what no header can.
    if len(session) not in _SESSION_LENGTHS or not (session.isascii() and session.isprintable()):
        raise invalid("runtimeSessionId must be 33 to 256 printable characters", "runtimeSessionId")
    user = _given(USER_HEADER, headers, query)
    if user:
        headers[USER_HEADER] = user
    iam_evaluator.pin_request_caller(headers, query)
    call = Call(found["arn"], (query.get("qualifier") or [DEFAULT])[0], session, headers)
    caller = extract_access_key_id(headers, query)
    authorize_invocation(OPEN_SOCKET, call.runtime_arn, call.qualifier, headers, caller)
    return call


def _given(name: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    """A value sent as a header or, by what can set none, in the query."""
    in_query = {key.lower(): values[0] for key, values in query.items()}
    return headers.get(name.lower()) or in_query.get(name.lower())


async def _refuse(send: Send, refused: Refused) -> None:
    """Answer the handshake as a request is answered."""
    status, headers, body = refused.response()
    fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": fields})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
