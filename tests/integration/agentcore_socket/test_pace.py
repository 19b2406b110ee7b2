"""Who waits for whom on a socket: a slow consumer, a silent agent, a call whose time is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from botocore.session import Session, get_session
from websockets.asyncio.server import ServerConnection

from tests.black_holes import unanswered_syn
from tests.driven_loop import DrivenClock, DrivenLoop
from tests.integration.agentcore_socket.servers import (
    PING,
    PONG,
    TEXT,
    Door,
    all_of,
    at,
    call_of,
    frame,
    read_frame,
    running_raw,
    speak,
    transport_to,
)
from tradewind.agentcore.socket import HANDSHAKE_TIMEOUT_S, PING_INTERVAL_S, Duplex
from tradewind.agentcore.socket_address import SocketAddresses
from tradewind.agentcore.socket_connection import connect
from tradewind.contracts.errors import (
    DeadlineExceeded,
    RuntimeInterrupted,
    RuntimeSilent,
    RuntimeUnavailable,
)

MB = 1_000_000
HELLO = frame(TEXT, b'"hello"')


def test_a_slow_consumer_slows_the_agent_and_loses_nothing(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    # More than the kernel's buffers and ours may hold, by far.
    messages, ahead = 300, 100
    sent = 0

    async def pour(connection: ServerConnection) -> None:
        nonlocal sent
        await connection.recv()
        for number in range(messages):
            await connection.send(f"{number:<{MB // 5}}")
            sent += 1

    async def take() -> None:
        async with at(environment, pour), transport_to(session).open(call_of()) as answer:
            taken = 0
            async for chunk in answer.chunks():
                numbers = [
                    int(event.removeprefix(b"data: ")) for event in chunk.split(b"\n\n")[:-1]
                ]
                assert numbers == list(range(taken, taken + len(numbers)))
                taken += len(numbers)
                for _ in range(20):  # turns in which everybody else may go on
                    await asyncio.sleep(0)
                assert sent <= taken + ahead
            assert taken == messages

    asyncio.run(take())


async def until(is_so: Callable[[], object]) -> None:
    while not is_so():
        await asyncio.sleep(0)


async def silent(
    clock: DrivenClock, pings: list[bytes], duplex: Duplex, hearing: "asyncio.Task[Any]"
) -> None:
    """Let an agent be silent until it is asked whether it is there."""
    asked = len(pings)
    for _ in range(10):  # turns in which the hearing begins to wait
        await asyncio.sleep(0)
    clock.now += PING_INTERVAL_S
    await until(lambda: len(pings) > asked or hearing.done())


async def until_waiting(task: "asyncio.Task[Any]") -> None:
    for _ in range(20):  # turns in which it gets as far as it can
        await asyncio.sleep(0)
    assert not task.done()


def driven(work: Callable[[DrivenClock], Awaitable[None]]) -> None:
    clock = DrivenClock()
    with asyncio.Runner(loop_factory=lambda: DrivenLoop(clock)) as runner:

        async def run() -> None:
            await work(clock)

        runner.run(run())


def test_an_agent_that_thinks_for_long_is_waited_for(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    pings: list[bytes] = []

    async def think(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        while len(pings) < 5:
            opcode, payload = await read_frame(reader)
            assert opcode == PING
            pings.append(payload)
            writer.write(frame(PONG, payload))
        writer.write(HELLO)
        await read_frame(reader)

    async def wait(clock: DrivenClock) -> None:
        async with running_raw(think) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            call = call_of(time_left_s=lambda: 10_000.0)
            async with transport_to(session).converse(call) as duplex:
                hearing = asyncio.create_task(duplex.receive())
                for _ in range(5):
                    await silent(clock, pings, duplex, hearing)
                    await until(lambda: not duplex._connection.pending_pings)
                assert await hearing == '"hello"'

    driven(wait)
    assert len(pings) == 5


@pytest.mark.parametrize(("before", "kind"), [(b"", RuntimeSilent), (HELLO, RuntimeInterrupted)])
def test_an_agent_that_is_not_there_is_given_up(
    environment: pytest.MonkeyPatch,
    session: Session,
    before: bytes,
    kind: type[Exception],
) -> None:
    pings: list[bytes] = []

    async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(before)
        pings.append((await read_frame(reader))[1])
        await reader.read()

    async def wait(clock: DrivenClock) -> None:
        async with running_raw(vanish) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            call = call_of(time_left_s=lambda: 10_000.0)
            async with transport_to(session).converse(call) as duplex:
                if before:
                    assert await duplex.receive() == '"hello"'
                hearing = asyncio.create_task(duplex.receive())
                for _ in range(2):
                    await silent(clock, pings, duplex, hearing)
                with pytest.raises(kind):
                    await hearing
            assert server.connections == 1

    driven(wait)
    assert len(pings) == 1


def test_a_call_without_time_is_not_sent(environment: pytest.MonkeyPatch, session: Session) -> None:
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door):
            with pytest.raises(DeadlineExceeded):
                await all_of(transport_to(session), time_left_s=lambda: 0.0)

    asyncio.run(ask())
    assert door.targets == []


async def never_shakes_hands(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def never_reads(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def never_answers(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(MB):
        ...


async def stops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO)
    while await reader.read(MB):
        ...


STAGES = [never_shakes_hands, never_reads, never_answers, stops]


@pytest.mark.parametrize("agent", STAGES)
@pytest.mark.parametrize("ends_by", ["deadline", "cancellation"])
def test_a_call_ends_when_its_time_is_over_or_nobody_wants_it_whatever_it_waits_for(
    environment: pytest.MonkeyPatch, session: Session, agent: Any, ends_by: str
) -> None:
    gone = asyncio.Event()
    connected = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        try:
            await agent(reader, writer)
        finally:  # whether it hears of the end or is reset by it
            gone.set()

    async def ask(clock: DrivenClock) -> None:
        async with running_raw(serve, shakes_hands=agent is not never_shakes_hands) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            over = clock.now + 60.0
            calling = asyncio.create_task(
                all_of(
                    transport_to(session),
                    payload=b'"' + b"x" * 20 * MB + b'"',
                    time_left_s=lambda: over - clock.now,
                )
            )
            await connected.wait()
            for _ in range(1000):
                await asyncio.sleep(0)
            assert not calling.done()
            if ends_by == "deadline":
                clock.now = over
                await asyncio.sleep(0)
                with pytest.raises(DeadlineExceeded):
                    await calling
            else:
                calling.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await calling
            if agent is not never_reads:
                await gone.wait()
            assert server.connections == 1

    driven(ask)


def test_a_handshake_that_nobody_ends_is_given_up_and_may_be_tried_again(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    connected = asyncio.Event()

    async def shake_no_hand(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()

    async def wait(clock: DrivenClock) -> None:
        async with running_raw(never_shakes_hands, shakes_hands=False) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            address = SocketAddresses(session).signed(call_of())
            with unanswered_syn(int(server.url.rpartition(":")[2])):
                connecting = asyncio.create_task(connect(address, 5.0, MB))
                await until_waiting(connecting)
                clock.now += 5.0
                await asyncio.sleep(0)
                with pytest.raises(RuntimeUnavailable):
                    await connecting
            assert server.connections == 0
        async with running_raw(shake_no_hand, shakes_hands=False) as server:
            environment.setenv("AWS_ENDPOINT_URL", server.url)
            opening = transport_to(get_session()).open(call_of(time_left_s=lambda: 10_000.0))
            entering = asyncio.create_task(opening.__aenter__())
            await connected.wait()
            await until_waiting(entering)
            clock.now += HANDSHAKE_TIMEOUT_S
            await asyncio.sleep(0)
            with pytest.raises(RuntimeUnavailable):
                await entering

    driven(wait)


def test_nothing_that_is_said_is_logged(
    environment: pytest.MonkeyPatch, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('"whispered"')
        await connection.close(1011, "muttered")

    async def ask() -> None:
        async with at(environment, answer, logger=logging.Logger("server")):
            with pytest.raises(RuntimeInterrupted):
                await all_of(transport_to(session), payload=b'"murmured"')

    with caplog.at_level(logging.DEBUG):
        asyncio.run(ask())
    for word in ("whispered", "muttered", "murmured", "AWS4-HMAC-SHA256 Credential"):
        assert word not in caplog.text
