"""Climbs on all processor cores, in processes that are told what to do through a pipe.

Not by ``multiprocessing``'s queues and pools: they need semaphores, and those /dev/shm, which a
Lambda function has not. Nor by its processes: a fork of a process with threads may never wake up,
and a spawned one loads the main module again, which in a Lambda function is the runtime. So each
helper is this module, run by the same interpreter. Threads would share one interpreter's lock,
which arrays as small as these release for microseconds only.

A round of climbs gives the same layouts with any number of helpers. Where none can be started, or
one dies, its share is done here.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import Final, Self

from siting.wind.layout.climb import Climbed, Ground, Task

#: How often it is asked, while helpers work, whether it is over.
_POLL_S: Final = 0.02
#: What an interpreter needs of the environment. No credentials.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """This process and its helpers, who end with the ``with`` it is used in.

    Attributes:
        helpers: The other processes.
    """

    def __init__(self, ground: Ground, workers: int) -> None:
        """Start the helpers.

        Args:
            ground: What is climbed on.
            workers: Processes in all, this one included.
        """
        self._ground = ground
        self.helpers: list[Helper] = []
        # Where none can be started, fewer hands do the same work.
        with suppress(OSError):
            for _ in range(workers - 1):
                self.helpers.append(Helper(ground))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the helpers, whatever they are at."""
        for helper in self.helpers:
            helper.end()

    def climb(self, tasks: Sequence[Task], is_over: Callable[[], bool]) -> list[Climbed | None]:
        """Make climbs, shared out evenly.

        Args:
            tasks: The climbs.
            is_over: Says when it is too late for more.

        Returns:
            What each came to, in the order of the tasks; None for those that it was too late for.
        """
        found: list[Climbed | None] = [None] * len(tasks)
        share = len(self.helpers) + 1
        shares = [range(number, len(tasks), share) for number in range(share)]
        for helper, mine in zip(self.helpers, shares[1:], strict=True):
            helper.ask([tasks[at] for at in mine])
        for at in shares[0]:
            if not is_over():
                found[at] = self._ground.climb(tasks[at], is_over)
        for helper, mine in zip(self.helpers, shares[1:], strict=True):
            for at in mine:
                found[at] = helper.answer(is_over)
                if found[at] is None and not is_over():
                    found[at] = self._ground.climb(tasks[at], is_over)
        return found


class Helper:
    """Another process that climbs.

    Attributes:
        returncode: How it ended; None until it has.
    """

    def __init__(self, ground: Ground) -> None:
        self.returncode: int | None = None
        self._pipe, theirs = Pipe()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        finally:
            theirs.close()
        self._send(ground)

    def ask(self, tasks: list[Task]) -> None:
        """Give it climbs to make, each to be answered."""
        for task in tasks:
            self._send(task)

    def answer(self, is_over: Callable[[], bool]) -> Climbed | None:
        """Return what its next climb came to; None if it is over before, or the process is dead."""
        try:
            while not self._pipe.poll(_POLL_S):
                if is_over():
                    return None
            answer: Climbed = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return answer

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self.returncode = self._process.wait()
        self._pipe.close()

    def _send(self, what: object) -> None:
        # If it is dead, whoever waits for its answer will see.
        with suppress(OSError):
            self._pipe.send(what)


def _help(pipe: Connection) -> None:
    try:
        ground: Ground = pipe.recv()
        while True:
            task: Task = pipe.recv()
            pipe.send(ground.climb(task, lambda: False))
    except (EOFError, OSError):
        # Whoever asked is gone.
        return


if __name__ == "__main__":
    _help(Connection(int(sys.argv[1])))
