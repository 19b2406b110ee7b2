"""Work that Ctrl-C stops: at once where it waits, with all that it opened closed."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Final, TypeVar

_SIGNS: Final = (signal.SIGINT, signal.SIGTERM)
_INTERRUPTED: Final = 130
_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T], leave: Callable[[], None]) -> _T:
    """Run ``work``; the first Ctrl-C cancels it, a second one ends the process at once.

    Args:
        work: The work.
        leave: Called before the process ends at once.

    Raises:
        KeyboardInterrupt: It was stopped so.
    """
    asked = False
    task: asyncio.Task[_T] | None = None

    def stop(_sign: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            # What is kept is whole at any moment; only closing is cut short.
            leave()
            os._exit(_INTERRUPTED)
        asked = True
        os.write(2, b"\nStopping; Ctrl-C again ends it at once.\n")
        if task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def watched() -> _T:
        nonlocal task
        task = asyncio.current_task()
        if asked:
            raise asyncio.CancelledError
        return await work

    before = {sign: signal.signal(sign, stop) for sign in _SIGNS}
    try:
        # The end of the loop waits for threads: within it, too.
        with asyncio.Runner() as runner:
            return runner.run(watched())
    except asyncio.CancelledError:
        if asked:
            raise KeyboardInterrupt from None
        raise
    finally:
        work.close()
        for sign, handler in before.items():
            signal.signal(sign, handler)
