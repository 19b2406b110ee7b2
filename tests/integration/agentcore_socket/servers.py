"""WebSocket servers as a runtime's: AgentCore's door in front, and an agent behind it."""

import asyncio
import base64
import contextlib
import hashlib
import http
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
import uvicorn
from bedrock_agentcore import BedrockAgentCoreApp
from botocore.session import Session
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.sigv4 import RefusedSignature, verify, verify_presigned
from tradewind.agentcore.answers import RuntimeEvent
from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.retries import Retries
from tradewind.agentcore.socket import WebSocketTransport

REGION = "eu-central-1"
ARN = RuntimeArn.parse(
    f"arn:aws:bedrock-agentcore:{REGION}:111122223333:runtime/onboarding-AbCdEfGhIj"
)
SESSION_ID = "session-of-a-test-" + "0" * 20
KEY, SECRET, TOKEN = "key-of-a-test", "secret-of-a-test", "token-of-a-test"
#: Far more than anything here takes: what runs into it hangs.
PATIENCE_S = 120.0


def call_of(payload: bytes = b'{"query": "hello"}', **more: Any) -> RuntimeCall:
    """A call of the runtime here, with all the time there is."""
    fields: dict[str, Any] = {
        "runtime": ARN,
        "payload": payload,
        "session_id": SESSION_ID,
        "time_left_s": lambda: PATIENCE_S,
        **more,
    }
    return RuntimeCall(**fields)


@dataclass
class Door:
    """What AgentCore does before an agent hears of a connection, and what it saw.

    Attributes:
        targets: Path and query of each handshake.
        headers: Its headers, by names in lower case.
        refused: Why handshakes were not let in.
        statuses: To refuse the next ones with, before anything is looked at.
    """

    targets: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def check(self, target: str, headers: dict[str, str]) -> int | None:
        """Return the status to refuse a handshake with; None to let it in."""
        self.targets.append(target)
        self.headers.append(headers)
        if self.statuses:
            return self.statuses.pop(0)
        path, _, query = target.partition("?")
        keys = {KEY: (SECRET, TOKEN)}
        try:
            if "X-Amz-Signature=" in query:
                verify_presigned(
                    "GET",
                    target,
                    headers,
                    keys=keys,
                    region=REGION,
                    service="bedrock-agentcore",
                    max_expires_s=300,
                )
            else:
                verify(
                    "GET",
                    target,
                    headers,
                    b"",
                    keys=keys,
                    region=REGION,
                    service="bedrock-agentcore",
                )
        except RefusedSignature as refused:
            self.refused.append(str(refused))
            return 403
        _, runtimes, arn, ws = path.split("/")
        if (runtimes, ws) != ("runtimes", "ws") or unquote(arn) != str(ARN) or "/" in arn:
            return 404
        return None


@asynccontextmanager
async def running(
    agent: Callable[[ServerConnection], Awaitable[None]],
    door: Door | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> AsyncIterator[str]:
    """Serve an agent with the library ``websockets``; give the endpoint's URL."""
    guard = door or Door()

    def enter(connection: ServerConnection, request: Request) -> Response | None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        status = guard.check(request.path, headers)
        return connection.respond(http.HTTPStatus(status), "refused\n") if status else None

    async with serve(agent, "127.0.0.1", 0, process_request=enter, ssl=tls, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


@asynccontextmanager
async def running_raw(
    agent: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    shakes_hands: bool = True,
) -> AsyncIterator["RawServer"]:
    """Serve bytes: after the handshake, unless the agent is to see that, too."""
    server = RawServer()
    at_work: set[asyncio.Task[None] | None] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        at_work.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                if shakes_hands:
                    request = await reader.readuntil(b"\r\n\r\n")
                    writer.write(_accepted(request))
                await agent(reader, writer)
            finally:
                writer.close()

    listening = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in filter(None, at_work):
            task.cancel()
            await asyncio.wait([task])


@dataclass
class RawServer:
    """A server of bytes.

    Attributes:
        url: Its address.
        connections: How many came.
    """

    url: str = ""
    connections: int = 0


def _accepted(request: bytes) -> bytes:
    key = next(
        line.partition(b":")[2].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    proof = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(proof.digest()) + b"\r\n\r\n"
    )


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    """A server's frame of at most 65,535 bytes."""
    size = len(payload)
    head = bytes([(0x80 if is_last else 0) | opcode])
    return head + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")) + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read a client's frame of at most 65,535 bytes: its opcode and its payload."""
    head, size = await reader.readexactly(2)
    size &= 0x7F
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(size)
    return head & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(masked))


TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


@contextmanager
def serving(app: BedrockAgentCoreApp, door: Door) -> Iterator[str]:
    """Serve AWS's own application as AgentCore does, behind a door; give the endpoint's URL."""

    async def enter(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            target = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
            if door.check(target, headers) is not None:
                await receive()
                await send({"type": "websocket.close"})  # before it is accepted: status 403
                return
            scope = {**scope, "path": "/ws", "raw_path": b"/ws"}
        await app(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(enter, log_level="critical", ws="websockets-sansio", lifespan="off")
    )
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


#: What would be cut in two by one who splits lines as Python does, and what is no end of an event.
WORDS = ["one\n", "zwei\u2028", "trois\u0085", "\N{SNOWFLAKE}", "\ufeff", "data: six"]


async def speak(connection: ServerConnection) -> None:
    """Answer with the words, and an object."""
    await connection.recv()
    for word in WORDS:
        await connection.send(json.dumps(word, ensure_ascii=False))
    await connection.send('{"done":\r\n true}')


@asynccontextmanager
async def at(
    environment: pytest.MonkeyPatch,
    agent: Callable[[ServerConnection], Awaitable[None]],
    door: Door | None = None,
    **options: Any,
) -> AsyncIterator[None]:
    """Serve an agent where the calls of this environment go."""
    async with running(agent, door, **options) as url:
        environment.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", url)
        yield


async def all_of(transport: WebSocketTransport, **call: Any) -> list[RuntimeEvent]:
    """A whole answer; repeats do not rest."""
    client = AgentCoreClient(transport, retries=Retries(sleep=_no_rest))
    return [event async for event in client.stream(call_of(**call))]


async def _no_rest(_seconds: float) -> None: ...


def transport_to(session: Session, **options: Any) -> WebSocketTransport:
    """A transport that a busy machine does not make impatient."""
    return WebSocketTransport(session, **{"connect_timeout_s": PATIENCE_S, **options})
