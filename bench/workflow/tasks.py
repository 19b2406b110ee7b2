"""The tasks that every side runs, and how a run of them is measured. Standard library only.

An answer comes at once, or after a sleep; what is left of a run's time is the side's own.
"""

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

#: Seconds that an answer takes which does not come at once.
TASK_S: Final = 0.2


@dataclass(frozen=True)
class Work:
    """Tasks, by their number.

    Attributes:
        waits_for: Of each task, which tasks it waits for: only ones before it.
        at_once: How many may be at work.
        lengths: Of each task, how many times ``TASK_S`` it takes; empty if all come at once.
        critical: The longest way through, in the same unit.
    """

    waits_for: tuple[tuple[int, ...], ...]
    at_once: int = 10
    lengths: tuple[float, ...] = ()
    critical: float = 0

    def __len__(self) -> int:
        return len(self.waits_for)

    @property
    def is_chain(self) -> bool:
        """Whether each task waits for the one before it."""
        return len(self) > 1 and all(
            waits == ((number - 1,) if number else ())
            for number, waits in enumerate(self.waits_for)
        )

    @property
    def is_independent(self) -> bool:
        """Whether no task waits."""
        return not any(self.waits_for)


def _independent(number: int, at_once: int = 10, length: float = 0) -> Work:
    lengths = (length,) * number if length else ()
    return Work(((),) * number, at_once, lengths, length)


def _chain(number: int) -> Work:
    return Work(tuple((one - 1,) if one else () for one in range(number)))


#: A start, one slow task beside a row of four quick ones, and a join.
_SLOW_BRANCH: Final = Work(
    ((), (0,), (0,), (2,), (3,), (4,), (1, 5)), 10, (1, 5, 1, 1, 1, 1, 1), critical=7
)

WORKS: Final = {
    "chain": _chain(200),
    "tasks": _independent(200),
    "10 at once": _independent(10, 10, 1),
    "50 at once": _independent(50, 50, 1),
    "slow branch": _SLOW_BRANCH,
    "1,000": _independent(1_000),
    "10,000": _independent(10_000),
}


@dataclass
class Answers:
    """The agents' work. Counts what was asked, so that no side can leave some of it out."""

    work: Work
    asked: int = field(default=0)

    async def __call__(self, number: int = 0) -> str:
        """Answer a task."""
        self.asked += 1
        if self.work.lengths:
            await asyncio.sleep(self.work.lengths[number] * TASK_S)
        return "answer"


Run = Callable[[], Awaitable[object]]
#: Makes what runs a work's tasks, each with its answer; the making is not measured.
Prepare = Callable[[Work, Answers], Run]


class Side(Protocol):
    """Runs works and tells what they took."""

    def seconds(self, name: str) -> float:
        """Run a work."""
        ...

    def bare_seconds(self, name: str) -> float:
        """Await a work's answers one after the other, and nothing else."""
        ...

    def memory_bytes(self, name: str) -> float:
        """Run a work and return the most memory it had, for each task."""
        ...

    def close(self) -> None:
        """Let go of what it runs in."""
        ...


class Here:
    """A side in this process."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._runner = asyncio.Runner()
        self._prepared: dict[str, tuple[Run, Answers]] = {}

    def seconds(self, name: str) -> float:
        """See ``Side``."""
        return self._runner.run(self._seconds(name))

    def bare_seconds(self, name: str) -> float:
        """See ``Side``."""
        return self._runner.run(_bare_seconds(WORKS[name]))

    def memory_bytes(self, name: str) -> float:
        """See ``Side``."""
        tracemalloc.start()
        try:
            self._runner.run(self._seconds(name))
            return tracemalloc.get_traced_memory()[1] / len(WORKS[name])
        finally:
            tracemalloc.stop()

    def close(self) -> None:
        """See ``Side``."""
        self._runner.close()

    async def _seconds(self, name: str) -> float:
        if name not in self._prepared:
            answers = Answers(WORKS[name])
            self._prepared[name] = self._prepare(answers.work, answers), answers
            await self._seconds(name)  # the first run is no measure
        run, answers = self._prepared[name]
        answers.asked = 0
        began = time.perf_counter()
        await run()
        took = time.perf_counter() - began
        if answers.asked != len(answers.work):
            raise RuntimeError(f"{name}: {answers.asked} of {len(answers.work)} tasks were run")
        return took


async def _bare_seconds(work: Work) -> float:
    answers = Answers(work)
    began = time.perf_counter()
    for number in range(len(work)):
        await answers(number)
    return time.perf_counter() - began
