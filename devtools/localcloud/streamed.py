"""A streamed answer between the function that writes it and the one caller that reads it."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: Bytes that wait for a reader; a function that has written more waits itself.
_ROOM = 64 * 1024


@dataclass(frozen=True)
class StreamEnd:
    """How a stream ended.

    Attributes:
        error: The type that the function announced in its trailer, or why it broke off; None for
            an end that is one.
        body: What the trailer said of it.
        truncated: Whether it broke off instead of ending.
    """

    error: str | None = None
    body: bytes = b""
    truncated: bool = False


class StreamPipe:
    """Chunks on their way, with little room between.

    Written by the Runtime API's thread, read by one reader of any kind.

    Args:
        changed: Called, in any thread, when there may be something to take.

    Attributes:
        content_type: Of the stream; None until it has begun.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.content_type: str | None = None
        self._notify_reader = changed
        self._state = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._end: StreamEnd | None = None
        self._hung_up = False
        self._cut: Callable[[], None] = lambda: None

    # -- the function's side ------------------------------------------------------------------

    def begin(self, content_type: str, cut: Callable[[], None]) -> None:
        """Begin.

        Args:
            content_type: Of the stream.
            cut: Cuts the function's connection, in case the reader hangs up.
        """
        with self._state:
            self.content_type = content_type
            self._cut = cut
            hung_up = self._hung_up
        self._notify_reader()
        if hung_up:
            cut()

    def write(self, chunk: bytes) -> bool:
        """Hand on a chunk; wait while the reader has enough to read.

        Returns:
            False when nobody reads any more.
        """
        with self._state:
            self._state.wait_for(lambda: self._has_room() or self._hung_up or self._end is not None)
            if self._hung_up or self._end is not None:
                return False
            self._chunks.append(chunk)
            self._state.notify_all()
        self._notify_reader()
        return True

    def end(self, end: StreamEnd) -> None:
        """End the stream; what ended it first counts."""
        with self._state:
            self._end = self._end or end
            self._state.notify_all()
        self._notify_reader()

    # -- the reader's side --------------------------------------------------------------------

    def take(self) -> tuple[bytes, StreamEnd | None]:
        """All that there is to read, and how the stream ended when there will be no more."""
        with self._state:
            taken = b"".join(self._chunks)
            self._chunks.clear()
            self._state.notify_all()
            return taken, self._end

    def read(self, timeout_s: float) -> tuple[bytes, StreamEnd | None]:
        """As ``take``, once there is something or the stream has ended.

        Raises:
            TimeoutError: Neither came within ``timeout_s``.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._chunks or self._end, timeout_s):
                raise TimeoutError
        return self.take()

    def hang_up(self) -> None:
        """Read no more. A function that still writes notices: its connection is cut."""
        with self._state:
            if self._end is not None:
                return
            self._hung_up = True
            self._chunks.clear()
            self._state.notify_all()
            cut = self._cut
        cut()

    @property
    def hung_up(self) -> bool:
        """Whether the reader reads no more."""
        return self._hung_up

    def _has_room(self) -> bool:
        return sum(map(len, self._chunks)) < _ROOM
