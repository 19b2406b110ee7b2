"""A server to lose, and clients of it."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from devtools.localcloud.tls import TlsFiles
from tests.integration.aws.server import Server, server_context
from tradewind.aws import sockets
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once, Repeated
from tradewind.aws.sockets import SocketTrust

#: A second until the kernel gives a peer up, in place of five.
SHORT_PATIENCE = (
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000),
)
#: What each service is asked in these tests.
CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.get_object(Bucket="artifacts", Key="k")["Body"].read(),
    "dynamodb": lambda client: client.get_item(TableName="records", Key={"record_id": {"S": "r"}}),
    "bedrock-runtime": lambda client: client.converse(
        modelId="m", messages=[{"role": "user", "content": [{"text": "how windy?"}]}]
    ),
}


@pytest.fixture
def server(tls_files: TlsFiles) -> Iterator[Server]:
    running = Server(server_context(tls_files.certificate, tls_files.key))
    yield running
    running.stop()


@dataclass
class Observer:
    """Counts what it is told."""

    opened: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)

    def connection_opened(self, service: str, duration_ms: float) -> None:
        assert duration_ms > 0
        self.opened.append(service)

    def connection_retired(self, service: str) -> None:
        self.retired.append(service)


@dataclass
class WallClock:
    """Epoch seconds that a test moves."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """What makes a process's clients, and what became of them."""

    aws: AwsClients
    create: Callable[..., Any]
    observer: Observer
    clock: WallClock


@pytest.fixture
def process(
    server: Server, tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    """A process whose kernel gives a dead peer up after a second, and whose pauses are short."""
    variables = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_CA_BUNDLE": str(tls_files.ca),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", SHORT_PATIENCE)
    monkeypatch.setattr("tradewind.aws.repeats.BASE_PAUSE_S", 0.001)
    observer, clock = Observer(), WallClock()
    aws = AwsClients(trust=SocketTrust(wall_clock=clock), observer=observer)
    opened = []

    def create(service: str, **settings: Any) -> Any:
        repeats = Once() if service == "bedrock-runtime" else Repeated(may_run_twice=True)
        patient = {"connect_timeout_s": 60.0, "read_timeout_s": 60.0}
        client = aws.create(service, **{"repeats": repeats, **patient, **settings})
        opened.append(client)
        return client

    yield Process(aws, create, observer, clock)
    for client in opened:
        client.close()
