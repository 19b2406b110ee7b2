"""Keeps the connection of an event stream whose reader stops at the last event.

OpenAI's library closes the response there, one read before its end, and so throws away a connection
that the next call could have had.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import httpx

#: What OpenAI's protocol ends a stream with.
_LAST: Final = b"data: [DONE]"
#: The end is in the same packet, or on its way; for no more than this is a connection kept.
END_WITHIN_S: Final = 1.0


class _Stream(httpx.AsyncByteStream):
    """The body of a response."""

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        self._body = body
        self._parts = aiter(body)
        self._last = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            self._last = (self._last + part)[-2 * len(_LAST) :]
            yield part

    async def aclose(self) -> None:
        if self._last.rstrip().endswith(_LAST):
            with contextlib.suppress(TimeoutError, httpx.TransportError):
                async with asyncio.timeout(END_WITHIN_S):
                    async for _ in self._parts:
                        pass
        await self._body.aclose()


async def read_to_end(response: httpx.Response) -> None:
    """Have a response's stream be read to its end when it is closed. A hook of ``httpx``."""
    if isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Stream(response.stream)
