"""Run a function's bundle as Lambda runs it: awslambdaric on an interpreter with nothing else.

``-S`` keeps every site-packages out, so what a bundle does not carry fails here as it would on
Lambda, and the environment is built from nothing. Functions live in one process group with a
warden that ends the group when the server is gone, however it went.
"""

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from devtools.localcloud.running import start_time
from devtools.localcloud.runtime_api import (
    Answer,
    Invocation,
    ProcessEnded,
    ProcessEndedIdle,
    RuntimeApi,
)
from devtools.localcloud.streamed import StreamPipe

PYTHON = getattr(sys, "_base_executable", sys.executable)
#: The managed runtime that this interpreter stands for.
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
#: The one that stands for durable functions, which AWS has no older one for.
DURABLE_RUNTIME = "python3.13"

#: Lambda's limit for a first initialisation; a second one gets the function's own timeout.
INIT_LIMIT_S = 10.0

#: In a runtime's folder, its interpreter, where that is another than this one.
_INTERPRETER = "python"

#: How often is looked how much memory a process uses while it has an event.
_LOOK_S = 0.05

LogSink = Callable[[str], None]


def interpreter_of(lambda_runtime: Path) -> str:
    """The interpreter that a runtime's packages are for."""
    own = lambda_runtime / _INTERPRETER
    return str(own) if own.is_symlink() else PYTHON


class Warden:
    """Ends every function process once this process is gone.

    Waits on a pipe that only this process holds open: whatever ends it, a SIGKILL too, closes it.
    """

    def __init__(self) -> None:
        program = "import os, signal; os.read(0, 1); os.killpg(0, signal.SIGKILL)"
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and program
            [PYTHON, "-I", "-S", "-c", program],
            stdin=subprocess.PIPE,
            process_group=0,
            cwd=tempfile.gettempdir(),
            env={},
        )

    @property
    def group(self) -> int:
        """The process group to start functions in."""
        return self._process.pid

    def end(self) -> None:
        """End every process of the group, and the warden."""
        assert self._process.stdin is not None  # noqa: S101  for the type checker; it is a pipe
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Function:
    """What Lambda knows of a published version when it starts a process for it.

    Attributes:
        snapshot: Whether it starts from a SnapStart snapshot.
        log_format: ``Text`` or ``JSON``.
        log_level: Of the application, for JSON logs; None for the default.
        variables: The function's own environment variables.
        credentials: Of its execution role.
        endpoints: Where its clients are to go, and whom they trust.
        runtime: The managed runtime it asks for.
    """

    name: str
    version: str
    handler: str
    memory_mb: int
    timeout_s: int
    region: str
    code: Path
    log_group: str
    log_stream: str
    log_format: str
    log_level: str | None
    snapshot: bool
    variables: Mapping[str, str]
    credentials: Mapping[str, str]
    endpoints: Mapping[str, str]
    runtime: str = RUNTIME


def process_environment(
    function: Function, runtime_api: str, lambda_runtime: Path, scratch: Path
) -> dict[str, str]:
    """The whole environment of a function's process: what Lambda gives, and nothing of ours."""
    environment = {
        **function.variables,
        # From here on, what Lambda reserves: the function's own values cannot override it.
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": function.log_stream,
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if function.snapshot else "on-demand",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(function.code),
        "LAMBDA_RUNTIME_DIR": str(lambda_runtime),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # The function's own modules first, then the runtime's, then the standard library.
        "PYTHONPATH": os.pathsep.join([str(function.code), str(lambda_runtime)]),
        **function.credentials,
        **function.endpoints,
        # An execution environment's /tmp is its own, and no developer's ~/.aws is there.
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
    }
    if function.log_level:
        environment["AWS_LAMBDA_LOG_LEVEL"] = function.log_level
    return environment


@dataclass(frozen=True)
class Outcome:
    """How an invocation went.

    Attributes:
        answer: The function's answer; None when it gave none.
        failure: Why there is none: ``Sandbox.Timedout``, ``Runtime.ExitError`` or
            ``Runtime.OutOfMemory``.
        exit_status: The status of a process that ended, for the last two.
        duration_ms: How long the invocation took, its start not counted.
        max_memory_mb: The process's largest resident set so far.
    """

    answer: Answer | None
    failure: str | None
    exit_status: int | None
    duration_ms: float
    max_memory_mb: int


class ExecutionEnvironment:
    """One process of a function, from its start to its end; serves one event at a time.

    Not safe for two callers at once: Lambda never gives one environment two events.

    ``ended_idle`` is told of a process that ended between two events: the last one's request id
    (empty for none), and its status.
    """

    def __init__(
        self,
        function: Function,
        lambda_runtime: Path,
        warden: Warden,
        log: LogSink,
        ended_idle: Callable[[str, int], None] = lambda _request_id, _status: None,
    ) -> None:
        self.function = function
        self._ended_idle = ended_idle
        self._end_noted = False
        self._used_too_much = False
        self._peak_mb = 0
        self._end_lock = threading.Lock()
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{function.name}-"))
        self._api = RuntimeApi()
        if function.snapshot:
            credentials = self._api.offer_credentials(function.credentials)
            function = replace(function, credentials=credentials)
        self._started = time.monotonic()
        self.init_ms: float | None = None
        self.process = subprocess.Popen(  # noqa: S603  Lambda's own command line
            # -B: on Lambda the bundle's folder is read-only, so no byte code is written there.
            [
                *(interpreter_of(lambda_runtime), "-S", "-B", "-m", "awslambdaric"),
                function.handler,
            ],
            cwd=function.code,
            env=process_environment(function, self._api.address, lambda_runtime, self._scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=warden.group,
        )
        assert self.process.stdout is not None  # noqa: S101  for the type checker; it is a pipe
        self._output = Output(self.process.stdout, log)
        threading.Thread(target=self._output.pump, daemon=True).start()
        threading.Thread(target=self._wait_for_end, daemon=True).start()

    def initialise(self, limit_s: float) -> Answer | None:
        """Wait until the function is ready for events; in SnapStart, until its snapshot.

        Returns:
            None when it is, else the error its initialisation reported.

        Raises:
            TimeoutError: It took longer.
            ProcessEnded: Its process ended.
        """
        error = self._api.wait_until_ready(limit_s, for_snapshot=self.function.snapshot)
        self.init_ms = (time.monotonic() - self._started) * 1000
        return error

    def restore(self, limit_s: float) -> Answer | None:
        """Run the after-restore hooks of a SnapStart function; as ``initialise`` otherwise."""
        return self._api.restore(limit_s)

    def wait_until_idle(self, limit_s: float, *, restored: bool) -> bool:
        """Wait until the process has done with the last event and asks for the next.

        What it does after an answer is its own, as on Lambda, and costs its caller nothing.

        Returns:
            Whether it does; False when it ended instead.

        Raises:
            TimeoutError: Neither came within ``limit_s``.
        """
        try:
            self._api.wait_until_ready(
                limit_s, for_snapshot=self.function.snapshot and not restored
            )
        except ProcessEnded:
            return False
        return True

    def invoke(
        self, invocation: Invocation, timeout_s: float, pipe: StreamPipe | None = None
    ) -> Outcome:
        """Send one event. What the function printed meanwhile has reached the log on return.

        Args:
            invocation: The event.
            timeout_s: How long the function has for it.
            pipe: Where a streamed answer goes while it comes; without one it is gathered.

        Raises:
            ProcessEndedIdle: The process had ended before the event reached it.
        """
        # Its end may not have been waited for yet, and its connection still look open.
        if start_time(self.process.pid) is None:
            raise ProcessEndedIdle
        started = time.monotonic()
        answer, failure = None, None
        ended = threading.Event()
        threading.Thread(target=self._watch_memory, args=(ended,), daemon=True).start()
        try:
            answer = self._api.invoke(invocation, timeout_s, pipe)
        except TimeoutError:
            failure = "Sandbox.Timedout"
        except ProcessEndedIdle:
            raise
        except ProcessEnded:
            failure = "Runtime.OutOfMemory" if self._used_too_much else "Runtime.ExitError"
        finally:
            ended.set()
        duration_ms = (time.monotonic() - started) * 1000
        max_memory_mb = self._max_memory_mb()
        if failure:
            self.end()
        self._output.drain()
        return Outcome(
            answer=answer,
            failure=failure,
            exit_status=self.process.poll(),
            duration_ms=duration_ms,
            max_memory_mb=max_memory_mb,
        )

    def drain(self) -> None:
        """Bring what the function has printed so far to the log."""
        self._output.drain()

    def end(self) -> None:
        """Kill the process. Lambda gives an environment no notice either."""
        if start_time(self.process.pid) is None:
            self._note_end(self.process.wait())  # by itself, and nobody may have noticed yet
        with self._end_lock:
            self._end_noted = True
        self.process.kill()
        self.process.wait()
        self._api.close()
        self._output.drain()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _wait_for_end(self) -> None:
        status = self.process.wait()
        self._note_end(status)

    def _note_end(self, status: int) -> None:
        """Tell that the process has ended by itself, once, before another takes its place."""
        with self._end_lock:
            noted, self._end_noted = self._end_noted, True
            if self._api.mark_ended() and not noted:
                self._output.drain()
                self._ended_idle(self._api.last_request_id, status)

    def _watch_memory(self, ended: threading.Event) -> None:
        """Kill the process if it uses more memory than the function has, as Lambda does."""
        while not ended.wait(_LOOK_S):
            self._peak_mb = max(self._peak_mb, self._memory_mb("VmHWM:"))
            # What it read from files can be given up, and does not count.
            if self._memory_mb("RssAnon:") > self.function.memory_mb:
                self._used_too_much = True
                self._peak_mb = self.function.memory_mb
                self.process.kill()
                return

    def _max_memory_mb(self) -> int:
        # Of a process that has ended, only what was seen before is known.
        return max(self._peak_mb, self._memory_mb("VmHWM:"))

    def _memory_mb(self, field: str) -> int:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) // 1024
        return 0


class Output:
    """A process's standard output and error, line by line, unmodified."""

    def __init__(self, pipe: IO[bytes], log: LogSink) -> None:
        self._pipe = pipe
        self._log = log
        self._partial = b""
        self._open = True
        self._lock = threading.Lock()
        os.set_blocking(pipe.fileno(), False)

    def pump(self) -> None:
        """Read until the process and its children have closed their ends."""
        while self._open:
            select.select([self._pipe], [], [])
            self._read()

    def drain(self) -> None:
        """Pass on everything written so far, an unfinished line too."""
        self._read()
        with self._lock:
            partial, self._partial = self._partial, b""
            if partial:
                self._log(partial.decode(errors="replace"))

    def _read(self) -> None:
        with self._lock:
            while self._open:
                try:
                    data = os.read(self._pipe.fileno(), 65536)
                except BlockingIOError:
                    return
                self._open = bool(data)
                *lines, self._partial = (self._partial + data).split(b"\n")
                for line in lines:
                    self._log(line.decode(errors="replace"))
