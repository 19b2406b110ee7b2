"""A process as AgentCore Runtime starts it: a bundle's entry file, alone, and asked over HTTP."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tradewind.contracts.names import AGENTCORE_ENTRY
from tradewind.telemetry.log_fields import REQUEST_DONE

#: For a process to come to where it is waited for, on a machine that is busy.
PATIENCE_S: Final = 60.0

#: Runs the entry file, and leads the port of AgentCore's contract to a free one of this machine.
_LAUNCHER: Final = """
import json, runpy, socket, sys

entry = sys.argv[1]
folder = entry.rpartition("/")[0]
sys.path = [folder, *(path for path in sys.path if path and "site-packages" not in path)]
bind, listen, wanted = socket.socket.bind, socket.socket.listen, {}


def bind_elsewhere(self, address):
    if address[1] not in (8080, 9000):
        return bind(self, address)
    wanted[self.fileno()] = address
    bind(self, ("127.0.0.1", 0))


def listen_and_tell(self, *backlog):
    listen(self, *backlog)
    if self.fileno() in wanted:
        outside = [
            name for name, module in sys.modules.items()
            if "site-packages" in (getattr(module, "__file__", None) or "")
        ]
        told = {
            "port": self.getsockname()[1], "wanted": wanted[self.fileno()],
            "modules": sorted(sys.modules), "outside": outside,
        }
        print("LISTENS", json.dumps(told), flush=True)


socket.socket.bind, socket.socket.listen = bind_elsewhere, listen_and_tell
sys.argv = [entry]
runpy.run_path(entry, run_name="__main__")
"""


@dataclass
class Answer:
    """What came back: status, content type and body."""

    status: int
    content_type: str
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class ServedProcess:
    """The process; a context manager that starts and ends it.

    Attributes:
        folder: The unpacked bundle.
        environment: All of its environment.
        printed: Its lines so far, on both outputs.
        port: Where it is asked.
        wanted: The host and the port that it wanted.
        modules: What it had imported when it could be asked.
        outside: Those of them that are not the bundle's.
    """

    folder: Path
    environment: Mapping[str, str]
    printed: list[str] = field(default_factory=list)
    port: int = 0
    wanted: tuple[str, int] = ("", 0)
    modules: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-B", "-c", _LAUNCHER, str(self.folder / AGENTCORE_ENTRY)],
            cwd=self.folder,
            env={"PATH": os.defpath, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._bound = threading.Event()
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._bound.wait(PATIENCE_S)
        if not self.port:
            self.__exit__(None, None, None)
            raise AssertionError("\n".join(self.printed))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Tell it to end, wait until it has, and return its status."""
        self.signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE_S)
        self._reader.join()
        return status

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask, and wait for the whole answer."""
        with self.asking(method, path, body, **headers) as response:
            content_type = response.headers.get("Content-Type", "")
            return Answer(response.status, content_type, response.read())

    @contextlib.contextmanager
    def asking(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask, and read the answer as it comes; leaving it is going away."""
        connection = self.send(method, path, body, **headers)
        try:
            with connection.getresponse() as response:
                yield response
        finally:
            connection.close()

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPConnection:
        """Ask, and wait for nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(
            method,
            path,
            None if body is None else content,
            {"Content-Type": "application/json", **told},
        )
        return connection

    def logged(self) -> list[dict[str, Any]]:
        """Its log's lines that are JSON."""
        return [json.loads(line) for line in self.printed if line.startswith("{")]

    def done(self, request_id: str) -> dict[str, Any]:
        """The one line that its log has of a request that is over, when it has come."""

        def found() -> list[dict[str, Any]]:
            return [
                line
                for line in self.logged()
                if line.get("message") == REQUEST_DONE and line["request_id"] == request_id
            ]

        with self._more:
            assert self._more.wait_for(found, PATIENCE_S), self.printed
            (line,) = found()
        return line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("LISTENS "):
                told = json.loads(line.removeprefix("LISTENS "))
                self.wanted = tuple(told["wanted"][:2])
                self.modules, self.outside = told["modules"], told["outside"]
                self.port = told["port"]
                self._bound.set()
            else:
                with self._more:
                    self.printed.append(line.rstrip("\n"))
                    self._more.notify_all()
        self._bound.set()
