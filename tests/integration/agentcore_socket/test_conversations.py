"""Sockets that both sides speak on, and AWS's own application at the other end of one."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from bedrock_agentcore import BedrockAgentCoreApp, RequestContext
from botocore.session import Session
from starlette.websockets import WebSocket
from websockets.asyncio.server import ServerConnection

from tests.integration.agentcore_socket.servers import (
    CLOSE,
    SESSION_ID,
    TEXT,
    WORDS,
    Door,
    all_of,
    at,
    call_of,
    frame,
    read_frame,
    running_raw,
    serving,
    transport_to,
)
from tradewind.agentcore.answers import Text, Value
from tradewind.contracts.errors import (
    InvalidRuntimeRequest,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeRefused,
)

MB = 1_000_000


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        if message == "bye":
            return
        await connection.send(message)


def test_both_sides_speak_when_they_will(environment: pytest.MonkeyPatch, session: Session) -> None:
    async def talk() -> None:
        async with at(environment, echo), transport_to(session).converse(call_of()) as duplex:
            assert await duplex.receive() == '{"query": "hello"}'
            hearing = asyncio.create_task(duplex.receive())
            await asyncio.sleep(0)
            assert not hearing.done()
            await duplex.send("\N{SNOWFLAKE}")
            assert await hearing == "\N{SNOWFLAKE}"
            await duplex.send(b"\xff\x00")
            await duplex.send("")
            assert await duplex.receive() == b"\xff\x00"
            assert await duplex.receive() == ""
            await duplex.send("bye")
            assert await duplex.receive() is None
            assert await duplex.receive() is None
            with pytest.raises(RuntimeInterrupted):
                await duplex.send("is anybody there?")

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("payload", "content_type", "told"),
    [
        (b"", "application/json", "first"),
        (b"[1]", "application/json", "[1]"),
        (b"[1]", "application/x+json; charset=utf-8", "[1]"),
        (b"\xc3\xa9", "text/plain", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        (b"\xff", "application/octet-stream", b"\xff"),
    ],
)
def test_the_payload_is_the_first_message_and_what_its_type_says(
    environment: pytest.MonkeyPatch,
    session: Session,
    payload: bytes,
    content_type: str,
    told: str | bytes,
) -> None:
    async def talk() -> None:
        call = call_of(payload, content_type=content_type)
        async with at(environment, echo), transport_to(session).converse(call) as duplex:
            await duplex.send("first")
            assert await duplex.receive() == told

    asyncio.run(talk())


def test_a_text_that_is_none_is_refused_before_anybody_hears_of_it(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    door = Door()

    async def ask() -> None:
        async with at(environment, echo, door):
            with pytest.raises(InvalidRuntimeRequest, match="UTF-8"):
                await all_of(transport_to(session), payload=b"\xff")

    asyncio.run(ask())
    assert door.targets == []


def test_a_long_message_goes_out_in_frames_that_proxies_take(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    long = json.dumps("\N{SNOWFLAKE}" * 100_000, ensure_ascii=False)

    async def ask() -> None:
        # A longer frame would end the connection with 1009.
        async with (
            at(environment, echo, max_size=(MB, 32 * 1024)),
            transport_to(session).converse(call_of(long.encode())) as duplex,
        ):
            assert await duplex.receive() == long
            await duplex.send(long)
            assert await duplex.receive() == long
            await duplex.send(long.encode())
            assert await duplex.receive() == long.encode()

    asyncio.run(ask())


def test_a_conversation_that_breaks_off_is_an_error_and_no_end(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(frame(TEXT, b"hello"))

    async def talk() -> None:
        async with running_raw(hang_up) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            async with transport_to(session).converse(call_of()) as duplex:
                assert await duplex.receive() == "hello"
                with pytest.raises(RuntimeInterrupted):
                    await duplex.receive()
            assert server.connections == 1

    asyncio.run(talk())


def test_each_call_has_a_connection_of_its_own_that_ends_with_it(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    ended: list[tuple[int, bytes]] = []

    async def talk_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(frame(TEXT, b'"hello"'))
        ended.append(await read_frame(reader))
        assert await reader.read() == b""
        gone.release()

    gone = asyncio.Semaphore(0)

    async def ask() -> None:
        async with running_raw(talk_on) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            transport = transport_to(session)
            for _ in range(3):
                async with transport.open(call_of()) as answer:
                    async for chunk in answer.chunks():
                        assert chunk == b'data: "hello"\n\n'
                        break
                await gone.acquire()
            assert server.connections == 3

    asyncio.run(ask())
    # The agent is told that nobody listens any more.
    assert ended == [(CLOSE, (1001).to_bytes(2, "big"))] * 3


app = BedrockAgentCoreApp()


@app.websocket
async def _answer(socket: WebSocket, context: RequestContext) -> None:
    await socket.accept()
    asked = await socket.receive_json()
    match asked["query"]:
        case "fail at once":
            raise LookupError("a defect of the agent's")
        case "fail later":
            await socket.send_json("so far")
            raise LookupError("a defect of the agent's")
        case "say that it failed":
            await socket.send_json("so far")
            await socket.send_json({"error": "no wind", "error_type": "Calm", "message": "m"})
        case "who":
            await socket.send_json({"session": context.session_id})
        case _:
            for word in WORDS:
                await socket.send_json(word)
    await socket.close()


@pytest.fixture(scope="module")
def door() -> Door:
    return Door()


@pytest.fixture(scope="module")
def url(door: Door) -> Iterator[str]:
    with serving(app, door) as running:
        yield running


def asked(
    environment: pytest.MonkeyPatch, session: Session, url: str, query: str
) -> list[Any] | RuntimeCallError:
    environment.setenv("AWS_ENDPOINT_URL", url)
    payload = json.dumps({"query": query}).encode()
    try:
        return asyncio.run(all_of(transport_to(session), payload=payload))
    except RuntimeCallError as error:
        return error


def test_aws_own_application_answers(
    environment: pytest.MonkeyPatch, session: Session, url: str, door: Door
) -> None:
    assert asked(environment, session, url, "words") == [Text(word) for word in WORDS]
    assert asked(environment, session, url, "who") == [Value({"session": SESSION_ID})]
    assert door.refused == []


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("fail at once", RuntimeFailed),
        ("fail later", RuntimeInterrupted),
        ("say that it failed", RuntimeFailed),
    ],
)
def test_aws_own_application_fails_in_one_typed_error(
    environment: pytest.MonkeyPatch,
    session: Session,
    url: str,
    query: str,
    kind: type[RuntimeCallError],
) -> None:
    error = asked(environment, session, url, query)
    assert type(error) is kind
    assert error.extensions["attempts"] == 1
    assert "defect" not in str(error)


def test_an_application_without_a_handler_of_sockets_refuses_them(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    with serving(BedrockAgentCoreApp(), Door()) as url:
        assert type(asked(environment, session, url, "words")) is RuntimeRefused
