"""Which calls are sent again, and that none outlives its request's time."""

import functools
import threading
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.black_holes import swallow_requests
from tests.integration.aws.conftest import CALLS, Process
from tests.integration.aws.server import OBJECT, Reply, Server
from tests.integration.aws.test_sockets import DEPLOYED_OPTIONS, SERVICES, ask_at_length
from tradewind.aws import sockets
from tradewind.aws.deadline import calls_within
from tradewind.aws.repeats import MAX_ATTEMPTS, Repeated
from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    StorageAccessDenied,
    StorageUnavailable,
)
from tradewind.run.s3_artifacts import S3ArtifactStore


def refusal(service: str, status: int, code: str) -> Reply:
    body = (
        f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        if service == "s3"
        else f'{{"__type": "com.amazon#{code}", "message": "no"}}'
    )
    return Reply(status, body.encode())


def work_of(seconds: float) -> Callable[[], float]:
    """The time left of a request that has so much from now on."""
    ends_at = time.monotonic() + seconds
    return lambda: max(0.0, ends_at - time.monotonic())


PASSING = [
    ("dynamodb", 400, "ProvisionedThroughputExceededException"),
    ("dynamodb", 400, "ThrottlingException"),
    ("dynamodb", 500, "InternalServerError"),
    ("s3", 503, "SlowDown"),
    ("s3", 500, "InternalError"),
    ("s3", 503, "ServiceUnavailable"),
]


@pytest.mark.parametrize(("service", "status", "code"), PASSING)
def test_storage_that_refuses_for_a_while_is_asked_until_it_answers(
    process: Process, server: Server, service: str, status: int, code: str
) -> None:
    client = process.create(service)
    server.replies.extend([refusal(service, status, code)] * (MAX_ATTEMPTS - 1))
    assert CALLS[service](client)
    assert len(server.requests) == MAX_ATTEMPTS
    assert server.connections == 1


@pytest.mark.parametrize(("service", "status", "code"), PASSING)
def test_storage_that_refuses_for_good_is_a_failure_after_a_few(
    process: Process, server: Server, service: str, status: int, code: str
) -> None:
    client = process.create(service)
    server.replies.extend([refusal(service, status, code)] * (MAX_ATTEMPTS + 1))
    with pytest.raises(ClientError, match=code):
        CALLS[service](client)
    assert len(server.requests) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("dynamodb", 400, "ConditionalCheckFailedException"),
        ("dynamodb", 400, "AccessDeniedException"),
        ("dynamodb", 400, "ValidationException"),
        ("s3", 404, "NoSuchKey"),
        ("s3", 403, "AccessDenied"),
        ("s3", 412, "PreconditionFailed"),
        ("bedrock-runtime", 429, "ThrottlingException"),
        ("bedrock-runtime", 503, "ServiceUnavailableException"),
    ],
)
def test_what_a_repeat_here_cannot_help_is_sent_once(
    process: Process, server: Server, service: str, status: int, code: str
) -> None:
    client = process.create(service)
    server.replies.extend([refusal(service, status, code)] * 2)
    with pytest.raises(ClientError, match=code):
        CALLS[service](client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_with_no_time_left_a_call_is_refused_before_it_is_sent(
    process: Process, server: Server, service: str
) -> None:
    client = process.create(service)
    with calls_within(lambda: 0.0), pytest.raises(DeadlineExceeded):
        CALLS[service](client)
    assert (server.connections, server.requests) == (0, [])
    CALLS[service](client)
    with calls_within(lambda: 0.0), pytest.raises(DeadlineExceeded):
        CALLS[service](client)
    CALLS[service](client)
    # Nor does it cost the connection that there is.
    assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize("service", SERVICES)
def test_a_repeat_that_time_would_cut_off_is_not_begun(
    process: Process, server: Server, service: str
) -> None:
    client = process.create(service)
    server.replies.extend([refusal(service, 503, "SlowDown")] * 2)
    with calls_within(lambda: 0.15), pytest.raises(ClientError):
        CALLS[service](client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_silent_service_costs_the_time_that_is_left_and_no_more(
    process: Process, server: Server, service: str
) -> None:
    """The client itself would wait for a minute."""
    client = process.create(service)
    CALLS[service](client)
    server.replies.extend([Reply(heard=False, end="stall")] * 20)
    error = DeadlineExceeded if service == "bedrock-runtime" else (DeadlineExceeded, BotoCoreError)
    with calls_within(work_of(1.0)), pytest.raises(error):
        CALLS[service](client)
    if service == "bedrock-runtime":
        assert len(server.requests) == 2
    assert process.observer.retired == []


def test_one_silent_attempt_leaves_time_for_another(process: Process, server: Server) -> None:
    client = process.create("dynamodb")
    CALLS["dynamodb"](client)
    server.replies.append(Reply(heard=False, end="stall"))
    with calls_within(work_of(8.0)):
        CALLS["dynamodb"](client)
    assert len(server.requests) == 3


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_in_drops_is_read_no_longer_than_time_is_left(
    process: Process, server: Server, service: str
) -> None:
    """Each drop comes well within any read timeout."""
    client = process.create(service)
    never = threading.Event()
    server.replies.extend([Reply(drops=never)] * 20)
    with calls_within(work_of(1.0)), pytest.raises((DeadlineExceeded, BotoCoreError)) as raised:
        CALLS[service](client)
    never.set()
    if service == "bedrock-runtime":
        assert raised.type is DeadlineExceeded


def test_a_tools_call_that_may_have_been_obeyed_is_not_repeated(
    process: Process, server: Server
) -> None:
    once = Repeated(may_run_twice=False)
    client = process.create("dynamodb", repeats=once)
    CALLS["dynamodb"](client)
    server.replies.append(Reply(heard=False, end="close"))
    with pytest.raises(BotoCoreError):
        CALLS["dynamodb"](client)
    assert len(server.requests) == 2
    server.replies.append(refusal("dynamodb", 500, "InternalServerError"))
    with pytest.raises(ClientError):
        CALLS["dynamodb"](client)
    assert len(server.requests) == 3


def test_a_tools_call_that_was_refused_or_never_arrived_is_repeated(
    process: Process, server: Server
) -> None:
    client = process.create("bedrock-runtime", repeats=Repeated(may_run_twice=False))
    server.replies.append(refusal("bedrock-runtime", 429, "ThrottlingException"))
    CALLS["bedrock-runtime"](client)
    assert len(server.requests) == 2
    swallow_requests(server.port)
    ask_at_length(client)
    assert (server.connections, len(server.requests)) == (2, 3)


def test_the_limit_for_connecting_is_none_for_sending(
    process: Process, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As urllib3 has it, a large artifact on a slow line fails for having been connected soon."""
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", DEPLOYED_OPTIONS)
    client = process.create(
        "bedrock-runtime", repeats=Repeated(may_run_twice=True), connect_timeout_s=0.3
    )
    CALLS["bedrock-runtime"](client)
    connected = server.connections
    server.replies.append(Reply(slow=functools.partial(time.sleep, 1.0)))
    ask_at_length(client, 30_000_000)
    assert server.connections == connected


@pytest.mark.parametrize("end", ["close", "reset", "stall"])
def test_an_artifact_whose_body_breaks_off_is_read_again(
    process: Process, server: Server, end: str
) -> None:
    store = S3ArtifactStore("artifacts", process.create("s3", read_timeout_s=0.5))
    server.replies.append(Reply(sent=100, end=end))
    assert store.get("k") == OBJECT
    assert len(server.requests) == 2


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_artifact_whose_body_always_breaks_off_is_unavailable(
    process: Process, server: Server, end: str
) -> None:
    store = S3ArtifactStore("artifacts", process.create("s3"))
    server.replies.extend([Reply(sent=100, end=end)] * (MAX_ATTEMPTS + 1))
    with pytest.raises(StorageUnavailable):
        store.get("k")
    assert len(server.requests) == MAX_ATTEMPTS


def test_an_artifact_that_stalls_until_time_is_over_is_a_deadline(
    process: Process, server: Server
) -> None:
    store = S3ArtifactStore("artifacts", process.create("s3"))
    server.replies.extend([Reply(sent=100, end="stall")] * 20)
    with calls_within(work_of(1.0)), pytest.raises((DeadlineExceeded, StorageUnavailable)):
        store.get("k")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(404, "NoSuchKey", ArtifactNotFound), (403, "AccessDenied", StorageAccessDenied)],
)
def test_what_storage_says_of_an_artifact_is_believed(
    process: Process, server: Server, status: int, code: str, error: type[Exception]
) -> None:
    store = S3ArtifactStore("artifacts", process.create("s3"))
    listing = b"<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>"
    server.replies.extend([refusal("s3", status, code), Reply(body=listing)])
    with pytest.raises(error):
        store.get("k")
