"""Ends calls that other threads wait in, when nobody wants their answers any more.

A thread that waits for an answer cannot be stopped; its socket can be shut down.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Protocol


class Connection(Protocol):
    """A connection that a call is sent on."""

    sock: Any


class Interruption:
    """Ends the waits of some work's calls for the first word of an answer. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[Connection] = set()
        self._over = False

    def begin(self, connection: Connection) -> None:
        """Note that a call is sent on a connection.

        Raises:
            ConnectionAbortedError: The work is over.
        """
        with self._lock:
            if self._over:
                raise ConnectionAbortedError("The work that this call is of is over.")
            self._waiting.add(connection)

    def end(self, connection: Connection) -> None:
        """Note that its answer has begun, or will not."""
        with self._lock:
            self._waiting.discard(connection)

    def interrupt(self) -> None:
        """End the waits, and let no call be sent any more."""
        with self._lock:
            self._over = True
            for connection in self._waiting:
                # Closing alone would leave the read that another thread is in.
                with contextlib.suppress(AttributeError, OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


_interruption: Final[ContextVar[Interruption | None]] = ContextVar("_interruption", default=None)


def current_interruption() -> Interruption | None:
    """Return the interruption of the work at hand; None where nothing may end its waits."""
    return _interruption.get()


@contextmanager
def interrupting() -> Iterator[None]:
    """End, at the end, the waits of calls that were sent within and have no answer yet."""
    interruption = Interruption()
    token = _interruption.set(interruption)
    try:
        yield
    finally:
        _interruption.reset(token)
        interruption.interrupt()
