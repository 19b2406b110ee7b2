"""One cold start: awslambdaric on a bundle, from the program's start to its first answer."""

import json
import os
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bench.coldstart.counting import Instructions
from devtools.localcloud.execution import PYTHON, Function, Output, process_environment
from devtools.localcloud.runtime_api import Answer, Invocation, ProcessEnded, RuntimeApi

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
#: Longer than any start takes on a machine that is busy with others.
_LIMIT_S: Final = 60.0
_TIMEOUT_S: Final = 120

#: Waits for a line before it becomes the program: until then, a counter can be set on it.
_LAUNCHER: Final = ("/bin/sh", "-c", 'read _ && exec "$@"', "sh")
#: What runs on Lambda; its folder is read-only there.
_RUNTIME_PROGRAM: Final = ("-B", "-m", "awslambdaric")


class NoAnswer(Exception):
    """A function did not start or did not answer as it should; the message has what it printed."""


@dataclass(frozen=True)
class Startable:
    """A function that can be started.

    Attributes:
        name: What it is called in tables.
        code: Its extracted bundle.
        handler: Its entry point, as Lambda spells it.
        variables: Its environment.
        event: What it is asked first.
        is_right: Whether an answer to it is.
        zip_bytes: Its zip's size.
        memory_mb: What the function has; the process is told, and not held to it.
    """

    name: str
    code: Path
    handler: str
    variables: Mapping[str, str]
    event: Any
    is_right: Callable[[Answer], bool]
    zip_bytes: int
    memory_mb: int = 1024

    @property
    def code_bytes(self) -> int:
        """What is in its bundle, in bytes."""
        return sum(file.stat().st_size for file in self.code.rglob("*") if file.is_file())


@dataclass(frozen=True)
class ColdStart:
    """What one took.

    Attributes:
        init_ms: From the program's start until it asks for its first event.
        answer_ms: From the event to its answer.
        cpu_ms: Of the processor, in user and kernel, by all of its threads, to the answer.
        instructions: User instructions to the answer; None where the machine counts none.
        memory_mb: The largest resident set.
    """

    init_ms: float
    answer_ms: float
    cpu_ms: float
    instructions: int | None
    memory_mb: float

    @property
    def sum_ms(self) -> float:
        """Init and first answer."""
        return self.init_ms + self.answer_ms


def environment_of(
    function: Startable, endpoints: Mapping[str, str], address: str, runtime: Path, scratch: Path
) -> dict[str, str]:
    """The whole environment of its process, as Lambda gives it.

    Args:
        function: What is started.
        endpoints: Where its clients go, whom they trust, and their keys.
        address: Its Runtime API.
        runtime: awslambdaric.
        scratch: Its /tmp.
    """
    return process_environment(as_lambda_knows(function, endpoints), address, runtime, scratch)


def as_lambda_knows(function: Startable, endpoints: Mapping[str, str]) -> Function:
    """A function as Lambda knows it.

    Args:
        function: What is started.
        endpoints: Where its clients go, whom they trust, and their keys.
    """
    return Function(
        name=function.name.replace(" ", "-"),
        version="$LATEST",
        handler=function.handler,
        memory_mb=function.memory_mb,
        timeout_s=_TIMEOUT_S,
        region=REGION,
        code=function.code,
        log_group="bench",
        log_stream="bench",
        log_format="JSON",
        log_level="INFO",
        snapshot=False,
        variables=function.variables,
        credentials={},
        endpoints=endpoints,
    )


class Process:
    """A function's process; see ``launched``.

    Attributes:
        init_ms: From the program's start until it asked for its first event.
        counter: Counts its instructions.
        pid: Its number.
        cpu_ms: Of the processor, by all of its threads; there once it has ended.
        memory_mb: Its largest resident set, likewise.
    """

    def __init__(
        self, function: Startable, api: RuntimeApi, process: "subprocess.Popen[bytes]"
    ) -> None:
        assert process.stdout is not None  # noqa: S101  for the type checker; it is a pipe
        self._function, self._api, self._process = function, api, process
        self._printed: list[str] = []
        self._output = Output(process.stdout, self._printed.append)
        self._reading = threading.Thread(target=self._output.pump, daemon=True)
        self._reading.start()
        self.pid = process.pid
        self.counter = Instructions(process.pid)
        self.init_ms = self.cpu_ms = self.memory_mb = 0.0

    def start(self, *, for_snapshot: bool = False) -> None:
        """Let it run until it asks for its first event, or has done all before its snapshot.

        Raises:
            NoAnswer: It does not come so far.
        """
        assert self._process.stdin is not None  # noqa: S101  for the type checker; it is a pipe
        begun = time.perf_counter()
        self._process.stdin.write(b"\n")
        self._process.stdin.close()
        self._wait(lambda: self._api.wait_until_ready(_LIMIT_S, for_snapshot=for_snapshot))
        self.init_ms = (time.perf_counter() - begun) * 1000

    def ask(self) -> None:
        """Send the function's first event, and see that the answer is right.

        Raises:
            NoAnswer: It is not, or there is none.
        """
        try:
            answer = self._api.invoke(invocation_of(self._function), _LIMIT_S)
        except (TimeoutError, ProcessEnded) as error:
            raise self._no_answer(repr(error)) from error
        if not self._function.is_right(answer):
            raise self._no_answer(answer.payload.decode(errors="replace"))

    def wait_until_idle(self) -> None:
        """Wait until it asks for its next event.

        Raises:
            NoAnswer: It never does.
        """
        self._wait(lambda: self._api.wait_until_ready(_LIMIT_S))

    def restore(self) -> float:
        """Let it go on as what is restored, until it asks for its first event.

        Returns:
            How long that took, in milliseconds: its hooks. What Lambda takes to read a snapshot is
            Lambda's own.

        Raises:
            NoAnswer: It never asks.
        """
        begun = time.perf_counter()
        self._wait(lambda: self._api.restore(_LIMIT_S))
        return (time.perf_counter() - begun) * 1000

    def _wait(self, until: Callable[[], Answer | None]) -> None:
        try:
            failure = until()
        except (TimeoutError, ProcessEnded) as error:
            raise self._no_answer(repr(error)) from error
        if failure is not None:
            raise self._no_answer(failure.payload.decode(errors="replace"))

    def end(self) -> None:
        """Kill it, and see what it has used."""
        # Not what is told of it when it has ended: that begins with what this process has.
        self.memory_mb = _memory_mb(self._process.pid)
        self._process.kill()
        _, _, used = os.wait4(self._process.pid, 0)
        self._process.returncode = 0  # it has been waited for
        self.cpu_ms = (used.ru_utime + used.ru_stime) * 1000
        self.counter.close()
        self._reading.join()

    def _no_answer(self, told: str) -> NoAnswer:
        self._output.drain()
        return NoAnswer("\n".join([f"{self._function.name}: {told}", *self._printed]))


@contextmanager
def launched(
    function: Startable,
    endpoints: Mapping[str, str],
    runtime: Path,
    program: Sequence[str] = _RUNTIME_PROGRAM,
    path: Sequence[Path] = (),
    *,
    snapshot: bool = False,
) -> Iterator[Process]:
    """Run a function's process; on entry it is ready for its first event, on exit it has ended.

    Args:
        function: What is started.
        endpoints: Where its clients go, whom they trust, and their keys.
        runtime: The folder of Lambda's runtime client.
        program: What Python is told to run, the handler's name coming last.
        path: Folders that it finds modules in besides.
        snapshot: Whether it is ready for its snapshot on entry, and has to be restored first.

    Raises:
        NoAnswer: It did not start.
    """
    api = RuntimeApi()
    with tempfile.TemporaryDirectory(prefix="cold-") as scratch:
        known = replace(as_lambda_knows(function, endpoints), snapshot=snapshot)
        environment = process_environment(known, api.address, runtime, Path(scratch))
        environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], *map(str, path)])
        with subprocess.Popen(
            [*_LAUNCHER, PYTHON, "-S", *program, function.handler],
            cwd=function.code,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as started:
            process = Process(function, api, started)
            try:
                process.start(for_snapshot=snapshot)
                yield process
            finally:
                process.end()
                api.close()


def start_cold(function: Startable, endpoints: Mapping[str, str], runtime: Path) -> ColdStart:
    """Start a function, ask it once, and end it.

    Raises:
        NoAnswer: It gave none, or a wrong one.
    """
    with launched(function, endpoints, runtime) as process:
        ready = time.perf_counter()
        process.ask()
        answer_ms = (time.perf_counter() - ready) * 1000
        instructions = process.counter.read()
    return ColdStart(
        init_ms=process.init_ms,
        answer_ms=answer_ms,
        cpu_ms=process.cpu_ms,
        instructions=instructions,
        memory_mb=process.memory_mb,
    )


def start_restored(
    function: Startable, endpoints: Mapping[str, str], runtime: Path
) -> tuple[float, float]:
    """Have a function stop for its snapshot, restore it, and ask it once.

    Returns:
        The milliseconds that its hooks took, and its first answer.

    Raises:
        NoAnswer: It gave none, or a wrong one.
    """
    with launched(function, endpoints, runtime, snapshot=True) as process:
        hooks_ms = process.restore()
        ready = time.perf_counter()
        process.ask()
        return hooks_ms, (time.perf_counter() - ready) * 1000


def invocation_of(function: Startable) -> Invocation:
    """The function's first event."""
    return Invocation(
        request_id=str(uuid.uuid4()),
        payload=json.dumps(function.event).encode(),
        deadline_ms=int((time.time() + _TIMEOUT_S) * 1000),
        function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bench",
    )


def _memory_mb(pid: int) -> float:
    """The largest resident set of a process so far; 0 of one that has ended by itself."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
