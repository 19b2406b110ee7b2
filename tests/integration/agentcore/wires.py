"""The same answers on both transports' wires, from a runtime that sends any bytes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.raw_runtime import (
    CONTINUED,
    HTTP_END,
    TEXT,
    Piece,
    Read,
    Then,
    http_chunk,
    http_head,
    http_whole,
    socket_end,
    socket_frame,
    socket_opened,
)


def _event(value: object) -> bytes:
    """An event as ``BedrockAgentCoreApp`` writes it."""
    return b"data: %b\n\n" % json.dumps(value, ensure_ascii=False).encode()


def _message(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Wire:
    """How an answer looks on a wire.

    Attributes:
        transport: Whose.
        begin: What comes before the first byte of the first event.
        event: A whole event with this value.
        split: The same, cut into parts of a byte.
        first_byte: The first byte of an event, and no more.
        raw: Bytes where an event should be, in the wire's own framing.
        broken: What the framing cannot be.
        end: The end of an answer.
        then: What becomes of the connection after it.
        refused: A refusal by the service, of this status.
    """

    transport: str
    begin: tuple[Piece, ...]
    event: Callable[[object], bytes]
    split: Callable[[object], tuple[bytes, ...]]
    first_byte: bytes
    raw: Callable[[bytes], bytes]
    broken: bytes
    end: bytes
    then: Then
    refused: Callable[[str], bytes]


def _split_event(value: object) -> tuple[bytes, ...]:
    event = _event(value)
    return tuple(http_chunk(event[at : at + 1]) for at in range(len(event)))


def _split_message(value: object) -> tuple[bytes, ...]:
    message = _message(value)
    return tuple(
        socket_frame(message[at : at + 1], CONTINUED if at else TEXT, last=at == len(message) - 1)
        for at in range(len(message))
    )


def _refused(status: str) -> bytes:
    return http_whole(status, b'{"message": "Not now."}')


SDK: Final = Wire(
    transport="sdk",
    begin=(http_head(),),
    event=lambda value: http_chunk(_event(value)),
    split=_split_event,
    first_byte=http_chunk(b"d"),
    raw=http_chunk,
    broken=b"no number\r\n",
    end=HTTP_END,
    then=Then.KEEP,
    refused=_refused,
)
SOCKET: Final = Wire(
    transport="socket",
    begin=(socket_opened, Read.MESSAGE),
    event=lambda value: socket_frame(_message(value)),
    split=_split_message,
    first_byte=socket_frame(b'"', last=False),
    raw=socket_frame,
    broken=socket_frame(b"?", 0x3),
    end=socket_end(),
    then=Then.CLOSE,
    refused=_refused,
)
