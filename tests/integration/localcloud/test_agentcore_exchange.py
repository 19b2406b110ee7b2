"""An agent's answer is read as it comes, and one that breaks off is told from one that ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from devtools.localcloud.extension.agentcore.exchange import Broken, Exchange

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
#: More than sockets and buffers hold, so that a sender comes to wait.
LARGE = 64 * 1024 * 1024

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def exchanged(answer: Answer, use: Callable[[tuple[str, int]], Awaitable[None]]) -> None:
    """Let ``use`` have the address of a server that answers each connection so."""

    async def both() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            try:
                await answer(reader, writer)
            except ConnectionError:
                pass  # it was hung up on
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            await use(server.sockets[0].getsockname())

    asyncio.run(both())


def saying(*pieces: bytes) -> Answer:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


async def body(exchange: Exchange) -> bytes:
    return b"".join([chunk async for chunk in exchange.chunks()])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (CHUNKED + b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", b"abcde"),
        (HEAD + b"Content-Length: 5\r\n\r\nabcde", b"abcde"),
        (HEAD + b"Connection: close\r\n\r\nabcde", b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n", b""),
    ],
)
def test_every_framing_of_a_whole_answer_is_read(said: bytes, expected: bytes) -> None:
    async def use(address: tuple[str, int]) -> None:
        exchange = await Exchange.begin(address, "POST", "/invocations", {}, b"{}")
        assert (exchange.status, await body(exchange)) == (200, expected)
        assert exchange.headers["content-type"] == "text/event-stream"
        exchange.close()

    exchanged(saying(said), use)


@pytest.mark.parametrize(
    "said",
    [
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        CHUNKED + b"garbage\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nabc",
    ],
)
def test_an_answer_that_breaks_off_is_broken_after_what_came(said: bytes) -> None:
    async def use(address: tuple[str, int]) -> None:
        exchange = await Exchange.begin(address, "POST", "/invocations", {})
        with pytest.raises(Broken):
            await body(exchange)
        exchange.close()

    exchanged(saying(said), use)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", b"not HTTP at all\r\n\r\n"])
def test_no_answer_is_broken(said: bytes) -> None:
    async def use(address: tuple[str, int]) -> None:
        with pytest.raises(Broken):
            await Exchange.begin(address, "POST", "/invocations", {})

    exchanged(saying(said), use)


def test_nobody_there_is_broken() -> None:
    taken: list[tuple[str, int]] = []

    async def note(address: tuple[str, int]) -> None:
        taken.append(address)

    exchanged(saying(), note)  # and by now, nobody listens there
    with pytest.raises(Broken):
        asyncio.run(Exchange.begin(taken[0], "GET", "/ping", {}))


def test_a_piece_is_there_before_the_next_is_written() -> None:
    read = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"5\r\nfirst\r\n")
        await read.wait()
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
        await writer.drain()

    async def use(address: tuple[str, int]) -> None:
        exchange = await Exchange.begin(address, "POST", "/invocations", {})
        pieces = []
        async for piece in exchange.chunks():
            pieces.append(piece)
            read.set()
        assert pieces == [b"first", b"second"]
        exchange.close()

    exchanged(answer, use)


def test_nobody_reads_ahead_of_a_slow_caller() -> None:
    written = 0
    begun = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(HEAD + f"Content-Length: {LARGE}\r\n\r\n".encode())
        while written < LARGE:
            writer.write(bytes(64 * 1024))
            written += 64 * 1024
            await writer.drain()
            begun.set()

    async def use(address: tuple[str, int]) -> None:
        exchange = await Exchange.begin(address, "POST", "/invocations", {})
        await begun.wait()
        before = -1
        while written != before:  # until the sender has come to wait
            before = written
            for _ in range(100):
                await asyncio.sleep(0)
        assert written < LARGE
        assert len(await body(exchange)) == LARGE
        exchange.close()

    exchanged(answer, use)


def test_a_large_payload_arrives_whole() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = len(await reader.readexactly(LARGE // 16))
        writer.write(HEAD + f"X-Got: {received}\r\nContent-Length: 0\r\n\r\n".encode())

    async def use(address: tuple[str, int]) -> None:
        exchange = await Exchange.begin(
            address, "POST", "/invocations", {"Content-Type": "a/b"}, bytes(LARGE // 16)
        )
        assert exchange.headers["x-got"] == str(LARGE // 16)
        exchange.close()

    exchanged(answer, use)
