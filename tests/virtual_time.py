"""An event loop whose clock jumps to what is due next: hours pass in no time, in a fixed order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class NothingCanHappen(Exception):
    """All wait for each other: on a real loop this would hang for ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without real time, for code that waits for timers alone."""

    def __init__(self) -> None:
        self.now = 1_000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now

    def turn(self) -> None:
        """Run what is ready, or due next, once."""
        # Stopping the loop after a turn would be something ready, and no time would pass.
        asyncio._set_running_loop(self)
        try:
            self._run_once()  # type: ignore[attr-defined]
        finally:
            asyncio._set_running_loop(None)


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingCanHappen
        self._loop.now += timeout
        return []


def run_virtually(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, and find no task left over."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(work)
        assert not asyncio.all_tasks(loop)
        return result
    finally:
        loop.close()
