"""Connections are counted on the wire."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import SSLError

from devtools.localcloud.bedrock import BedrockStandIn, StaticAuthorizer
from devtools.localcloud.tls import TlsFiles, make_tls_files
from tests.integration.bedrock_standin.calls import Connect, ask, ask_streaming, wait_until
from tests.integration.callers import ACCOUNT, PROFILE, REGION, make_identity


def test_one_client_is_one_connection(standin: BedrockStandIn, client: Any) -> None:
    for _ in range(50):
        ask(client)
        ask_streaming(client)
    stats = standin.stats()
    assert (stats.connections_opened, stats.connections_open) == (1, 1)
    assert stats.requests == 100
    assert stats.statuses == {"200": 100}
    [connection] = stats.connections
    assert connection.requests == 100
    assert connection.models == [PROFILE]


def test_each_client_has_a_connection_of_its_own(standin: BedrockStandIn, connect: Connect) -> None:
    for _ in range(3):
        ask(connect())
    assert standin.stats().connections_opened == 3
    assert [each.requests for each in standin.stats().connections] == [1, 1, 1]


def test_answers_that_are_read_at_the_same_time_need_as_many_connections(
    standin: BedrockStandIn, client: Any
) -> None:
    question = {"role": "user", "content": [{"text": "good morning"}]}
    streams = [
        client.converse_stream(modelId=PROFILE, messages=[question])["stream"] for _ in range(4)
    ]
    for stream in streams:
        assert list(stream)
    assert standin.stats().connections_opened == 4
    for _ in range(4):
        ask(client)
    assert standin.stats().connections_opened == 4


def test_traffic_is_told_apart_by_role(tls_files: TlsFiles, connect: Connect) -> None:
    terrain, layout = make_identity("terrain"), make_identity("layout")
    with BedrockStandIn(
        authorizer=StaticAuthorizer([terrain, layout]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
    ) as standin:
        first = connect(terrain, standin.endpoint_url)
        ask(first)
        ask(first)
        ask(connect(layout, standin.endpoint_url))
        ask(connect(layout, standin.endpoint_url))
        roles = standin.stats().roles
        models = standin.stats().models
    assert {arn: (each.connections, each.requests) for arn, each in roles.items()} == {
        terrain.role_arn: (1, 2),
        layout.role_arn: (2, 2),
    }
    assert (models[PROFILE].connections, models[PROFILE].requests) == (3, 4)


def test_after_a_reset_a_kept_connection_is_used_but_not_opened(
    standin: BedrockStandIn, client: Any
) -> None:
    ask(client)
    standin.reset()
    ask(client)
    stats = standin.stats()
    assert (stats.connections_opened, stats.connections_open, stats.requests) == (0, 1, 1)
    assert [each.connections for each in stats.roles.values()] == [1]
    assert [each.requests for each in stats.connections] == [1]


def test_bytes_are_counted(standin: BedrockStandIn, client: Any) -> None:
    ask(client, "x" * 10_000)
    ask(client)  # the first request's bytes are in once the second is answered
    stats = standin.stats()
    assert stats.bytes_received > 10_000
    assert stats.bytes_sent > 0
    assert stats.connections[0].bytes_received == stats.bytes_received


def test_a_client_that_does_not_trust_the_certificate_counts_as_a_connection(
    standin: BedrockStandIn, tmp_path: Any
) -> None:
    other = make_tls_files(tmp_path)
    distrusting = ssl.create_default_context(cafile=str(other.ca))
    port = int(standin.endpoint_url.rsplit(":", 1)[1])
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        distrusting.wrap_socket(raw, server_hostname="127.0.0.1")
    wait_until(lambda: standin.stats().connections_open == 0)
    assert standin.stats().connections_opened == 1
    assert standin.stats().handshakes_failed == 1


def test_boto3_without_the_authority_is_refused_by_itself(
    standin: BedrockStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    client = boto3.client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=standin.endpoint_url,
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    with pytest.raises(SSLError):
        ask(client)
    client.close()


def test_a_client_that_hangs_up_is_noticed(standin: BedrockStandIn, client: Any) -> None:
    ask(client)
    client.close()
    wait_until(lambda: standin.stats().connections_open == 0)
    assert not standin.stats().connections[0].open


@pytest.fixture
def raw(standin: BedrockStandIn, tls_files: TlsFiles) -> Iterator[ssl.SSLSocket]:
    """A TLS connection to say anything on."""
    trusting = ssl.create_default_context(cafile=str(tls_files.ca))
    port = int(standin.endpoint_url.rsplit(":", 1)[1])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        yield connection


def test_garbage_gets_400_and_the_server_lives_on(raw: ssl.SSLSocket, client: Any) -> None:
    raw.sendall(b"what is this\r\n\r\n")
    assert raw.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert ask(client)["stopReason"] == "end_turn"


def test_a_client_that_waits_to_be_told_to_go_on(raw: ssl.SSLSocket) -> None:
    raw.sendall(
        b"POST /model/x/converse HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    assert raw.recv(1000).startswith(b"HTTP/1.1 100 ")
    raw.sendall(b"{}")
    assert raw.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_a_body_beyond_the_services_limit(raw: ssl.SSLSocket) -> None:
    raw.sendall(b"POST /model/x/converse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    for _ in range(25):
        raw.sendall(chunk)
    raw.sendall(b"1\r\nx\r\n")
    assert raw.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_stop_drops_connections_and_frees_the_ports(tls_files: TlsFiles, connect: Connect) -> None:
    caller = make_identity("agent")

    def stand_in(port: int = 0, admin_port: int = 0) -> BedrockStandIn:
        return BedrockStandIn(
            authorizer=StaticAuthorizer([caller]),
            tls=tls_files,
            region=REGION,
            account=ACCOUNT,
            port=port,
            admin_port=admin_port,
        )

    with stand_in() as first:
        ask(connect(caller, first.endpoint_url))
        ports = [int(url.rsplit(":", 1)[1]) for url in (first.endpoint_url, first.admin_url)]
        with pytest.raises(OSError, match="in use"):
            stand_in(*ports).start()
    with stand_in(*ports) as second:
        assert second.endpoint_url == first.endpoint_url
        ask(connect(caller, second.endpoint_url))
    second.stop()  # once more does nothing
