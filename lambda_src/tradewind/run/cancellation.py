"""Whether a run was cancelled, and what ends it then."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancellation:
    """One run's. Either the cancellation comes first or the run's end does; threads may race."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], object]] = []
        self._requested = False
        self._over = False

    @property
    def requested(self) -> bool:
        """Whether it came before the run's end."""
        return self._requested

    def request(self) -> None:
        """Cancel the run. Without effect on one that is over, and a second time."""
        with self._lock:
            if self._over or self._requested:
                return
            self._requested = True
            ends = [*self._ends]
        for end in ends:
            end()

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Have a cancellation call ``end`` from within now on; at once, if it has come."""
        with self._lock:
            self._ends.append(end)
            requested = self._requested
        if requested:
            end()
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)

    def run_over(self) -> bool:
        """Note that the run is over, and say whether it was cancelled before."""
        with self._lock:
            self._over = True
            return self._requested
