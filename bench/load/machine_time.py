"""Processor time that the embedded AWS and its functions have had, by whose it was."""

import contextlib
import os
from collections import defaultdict
from pathlib import Path
from typing import Final

from bench.load.deaths import function_processes

_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: Of `/proc/PID/stat` after the name: user and system time.
_USER, _SYSTEM = 11, 12
SERVER: Final = "server"


def cpu_seconds(server: int) -> dict[str, float]:
    """Seconds by function name, and of the server: of the processes that are there now."""
    found: dict[str, float] = defaultdict(float)
    for process, name in {server: SERVER, **function_processes(server)}.items():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            found[name] += (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
    return found
