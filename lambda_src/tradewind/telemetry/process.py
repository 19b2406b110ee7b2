"""The process itself: its age, its first request, its memory."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def process_age_ms() -> float:
    """Milliseconds since the kernel started this process, to the kernel's 10 ms tick.

    A clock started by our own code would miss the interpreter's start and the imports before it,
    which are most of a cold start.
    """
    # Fields of proc_pid_stat(5); the command's name may hold spaces, so count after its ")".
    fields = (_PROC / "self/stat").read_text().rpartition(")")[2].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    uptime_s = float((_PROC / "uptime").read_text().split()[0])
    return max(0.0, (uptime_s - started_s) * 1000)


def peak_memory_mb() -> float:
    """Peak resident memory of this process, in MB of 1024 * 1024 bytes as Lambda counts.

    ``getrusage`` would not do: its peak survives ``exec``, so it may be the parent's.
    """
    status = (_PROC / "self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


class ColdStart:
    """Tells the first request of a process from the later ones."""

    def __init__(self) -> None:
        self.init_ms = process_age_ms()
        self._cold = True

    def take(self) -> bool:
        """Return whether this is the first request; every later call returns False."""
        cold, self._cold = self._cold, False
        return cold
