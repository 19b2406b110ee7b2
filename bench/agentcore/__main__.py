"""What calls of runtimes take: over both transports, and through the API.

To the first event, and 2 MB in 2,000 events, are compared with a reader of the same bytes off a raw
socket, in turns in the same process; the runtime is a process of its own. Then 200 streams at once,
and ten callers at once through the API of an embedded AWS. Ends with 1 where something takes longer
than it may.
"""

import asyncio
import operator
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.agentcore.api import CALLERS, slowest
from bench.agentcore.clients import Client, clients
from bench.agentcore.raw import RawReader
from bench.agentcore.server import SHAPES
from bench.machine import describe

WARM_UP: Final = 20
STREAMS: Final = 200
#: Of the slowest caller, in seconds.
MOST_FIRST_S: Final = 2.0
MOST_WHOLE_S: Final = 10.0


@dataclass(frozen=True)
class Compared:
    """What is compared with a raw socket.

    Attributes:
        title: Of its table.
        server: The program that sends, in ``bench.agentcore``.
        shape: Of what it sends.
        asked: How often.
        pick: Of the times, the one that counts: the quickest is what nothing else slowed down.
        judge: What is found: of the client's milliseconds and the raw reader's.
        unit: Of that.
        at_most: What it may be, by transport; the others are shown beside.
    """

    title: str
    server: str
    shape: str
    asked: int
    pick: Callable[[Sequence[float]], float]
    judge: Callable[[float, float], float]
    unit: str
    at_most: Mapping[str, float]


_EITHER: Final = {"sdk": 3.0, "socket": 3.0}
COMPARED: Final = (
    Compared(
        "To the first event",
        *("server", "first", 300, statistics.median, operator.sub, "ms more", _EITHER),
    ),
    Compared(
        "2 MB in 2,000 events, from BedrockAgentCoreApp",
        *("app", "many", 20, min, operator.truediv, "times", {"sdk": 1.5}),
    ),
    Compared(
        "2 MB in 2,000 events, from a sender that does nothing else",
        *("server", "many", 20, min, operator.truediv, "times", {}),
    ),
)


@contextmanager
def _server(program: str, shape: str) -> Iterator[str]:
    command = [sys.executable, "-m", f"bench.agentcore.{program}", shape]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None and server.stdout is not None  # noqa: S101, PT018  pipes
        yield server.stdout.readline().decode().strip()
        server.stdin.close()


async def _read(client: Client, events: int) -> tuple[float, float]:
    """The seconds to the first event, and to the end.

    Raises:
        RuntimeError: Not all events came.
    """
    started = time.perf_counter()
    first_s, count = 0.0, 0
    async for _event in client.stream():
        count += 1
        first_s = first_s or time.perf_counter() - started
    if count != events:
        raise RuntimeError(f"{count} events came, not {events}.")
    return first_s, time.perf_counter() - started


async def _in_turns(url: str, compared: Compared) -> dict[str, tuple[float, float]]:
    """Milliseconds of the client and of a raw reader, by transport."""
    events = SHAPES[compared.shape][0]
    which = 0 if compared.shape == "first" else 1
    times: dict[str, tuple[float, float]] = {}
    with clients(url) as each:
        for client in each:
            reader = RawReader(client.transport, url, compared.shape)
            pairs = []
            for _ in range(WARM_UP + compared.asked):
                ours_s = (await _read(client, events))[which]
                pairs.append((ours_s * 1000, reader.read()[which] * 1000))
            reader.close()
            ours, raw = zip(*pairs[WARM_UP:], strict=True)
            times[client.transport] = compared.pick(ours), compared.pick(raw)
    return times


async def _at_once(url: str) -> dict[str, tuple[float, float]]:
    """Seconds of one paced stream, and of many at once, by transport."""
    times = {}
    events = SHAPES["paced"][0]
    with clients(url) as each:
        for client in each:
            _first_s, one_s = await _read(client, events)
            started = time.perf_counter()
            await asyncio.gather(*(_read(client, events) for _ in range(STREAMS)))
            times[client.transport] = one_s, time.perf_counter() - started
    return times


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in {"transport", "runtime"} else "right")
    return table


def main() -> int:
    """Print the tables; 1 when something takes longer than it may."""
    kept = True
    console = Console()
    console.print(describe())
    for one in COMPARED:
        table = _table(
            f"{one.title}: {'quickest' if one.pick is min else 'median'} of {one.asked}",
            *("transport", "raw, ms", "client, ms", one.unit, "at most"),
        )
        with _server(one.server, one.shape) as url:
            times = asyncio.run(_in_turns(url, one))
        for transport, (ours, raw) in times.items():
            found = one.judge(ours, raw)
            most = one.at_most.get(transport)
            kept = kept and (most is None or found <= most)
            at_most = "" if most is None else f"{most:.1f}"
            table.add_row(transport, f"{raw:.2f}", f"{ours:.2f}", f"{found:.2f}", at_most)
        console.print(table)
    table = _table(
        f"{STREAMS} streams of 20 events, 50 ms apart", "transport", "one, s", "all, s", "times"
    )
    with _server("server", "paced") as url:
        at_once = asyncio.run(_at_once(url))
    for transport, (one_s, all_s) in at_once.items():
        table.add_row(transport, f"{one_s:.2f}", f"{all_s:.2f}", f"{all_s / one_s:.2f}")
    console.print(table)
    table = _table(
        f"{CALLERS} callers at once through the API: the slowest's seconds",
        *("runtime", "to the first words", "at most", "whole", "at most"),
    )
    for runtime, (first_s, whole_s) in slowest().items():
        kept = kept and first_s <= MOST_FIRST_S and whole_s <= MOST_WHOLE_S
        table.add_row(
            runtime,
            *(f"{first_s:.2f}", f"{MOST_FIRST_S:.0f}", f"{whole_s:.2f}", f"{MOST_WHOLE_S:.0f}"),
        )
    if not table.rows:
        raise RuntimeError("No runtime is deployed: config/local.yaml names none.")
    console.print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
