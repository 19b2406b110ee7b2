"""Reads a body as it arrives, in an event loop: no thread waits, nothing is read ahead of its time.

botocore's own readers block, and wait until a chunk of the size they ask for is full. Those of
urllib3 below give what each of the sender's writes brought, in a thread's turn for each. Here the
bytes are taken off the socket when they are there, and their framing is read by this module: that
of ``http.client`` cannot stop in the middle of a chunk's head.
"""

import re
from typing import Any, Final

from tradewind.aws.sockets import SocketReads

#: What one read takes at most, in bytes.
MAX_READ: Final = 65_536
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?")
#: Of what is between two chunks.
_MAX_LINE: Final = 4096


class BrokenBody(Exception):
    """A body ended before its end, or is not framed as it says."""


class ArrivingBody:
    """The body of one response, whose connection is kept if it is read to its end.

    Args:
        body: A ``StreamingBody`` of botocore.

    Attributes:
        is_over: Whether all of it was taken.

    Raises:
        BrokenBody: It does not say where it ends, so that a cut would look like an end.
    """

    def __init__(self, body: Any) -> None:
        # botocore keeps the urllib3 response to itself.
        self._response: Any = body._raw_stream
        self._http: Any = self._response._fp
        if not self._http.chunked and self._http.length is None:
            self._response.close()
            raise BrokenBody("It does not say where it ends.")
        self._framing = _Chunks() if self._http.chunked else _Length(self._http.length)
        #: Has what came with the head; what comes later is read past it.
        self._reader: Any = self._http.fp
        self._reads: SocketReads = self._reader.raw
        self._reads.waits = False
        self.is_over = False

    def fileno(self) -> int:
        """What to wait for, when nothing has arrived."""
        return self._reads.fileno()

    def take(self) -> bytes | None:
        """Return what has arrived of it, perhaps nothing but framing; None when nothing has.

        Raises:
            BrokenBody: It broke off.
            OSError: So did the connection.
        """
        if self._framing.failure is not None:
            raise self._framing.failure
        data = self._arrived()
        if data is None:
            return None
        if not data and not self._framing.is_over:
            raise BrokenBody("It ended before its end.")
        content = self._framing.feed(data)
        if self._framing.is_over:
            self.is_over = True
            if self._framing.is_clean:
                self._http.close()  # it only forgets the socket
                self._response.release_conn()
            else:
                self._response.close()
        return content

    def _arrived(self) -> bytes | None:
        data: bytes | None
        if self._reader is None:
            data = self._reads.read(MAX_READ)
        else:
            data = self._reader.read(len(self._reader.peek())) or None
            self._reader = None
        return data

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        if not self.is_over:
            self.is_over = True
            self._response.close()


class _Length:
    """A body that is as long as it says. See ``_Chunks``."""

    failure: BrokenBody | None = None

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_clean = True

    @property
    def is_over(self) -> bool:
        return self._left == 0

    def feed(self, data: bytes) -> bytes:
        self.is_clean = len(data) <= self._left
        content = data[: self._left]
        self._left -= len(content)
        return content


class _Chunks:
    """A body in chunks, whose own length each tells.

    Attributes:
        is_over: Whether its end has come.
        is_clean: Whether nothing has come after that.
        failure: Why nothing that comes can be a part of it.
    """

    def __init__(self) -> None:
        self.failure: BrokenBody | None = None
        self.is_over = False
        self.is_clean = True
        self._held = b""  # the beginning of a line
        self._left = 0  # of the chunk
        self._ends_chunk = False  # the next line does, and is empty
        self._ends_body = False  # the next empty line does

    def feed(self, data: bytes) -> bytes:
        """Return what is content of further bytes, up to a failure."""
        data = self._held + data
        parts: list[bytes] = []
        try:
            at = self._read(data, parts)
        except BrokenBody as error:
            self.failure = error
        else:
            self._held = data[at:]
            if len(self._held) > _MAX_LINE:
                self.failure = BrokenBody("A chunk's head is too long.")
        return b"".join(parts)

    def _read(self, data: bytes, parts: list[bytes]) -> int:
        """Add content to the parts, and return where what cannot be read yet begins."""
        at = 0
        while not self.is_over:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if self._left:
                    break
                if data.startswith(b"\r\n", at):
                    at += 2
                else:
                    self._ends_chunk = True
            end = data.find(b"\n", at)
            if end < 0:
                break
            self._read_line(data[at:end].removesuffix(b"\r"))
            at = end + 1
        self.is_clean = not self.is_over or at == len(data)
        return at

    def _read_line(self, line: bytes) -> None:
        if self._ends_chunk:
            if line:
                raise BrokenBody("A chunk is longer than it says.")
            self._ends_chunk = False
        elif self._ends_body:
            self.is_over = not line
        else:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise BrokenBody("A chunk does not say how long it is.")
            self._left = int(size[1], 16)
            self._ends_body = not self._left
