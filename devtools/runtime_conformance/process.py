"""A runtime's process, with a strict Runtime API around it."""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from devtools.localcloud.execution import RUNTIME
from devtools.localcloud.runtime_api import Answer, Invocation, RuntimeApi
from devtools.localcloud.streamed import StreamEnd, StreamPipe
from devtools.runtime_conformance.wire import Wire

_ROOT: Final = Path(__file__).parents[2]
FUNCTION: Final = Path(__file__).parent / "function"
#: What a check waits at most for what has to come, on a machine that is busy.
PATIENCE_S: Final = 60.0


class Invoked:
    """An event that was given to the runtime, and the answer that comes of it."""

    def __init__(self, api: RuntimeApi, event: dict[str, Any], limit_s: float) -> None:
        self.request_id = str(uuid.uuid4())
        self.pipe = StreamPipe()
        self._outcome: list[Answer | Exception] = []
        self._invocation = Invocation(
            request_id=self.request_id,
            payload=json.dumps(event).encode(),
            deadline_ms=int((time.time() + PATIENCE_S) * 1000),
            function_arn="arn:aws:lambda:us-east-1:000000000000:function:conformance",
        )
        self._thread = threading.Thread(target=self._invoke, args=(api, limit_s), daemon=True)
        self._thread.start()

    def read(self, size: int) -> bytes:
        """Read at least ``size`` bytes of a streamed answer, or what there is when it ends."""
        taken = b""
        while len(taken) < size:
            more, end = self.pipe.read(PATIENCE_S)
            taken += more
            if end is not None:
                break
        return taken

    def read_all(self) -> tuple[bytes, StreamEnd]:
        """The rest of a streamed answer, and how it ended."""
        taken = b""
        while True:
            more, end = self.pipe.read(PATIENCE_S)
            taken += more
            if end is not None:
                return taken, end

    def answer(self) -> Answer:
        """Wait for the answer.

        Raises:
            TimeoutError: There is none within the event's time.
            ProcessEnded: The process ended without one.
        """
        self._thread.join(2 * PATIENCE_S)
        if not self._outcome:
            raise TimeoutError
        if isinstance(self._outcome[0], Exception):
            raise self._outcome[0]
        return self._outcome[0]

    def _invoke(self, api: RuntimeApi, limit_s: float) -> None:
        try:
            self._outcome.append(api.invoke(self._invocation, limit_s, self.pipe))
        except Exception as error:
            self._outcome.append(error)


class RuntimeProcess:
    """A runtime that runs the checks' function; serves one event at a time."""

    def __init__(self, api: RuntimeApi, wire: Wire, process: "subprocess.Popen[bytes]") -> None:
        self.wire = wire
        self._api = api
        self._process = process

    def ask(self, *, limit_s: float = PATIENCE_S, **event: Any) -> Invoked:
        """Give the runtime an event as soon as it asks for one."""
        self.wait_until_idle()
        return Invoked(self._api, event, limit_s)

    def wait_until_idle(self) -> None:
        """Wait until the runtime asks for an event.

        Raises:
            RuntimeError: Its initialisation failed.
        """
        failure = self._api.wait_until_ready(PATIENCE_S)
        if failure is not None:
            raise RuntimeError(failure.payload.decode())

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None


@contextmanager
def runtime_process(
    runtime: Sequence[Path], *, function: Path = FUNCTION, **variables: str
) -> Iterator[RuntimeProcess]:
    """Start ``python -m awslambdaric`` on a Runtime API of its own; end it afterwards.

    Args:
        runtime: The folders that awslambdaric and what it needs are installed in.
        function: The folder of ``app.py``.
        variables: More of its environment.
    """
    api = RuntimeApi()
    wire = Wire(api.address)
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(map(str, [function, *runtime])),
            "CONFORMANCE_PATH": json.dumps(
                [str(_ROOT / "lambda_src"), sysconfig.get_path("purelib")]
            ),
            "_HANDLER": "app.handler",
            "AWS_LAMBDA_RUNTIME_API": wire.address,
            "AWS_LAMBDA_FUNCTION_NAME": "conformance",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "LAMBDA_TASK_ROOT": str(function),
            "TMPDIR": scratch,
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, "-S", "-B", "-m", "awslambdaric", "app.handler"],
            cwd=function,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=lambda: (process.wait(), api.mark_ended()), daemon=True).start()
        try:
            yield RuntimeProcess(api, wire, process)
        finally:
            process.kill()
            process.wait()
            api.close()
            wire.close()
