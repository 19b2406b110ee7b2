"""Sockets that die: each costs the kernel's patience, once, and no caller an answer.

Counted is what the server saw. Packets are really dropped (``tests.black_holes``).
"""

import io
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from devtools.localcloud.tls import TlsFiles
from tests.black_holes import drop_arrivals, swallow_requests, unanswered_syn
from tests.integration.aws import server as server_program
from tests.integration.aws.conftest import CALLS, Process
from tests.integration.aws.server import OBJECT, Reply, Server
from tradewind.aws import sockets
from tradewind.aws.repeats import MAX_ATTEMPTS, ConnectionRetired, Repeated
from tradewind.aws.sockets import IDLE_LIMIT_S
from tradewind.run.s3_artifacts import S3ArtifactStore

DEPLOYED_OPTIONS = sockets.SOCKET_OPTIONS
STORAGE = ["s3", "dynamodb"]
SERVICES = [*STORAGE, "bedrock-runtime"]


def kept_sockets(client: Any) -> list[socket.socket]:
    """The sockets that wait in a client's pool; the last one is used next."""
    pools = client._endpoint.http_session._manager.pools
    [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118  it cannot be iterated
    return [kept.sock for kept in pool.pool.queue if kept is not None and kept.sock is not None]


def wait_for_the_end(client: Any) -> None:
    """Until the kernel knows that the peer has ended the client's connections."""
    for sock in kept_sockets(client):
        assert select.select([sock], [], [], 10)[0]


@contextmanager
def stoppable_server(tls_files: TlsFiles) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server as a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", server_program.__name__, tls_files.certificate, tls_files.key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"https://127.0.0.1:{process.stdout.readline().strip()}", process
        finally:
            process.send_signal(signal.SIGCONT)
            process.stdin.close()


def ask_at_length(client: Any, length: int = 3_000_000) -> Any:
    """Ask more than a silent connection sends at once: a part waits for acknowledgement."""
    question = {"role": "user", "content": [{"text": "x" * length}]}
    return client.converse(modelId="m", messages=[question])


@pytest.mark.parametrize("service", SERVICES)
def test_each_socket_has_its_options_before_it_connects(
    process: Process, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", DEPLOYED_OPTIONS)
    seen: list[dict[str, int]] = []
    connect = socket.socket.connect

    def looking(sock: socket.socket, address: Any) -> None:
        names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT", "TCP_NODELAY")
        options = {
            name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names
        }
        options["SO_KEEPALIVE"] = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        seen.append(options)
        connect(sock, address)

    client = process.create(service)
    monkeypatch.setattr(socket.socket, "connect", looking)
    CALLS[service](client)
    assert seen == [
        {
            "TCP_KEEPIDLE": 2,
            "TCP_KEEPINTVL": 1,
            "TCP_KEEPCNT": 3,
            "TCP_USER_TIMEOUT": 5000,
            "TCP_NODELAY": 1,
            "SO_KEEPALIVE": 1,
        }
    ]


@pytest.mark.parametrize("service", STORAGE)
def test_a_kept_socket_in_a_black_hole_is_replaced_by_one_repeat(
    process: Process, server: Server, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = process.create(service)
    first = CALLS[service](client)
    assert swallow_requests(server.port) == 1
    assert _plain(CALLS[service](client)) == _plain(first)
    # The request never arrived, so that the server has seen two, on a connection each.
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == [service]
    assert process.observer.opened == [service, service]
    assert "A kept connection was dead" in capsys.readouterr().out


def test_a_model_call_that_may_have_arrived_is_not_repeated_here(
    process: Process, server: Server
) -> None:
    client = process.create("bedrock-runtime")
    CALLS["bedrock-runtime"](client)
    swallow_requests(server.port)
    with pytest.raises(ConnectionRetired):
        CALLS["bedrock-runtime"](client)
    assert (server.connections, len(server.requests)) == (1, 1)
    CALLS["bedrock-runtime"](client)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == ["bedrock-runtime"]


def test_a_model_call_that_surely_never_arrived_is_repeated_at_once(
    process: Process, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five seconds: a busy machine may be slow to take so much.
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", DEPLOYED_OPTIONS)
    client = process.create("bedrock-runtime")
    CALLS["bedrock-runtime"](client)
    swallow_requests(server.port)
    ask_at_length(client)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == ["bedrock-runtime"]


def test_lost_answers_prove_nothing_so_that_storage_alone_asks_again(
    process: Process, server: Server
) -> None:
    """The server hears everything; what it says is lost."""
    for service, seen in (("dynamodb", 3), ("bedrock-runtime", 2)):
        client = process.create(service)
        CALLS[service](client)
        already = len(server.requests) - 1
        [kept] = kept_sockets(client)
        drop_arrivals(kept)
        if service == "dynamodb":
            CALLS[service](client)
        else:
            with pytest.raises(ConnectionRetired):
                CALLS[service](client)
        assert len(server.requests) - already == seen


@pytest.mark.parametrize("service", SERVICES)
def test_a_death_on_a_new_socket_is_no_retirement(
    process: Process, server: Server, service: str
) -> None:
    client = process.create(service)
    server.replies.extend([Reply(heard=False, end="reset")] * MAX_ATTEMPTS)
    with pytest.raises(Exception, match=r"Could not connect|Connection was closed") as raised:
        CALLS[service](client)
    assert not isinstance(raised.value, ConnectionRetired)
    assert process.observer.retired == []
    assert len(server.requests) == (1 if service == "bedrock-runtime" else MAX_ATTEMPTS)


@pytest.mark.parametrize("by_reset", [False, True])
@pytest.mark.parametrize("service", SERVICES)
def test_a_connection_that_was_ended_while_idle_costs_nothing(
    process: Process, server: Server, service: str, by_reset: bool
) -> None:
    client = process.create(service)
    CALLS[service](client)
    server.end_idle(by_reset=by_reset)
    wait_for_the_end(client)
    CALLS[service](client)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_kept_connection_that_ends_before_a_word_is_retired(
    process: Process, server: Server, service: str, end: str
) -> None:
    client = process.create(service)
    CALLS[service](client)
    server.replies.append(Reply(heard=False, end=end))
    if service == "bedrock-runtime":
        with pytest.raises(ConnectionRetired):
            CALLS[service](client)
    else:
        CALLS[service](client)
    assert len(server.requests) == (2 if service == "bedrock-runtime" else 3)
    assert process.observer.retired == [service]


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("service", STORAGE)
def test_half_an_answer_is_neither_an_answer_nor_a_retirement(
    process: Process, server: Server, service: str, end: str
) -> None:
    store = S3ArtifactStore("artifacts", process.create("s3"))
    client = process.create("dynamodb")
    ask = CALLS["dynamodb"] if service == "dynamodb" else lambda _: store.get("k")
    whole = ask(client)
    server.replies.append(Reply(sent=5, end=end))
    assert _plain(ask(client)) == _plain(whole)
    assert len(server.requests) == 3
    assert process.observer.retired == []


def test_an_answer_in_place_of_the_leave_to_go_on_is_one(process: Process, server: Server) -> None:
    """S3 refuses a large upload before its body is sent; botocore reads that in its own way."""
    client = process.create("s3")
    CALLS["s3"](client)
    refused = b"<Error><Code>AccessDenied</Code></Error>"
    server.replies.append(Reply(status=403, body=refused, early=True))
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket="artifacts", Key="k", Body=io.BytesIO(b"x" * 3_000_000))
    server.end_idle(by_reset=False)
    wait_for_the_end(client)
    CALLS["s3"](client)
    assert process.observer.retired == []


def test_an_unanswered_syn_ends_with_the_connect_timeout_and_is_repeated(
    process: Process, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_heard = Repeated(may_run_twice=False)  # nobody can have acted on it
    client = process.create("dynamodb", repeats=never_heard, connect_timeout_s=1.0)
    tries = threading.Semaphore(0)
    connect = socket.socket.connect

    def counted(sock: socket.socket, address: Any) -> None:
        tries.release()
        connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", counted)
    with ThreadPoolExecutor(1) as caller:
        with unanswered_syn(server.port):
            asked = caller.submit(CALLS["dynamodb"], client)
            for _ in range(2):  # the second is a repeat: the first has been given up
                assert tries.acquire(timeout=180)
        asked.result()
    assert len(server.requests) == 1
    assert process.observer.retired == []


def test_no_answer_to_any_syn_is_a_typed_error(process: Process, server: Server) -> None:
    client = process.create("bedrock-runtime", connect_timeout_s=0.2)
    with unanswered_syn(server.port), pytest.raises(Exception, match=r"(?i)time") as raised:
        CALLS["bedrock-runtime"](client)
    assert type(raised.value).__name__ == "ConnectTimeoutError"
    assert server.requests == []


def ask_together(client: Any, service: str, server: Server, times: int) -> None:
    """Ask from as many threads; the server answers nobody before all have asked."""
    server.gate = threading.Barrier(times)
    with ThreadPoolExecutor(times) as threads:
        calls = [threads.submit(ask_or_abort, client, service, server.gate) for _ in range(times)]
    failures = [str(call.exception()) for call in calls if call.exception() is not None]
    assert failures == []
    server.gate = None


def ask_or_abort(client: Any, service: str, gate: threading.Barrier) -> None:
    try:
        CALLS[service](client)
    except Exception:
        gate.abort()  # the others would wait for this one
        raise


@pytest.mark.parametrize("service", SERVICES)
def test_a_trickle_does_not_keep_a_bursts_sockets_fresh(
    process: Process, server: Server, service: str
) -> None:
    """The pool hands the last one out first, so that a trickle uses one of thirty."""
    client = process.create(service, max_connections=30)
    ask_together(client, service, server, 30)
    assert server.connections == 30
    for _ in range(int(IDLE_LIMIT_S) * 2 + 1):
        process.clock.now += 0.5
        CALLS[service](client)
    assert server.connections == 30
    # What no call has used for a minute is gone by now, and the client cannot know.
    [*_, last] = kept_sockets(client)
    assert swallow_requests(server.port, spared=last.getsockname()[1]) == 29
    ask_together(client, service, server, 30)
    assert server.connections == 30 + 29
    assert process.observer.retired == []
    assert len(server.requests) == 30 + 121 + 30


def test_a_socket_is_trusted_for_its_idle_limit_and_no_longer(
    process: Process, server: Server
) -> None:
    client = process.create("dynamodb")
    for later, connections in ((0, 1), (IDLE_LIMIT_S, 1), (IDLE_LIMIT_S + 1, 2), (-5.0, 3)):
        process.clock.now += later
        CALLS["dynamodb"](client)
        assert server.connections == connections


def test_disuse_begins_with_the_last_byte_of_an_answer(process: Process, server: Server) -> None:
    client = process.create("s3")
    go_on = threading.Event()
    server.replies.append(Reply(pause=go_on.wait))
    body = client.get_object(Bucket="artifacts", Key="k")["Body"]
    process.clock.now += IDLE_LIMIT_S
    go_on.set()
    assert body.read() == OBJECT
    process.clock.now += IDLE_LIMIT_S
    CALLS["s3"](client)
    assert server.connections == 1


def test_thirty_dead_sockets_are_replaced_and_the_next_burst_waits_for_nothing(
    process: Process, server: Server
) -> None:
    client = process.create("dynamodb", max_connections=30)
    ask_together(client, "dynamodb", server, 30)
    swallow_requests(server.port)
    ask_together(client, "dynamodb", server, 30)
    assert (server.connections, len(server.requests)) == (60, 60)
    # One that asks when another's silence is known already does not wait to find out.
    assert set(process.observer.retired) == {"dynamodb"}
    assert len(process.observer.retired) <= 30
    ask_together(client, "dynamodb", server, 30)
    assert (server.connections, len(server.requests)) == (60, 90)


def test_one_dead_socket_takes_trust_from_all_older_ones_of_every_service(
    process: Process, server: Server
) -> None:
    clients = {service: process.create(service, max_connections=5) for service in SERVICES}
    for service, client in clients.items():
        ask_together(client, service, server, 5)
    swallow_requests(server.port)
    CALLS["s3"](clients["s3"])
    assert process.observer.retired == ["s3"]
    for service, client in clients.items():
        ask_together(client, service, server, 5)
    assert process.observer.retired == ["s3"]  # nobody else had to wait to find out


def test_a_stopped_server_costs_read_timeouts_and_no_trust(
    process: Process, tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its kernel goes on acknowledging, so that its sockets are as good as ever."""
    with stoppable_server(tls_files) as (url, other):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = process.create("dynamodb", connect_timeout_s=1.5, read_timeout_s=1.5)
        CALLS["dynamodb"](client)
        other.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, other.pid, os.WSTOPPED | os.WNOWAIT)  # a signal takes its time
        with monkeypatch.context() as patch:
            patch.setattr("tradewind.aws.repeats.MAX_ATTEMPTS", 2)
            # The kept connection is silent; the repeat's new one gets no handshake.
            with pytest.raises(ConnectTimeoutError):
                CALLS["dynamodb"](client)
        other.send_signal(signal.SIGCONT)
        assert CALLS["dynamodb"](client)
    assert process.observer.retired == []


def test_a_peer_that_acknowledges_nothing_is_dead_though_our_patience_ends_first(
    process: Process, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", DEPLOYED_OPTIONS)
    client = process.create("dynamodb", read_timeout_s=1.5)
    CALLS["dynamodb"](client)
    swallow_requests(server.port)
    CALLS["dynamodb"](client)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == ["dynamodb"]


def test_half_a_request_that_the_server_hangs_up_on_is_sent_again(
    process: Process, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proven by what was not taken, whoever ended the connection."""
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", DEPLOYED_OPTIONS)
    client = process.create("bedrock-runtime")
    CALLS["bedrock-runtime"](client)
    server.replies.append(Reply(early=True, heard=False, end="reset"))
    ask_at_length(client)
    assert (server.connections, len(server.requests)) == (2, 2)
    assert process.observer.retired == ["bedrock-runtime"]


def _plain(answer: Any) -> Any:
    return answer if isinstance(answer, bytes) else answer["Item"]
