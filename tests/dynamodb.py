"""A DynamoDB on loopback: the embedded AWS's own, behind a server that fails on demand.

Conditions are evaluated by its expressions' real reader, over the real client's real requests.
"""

import json
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tradewind.contracts.names import (
    BUDGET_KEY,
    LOG_ENTRY,
    LOG_KEY,
    OPEN_INDEX,
    OPEN_INDEX_ATTRIBUTES,
    RECORD_DEADLINE,
    RECORD_KEY,
    RECORD_OPEN,
    SESSION_KEY,
    SESSION_TURN,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PROJECT = Path(__file__).parents[1]
_TYPE = "com.amazonaws.dynamodb.v20120810#"


class TableFault(StrEnum):
    """What may go wrong with one call."""

    #: Done, and the connection is closed without a reply.
    REPLY_LOST = "reply lost"
    #: Done, and answered with an error.
    ERROR_AFTER = "500 after the work"
    #: Not done.
    CUT_BEFORE = "connection closed before the work"
    ERROR_BEFORE = "500 before the work"
    THROTTLED = "throttled"
    DENIED = "denied"
    #: Not done, and never answered.
    SILENT = "silent"
    #: Done, and never answered.
    SILENT_AFTER = "silent after the work"


_DONE = {TableFault.REPLY_LOST, TableFault.ERROR_AFTER, TableFault.SILENT_AFTER}
_ERRORS = {
    TableFault.ERROR_AFTER: (500, "InternalServerError"),
    TableFault.ERROR_BEFORE: (500, "InternalServerError"),
    TableFault.THROTTLED: (400, "ProvisionedThroughputExceededException"),
    TableFault.DENIED: (400, "AccessDeniedException"),
}


@dataclass
class LoopbackDynamoDB:
    """The server; see ``running_dynamodb``.

    Attributes:
        url: Where a client finds it.
        calls: The operations it was asked for.
        returns_items: Whether a failed condition tells what it met; older endpoints do not.
    """

    url: str
    calls: list[str] = field(default_factory=list)
    returns_items: bool = True
    _faults: list[list[Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def inject(self, fault: TableFault, operation: str, count: int = 1) -> None:
        """Let the next ``count`` calls of an operation fail."""
        with self._lock:
            self._faults.append([fault, operation, count])

    def heal(self) -> None:
        """Forget faults and calls."""
        with self._lock:
            self._faults.clear()
            self.calls.clear()

    def client(self, **config: Any) -> "DynamoDBClient":
        """A client of it."""
        client: DynamoDBClient = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="secret",
            config=Config(**config) if config else None,
        )
        return client

    def create_table(self, name: str) -> str:
        """Create a table of records."""
        create_records_table(self.client(), name)
        return name

    def create_sessions_table(self, name: str) -> str:
        """Create a table of conversations."""
        return self._create(name, SESSION_KEY, SESSION_TURN)

    def create_log_table(self, name: str) -> str:
        """Create a table of requests and answers."""
        return self._create(name, LOG_KEY, LOG_ENTRY)

    def create_budgets_table(self, name: str) -> str:
        """Create a table of budgets."""
        return self._create(name, BUDGET_KEY)

    def _create(self, name: str, partition: str, *sort: str) -> str:
        self.client().create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": "RANGE" if key in sort else "HASH"}
                for key in (partition, *sort)
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in (partition, *sort)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def next_fault(self, operation: str) -> TableFault | None:
        """Note a call, and say how it fails."""
        with self._lock:
            self.calls.append(operation)
            for entry in self._faults:
                if entry[1] == operation and entry[2]:
                    entry[2] -= 1
                    return TableFault(entry[0])
        return None


def create_records_table(client: "DynamoDBClient", name: str) -> None:
    """Create a table of records, with the index over the open ones."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": RECORD_KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": RECORD_KEY, "AttributeType": "S"},
            {"AttributeName": RECORD_OPEN, "AttributeType": "S"},
            {"AttributeName": RECORD_DEADLINE, "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": OPEN_INDEX,
                "KeySchema": [
                    {"AttributeName": RECORD_OPEN, "KeyType": "HASH"},
                    {"AttributeName": RECORD_DEADLINE, "KeyType": "RANGE"},
                ],
                "Projection": {
                    "ProjectionType": "INCLUDE",
                    "NonKeyAttributes": list(OPEN_INDEX_ATTRIBUTES),
                },
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold a reply's body back for 40 ms
    wbufsize = -1
    database: LoopbackDynamoDB
    process: "_Process"

    def do_POST(self) -> None:
        target = self.headers["X-Amz-Target"]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fault = self.database.next_fault(target.rpartition(".")[2])
        answer = None
        if fault is None or fault in _DONE:
            answer = self.process.ask(target, body)
        if fault in {TableFault.REPLY_LOST, TableFault.CUT_BEFORE}:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault in {TableFault.SILENT, TableFault.SILENT_AFTER}:
            self.close_connection = True
            self.database._stopped.wait()
            return
        if fault is not None:
            status, code = _ERRORS[fault]
            answer = {"status": status, "body": json.dumps({"__type": _TYPE + code})}
        assert answer is not None
        if not self.database.returns_items:
            document = json.loads(answer["body"])
            if "__type" in document:
                document.pop("Item", None)
            answer["body"] = json.dumps(document)
        payload = answer["body"].encode()
        self.send_response(answer["status"])
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("x-amz-crc32", str(zlib.crc32(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class _Process:
    sent: IO[str]
    received: IO[str]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, target: str, body: str) -> dict[str, Any]:
        with self.lock:
            self.sent.write(json.dumps({"target": target, "body": body}) + "\n")
            self.sent.flush()
            answer: dict[str, Any] = json.loads(self.received.readline())
        return answer


@contextmanager
def running_dynamodb() -> Iterator[LoopbackDynamoDB]:
    """Run one, empty."""
    with subprocess.Popen(
        [
            _PROJECT / ".venv-localcloud" / "bin" / "python",
            "-E",
            Path(__file__).with_name("dynamodb_process.py"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        process = _Process(child.stdin, child.stdout)
        handler = type("Handler", (_Handler,), {"process": process})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            database = LoopbackDynamoDB(f"http://127.0.0.1:{server.server_address[1]}")
            handler.database = database  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield database
            finally:
                database._stopped.set()
                server.shutdown()
                thread.join()
        child.stdin.close()


def past(seconds: float) -> int:
    """A moment that long ago, in epoch seconds."""
    return int(time.time() - seconds)
