"""Threads that earlier requests left behind in this process, and when they are too many.

A thread of Python cannot be ended from outside. One that waits costs little; one that computes
takes its share of the processor from every request to come, and many that wait take memory and
sockets. A process that carries such is better replaced.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from tradewind.telemetry.process import thread_cpu_s

#: Threads that may wait in a process, each with its stack and what it holds.
MAX_WAITING: Final = 24
#: How long a thread is watched, and how much of the processor it uses meanwhile when it computes.
_WATCHED_S: Final = 0.1
_COMPUTING_S: Final = 0.02
_PAUSE_S: Final = 0.01


class Leftovers:
    """Keeps count of a process's leftover threads.

    Args:
        cpu_s: Tells how long a thread has computed so far; a test may bring its own.
        sleep: Likewise.
    """

    def __init__(
        self,
        cpu_s: Callable[[threading.Thread], float] = thread_cpu_s,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._cpu_s = cpu_s
        self._sleep = sleep
        self._threads: list[threading.Thread] = []

    def add(self, threads: Iterable[threading.Thread]) -> None:
        """Note threads that a request has left behind."""
        self._threads.extend(threads)

    def count(self) -> int:
        """How many are still there."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return len(self._threads)

    def burden(self, time_left_s: float) -> str | None:
        """Say why this process should serve no further request; None when it may.

        Takes a tenth of a second when there are threads to watch, and less when less is left.
        """
        count = self.count()
        if count > MAX_WAITING:
            return f"{count} threads were left behind; {MAX_WAITING} may be"
        watched_s = min(_WATCHED_S, time_left_s / 2)
        before = [(thread, self._cpu_s(thread)) for thread in self._threads]
        for _ in range(int(watched_s / _PAUSE_S) if before else 0):
            self._sleep(_PAUSE_S)
            if any(self._cpu_s(thread) - used >= _COMPUTING_S for thread, used in before):
                return "a thread that was left behind is computing"
        return None
