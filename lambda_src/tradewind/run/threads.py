"""The threads of one run, apart from every other run's.

What a run leaves behind at its deadline, such as a tool that hangs, keeps its thread. In a pool of
the process it would keep it from the requests to come; so each run has threads of its own. They
start when they are needed, and a run that needs few costs few.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from queue import Empty, SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: Tool calls of one run that may be at work at once.
MAX_TOOLS_AT_ONCE: Final = 32
#: How long what is ending anyway is waited for before it counts as left behind.
_ENDING_S: Final = 0.05

#: Whether a tool is at work here. asyncio carries it into the tool's own tasks and threads.
_in_tool: Final[ContextVar[bool]] = ContextVar("_in_tool", default=False)


def enter_tool() -> None:
    """Have what this task hands to a thread from now on go to the tools' threads."""
    _in_tool.set(True)


def contained(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do a tool's work, and let it end as a result or as an ``Exception``, whatever it raises.

    Raises:
        RuntimeError: It raised what ends an interpreter, a generator or a task, which is none of
            a tool's to end.
        Exception: As it was raised.
    """
    try:
        return work(*args, **kwargs)
    except (StopIteration, StopAsyncIteration, CancelledError) as error:
        # asyncio's futures cannot take them, or take them for a cancellation.
        raise RuntimeError(type(error).__name__) from error
    except Exception:
        raise
    except BaseException as error:
        raise RuntimeError(type(error).__name__) from error


async def contained_coroutine(work: Coroutine[Any, Any, R]) -> R:
    """As ``contained``, for a coroutine. Its task's cancellation goes through.

    Raises:
        RuntimeError: See ``contained``.
        Exception: As it was raised.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(type(error).__name__) from error
    except Exception:
        raise
    except BaseException as error:
        raise RuntimeError(type(error).__name__) from error


class _Threads(ThreadPoolExecutor):
    """Threads that say which of them are at work."""

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, thread_name_prefix=name)
        self.at_work: set[threading.Thread] = set()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Submit work. See ``Executor.submit``."""

        def work() -> R:
            thread = threading.current_thread()
            self.at_work.add(thread)
            try:
                return contained(fn, *args, **kwargs)
            finally:
                self.at_work.discard(thread)

        return super().submit(work)


class _LoopThreads(_Threads):
    """An event loop's default executor. What a tool hands to a thread goes to the tools' own."""

    def __init__(self, size: int, name: str, tools: _Threads) -> None:
        super().__init__(size, name)
        self._tools = tools

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Submit work. See ``Executor.submit``."""
        submit = self._tools.submit if _in_tool.get() else super().submit
        return submit(fn, *args, **kwargs)


class RunThreads:
    """One run's event loop, model calls and tools, each in threads of this run alone.

    Args:
        max_model_calls: Model calls that may be at work at once.

    Attributes:
        tools: Where tools run that are no coroutines.
        loop_default: For the run's event loop: model calls, and the tools of a framework that
            leaves the choice to the loop.
    """

    def __init__(self, max_model_calls: int) -> None:
        self.tools = _Threads(MAX_TOOLS_AT_ONCE, "tool")
        self.loop_default = _LoopThreads(max_model_calls, "model", self.tools)
        self._loop_thread: threading.Thread | None = None
        self._limits_s: SimpleQueue[float] = SimpleQueue()

    def hurry(self, limit_s: float) -> None:
        """Have ``run`` wait no longer than this from now on. From any thread."""
        self._limits_s.put(limit_s)

    def run(self, work: Coroutine[Any, Any, None], limit_s: float) -> None:
        """Run a coroutine on an event loop of its own, and wait for its end.

        The loop has a thread of its own, so that one that a coroutine blocks is left behind as any
        tool is. To be called once, from any thread.

        Raises:
            TimeoutError: The loop did not come round to ending the work within ``limit_s``, or
                within what ``hurry`` has left of it.
            RuntimeError: The work raised what ends an interpreter.
            Exception: What the work raised.
        """
        outcome: Future[None] = Future()
        loop = asyncio.new_event_loop()
        arguments = (loop, work, copy_context(), outcome)
        self._loop_thread = threading.Thread(
            target=_serve, args=arguments, name="run-loop", daemon=True
        )
        self._loop_thread.start()
        try:
            self._wait(outcome, limit_s)
            outcome.result()
        except BaseException:
            if not outcome.done():  # out of time, or Ctrl-C
                _stop(loop)
            raise

    def _wait(self, outcome: Future[None], limit_s: float) -> None:
        give_up = time.monotonic() + limit_s
        outcome.add_done_callback(lambda _: self._limits_s.put(0))  # wakes the wait
        while not outcome.done():
            try:
                shorter_s = self._limits_s.get(timeout=max(0.0, give_up - time.monotonic()))
            except Empty:
                raise TimeoutError from None
            give_up = min(give_up, time.monotonic() + shorter_s)

    def end(self) -> None:
        """Take no more work. What is at work goes on; nobody waits for it."""
        for threads in (self.loop_default, self.tools):
            threads.shutdown(wait=False, cancel_futures=True)

    def left_behind(self) -> list[threading.Thread]:
        """The threads that are still at work. To be asked when the run is over."""
        give_up = time.monotonic() + _ENDING_S
        while (busy := self._busy()) and time.monotonic() < give_up:
            busy[0].join(0.005)
        return busy

    def _busy(self) -> list[threading.Thread]:
        loops = [self._loop_thread] if self._loop_thread and self._loop_thread.is_alive() else []
        return [*loops, *self.tools.at_work.copy(), *self.loop_default.at_work.copy()]


def _serve(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, None],
    context: Context,
    outcome: Future[None],
) -> None:
    try:
        try:
            task = loop.create_task(work, context=context)
            outcome.set_result(contained(loop.run_until_complete, task))
        except Exception as error:
            outcome.set_exception(error)
        # Nobody waits for this any longer. What ignores its cancellation keeps this thread.
        while pending := asyncio.all_tasks(loop):
            for left in pending:
                left.cancel()
            loop.run_until_complete(asyncio.wait(pending))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    def cancel_all() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    try:
        loop.call_soon_threadsafe(cancel_all)
    except RuntimeError:  # it has just ended
        return
