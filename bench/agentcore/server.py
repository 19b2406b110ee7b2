"""A runtime in a process of its own that always sends the same: its argument names what.

It prints its address and serves until its standard input ends. By the request's own headers it
answers as the service does over HTTP, or on a WebSocket.
"""

import asyncio
import json
import sys
from typing import Final

from tests.raw_runtime import (
    HTTP_END,
    Answer,
    Asked,
    Piece,
    Read,
    Then,
    http_chunk,
    http_head,
    raw_runtime,
    socket_end,
    socket_frame,
    socket_opened,
)

#: How many events an answer has, how many bytes each carries, and the seconds before each.
SHAPES: Final = {
    "first": (1, 100, 0.0),
    "many": (2_000, 1_000, 0.0),
    "paced": (20, 100, 0.05),
}


def value_of(shape: str) -> str:
    """What each event of an answer carries."""
    _count, length, _pause_s = SHAPES[shape]
    return "x" * (length - len(json.dumps("")))


def _answer(shape: str, asked: Asked) -> Answer:
    count, _length, pause_s = SHAPES[shape]
    value = json.dumps(value_of(shape)).encode()
    if "upgrade" in asked.headers:
        event, end = socket_frame(value), socket_end()
        begin: tuple[Piece, ...] = (socket_opened, Read.MESSAGE)
        then = Then.CLOSE
    else:
        event, end, begin, then = (
            http_chunk(b"data: %b\n\n" % value),
            HTTP_END,
            (http_head(),),
            Then.KEEP,
        )
    events = (pause_s, event) * count if pause_s else ([event] * count,)
    return Answer((*begin, *events, end), then)


async def _serve(shape: str) -> None:
    async with raw_runtime(lambda asked: _answer(shape, asked)) as runtime:
        print(runtime.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
