"""The API's function against a bare boto3 handler: init, and what a warm call takes more.

Both run on the API's own bundle, extracted, on a bare interpreter that finds nothing else. The bare
handler makes the two clients that the API makes and, warm, writes the same record twice.
The table and Lambda are on loopback and answer at once; both processes speak to the same ones.

Init is told in milliseconds and in seconds of processor time, which stands a busy machine better.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.environment import of_api, of_function
from bench.machine import describe
from stacks.bundling.bundler import Bundler
from tradewind.contracts.names import API

ROOT: Final = Path(__file__).resolve().parent.parent
RUNS: Final = 15
#: Processes of each that are kept for warm calls, and the calls of each of them.
ROUNDS: Final = 4
CALLS: Final = 100
#: What the function may take: of a bare handler's init, and of a warm call besides, in ms.
MOST_INIT: Final = 1.3
MOST_ADDED_MS: Final = 15.0

_BARE: Final = """
import boto3
table, functions = boto3.client("dynamodb"), boto3.client("lambda")
item = {"record_id": {"S": "x"}}
def call():
    table.put_item(TableName="records", Item=item)
    told = functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    told["Payload"].read()  # or the connection is not used again
    table.update_item(
        TableName="records",
        Key=item,
        UpdateExpression="SET queued = :queued",
        ExpressionAttributeValues={":queued": {"BOOL": True}},
    )
"""
_API: Final = """
import tradewind.handlers.api as entry
class Context:
    aws_request_id = "bench"
    def get_remaining_time_in_millis(self):
        return 30000
body = '{"query": "Where may turbines stand?", "parameters": {"radius_km": 3}}'
event = {
    "resource": "/{proxy+}", "httpMethod": "POST", "body": body,
    "pathParameters": {"proxy": "agents/terrain/invocations"},
    "headers": {"Content-Type": "application/json", "Prefer": "respond-async"},
    "requestContext": {"identity": {"userArn": "arn:aws:iam::123456789012:user/bench"}},
}
def call():
    answer = entry.handler(event, Context())
    assert answer["statusCode"] == 202, answer
"""
_INIT: Final = """
import time
print("init", time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time())
"""
_WARM: Final = """
import sys, time
call()
times = []
for _ in range(int(sys.argv[1])):
    begun = time.perf_counter()
    call()
    times.append((time.perf_counter() - begun) * 1000)
print("warm", *times)
"""


class _Aws(BaseHTTPRequestHandler):
    """A table of one record that is always pending, and functions that take any event."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    items: dict[str, Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "")
        if target.endswith("PutItem"):
            self.items["last"] = json.loads(body)["Item"]
            self._reply(200, {})
        elif target.endswith("UpdateItem"):
            tells = json.loads(body).get("ReturnValues", "NONE") != "NONE"
            self._reply(200, {"Attributes": self.items["last"]} if tells else {})
        elif target.endswith("GetItem"):
            self._reply(200, {"Item": self.items["last"]})
        else:
            self._reply(202, None)

    def _reply(self, status: int, document: Any) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _aws() -> Iterator[str]:
    handler = type("Handler", (_Aws,), {"items": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def environment_of(bundle: Path, aws: str) -> dict[str, str]:
    """The environment of either handler, with a bundle and the AWS it speaks to."""
    return of_function(bundle, AWS_ENDPOINT_URL=aws, **of_api())


def _run(program: str, environment: dict[str, str], *arguments: str) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines() if line.startswith(("init", "warm"))]


def _init(program: str, environment: dict[str, str]) -> tuple[float, float]:
    """A cold start's milliseconds, and those of the processor in it."""
    begun = time.clock_gettime(time.CLOCK_BOOTTIME)
    ((_, ready, cpu),) = _run(program + _INIT, environment)
    return (float(ready) - begun) * 1000, float(cpu) * 1000


def _warm(program: str, environment: dict[str, str]) -> list[float]:
    ((_, *times),) = _run(program + _WARM, environment, str(CALLS))
    return [float(one) for one in times]


def main() -> int:
    """Print a row for each handler; fails where the API's takes more than it may."""
    archive = Bundler(ROOT).core_bundle(API, "x86_64", 50)
    table = Table(title=f"Median of {RUNS} starts and {ROUNDS * CALLS} calls", title_justify="left")
    table.add_column("handler")
    for column in ("init ms", "of it CPU ms", "warm ms"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as scratch, _aws() as aws:
        with zipfile.ZipFile(archive.path) as zipped:
            zipped.extractall(scratch)
        environment = environment_of(Path(scratch), aws)
        programs = {"bare boto3": _BARE, "API": _API}
        starts: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(RUNS):  # interleaved: what else the machine does befalls both
            for name, program in programs.items():
                starts[name].append(_init(program, environment))
        calls: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, program in programs.items():
                calls[name] += _warm(program, environment)
    warm = {name: statistics.median(times) for name, times in calls.items()}
    init = {name: statistics.median(ms for ms, _ in both) for name, both in starts.items()}
    cpu = {name: statistics.median(ms for _, ms in both) for name, both in starts.items()}
    for name in programs:
        table.add_row(name, f"{init[name]:.0f}", f"{cpu[name]:.0f}", f"{warm[name]:.1f}")
    console = Console()
    console.print(describe())
    console.print(table)
    of_bare = cpu["API"] / cpu["bare boto3"]
    added = warm["API"] - warm["bare boto3"]
    console.print(
        f"init {init['API'] / init['bare boto3']:.2f} times, in CPU {of_bare:.2f} times a bare "
        f"handler's (at most {MOST_INIT}); warm {added:.1f} ms more (at most {MOST_ADDED_MS:.0f})"
    )
    return 0 if of_bare <= MOST_INIT and added <= MOST_ADDED_MS else 1


if __name__ == "__main__":
    sys.exit(main())
