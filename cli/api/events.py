"""Server-sent events, read from bytes as they come."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.api.connection import LARGEST, Lost


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        name: What it is.
        data: Its JSON object.
    """

    name: str
    data: dict[str, Any]


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Read events from a stream's bytes. What is not ended by an empty line is no event.

    Raises:
        Lost: It is no event stream of ours.
    """
    name = ""
    data: list[bytes] = []
    size = 0
    for line in _lines(pieces):
        size += len(line)
        if size > LARGEST:
            raise Lost("An event of the stream is larger than an answer may be.")
        if not line:
            if data:
                yield Event(name or "message", _object(b"\n".join(data)))
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
        # A comment has no field's name; other fields are none of ours.


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, ended by LF or CR LF alone: text may hold what else Unicode takes for a line's end."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        if len(rest) > LARGEST:
            raise Lost("A line of the stream is longer than an answer may be.")
        if b"\n" not in piece:
            continue
        whole, _, tail = bytes(rest).rpartition(b"\n")
        rest = bytearray(tail)
        for line in whole.split(b"\n"):
            yield line.removesuffix(b"\r")


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise Lost("An event of the stream is not JSON.") from error
    if not isinstance(value, dict):
        raise Lost("An event of the stream is no JSON object.")
    return value
