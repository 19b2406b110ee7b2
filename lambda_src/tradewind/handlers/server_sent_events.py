"""A request's progress as server-sent events, for one reader who may be slow, or go.

The events are in docs/streaming.md. Whoever writes them never waits: what is not read yet is kept,
up to a limit, and a reader who is that far behind counts as gone.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tradewind.contracts.texts import all_well_formed
from tradewind.run.events import (
    MessageBegun,
    MessageEnded,
    RunEvent,
    TextDelta,
    ToolEnded,
    ToolStarted,
)

#: Far more than a run says; see ``MAX_TURNS`` and the settings' ``max_tokens``.
MAX_UNREAD_BYTES: Final = 2 * 1024 * 1024
#: After so much silence the reader is shown that the stream is alive.
PING_AFTER_S: Final = 15.0
PING: Final = b": ping\n\n"
#: How often who is silent looks whether anybody reads.
_LOOK_S: Final = 0.5


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """One event. JSON has no line break in it, and what cannot be encoded is replaced."""
    document = json.dumps(all_well_formed(data), ensure_ascii=False)
    return f"event: {name}\ndata: {document}\n\n".encode()


class RunEvents:
    """A run's events in the words of the stream.

    A message that begins before the last one has ended begins anew: what was said of it is void.

    Args:
        write: Takes each event.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._in_message = False

    def heard(self, happened: RunEvent) -> None:
        """Write what happened. A ``Listener``."""
        match happened:
            case MessageBegun():
                if self._in_message:
                    self._write(event("restart", {}))
                self._in_message = False
            case TextDelta(text):
                self._in_message = True
                if text:
                    self._write(event("text", {"text": text}))
            case MessageEnded():
                self._in_message = False
                self._write(event("message_end", {}))
            case ToolStarted(call_id, tool):
                self._write(event("tool_start", {"call_id": call_id, "tool": tool}))
            case ToolEnded(call_id, tool, succeeded):
                ended = {"call_id": call_id, "tool": tool, "succeeded": succeeded}
                self._write(event("tool_end", ended))


class Unread:
    """What was written and not read yet.

    Args:
        limit: Bytes.
        overflowed: Called once when there would be more; everything written later is dropped.
        clock: Monotonic seconds; a test may bring its own.
    """

    def __init__(
        self,
        overflowed: Callable[[], object],
        *,
        limit: int = MAX_UNREAD_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._overflowed = overflowed
        self._limit = limit
        self._clock = clock
        self._changed = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False

    def write(self, chunk: bytes) -> None:
        """Keep a chunk until it is read. Never waits, and never fails."""
        with self._changed:
            if self._ended:
                return
            fits = self._size + len(chunk) <= self._limit
            if fits:
                self._chunks.append(chunk)
                self._size += len(chunk)
            else:
                self._drop()
            self._changed.notify_all()
        if not fits:
            self._overflowed()

    def end(self, last: bytes = b"") -> None:
        """Nothing more will be written than ``last``, which is kept whatever its size."""
        with self._changed:
            if not self._ended:
                self._chunks.append(last)
            self._ended = True
            self._changed.notify_all()

    def drop(self) -> None:
        """Nothing more will be read."""
        with self._changed:
            self._drop()
            self._changed.notify_all()

    def read(self, *, pings: Callable[[], bool]) -> Iterator[bytes]:
        """Read until the end. Empty chunks come in times of silence.

        Args:
            pings: Whether the reader is to be shown that the stream is alive.
        """
        last = self._clock()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._chunks or self._ended, _LOOK_S)
                chunk = b"".join(self._chunks)
                self._chunks.clear()
                self._size = 0
                ended = self._ended
            if not chunk and ended:
                return
            if not chunk and pings() and self._clock() - last >= PING_AFTER_S:
                chunk = PING
            if chunk:
                last = self._clock()
            yield chunk

    def _drop(self) -> None:
        self._chunks.clear()
        self._size = 0
        self._ended = True
