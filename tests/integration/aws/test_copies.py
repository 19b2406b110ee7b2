"""A process that is a copy of another one opens its own connections and asks for its own keys."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.integration.aws.conftest import CALLS, Process
from tests.integration.aws.server import Server
from tests.integration.aws.test_sockets import STORAGE
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated

SECRET = "the token of a container"


def test_connections_of_before_are_not_used_again(process: Process, server: Server) -> None:
    clients = {service: process.create(service) for service in STORAGE}
    for service, client in clients.items():
        CALLS[service](client)
        CALLS[service](client)
    assert server.connections == len(clients)
    process.aws.renew()
    for service, client in clients.items():
        CALLS[service](client)
        CALLS[service](client)
    assert server.connections == 2 * len(clients)
    # They were given up, and not found dead.
    assert process.observer.retired == []


@dataclass
class Keys:
    """Gives keys as Lambda does to what is restored, each time others."""

    lasts: timedelta
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def answer(self, token: str) -> dict[str, str]:
        self.asked.append(token)
        return {
            "AccessKeyId": f"key-{len(self.asked)}",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": (datetime.now(UTC) + self.lasts).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    kept = Keys(timedelta(hours=1))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(kept.answer(self.headers["Authorization"])).encode()
            self.send_response(kept.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/credentials"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield kept
        server.shutdown()


def key_of(aws: AwsClients) -> str:
    credentials = aws.session.get_credentials()
    assert credentials is not None
    return str(credentials.get_frozen_credentials().access_key)


def test_keys_that_have_expired_are_renewed_before_anybody_waits(keys: Keys) -> None:
    keys.lasts = timedelta(minutes=-1)
    aws = AwsClients()
    aws.create("s3", repeats=Repeated(may_run_twice=True), region="us-east-1")
    before = len(keys.asked)
    keys.lasts = timedelta(hours=1)
    aws.renew()
    assert len(keys.asked) == before + 1
    assert key_of(aws) == f"key-{before + 1}"
    assert len(keys.asked) == before + 1
    assert set(keys.asked) == {SECRET}


def test_a_copy_without_new_keys_is_no_failure_yet(
    keys: Keys, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    keys.lasts = timedelta(minutes=-1)
    aws = AwsClients()
    aws.create("s3", repeats=Repeated(may_run_twice=True), region="us-east-1")
    keys.status = 500
    aws.renew()
    told = capsys.readouterr().out
    assert "Credentials were not renewed" in told
    assert SECRET not in told


def test_a_process_without_keys_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    AwsClients().renew()
