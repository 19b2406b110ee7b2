"""An agent's process: the entry file of a code artifact, on an interpreter with nothing else.

As for functions (see ``devtools.localcloud.execution``), ``-S`` keeps every site-packages out, the
environment is made from nothing, and the process ends with the server, however that goes.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devtools.localcloud.execution import Output, Warden
from devtools.localcloud.extension.agentcore.exchange import Broken, Exchange, Unreachable
from devtools.localcloud.running import start_time

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
#: AWS's limit for an initialisation (its own error message names it).
INIT_LIMIT_S: Final = 60.0
#: The ports of the service contract; bedrock-agentcore has the same numbers.
PORTS: Final = {"HTTP": 8080, "AGUI": 8080, "A2A": 9000}
_PING_EVERY_S: Final = 0.05
_PING_LIMIT_S: Final = 5.0
_HEALTHY: Final = 200


class InitFailed(Exception):
    """The process did not get ready; the message is what AWS tells the caller."""


@dataclass(frozen=True)
class Program:
    """What is run.

    Attributes:
        interpreter: The Python of the artifact's runtime.
        code: The unpacked artifact.
        entry: The entry file, relative to it.
        port: That the protocol has on AWS.
        environment: The whole environment, but for the folders for scratch.
    """

    interpreter: str
    code: Path
    entry: str
    port: int
    environment: Mapping[str, str]


class AgentProcess:
    """A running agent. ``start`` makes one that is ready."""

    def __init__(self, program: Program, warden: Warden, log: Callable[[str], None]) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="agent-"))
        self._told, telling = os.pipe()
        command: Sequence[str] = [
            *(program.interpreter, "-S", "-B", "-P", str(LAUNCHER)),
            *(str(program.port), str(telling), program.entry),
        ]
        try:
            self._process = subprocess.Popen(  # noqa: S603  a deployed agent is run here
                command,
                cwd=program.code,
                env={
                    **program.environment,
                    "HOME": str(self._scratch),
                    "TMPDIR": str(self._scratch),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(telling,),
                process_group=warden.group,
            )
        except BaseException:
            os.close(self._told)
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        finally:
            os.close(telling)
        self.address = ("", 0)
        self._ended = threading.Event()
        assert self._process.stdout is not None  # noqa: S101  for the type checker; it is a pipe
        self._output = Output(self._process.stdout, log)
        threading.Thread(target=self._pump, daemon=True).start()
        threading.Thread(target=self._wait_for_end, daemon=True).start()

    @classmethod
    async def start(
        cls,
        program: Program,
        warden: Warden,
        log: Callable[[str], None],
        limit_s: float = INIT_LIMIT_S,
    ) -> "AgentProcess":
        """Start a process and wait until its ``/ping`` answers.

        Raises:
            InitFailed: It did not in time, or it ended.
        """
        process = cls(program, warden, log)
        answered: list[int] = []
        try:
            async with asyncio.timeout(limit_s):
                await process._listening()
                ready = await process._healthy(answered)
        except TimeoutError:
            process.end()
            raise (_unhealthy() if answered else _not_in_time(limit_s)) from None
        except BaseException:
            process.end()
            raise
        if not ready:
            raise _not_in_time(limit_s)
        return process

    async def _healthy(self, answered: list[int]) -> bool:
        """Wait until its ``/ping`` says 200, noting what it says; False when it ends instead."""
        while self.alive():
            status, _ = await self._ping()
            if status == _HEALTHY:
                return True
            if status is not None:
                answered.append(status)
            await asyncio.sleep(_PING_EVERY_S)
        return False

    def alive(self) -> bool:
        """Whether it runs."""
        # Its end may not have been waited for yet.
        return not self._ended.is_set() and start_time(self._process.pid) is not None

    async def busy(self) -> bool:
        """Whether its ``/ping`` says ``HealthyBusy``."""
        status, body = await self._ping()
        with contextlib.suppress(ValueError, AttributeError):
            return status == _HEALTHY and json.loads(body).get("status") == "HealthyBusy"
        return False

    def end(self) -> None:
        """Kill it."""
        self._process.kill()

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Exchange:
        """Send it a request.

        Raises:
            Unreachable: It listens no more, and so it is ended.
            Broken: It hung up before the answer.
        """
        try:
            return await Exchange.begin(self.address, method, target, headers, body)
        except Unreachable:
            self._ended.set()
            self.end()
            raise

    async def _listening(self) -> None:
        """Wait until it has bound its port.

        Raises:
            InitFailed: It ended, or gave its end of the pipe away, before it had.
        """
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._told, readable.set)
        try:
            await readable.wait()
            line = os.read(self._told, 256).partition(b"\n")[0].decode()
        finally:
            loop.remove_reader(self._told)
            os.close(self._told)
        if not line:
            raise _not_in_time(INIT_LIMIT_S)
        host, _, port = line.partition(" ")
        self.address = (host, int(port))

    async def _ping(self) -> tuple[int | None, bytes]:
        """The status and the body of its ``/ping``; None for none."""
        with contextlib.suppress(Broken, TimeoutError):
            async with asyncio.timeout(_PING_LIMIT_S):
                # Before it is ready, it may have bound its port and not listen yet.
                exchange = await Exchange.begin(self.address, "GET", "/ping", {})
                try:
                    return exchange.status, b"".join([chunk async for chunk in exchange.chunks()])
                finally:
                    exchange.close()
        return None, b""

    def _pump(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  for the type checker; it is a pipe
        with self._process.stdout:
            self._output.pump()

    def _wait_for_end(self) -> None:
        self._process.wait()
        self._ended.set()
        self._output.drain()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _not_in_time(limit_s: float) -> InitFailed:
    # AWS says so of a process that ended by itself, too (bedrock-agentcore-sdk-python#519).
    return InitFailed(
        "Runtime initialization time exceeded. Please make sure that initialization completes in "
        f"{limit_s:.0f}s."
    )


def _unhealthy() -> InitFailed:
    return InitFailed(
        "Runtime health check failed or timed out. Please make sure that health check is "
        "implemented according to the requirements of the service contract."
    )
