"""Agents whose processes die where a test wants it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PROCESS = Path(__file__).with_name("mortal_process.py")


@dataclass(frozen=True)
class Death:
    """Where a process dies.

    Attributes:
        write: At which of its writes, from 1 on.
        after: Whether the write is done by then.
    """

    write: int
    after: bool


@dataclass(frozen=True)
class Served:
    """What became of a process that served one request.

    Attributes:
        ended: 0, or the signal that killed it, negative.
        answer: Its answer, if it lived.
        writes: What it wrote, in order, if it lived.
    """

    ended: int
    answer: Mapping[str, Any]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class MortalAgent:
    """An agent each of whose requests has a process of its own.

    Attributes:
        name: Under which it leaves its files.
    """

    name: str
    sent: IO[str]
    received: IO[str]

    def serve(self, event: Mapping[str, Any], folder: Path, death: Death | None = None) -> Served:
        """Let a new process serve a request on the artifacts in a folder."""
        order = {
            "event": event,
            "folder": str(folder),
            "kill_at": death and death.write,
            "after": bool(death and death.after),
        }
        self.sent.write(json.dumps(order) + "\n")
        self.sent.flush()
        outcome = json.loads(self.received.readline())
        writes = tuple(outcome.get("writes", ()))
        return Served(outcome["ended"], outcome.get("answer", {}), writes)


@contextmanager
def mortal(
    definition: str, name: str, variables: Mapping[str, str], log: Path
) -> Iterator[MortalAgent]:
    """Load an agent.

    Args:
        definition: Its name, or a framework's for the sketch.
        name: What it is called.
        variables: The environment of its processes, beside this one's.
        log: Where what they print goes.
    """
    with (
        log.open("a") as printed,
        subprocess.Popen(
            [sys.executable, PROCESS, definition],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        yield MortalAgent(name, process.stdin, process.stdout)
        process.stdin.close()
