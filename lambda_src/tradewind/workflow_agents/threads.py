"""The threads of a run's event loop, as many as its calls may need at once.

Strands calls Bedrock, and runs tools that are no coroutines, through the loop's default executor.
asyncio's own has six threads on two processors, whatever the run's limit is.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from tradewind.aws.interruption import interrupting
from tradewind.bedrock.calls import closing_streams

#: Tools of one run that may be at work at once, besides its models.
MAX_TOOLS_AT_ONCE: Final = 32
#: How long a thread is waited for whose connection was shut, or whose tool was left.
GRACE_S: Final = 10.0

#: What the call at hand has given to threads.
_begun: Final[ContextVar[list[Future[Any]] | None]] = ContextVar("_begun", default=None)


class _Threads(ThreadPoolExecutor):
    """Threads that tell each call what it has given them.

    Attributes:
        at_work: What they are at, or will be.
    """

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, thread_name_prefix=name)
        self.at_work: set[Future[Any]] = set()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit work. See ``Executor.submit``."""
        future = super().submit(fn, *args, **kwargs)
        self.at_work.add(future)
        future.add_done_callback(self.at_work.discard)
        begun = _begun.get()
        if begun is not None:
            begun.append(future)
        return future


@asynccontextmanager
async def run_threads(max_parallel: int) -> AsyncIterator[None]:
    """Give the running event loop the threads of a run, and none of them after it.

    Args:
        max_parallel: Calls of agents at once.
    """
    loop = asyncio.get_running_loop()
    # asyncio has a way to set it, and none to ask for it.
    before = getattr(loop, "_default_executor", None)
    threads = _Threads(max_parallel + MAX_TOOLS_AT_ONCE, "workflow")
    loop.set_default_executor(threads)
    try:
        yield
    finally:
        loop.set_default_executor(before or ThreadPoolExecutor(thread_name_prefix="asyncio"))
        # A tool that hangs is left behind; threads with nothing to do end at once.
        threads.shutdown(wait=not threads.at_work, cancel_futures=True)


@asynccontextmanager
async def one_call() -> AsyncIterator[None]:
    """Leave nothing of a call behind, however it ends: no stream, no connection, no thread."""
    begun: list[Future[Any]] = []
    token = _begun.set(begun)
    try:
        with closing_streams(), interrupting():
            yield
    finally:
        _begun.reset(token)
        await _ended([one for one in begun if not one.done()])


async def _ended(begun: list[Future[Any]]) -> None:
    if not begun:
        return
    done, _ = await asyncio.wait(map(asyncio.wrap_future, begun), timeout=GRACE_S)
    for one in done:
        if not one.cancelled():
            one.exception()  # nobody else asks for it
    await asyncio.sleep(0)  # and the tasks that wait for the same end, too
