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

from devtools.localcloud.running import Running, start_time

PROJECT = Path(__file__).resolve().parents[2]
#: MiniStack pins its own botocore, so the server has an environment of its own.
SERVER_PYTHON = PROJECT / ".venv-localcloud" / "bin" / "python"
#: awslambdaric and what it needs, installed apart as Lambda's /var/runtime is.
LAMBDA_RUNTIME = PROJECT / ".build" / "lambda-runtime"

_START_LIMIT_S = 60.0
_STOP_GRACE_S = 10.0
_POLL_S = 0.05
_LOG_TAIL = 30

Progress = Callable[[str], None]


class LocalCloudError(Exception):
    """The embedded AWS could not be started or stopped; the message says why."""


class LocalCloud:
    """The embedded AWS of one home folder, where its certificates, log and state live."""

    def __init__(self, home: Path = PROJECT / ".localcloud") -> None:
        self.home = home.resolve()

    @property
    def log_path(self) -> Path:
        """Where the server writes its log."""
        return self.home / "server.log"

    def up(self, progress: Progress = lambda _: None) -> Running:
        """Start the server unless it runs already, and wait until it answers.

        Args:
            progress: Called with a line for each thing that takes time.

        Raises:
            LocalCloudError: It did not come up. The message ends with the tail of its log; nothing
                is left running.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if running := self.status():
                return running
            self._clear_remains()
            return self._start(progress)

    def down(self) -> bool:
        """Stop the server and every function process; False when nothing ran.

        Raises:
            LocalCloudError: Something survived SIGKILL.
        """
        if not self.home.exists():
            return False
        with self._locked():
            running = self.status()
            if running:
                _stop(running.pid, running.started)
            self._clear_remains()
            return running is not None

    def status(self) -> Running | None:
        """The running server, or None."""
        running = Running.read(self._running_path)
        return running if running and running.is_alive() else None

    @property
    def _running_path(self) -> Path:
        return self.home / "running.json"

    @property
    def _scratch(self) -> Path:
        return self.home / "tmp"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the home against another start or stop, of any process."""
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _clear_remains(self) -> None:
        """Remove what a server that ended, in whatever way, may have left."""
        # The warden (see ``execution``) ends the functions as soon as the server is gone.
        if not _wait(lambda: not _functions_in(self.home), _STOP_GRACE_S):
            raise LocalCloudError(f"These functions do not end: {_functions_in(self.home)}")
        self._running_path.unlink(missing_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self, progress: Progress) -> Running:
        for needed in (SERVER_PYTHON, LAMBDA_RUNTIME):
            if not needed.exists():
                raise LocalCloudError(
                    f"{needed.relative_to(PROJECT)} does not exist; `make setup` creates it."
                )
        self._scratch.mkdir()
        progress("starting the embedded AWS")
        command = [str(SERVER_PYTHON), "-m", "devtools.localcloud.server", "--home", str(self.home)]
        with self.log_path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                command,
                cwd=PROJECT,
                env={**os.environ, "TMPDIR": str(self._scratch)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C in the caller's terminal is the caller's to handle.
                start_new_session=True,
            )
        # Reaps the server when it ends before we do, and keeps hold of it until then.
        threading.Thread(target=process.wait, daemon=True).start()
        try:
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


def _functions_in(home: Path) -> list[int]:
    """The live function processes of this home, and whatever they started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # Another user's processes cannot be looked at, and are not ours.
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(home) and (
                b"AWS_LAMBDA_RUNTIME_API=" in (process / "environ").read_bytes()
            ):
                found.append(int(process.name))
    return found


def _wait(done: Callable[[], bool], limit_s: float) -> bool:
    give_up = time.monotonic() + limit_s
    while not done():
        if time.monotonic() >= give_up:
            return False
        time.sleep(_POLL_S)
    return True
