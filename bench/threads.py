"""What it costs a request to have threads of its own: an event loop, a model call and a tool."""

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from tradewind.run.threads import RunThreads, enter_tool

REQUESTS = 500


async def _request() -> None:
    await asyncio.to_thread(int)

    async def tool() -> None:
        enter_tool()
        await asyncio.to_thread(int)

    await asyncio.create_task(tool())


def _own_threads() -> None:
    threads = RunThreads(10)

    async def request() -> None:
        asyncio.get_running_loop().set_default_executor(threads.loop_default)
        await _request()

    threads.run(request(), 60)
    threads.end()


def _times_ms(serve: Callable[[], None]) -> list[float]:
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        serve()
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)


def main() -> None:
    """Print a row for one pool of the process, and one for threads of each request."""
    console, table = Console(), Table(title=f"{REQUESTS} requests", title_justify="left")
    for column in ("threads", "median ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "threads" else "right")
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(10))
        for name, times in (
            ("one pool of the process", _times_ms(lambda: runner.run(_request()))),
            ("of each request", _times_ms(_own_threads)),
        ):
            p99 = times[int(len(times) * 0.99) - 1]
            table.add_row(name, f"{statistics.median(times):.2f}", f"{p99:.2f}")
    console.print(describe())
    console.print(table)


if __name__ == "__main__":
    main()
