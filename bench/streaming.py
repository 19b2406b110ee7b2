"""What streaming through Lambda's Python runtime costs: the first byte, and many streams at once.

The first byte is compared with that of a raw chunked socket in the same run, one after the other:
a process that answers the same request with the same chunk, without a runtime, and its client.
"""

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from devtools.runtime_conformance.process import RuntimeProcess, runtime_process

ASKED = 400
WARM_UP = 20
STREAMS = 100
#: At most so much more than the raw socket, in milliseconds.
MEDIAN_LIMIT_MS = 3.0
P99_LIMIT_MS = 10.0
_CHUNK = "data: first\n\n"

_RAW = f"""
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
chunk = {_CHUNK!r}.encode()
while True:
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"\\r\\n\\r\\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
        connection.sendall(b"%x\\r\\n%b\\r\\n" % (len(chunk), chunk))
        connection.sendall(b"0\\r\\n\\r\\n")
"""


def _raw_first_byte_ms(port: int) -> float:
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"POST / HTTP/1.1\r\nHost: raw\r\n\r\n")
        read = b""
        while _CHUNK.encode() not in read:
            read += connection.recv(65536)
        first_ms = (time.perf_counter() - started) * 1000
        while connection.recv(65536):
            pass
    return first_ms


def _runtime_first_byte_ms(runtime: RuntimeProcess) -> float:
    runtime.wait_until_idle()
    started = time.perf_counter()
    asked = runtime.ask(stream=[{"send": _CHUNK}])
    asked.read(1)
    first_ms = (time.perf_counter() - started) * 1000
    asked.read_all()
    return first_ms


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99) - 1]


def _first_bytes() -> tuple[list[float], list[float]]:
    """First bytes of the raw socket and of the runtime, in turns."""
    raw, streamed = [], []
    with (
        subprocess.Popen([sys.executable, "-c", _RAW], stdout=subprocess.PIPE) as server,
        runtime_process([LAMBDA_RUNTIME]) as runtime,
    ):
        assert server.stdout is not None  # noqa: S101  for the type checker; it is a pipe
        port = int(server.stdout.readline())
        for number in range(WARM_UP + ASKED):
            pair = _raw_first_byte_ms(port), _runtime_first_byte_ms(runtime)
            if number >= WARM_UP:
                raw.append(pair[0])
                streamed.append(pair[1])
        server.kill()
    return raw, streamed


def _at_once(count: int) -> float:
    """Hold ``count`` streams open at once, each begun; end them; return the seconds for that.

    Raises:
        RuntimeError: One of them did not come whole.
    """
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        gate = Path(folder) / "gate"
        runtimes = [stack.enter_context(runtime_process([LAMBDA_RUNTIME])) for _ in range(count)]
        for runtime in runtimes:
            runtime.wait_until_idle()
        started = time.perf_counter()
        steps = [{"send": "first"}, {"await": str(gate)}, {"send": "last"}]
        streams = [runtime.ask(stream=steps) for runtime in runtimes]
        if any(stream.read(5) != b"first" for stream in streams):
            raise RuntimeError("A stream did not begin.")
        gate.touch()
        if any(stream.read_all()[0] != b"last" for stream in streams):
            raise RuntimeError("A stream did not come whole.")
        return time.perf_counter() - started


def main() -> int:
    """Print both; 1 when the first byte is later than it may be."""
    raw, streamed = _first_bytes()
    table = Table(title=f"First byte of {ASKED} streams", title_justify="left")
    for column in ("through", "median ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "through" else "right")
    measure: tuple[Callable[[list[float]], float], ...] = (statistics.median, _p99)
    for name, times in (("a raw chunked socket", raw), ("the runtime", streamed)):
        table.add_row(name, *(f"{one(times):.2f}" for one in measure))
    more = [one(streamed) - one(raw) for one in measure]
    table.add_row("more", *(f"{one:.2f}" for one in more))
    table.add_row("at most", f"{MEDIAN_LIMIT_MS:.2f}", f"{P99_LIMIT_MS:.2f}")
    console = Console()
    console.print(describe())
    console.print(table)
    console.print(f"{STREAMS} streams at once, begun and ended: {_at_once(STREAMS):.1f} s")
    return int(more[0] > MEDIAN_LIMIT_MS or more[1] > P99_LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
