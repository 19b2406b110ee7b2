"""Answers on sockets end in all their events or in one typed error, asked for as often as told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from botocore.session import Session
from websockets.asyncio.server import ServerConnection

from tests.integration.agentcore_socket.servers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    SESSION_ID,
    TEXT,
    WORDS,
    Door,
    RawServer,
    all_of,
    at,
    call_of,
    frame,
    read_frame,
    running_raw,
    speak,
    transport_to,
)
from tradewind.agentcore.answers import Text, Value
from tradewind.contracts.errors import (
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeThrottled,
    RuntimeUnavailable,
)

Outcome = list[Any] | RuntimeCallError
HELLO = frame(TEXT, b'"hello"')
END = frame(CLOSE, (1000).to_bytes(2, "big"))


async def outcome_of(session: Session, **options: Any) -> Outcome:
    try:
        return await all_of(transport_to(session, **options))
    except RuntimeCallError as error:
        return error


def asked_of_bytes(
    environment: pytest.MonkeyPatch,
    session: Session,
    agent: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    shakes_hands: bool = True,
    **options: Any,
) -> tuple[Outcome, RawServer]:
    async def ask() -> tuple[Outcome, RawServer]:
        async with running_raw(agent, shakes_hands=shakes_hands) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            return await outcome_of(session, **options), server

    return asyncio.run(ask())


def asked(
    environment: pytest.MonkeyPatch,
    session: Session,
    agent: Callable[[ServerConnection], Awaitable[None]],
    door: Door,
) -> Outcome:
    async def ask() -> Outcome:
        async with at(environment, agent, door):
            return await outcome_of(session)

    return asyncio.run(ask())


def saying(*pieces: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    """An agent that says some bytes once it is asked, each in its own packet, and hangs up."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return say


@pytest.mark.parametrize("statuses", [[503], [504, 429], [429]])
def test_a_refusal_that_passes_is_asked_again_in_the_same_session(
    environment: pytest.MonkeyPatch, session: Session, statuses: list[int]
) -> None:
    door = Door(statuses=list(statuses))
    answer = asked(environment, session, speak, door)
    assert isinstance(answer, list)
    assert len(answer) == len(WORDS) + 1
    assert len(door.targets) == len(statuses) + 1
    sessions = {headers["x-amzn-bedrock-agentcore-runtime-session-id"] for headers in door.headers}
    assert sessions == {SESSION_ID}


@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (400, InvalidRuntimeRequest, 1),
        (403, RuntimeRefused, 1),
        (404, RuntimeNotFound, 1),
        (424, RuntimeFailed, 1),
        (429, RuntimeThrottled, 3),
        (500, RuntimeFailed, 1),
        (503, RuntimeUnavailable, 3),
        (504, RuntimeUnavailable, 3),
    ],
)
def test_a_refusal_is_one_typed_error_that_tells_its_attempts(
    environment: pytest.MonkeyPatch,
    session: Session,
    status: int,
    kind: type[RuntimeCallError],
    attempts: int,
) -> None:
    door = Door(statuses=[status] * 9)
    error = asked(environment, session, speak, door)
    assert type(error) is kind
    assert error.extensions["attempts"] == attempts
    assert len(door.targets) == attempts


@pytest.mark.parametrize(
    ("refusal", "kind", "said"),
    [
        ((b"x-amzn-ErrorType: ThrottlingException:http://x/", b"{}"), RuntimeThrottled, ""),
        ((b"", b'{"__type": "a#ServiceQuotaExceededException"}'), RuntimeRefused, ""),
        ((b"", b'{"message": "in these words"}'), InvalidRuntimeRequest, "in these words"),
        ((b"x-amzn-ErrorType: A\r\nx-amzn-ErrorType: B", b""), InvalidRuntimeRequest, "A"),
        ((b"", b'{"message": ["a"], "__type": {}}'), InvalidRuntimeRequest, ""),
        ((b"", b"[1, 2]"), InvalidRuntimeRequest, "400"),
        ((b"", b"\xff\xfe{"), InvalidRuntimeRequest, "400"),
        ((b"", b"[" * 100_000), InvalidRuntimeRequest, "400"),
    ],
)
def test_a_refusal_is_what_its_code_says_and_no_body_can_break_it(
    environment: pytest.MonkeyPatch,
    session: Session,
    refusal: tuple[bytes, bytes],
    kind: type[RuntimeCallError],
    said: str,
) -> None:
    head, body = refusal

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        more = head + b"\r\n" if head else b""
        length = str(len(body)).encode()
        writer.write(b"HTTP/1.1 400 No\r\n" + more + b"Content-Length: " + length + b"\r\n\r\n")
        writer.write(body)
        await writer.drain()

    error, _ = asked_of_bytes(environment, session, refuse, shakes_hands=False)
    assert type(error) is kind
    assert said in str(error)


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None: ...


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize("shakes_hands", [False, True])
@pytest.mark.parametrize("agent", [hang_up, reset])
def test_a_connection_that_ends_before_the_answer_is_opened_again(
    environment: pytest.MonkeyPatch, session: Session, agent: Any, *, shakes_hands: bool
) -> None:
    error, server = asked_of_bytes(environment, session, agent, shakes_hands=shakes_hands)
    assert type(error) is RuntimeUnavailable
    assert server.connections == 3


def test_nobody_there_is_unavailable(environment: pytest.MonkeyPatch, session: Session) -> None:
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    error = asyncio.run(outcome_of(session))
    assert type(error) is RuntimeUnavailable
    assert error.extensions["attempts"] == 3


@pytest.mark.parametrize(
    "head", [b"\x00\xff\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
)
def test_what_speaks_no_websocket_is_unreadable(
    environment: pytest.MonkeyPatch, session: Session, head: bytes
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)

    error, server = asked_of_bytes(environment, session, answer, shakes_hands=False)
    assert type(error) is RuntimeAnswerUnreadable
    assert server.connections == 1


@pytest.mark.parametrize(
    "beginning",
    [
        HELLO,
        HELLO[:1],
        HELLO[:-1],
        frame(TEXT, b'"hel', is_last=False),
        frame(PING, b"") + HELLO[:1],
        frame(PING, b"") + frame(TEXT, b"", is_last=False) + END,
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_the_first_byte_of_an_answer_is_one(
    environment: pytest.MonkeyPatch, session: Session, beginning: bytes, *, at_once: bool
) -> None:
    async def say_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)  # in the packet of the handshake
        await read_frame(reader)

    agent = say_at_once if at_once else saying(beginning)
    error, server = asked_of_bytes(environment, session, agent)
    assert type(error) is RuntimeInterrupted
    assert server.connections == 1


@pytest.mark.parametrize("told", [frame(PING, b"?"), frame(PONG, b""), frame(PING, b"") * 9])
def test_what_a_connection_says_of_itself_is_no_answer(
    environment: pytest.MonkeyPatch, session: Session, told: bytes
) -> None:
    error, server = asked_of_bytes(environment, session, saying(told))
    assert type(error) is RuntimeUnavailable
    assert server.connections == 3
    later = END.replace((1000).to_bytes(2, "big"), (1013).to_bytes(2, "big"))
    error, server = asked_of_bytes(environment, session, saying(told + later))
    assert type(error) is RuntimeUnavailable
    assert server.connections == 3


@pytest.mark.parametrize(
    "pieces",
    [
        (b"",),
        (b"\x81",),  # the beginning of a frame
        (frame(TEXT, b'"second', is_last=False),),
        (frame(TEXT, b'"second', is_last=False), END),
        (HELLO, b"\x81\x7e\x01"),
        (END.replace((1000).to_bytes(2, "big"), (1001).to_bytes(2, "big")),),
        (END.replace((1000).to_bytes(2, "big"), (1011).to_bytes(2, "big")),),
    ],
)
def test_an_answer_that_breaks_off_is_never_asked_for_again(
    environment: pytest.MonkeyPatch, session: Session, pieces: tuple[bytes, ...]
) -> None:
    error, server = asked_of_bytes(environment, session, saying(HELLO, *pieces))
    assert type(error) is RuntimeInterrupted
    assert error.extensions["attempts"] == 1
    assert server.connections == 1


@pytest.mark.parametrize("before", [b"", HELLO])
@pytest.mark.parametrize("after", [b"", END])
@pytest.mark.parametrize(
    "garbage",
    [
        frame(3, b"no such opcode"),
        frame(CONTINUATION, b"of nothing"),
        frame(TEXT, b"\xff\xfe"),
        b"\x81\x7f" + (1 << 40).to_bytes(8, "big"),  # a frame of a terabyte
        frame(TEXT, b'"' + b"x" * 2000 + b'"'),
        frame(TEXT, b"x" * 600, is_last=False) + frame(CONTINUATION, b"x" * 600),
    ],
)
def test_what_is_no_message_or_too_long_a_one_is_unreadable(
    environment: pytest.MonkeyPatch, session: Session, before: bytes, garbage: bytes, after: bytes
) -> None:
    error, server = asked_of_bytes(
        environment, session, saying(before + garbage + after), max_message_bytes=1000
    )
    assert type(error) is RuntimeAnswerUnreadable
    assert server.connections == 1


@pytest.mark.parametrize("end", [END, frame(CLOSE, b"")])
def test_messages_are_events_however_they_are_cut(
    environment: pytest.MonkeyPatch, session: Session, end: bytes
) -> None:
    long = json.dumps("x" * 999).encode()
    fragments = [
        frame(
            TEXT if n == 0 else CONTINUATION,
            long[n : n + 1],
            is_last=n == len(long) - 1,
        )
        for n in range(len(long))
    ]
    everything = HELLO + b"".join(fragments) + frame(BINARY, b'{"a": 1}') + end
    for pieces in ([everything], [everything[n : n + 1] for n in range(len(everything))]):
        answer, server = asked_of_bytes(environment, session, saying(*pieces))
        assert isinstance(answer, list)
        assert answer == [Text("hello"), Text("x" * 999), Value({"a": 1})]
        assert server.connections == 1


def test_a_message_keeps_its_line_ends(environment: pytest.MonkeyPatch, session: Session) -> None:
    said = ["50 %\r100 %", "a\r\nb\r", "\r", 'a "b"\r\u2028 \\u00e9 é']
    messages = [frame(TEXT, text.encode()) for text in said]
    messages.append(frame(BINARY, b'{"a":\r\n[1,\r2]}\r'))
    answer, _ = asked_of_bytes(environment, session, saying(*messages, END))
    assert answer == [*map(Text, said), Value({"a": [1, 2]})]


def test_an_agent_may_have_answered_and_be_gone_before_it_is_asked(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    async def say(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO * 9 + END)

    answer, server = asked_of_bytes(environment, session, say)
    assert answer == [Text("hello")] * 9
    assert server.connections == 1


def test_bytes_that_are_no_text_are_unreadable_as_an_answer(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    error, _ = asked_of_bytes(environment, session, saying(frame(BINARY, b"\xff\xfe") + END))
    assert type(error) is RuntimeAnswerUnreadable


def test_what_arrived_before_a_failure_is_heard_first(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    heard: list[bytes] = []

    async def ask() -> None:
        # Each piece of the last message is a frame: it has more of them than the library takes.
        endless = (
            frame(TEXT, b"x", is_last=False) + frame(CONTINUATION, b"", is_last=False) * 20_000
        )
        async with running_raw(saying(HELLO * 3 + endless + frame(CONTINUATION, b""))) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            async with transport_to(session).open(call_of()) as answer:
                chunks = answer.chunks()
                heard.append(await anext(chunks))
                with pytest.raises(RuntimeAnswerUnreadable):
                    heard.extend([chunk async for chunk in chunks])

    asyncio.run(ask())
    assert b"".join(heard) == b'data: "hello"\n\n' * 3


def test_an_agent_may_have_nothing_to_say(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    answer, server = asked_of_bytes(environment, session, saying(END))
    assert answer == []
    assert server.connections == 1


@pytest.mark.parametrize(
    ("code", "kind", "attempts"),
    [
        (1001, RuntimeUnavailable, 3),
        (1003, RuntimeFailed, 1),
        (1007, RuntimeFailed, 1),
        (1008, RuntimeFailed, 1),
        (1009, RuntimeFailed, 1),
        (1011, RuntimeFailed, 1),
        (1012, RuntimeUnavailable, 3),
        (1013, RuntimeUnavailable, 3),
        (4000, RuntimeFailed, 1),
    ],
)
def test_an_end_before_the_answer_is_what_its_code_says(
    environment: pytest.MonkeyPatch,
    session: Session,
    code: int,
    kind: type[RuntimeCallError],
    attempts: int,
) -> None:
    async def end(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, "in an agent's own words")

    door = Door()
    error = asked(environment, session, end, door)
    assert type(error) is kind
    assert "words" not in str(error)
    assert len(door.targets) == attempts
