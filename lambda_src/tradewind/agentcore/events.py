"""Server-sent events: bytes that were cut anywhere, read as events, and events written as bytes.

As https://html.spec.whatwg.org/multipage/server-sent-events.html says, with three differences.
Bytes that are no UTF-8 are an error, where a browser would show U+FFFD in place of what the agent
said. An event that the stream ends without an empty line after is one: the transport below tells a
cut from an end. And ``id`` and ``retry`` belong to the event they came with.
"""

import re
from dataclasses import dataclass
from typing import Final

from tradewind.contracts.errors import RuntimeAnswerUnreadable

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = b"\n"
_DATA: Final = b"data: "
_CR: Final = b"\r"
#: Lines end in these alone: ``splitlines`` would end some at U+2028 or U+0085, too.
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event.

    Attributes:
        data: Its lines, with a line feed between each two.
        event: What it is called; empty where it is not.
        id: What it may be asked for by; None where it has none.
        retry_ms: How long its reader should wait before it connects again; None where it is not
            said.
    """

    data: str
    event: str = ""
    id: str | None = None
    retry_ms: int | None = None


def serialise(event: SseEvent) -> bytes:
    """Write an event. A line break of any kind within its data becomes a line feed."""
    lines = [f"event: {event.event}"] if event.event else []
    if event.id is not None:
        lines.append(f"id: {event.id}")
    if event.retry_ms is not None:
        lines.append(f"retry: {event.retry_ms}")
    lines += [f"data: {line}" for line in _LINE_ENDS.split(event.data)]
    return ("\n".join(lines) + "\n\n").encode()


class SseParser:
    """Reads one stream. What has been read says nothing of how its bytes were cut.

    Args:
        max_bytes: How long a line, and the data of one event, may be.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._begun = False
        #: The beginning of a line, in the pieces it came in.
        self._pieces: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._failure: RuntimeAnswerUnreadable | None = None
        # Of the event that is being read.
        self._data: list[bytes] = []
        self._size = 0
        self._event = ""
        self._id: str | None = None
        self._retry_ms: int | None = None

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Read further bytes.

        Returns:
            The events that they complete.

        Raises:
            RuntimeAnswerUnreadable: They are no UTF-8, or a line or an event is too long. Events
                before that are returned first, and any call after that raises it.
        """
        self.require_readable()
        if not self._begun:
            chunk = self._without_bom(chunk)
        if self._after_cr and chunk:
            # The line that its carriage return ended has been read.
            self._after_cr = False
            if chunk.startswith(_LF):
                chunk = chunk[1:]
        return self._read(self._lines(chunk))

    def end(self) -> list[SseEvent]:
        """Note that no further bytes come.

        Returns:
            The event that no empty line has ended, if there is one.

        Raises:
            RuntimeAnswerUnreadable: See ``feed``.
        """
        self.require_readable()
        line = b"".join(self._pieces)
        self._pieces, self._held = [], 0
        return self._read([line, b""] if line else [b""])

    def require_readable(self) -> None:
        """Go on only if all was read so far.

        Raises:
            RuntimeAnswerUnreadable: See ``feed``.
        """
        if self._failure is not None:
            raise self._failure

    def _read(self, lines: list[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        try:
            for line in lines:
                if len(line) > self._max_bytes:
                    raise self._too_long("line")
                if line[: len(_DATA)] == _DATA:  # as most are
                    self._add_data(line[len(_DATA) :])
                elif line:
                    self._read_line(line)
                elif self._data:
                    events.append(self._dispatch())
                else:
                    self._forget_event()
            if self._held > self._max_bytes:
                raise self._too_long("line")
        except RuntimeAnswerUnreadable as error:
            self._failure = error
            if not events:
                raise
        return events

    def _too_long(self, what: str) -> RuntimeAnswerUnreadable:
        return RuntimeAnswerUnreadable(
            f"The answer has a longer {what} than the {self._max_bytes} bytes that are taken."
        )

    def _without_bom(self, chunk: bytes) -> bytes:
        """Hold back what may be a part of one; give everything once that is known."""
        held = b"".join(self._pieces) + chunk
        if len(held) < len(_BOM) and _BOM.startswith(held):
            self._pieces, self._held = [held], len(held)
            return b""
        self._begun = True
        self._pieces, self._held = [], 0
        return held.removeprefix(_BOM)

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The lines that a chunk completes, without their ends; the rest is kept."""
        if _CR in chunk:
            self._after_cr = chunk.endswith(_CR)
            chunk = chunk.replace(b"\r\n", _LF).replace(_CR, _LF)
        lines = chunk.split(_LF)
        rest = lines.pop()
        if lines and self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces, self._held = [], 0
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
        return lines

    def _read_line(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if colon and value.startswith(b" "):
            value = value[1:]
        match name:
            case b"data":
                self._add_data(value)
            case b"event":
                self._event = _text(value)
            case b"id":
                if b"\0" not in value:
                    self._id = _text(value)
            case b"retry":
                digits = _DIGITS.fullmatch(_text(value))
                if digits is not None:
                    self._retry_ms = int(digits[0])
            case _:  # a comment, when nothing is before the colon; or a field nobody knows
                _text(line)

    def _add_data(self, value: bytes) -> None:
        self._size += len(value) + 1
        if self._size > self._max_bytes:
            raise self._too_long("event")
        self._data.append(value)

    def _dispatch(self) -> SseEvent:
        event = SseEvent(_text(_LF.join(self._data)), self._event, self._id, self._retry_ms)
        self._forget_event()
        return event

    def _forget_event(self) -> None:
        self._data, self._size = [], 0
        self._event, self._id, self._retry_ms = "", None, None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise RuntimeAnswerUnreadable("The answer is not UTF-8.") from error
