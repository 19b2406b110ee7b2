"""Long answers, slow readers, and many streams at once: what is kept of them, counted."""

import asyncio
import gc
import tracemalloc
from contextlib import aclosing
from typing import Final

import pytest

from tests.integration.agentcore.calls import Clients, runtime_call, value_of
from tests.integration.agentcore.wires import SDK, SOCKET, Wire
from tests.raw_runtime import Answer, raw_runtime
from tradewind.agentcore.client import AgentCoreClient

BOTH: Final = pytest.mark.parametrize("wire", [SDK, SOCKET], ids=lambda wire: wire.transport)
#: Of one event.
LENGTH: Final = 64 * 1024
VALUE: Final = "x" * (LENGTH - 2)
#: Events of 100 MB.
MANY: Final = 100_000_000 // LENGTH + 1
#: What may be kept of them at once, both sides of the connection together.
MOST_KEPT: Final = 4_000_000
#: Events that are more than both kernels keep of a connection on loopback; and what that is, and
#: what the reader may hold besides.
ENOUGH: Final = 32_000_000 // LENGTH
MOST_AHEAD: Final = 16_000_000
STREAMS: Final = 200


def _answer(wire: Wire, *pieces: object) -> Answer:
    return Answer((*wire.begin, *pieces, wire.end), wire.then)  # type: ignore[arg-type]


@BOTH
def test_of_a_long_answer_no_more_is_kept_than_of_a_short_one(wire: Wire, clients: Clients) -> None:
    async def run() -> None:
        event = wire.event(VALUE)
        answer = _answer(wire, (event for _ in range(MANY)))
        async with raw_runtime(answer, listener=clients.listener):
            client = AgentCoreClient(clients.transport(wire.transport))
            count = 0
            async for part in client.stream(runtime_call()):
                assert value_of(part) == VALUE
                count += 1
                if count == 1:
                    gc.collect()
                    tracemalloc.start()
            assert count == MANY
            clients.sdk.close()

    try:
        asyncio.run(run())
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_KEPT


@BOTH
def test_a_slow_reader_slows_the_sender_and_loses_nothing(wire: Wire, clients: Clients) -> None:
    async def run() -> None:
        answer = _answer(wire, (wire.event([number, VALUE]) for number in range(ENOUGH)))
        async with raw_runtime(answer, listener=clients.listener, send_buffer=LENGTH) as runtime:
            client = AgentCoreClient(clients.transport(wire.transport))
            async with aclosing(client.stream(runtime_call())) as events:
                assert value_of(await anext(events)) == [0, VALUE]
                # Either the whole answer goes out, or the kernel takes no more of it.
                await runtime.until_full()
                assert runtime.sent < MOST_AHEAD
                number = 0
                async for part in events:
                    number += 1
                    assert value_of(part) == [number, VALUE]
            assert number == ENOUGH - 1
            clients.sdk.close()

    asyncio.run(run())


@BOTH
def test_two_hundred_streams_are_read_at_once(wire: Wire, clients: Clients) -> None:
    async def run() -> None:
        all_begun = asyncio.Event()
        answer = _answer(wire, wire.event("one"), all_begun, wire.event("two"))
        async with raw_runtime(answer, listener=clients.listener) as runtime:
            client = AgentCoreClient(clients.transport(wire.transport))
            begun = 0

            async def read() -> list[object]:
                nonlocal begun
                values = []
                async for part in client.stream(runtime_call()):
                    values.append(value_of(part))
                    if len(values) == 1:
                        begun += 1
                        if begun == STREAMS:
                            all_begun.set()
                return values

            read_all = await asyncio.gather(*(read() for _ in range(STREAMS)))
            assert read_all == [["one", "two"]] * STREAMS
            assert len(runtime.asked) == runtime.connections == STREAMS
            clients.sdk.close()

    asyncio.run(run())
