"""Start, find and stop the embedded AWS: one server per home, however often it is asked for."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devtools.localcloud import code_store, processes
from devtools.localcloud.running import Running, start_time
from scripts import environment

PROJECT = Path(__file__).resolve().parents[2]
#: MiniStack pins its own botocore, so the server has an environment of its own.
SERVER_PYTHON = PROJECT / ".venv-localcloud" / "bin" / "python"
#: awslambdaric and what it needs, installed apart as Lambda's /var/runtime is.
LAMBDA_RUNTIME = PROJECT / ".build" / "lambda-runtime"
#: The same for durable functions, whose Python is not this one; there where the machine has it.
DURABLE_LAMBDA_RUNTIME = PROJECT / ".build" / "lambda-runtime-3.13"
#: Where certificates, log and state live, unless TRADEWIND_HOME says otherwise.
HOME = Path(os.environ.get("TRADEWIND_HOME") or PROJECT / ".localcloud")

#: Where the server takes down what is asked for in the names of roles; see ``extension.calls``.
CALLS_FILE = "calls.jsonl"

_START_LIMIT_S = 60.0
_STOP_GRACE_S = 10.0
_POLL_S = 0.05
_LOG_TAIL = 30

Progress = Callable[[str], None]


class LocalCloudError(Exception):
    """The embedded AWS could not be started or stopped; the message says why."""


class LocalCloud:
    """The embedded AWS of one home folder, where its certificates, log and state live."""

    def __init__(self, home: Path = HOME) -> None:
        self.home = home.resolve()

    @property
    def log_path(self) -> Path:
        """Where the server writes its log."""
        return self.home / "server.log"

    @property
    def calls(self) -> Path:
        """Where the server takes down the calls that roles make; it stays until the next start."""
        return self.home / CALLS_FILE

    @property
    def code(self) -> Path:
        """Where unpacked deployment packages are kept for as long as somebody may call them."""
        return self.home / "code"

    @property
    def scratch(self) -> Path:
        """A folder for what is to go when the server does."""
        return self.home / "tmp"

    def up(self, progress: Progress = lambda _: None) -> Running:
        """Start the server unless it runs already, and wait until it answers.

        Args:
            progress: Called with a line for each thing that takes time.

        Raises:
            LocalCloudError: It did not come up. The message ends with the tail of its log; nothing
                is left running.
        """
        for needed in (SERVER_PYTHON, LAMBDA_RUNTIME):
            if not needed.exists():
                raise LocalCloudError(
                    f"{needed.relative_to(PROJECT)} does not exist; `make setup` creates it."
                )
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if running := self.status():
                return running
            self._clear_remains(progress)
            return self._start(progress)

    def down(self, progress: Progress = lambda _: None) -> bool:
        """Stop the server and every function process, and remove what only they need.

        Args:
            progress: Called with a line for each process that was not to be expected.

        Returns:
            False when nothing ran.

        Raises:
            LocalCloudError: Something survived SIGKILL.
        """
        if not self.home.exists():
            if not self.lost():
                return False
            self.home.mkdir(parents=True)
        with self._locked():
            running = self.status()
            if running:
                _stop(running.pid, running.started)
            ended = self._clear_remains(progress)
            # Hundreds of megabytes, and unpacked anew in seconds.
            code_store.clear(self.code)
            return ended or running is not None

    def lost(self) -> list[int]:
        """Processes of this home that no file tells of any more; ``down`` ends them."""
        if self.status():
            return []
        left = processes.servers_of(self.home) + processes.functions_of(self.home)
        return [process.pid for process in left]

    @property
    def kept(self) -> bool:
        """Whether somebody asked for what is running to be left running."""
        return self._kept_path.exists()

    def keep(self) -> None:
        """Note that what is running is to be left running, until ``down``."""
        self._kept_path.touch()

    def status(self) -> Running | None:
        """The running server, or None."""
        running = Running.read(self._running_path)
        return running if running and running.is_alive() else None

    @property
    def _kept_path(self) -> Path:
        return self.home / "kept"

    @property
    def _running_path(self) -> Path:
        return self.home / "running.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the home against another start or stop, of any process."""
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _clear_remains(self, progress: Progress = lambda _: None) -> bool:
        """End and remove what a server may have left, whatever became of it or of its files.

        Returns:
            Whether a process was left that had to be ended.
        """
        servers = processes.servers_of(self.home)
        for server in servers:
            progress(f"process {server.pid} served from here, its files were removed: ending it")
            _stop(server.pid, server.started)
        # The warden (see ``execution``) ends the functions as soon as the server is gone.
        if not _wait(lambda: not processes.functions_of(self.home), _STOP_GRACE_S):
            left = processes.functions_of(self.home)
            pids = ", ".join(str(function.pid) for function in left)
            progress(f"functions without a server are left here ({pids}): ending them")
            for function in left:
                _stop(function.pid, function.started)
            servers += left
        for mark in (self._running_path, self._kept_path):
            mark.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return bool(servers)

    def _start(self, progress: Progress) -> Running:
        self.scratch.mkdir()
        progress("starting the embedded AWS")
        command = [str(SERVER_PYTHON), *processes.SERVER, str(self.home)]
        # An interrupt in the middle would leave a server that nobody knows of.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with self.log_path.open("wb") as log:
                process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                    command,
                    cwd=PROJECT,
                    env=_server_environment(self.scratch),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Its own: Ctrl-C in the caller's terminal is the caller's to handle.
                    start_new_session=True,
                )
        except BaseException:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            raise
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            # Reaps the server when it ends before we do, and keeps hold of it until then.
            threading.Thread(target=process.wait, daemon=True).start()
            return self._wait_until_ready(process)
        except BaseException:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_GRACE_S)
            process.kill()
            process.wait()
            self._clear_remains()
            raise

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> Running:
        give_up = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < give_up:
            # The server writes the file as its last step, when it already answers.
            running = self.status()
            if running and running.pid == process.pid:
                return running
            if process.poll() is not None:
                raise LocalCloudError(
                    f"The embedded AWS ended with status {process.returncode}.{self._log_tail()}"
                )
            time.sleep(_POLL_S)
        raise LocalCloudError(
            f"The embedded AWS was not ready within {_START_LIMIT_S:.0f} s.{self._log_tail()}"
        )

    def _log_tail(self) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
        return "".join(f"\n  {line}" for line in [f"The end of {self.log_path}:", *lines])


def _stop(pid: int, started: int) -> None:
    """End the server: ask, then insist."""
    for sign, grace in ((signal.SIGTERM, _STOP_GRACE_S), (signal.SIGKILL, _STOP_GRACE_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if _wait(lambda: start_time(pid) != started, grace):
            return
    raise LocalCloudError(f"The embedded AWS (process {pid}) does not end.")


def _server_environment(scratch: Path) -> dict[str, str]:
    """The server's whole environment. A developer's AWS settings reach it only when asked for."""
    real = os.environ.get("TRADEWIND_REAL_BEDROCK") == "1"
    allowed = environment.for_account() if real else environment.for_this_machine()
    asked = {"TRADEWIND_REAL_BEDROCK": "1"} if real else {}
    return {**allowed, **asked, "NO_COLOR": "1", "TMPDIR": str(scratch)}


def _wait(done: Callable[[], bool], limit_s: float) -> bool:
    give_up = time.monotonic() + limit_s
    while not done():
        if time.monotonic() >= give_up:
            return False
        time.sleep(_POLL_S)
    return True
