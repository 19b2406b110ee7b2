"""Warm invocations, one after the other in turns, and what a process grows by over many."""

import contextlib
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.coldstart.cloud import Cloud, serving
from bench.coldstart.start import Process, Startable, launched
from bench.warm.rivals import LIBRARIES
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME

#: Invocations before the first that counts: of them come the connections and the last imports.
WARM_UP: Final = 5
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)
_TICKS_PER_MS: Final = os.sysconf("SC_CLK_TCK") / 1000

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Contestant:
    """A function that takes part.

    Attributes:
        function: It.
        path: Folders that it finds modules in besides its own; none for a whole bundle.
    """

    function: Startable
    path: tuple[Path, ...] = ()

    @classmethod
    def rival(cls, function: Startable) -> "Contestant":
        """One that finds the libraries which are installed here."""
        return cls(function, (LIBRARIES,))


@dataclass
class Warm:
    """What a function's warm invocations were.

    Attributes:
        times_ms: From the event to its answer, each.
        own_ms: The same, less what the model took by its own account.
        requests: Of all invocations, by service and operation.
        connections: Since its start, by service; each was a TLS handshake.
        cpu_ms: Of the processor, for each invocation, by all threads, what follows the answer too.
    """

    times_ms: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    cpu_ms: float = 0.0


@dataclass(frozen=True)
class Size:
    """How large a process is.

    Attributes:
        resident_mb: Of its memory, what is in RAM.
        threads: How many it has.
        descriptors: Of files and sockets, how many it has open.
    """

    resident_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> "Size":
        """Look at a process."""
        there = Path("/proc") / str(pid)
        pages = int((there / "statm").read_text().split()[1])
        threads, descriptors = (len(os.listdir(there / name)) for name in ("task", "fd"))
        return cls(pages * _PAGE_MB, threads, descriptors)


@dataclass(frozen=True)
class Endurance:
    """What became of a process over many invocations.

    Attributes:
        sizes: Its size by the number of invocations it had served.
        connections: Since its start, by service; each was a TLS handshake.
    """

    sizes: Mapping[int, Size]
    connections: Mapping[str, int]

    @property
    def mb_per_1000(self) -> float:
        """The slope of its memory, without the first tenth, in which it comes to its size."""
        last = max(self.sizes)
        kept = {at: size for at, size in self.sizes.items() if at > last / 10}
        slope = statistics.linear_regression(
            list(kept), [size.resident_mb for size in kept.values()]
        ).slope
        return slope * 1000


class Race:
    """Contestants that run; see ``race``."""

    def __init__(self, cloud: Cloud, processes: Mapping[str, Process]) -> None:
        self._cloud = cloud
        self.processes = processes

    def invoke(self, name: str) -> tuple[float, float]:
        """Invoke one, and wait until it asks for its next event.

        Returns:
            What its answer took, and of it the model, in milliseconds.

        Raises:
            NoAnswer: It gave none, or a wrong one.
        """
        process, before_ms = self.processes[name], self._cloud.model_ms()
        begun = time.perf_counter()
        process.ask()
        took_ms = (time.perf_counter() - begun) * 1000
        process.wait_until_idle()
        return took_ms, self._cloud.model_ms() - before_ms

    def run(self, invocations: int, progress: Progress = lambda _: None) -> dict[str, Warm]:
        """Invoke all in turns: what else the machine does befalls all alike.

        Args:
            invocations: Of each, after a few that do not count.
            progress: Is told how far it has come.

        Raises:
            NoAnswer: One gave none, or a wrong one.
        """
        found = {name: Warm() for name in self.processes}
        for _ in range(WARM_UP):
            for name in found:
                self.invoke(name)
        before = {name: self._cloud.calls(name).requests for name in found}
        cpu_ms = {name: _cpu_ms(process.pid) for name, process in self.processes.items()}
        for number in range(1, invocations + 1):
            for name, warm in found.items():
                took_ms, model_ms = self.invoke(name)
                warm.times_ms.append(took_ms)
                warm.own_ms.append(took_ms - model_ms)
            if number % max(1, invocations // 10) == 0:
                progress(f"{number} of {invocations} invocations of each")
        for name, warm in found.items():
            calls = self._cloud.calls(name)
            warm.requests, warm.connections = calls.requests - before[name], calls.connections
            warm.cpu_ms = (_cpu_ms(self.processes[name].pid) - cpu_ms[name]) / invocations
        return found

    def endure(self, name: str, invocations: int, progress: Progress = lambda _: None) -> Endurance:
        """Invoke one many times, and look at its size meanwhile.

        Raises:
            NoAnswer: It gave none, or a wrong one.
        """
        process = self.processes[name]
        every = max(1, invocations // 100)
        for _ in range(WARM_UP):
            self.invoke(name)
        sizes = {0: Size.of(process.pid)}
        for number in range(1, invocations + 1):
            self.invoke(name)
            if number % every == 0:
                sizes[number] = Size.of(process.pid)
            if number % max(1, invocations // 10) == 0:
                progress(f"{number} of {invocations} invocations of {name}")
        return Endurance(sizes, self._cloud.calls(name).connections)


@contextlib.contextmanager
def race(contestants: Sequence[Contestant], runtime: Path = LAMBDA_RUNTIME) -> Iterator[Race]:
    """Start all; each has keys of its own, by which what it asks for is told apart.

    Args:
        contestants: Who takes part.
        runtime: The folder of Lambda's runtime client.

    Raises:
        NoAnswer: One did not start.
    """
    with contextlib.ExitStack() as started:
        there = started.enter_context(serving([one.function.name for one in contestants]))
        processes = {}
        for one in contestants:
            name = one.function.name
            processes[name] = started.enter_context(
                launched(one.function, there.endpoints(name), runtime, path=one.path)
            )
        yield Race(there, processes)


def p99(values: Sequence[float]) -> float:
    """The value that one of a hundred is above."""
    return sorted(values)[max(0, int(len(values) * 0.99) - 1)]


def _cpu_ms(pid: int) -> float:
    """What a process has computed so far, its threads that have ended included."""
    stat = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS_PER_MS
