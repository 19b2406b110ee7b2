"""The process itself: its age, its first request, its memory."""

import os
import threading
from pathlib import Path
from typing import Final

from tradewind.contracts.names import OptionalEnvVar
from tradewind.telemetry.metric_names import ProcessStart

#: How Lambda calls the start of a process from a snapshot.
SNAP_START: Final = "snap-start"
#: How a process's first request found it, by how Lambda says that it was initialized. For any other
#: it was started when the request was there.
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_FIRST: Final = {
    "provisioned-concurrency": ProcessStart.PROVISIONED,
    SNAP_START: ProcessStart.RESTORED,
}

_PROC: Final = Path("/proc")
_STATUS: Final = _PROC / "self/status"


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


def thread_cpu_s(thread: threading.Thread) -> float:
    """Seconds that a thread of this process has computed, to the kernel's tick; 0 if it is gone.

    Read from ``/proc``: ``pthread_getcpuclockid`` may end the process when the thread has ended.
    """
    try:
        stat = (_PROC / f"self/task/{thread.native_id}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb() -> float:
    """Peak resident memory of this process, in MB of 1024 * 1024 bytes as Lambda counts.

    ``getrusage`` would not do: its peak survives ``exec``, so it may be the parent's.
    """
    # Every request asks: text, lines and paths would cost it several times the kernel's work.
    with _STATUS.open("rb", buffering=0) as file:
        status = file.read()
    return int(status.partition(b"VmHWM:")[2].split(None, 1)[0]) / 1024


class ColdStart:
    """How a process started, and whether its first request is still to come.

    What was started ahead of requests, or restored from a snapshot, took its time before anybody
    waited for it: Lambda reports what a restore takes.

    Made when the first line of ours runs; told when the imports are done and when the handler is
    ready. What nobody tells counts as the clients' share.

    Attributes:
        runtime_ms: From process start until this was made: Lambda's runtime and the interpreter.
        import_ms: From then until the imports were done.
        client_ms: From then until the handler was ready.
    """

    def __init__(self) -> None:
        self.runtime_ms = process_age_ms()
        self.import_ms = 0.0
        self.client_ms = 0.0
        initialized = os.environ.get(OptionalEnvVar.INITIALIZATION_TYPE, "")
        self._next = _FIRST.get(initialized, ProcessStart.COLD)

    @property
    def init_ms(self) -> float:
        """From process start until the handler was ready."""
        return self.runtime_ms + self.import_ms + self.client_ms

    def imported(self) -> None:
        """Note that the imports are done."""
        self.import_ms = max(0.0, process_age_ms() - self.runtime_ms)

    def ready(self) -> None:
        """Note that the handler is ready."""
        self.client_ms = max(0.0, process_age_ms() - self.runtime_ms - self.import_ms)

    def take(self) -> ProcessStart:
        """Return how a request that has come finds the process; every later one finds it warm."""
        taken, self._next = self._next, ProcessStart.WARM
        return taken
