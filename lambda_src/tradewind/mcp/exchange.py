"""One HTTP request through the library's own transport, without a server that listens.

The library serves a request as an ASGI application; this is the other side of that, for a request
that is whole and an answer that has to be.
"""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from tradewind.api.door import Door
from tradewind.api.errors import UnsupportedMediaType
from tradewind.api.http import MAX_BODY_BYTES, Answer, Request
from tradewind.api.routing import Route
from tradewind.contracts.errors import InvalidRequest
from tradewind.mcp.server import Session

_PATH: Final = "/mcp"
_REFUSED: Final = 400
#: Of the library's answer; the rest is for a connection that there is not.
_KEPT_HEADERS: Final = frozenset({"allow", "content-type"})


def serve(door: Door, request: Request) -> Answer:
    """Serve a message of the protocol, of either of its generations.

    Raises:
        InvalidRequest: The body is no JSON.
        UnsupportedMediaType: It does not say that it is.
    """
    # Stricter than the library: no name twice, no NaN.
    request.json()
    session = Session(door, request)
    answer = asyncio.run(_exchange(session))
    failure = session.failure
    if failure is None and answer.status >= _REFUSED:  # the library's own, in its own words
        failure = (answer.status, InvalidRequest.code)
    return Answer(answer.status, answer.document(), answer.headers, failure)


@dataclass
class _Heard:
    """What the application sends."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def hear(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            named = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            self.headers = {
                name.title(): value for name, value in named.items() if name in _KEPT_HEADERS
            }
        else:
            self.body += message.get("body", b"")

    def document(self) -> Any:
        return json.loads(self.body) if self.body else None


async def _exchange(session: Session) -> _Heard:
    request, heard = session.request, _Heard()
    told = False

    async def tell() -> Mapping[str, Any]:
        nonlocal told
        if told:
            await asyncio.Event().wait()  # the caller stays: the gateway tells of no one who left
        told = True
        return {"type": "http.request", "body": request.raw_body, "more_body": False}

    manager = StreamableHTTPSessionManager(
        session.server(),
        json_response=True,
        stateless=True,
        max_request_body_size=MAX_BODY_BYTES,
    )
    async with manager.run():
        await manager.handle_request(_scope(request), tell, heard.hear)  # type: ignore[arg-type]
    return heard


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
