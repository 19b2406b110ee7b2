"""One cell of the table: a process is warmed up, frozen, robbed of its connections, and asked."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from bench.freeze.callers import environment_of
from bench.freeze.peer import Mode, Peer
from devtools.localcloud.tls import TlsFiles

OURS: Final = "ours"
PLAIN: Final = "plain boto3"

#: What each answer of the frozen process begins with.
_ANSWER: Final = "answer "
_MODES_OF_THE_PROCESS: Final = {Mode.VANISHED, Mode.UNANSWERED}


@dataclass(frozen=True)
class Cell:
    """What is measured.

    Attributes:
        service: Of AWS, as boto3 calls it.
        client: ``OURS`` or ``PLAIN``.
        mode: What becomes of the connections.
        freeze_s: How long the freeze is, by the process's clocks.
        at_once: How many calls are made at once.
    """

    service: str
    client: str
    mode: Mode
    freeze_s: int
    at_once: int


@dataclass(frozen=True)
class Outcome:
    """What was found.

    Attributes:
        cell: Where.
        failures: Of the calls after the freeze, what each failed one raised.
        handshakes_above_warm: Of these calls, compared with as many warm ones.
        dead: Kept connections that were used and were dead, as our clients tell.
        heard_twice: Requests that arrived beyond one for each call.
        lost_s: How much longer the slowest took than the slowest warm one.
    """

    cell: Cell
    failures: tuple[str, ...]
    handshakes_above_warm: int
    dead: int
    heard_twice: int
    lost_s: float


class _Process:
    """The process that is frozen, from outside."""

    def __init__(self, cell: Cell, peer: Peer, tls: TlsFiles) -> None:
        whose = "ours" if cell.client == OURS else "plain"
        command = [sys.executable, "-m", "bench.freeze.frozen", cell.service, whose]
        self._process = subprocess.Popen(
            [*command, str(cell.at_once)],
            env=environment_of(peer.url, str(tls.ca)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **command: int) -> dict[str, Any]:
        """Have it obey, and return its answer."""
        assert self._process.stdin is not None  # noqa: S101  it is a pipe
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(_ANSWER):
                answer: dict[str, Any] = json.loads(line.removeprefix(_ANSWER))
                return answer
        raise RuntimeError(f"The process ended with {self._process.wait()}.")

    def stop(self) -> None:
        """Freeze it; it stands still when this returns."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Thaw it."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def measure(cell: Cell, tls: TlsFiles, stopped_s: int) -> Outcome:
    """Measure a cell.

    Args:
        cell: It.
        tls: For the peer.
        stopped_s: How long the process is really stopped; its clocks are moved by the rest.
    """
    peer = Peer(tls)
    process = _Process(cell, peer, tls)
    try:
        with peer.together(cell.at_once):
            process.ask(burst=cell.at_once)
            opened = peer.counts().handshakes
            warm = process.ask(burst=cell.at_once)
        warm_handshakes = peer.counts().handshakes - opened
        _rob(cell, peer, process, stopped_s)
        before = peer.counts()
        after = process.ask(forward_s=cell.freeze_s - stopped_s, burst=cell.at_once)
        seen = peer.counts()
    finally:
        process.end()
        peer.stop()
    if warm["failures"]:
        raise RuntimeError(f"A warm call failed: {warm['failures'][0]}")
    return Outcome(
        cell,
        tuple(after["failures"]),
        max(0, seen.handshakes - before.handshakes - warm_handshakes),
        after["dead"],
        max(0, seen.requests - before.requests - cell.at_once),
        max(0.0, after["slowest_s"] - warm["slowest_s"]),
    )


def _rob(cell: Cell, peer: Peer, process: _Process, stopped_s: int) -> None:
    """Freeze the process, take its connections away, and thaw it."""
    if cell.mode in _MODES_OF_THE_PROCESS:
        # While nothing is on its way it is all the same whether this end is deaf now or later.
        process.ask(lose_answers=peer.port)
    process.stop()
    peer.lose_connections(cell.mode)
    time.sleep(stopped_s)
    process.go_on()
