"""An event loop that runs in turns: while something can run, and then it hands back control."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class TurnLoop(asyncio.SelectorEventLoop):
    """A loop that never waits.

    A loop asks its selector for events before each round of what is ready, and says how long it
    would wait for them: not at all while something is ready. So a wait is the moment in which
    nothing can run any more, exactly, and it ends the turn.

    Args:
        clock: The loop's time, in seconds. A timer that is not due does not keep a turn going.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        super().__init__(_NeverWaiting(self.stop))

    def time(self) -> float:
        """The clock's time."""
        return self._clock()

    def run_turn(self) -> None:
        """Run until nothing is ready and no timer is due."""
        self.run_forever()

    def unwind(self, task: "asyncio.Task[Any]") -> None:
        """Cancel a task, and run until it has ended."""
        while not task.done():
            task.cancel()
            self.run_turn()


class _NeverWaiting(selectors.SelectSelector):
    def __init__(self, end_turn: Callable[[], None]) -> None:
        super().__init__()
        self._end_turn = end_turn

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._end_turn()
        return []
