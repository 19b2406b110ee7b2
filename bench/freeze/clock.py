"""A process's clocks, moved instead of waited for.

Moved are ``time.time`` and ``time.monotonic``, and their nanoseconds, for all that looks them up
after ``install``: the rules of this project's sockets, botocore, urllib3 and asyncio. Not moved are
``datetime``, which dates signatures, ``perf_counter``, by which the benchmark measures, and the
kernel's own timers of sockets.
"""

import time
from typing import Final

_NS: Final = 1_000_000_000


class MovedClock:
    """Runs ahead of the machine's clocks by what it was moved."""

    def __init__(self) -> None:
        self._ahead_s = 0

    def forward(self, seconds: int) -> None:
        """Let so many seconds have passed."""
        self._ahead_s += seconds

    def install(self) -> None:
        """Let the process read it. Before what reads clocks is imported: it may keep a function."""
        wall, wall_ns = time.time, time.time_ns
        monotonic, monotonic_ns = time.monotonic, time.monotonic_ns
        time.time = lambda: wall() + self._ahead_s
        time.time_ns = lambda: wall_ns() + self._ahead_s * _NS
        time.monotonic = lambda: monotonic() + self._ahead_s
        time.monotonic_ns = lambda: monotonic_ns() + self._ahead_s * _NS
