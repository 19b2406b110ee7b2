"""Work that takes turns: threads of which one runs at a time, from one step to its next.

A fake calls ``Turns.step`` before each thing that it does for a worker; what happens in which order
is then the test's to say, and the same every time.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

#: Which of the waiting workers goes on, by their places in the list.
Choose = Callable[[Sequence[int]], int]


class Died(BaseException):
    """A worker's process was killed: nothing of it runs any more."""


class _Worker(threading.Thread):
    def __init__(self, work: Callable[[], None], turns: "Turns") -> None:
        super().__init__(daemon=True)
        self._work = work
        self._turns = turns
        self.go: Final = _closed()
        self.error: BaseException | None = None
        self.done = False

    def run(self) -> None:
        self._turns.me.worker = self
        self.go.acquire()
        try:
            self._work()
        except BaseException as error:  # its caller's to look at
            self.error = error
        self.done = True
        self._turns.back.release()


def _closed() -> threading.Lock:
    """A gate that lets one through for each release; one release at a time.

    A lock does it, as only one worker runs at any time; a semaphore, in Python, takes ten times it.
    """
    gate = threading.Lock()
    gate.acquire()
    return gate


class Turns:
    """Lets workers take turns."""

    def __init__(self) -> None:
        self.me = threading.local()
        self.back: Final = _closed()

    def step(self) -> None:
        """Wait for one's turn. Outside of a worker it is always one's turn."""
        worker: _Worker | None = getattr(self.me, "worker", None)
        if worker is not None:
            self.back.release()
            worker.go.acquire()

    def run(self, work: Sequence[Callable[[], None]], choose: Choose) -> list[BaseException | None]:
        """Run all work to its end, and return what each ended with."""
        workers = [_Worker(one, self) for one in work]
        for worker in workers:
            worker.start()
        while waiting := [at for at, worker in enumerate(workers) if not worker.done]:
            workers[choose(waiting)].go.release()
            self.back.acquire()
        for worker in workers:
            worker.join()
        return [worker.error for worker in workers]


def every_order(attempt: Callable[[Choose], None]) -> Iterator[list[int]]:
    """Make an attempt in every order there is; yields each after its attempt."""
    ahead: list[int] = []
    taken: list[tuple[int, Sequence[int]]] = []

    def choose(waiting: Sequence[int]) -> int:
        at = ahead[len(taken)] if len(taken) < len(ahead) else 0
        taken.append((at, waiting))
        return waiting[at]

    while True:
        attempt(choose)
        yield [waiting[at] for at, waiting in taken]
        while taken and taken[-1][0] + 1 == len(taken[-1][1]):
            taken.pop()
        if not taken:
            return
        ahead[:] = [at for at, _ in taken]
        ahead[-1] += 1
        taken.clear()


def any_order(dice: random.Random) -> Choose:
    """By chance at each step; or else in longer bursts, as one is swapped for another."""
    swaps = dice.choice((1.0, 0.2))
    last = 0

    def choose(waiting: Sequence[int]) -> int:
        nonlocal last
        if last not in waiting or dice.random() < swaps:
            last = dice.choice(waiting)
        return last

    return choose
