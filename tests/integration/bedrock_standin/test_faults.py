"""Every fault reaches the caller as the real one would."""

import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EventStreamError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as Urllib3ReadTimeoutError

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind, Identity
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import Connect, ask, ask_streaming, text_of, wait_until
from tests.integration.bedrock_standin.tap import Tap
from tests.integration.callers import PROFILE, REGION

HTTP_ERRORS = [
    (FaultKind.VALIDATION, 400, "ValidationException"),
    (FaultKind.ACCESS_DENIED, 403, "AccessDeniedException"),
    (FaultKind.NOT_FOUND, 404, "ResourceNotFoundException"),
    (FaultKind.MODEL_TIMEOUT, 408, "ModelTimeoutException"),
    (FaultKind.MODEL_ERROR, 424, "ModelErrorException"),
    (FaultKind.THROTTLED, 429, "ThrottlingException"),
    (FaultKind.MODEL_NOT_READY, 429, "ModelNotReadyException"),
    (FaultKind.INTERNAL, 500, "InternalServerException"),
    (FaultKind.UNAVAILABLE, 503, "ServiceUnavailableException"),
]
STREAM_ERRORS = [
    (FaultKind.STREAM_VALIDATION, "validationException"),
    (FaultKind.STREAM_THROTTLED, "throttlingException"),
    (FaultKind.STREAM_MODEL_ERROR, "modelStreamErrorException"),
    (FaultKind.STREAM_INTERNAL, "internalServerException"),
    (FaultKind.STREAM_UNAVAILABLE, "serviceUnavailableException"),
]


def read_until_it_breaks(client: Any, error: type[Exception]) -> tuple[list[Any], Exception]:
    """Stream, and return the events before the error."""
    answer = client.converse_stream(
        modelId=PROFILE, messages=[{"role": "user", "content": [{"text": "good morning"}]}]
    )
    events: list[Any] = []
    with pytest.raises(error) as broken:
        events.extend(_each_into(events, answer["stream"]))
    answer["stream"].close()
    return events, broken.value


def _each_into(events: list[Any], stream: Any) -> list[Any]:
    for event in stream:
        events.append(event)
    return []


@pytest.mark.parametrize("call", [ask, ask_streaming])
@pytest.mark.parametrize(("kind", "status", "code"), HTTP_ERRORS)
def test_http_error(
    *,
    standin: BedrockStandIn,
    client: Any,
    call: Any,
    kind: FaultKind,
    status: int,
    code: str,
) -> None:
    standin.inject(Fault(kind, message="on demand"))
    with pytest.raises(getattr(client.exceptions, code)) as refused:
        call(client)
    response = refused.value.response
    assert response["Error"] == {"Code": code, "Message": "on demand"}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert standin.stats().faults == {kind: 1}
    assert standin.stats().statuses == {str(status): 1}
    call(client)  # the next one is answered, on the same connection
    assert standin.stats().connections_opened == 1


def test_a_retry_heals_one_throttle(standin: BedrockStandIn, connect: Connect) -> None:
    standin.inject(Fault(FaultKind.THROTTLED))
    client = connect(retries={"total_max_attempts": 2, "mode": "standard"})
    assert ask(client)["ResponseMetadata"]["RetryAttempts"] == 1
    assert standin.stats().statuses == {"429": 1, "200": 1}


@pytest.mark.parametrize(("kind", "code"), STREAM_ERRORS)
def test_error_in_mid_stream(
    standin: BedrockStandIn, client: Any, kind: FaultKind, code: str
) -> None:
    standin.inject(Fault(kind, after_frames=3))
    events, error = read_until_it_breaks(client, EventStreamError)
    assert len(events) == 3
    assert isinstance(error, EventStreamError)
    assert error.response["Error"]["Code"] == code
    assert error.response["Error"]["Message"]
    assert standin.stats().statuses == {"200": 1}


def test_a_stream_without_message_stop_ends_in_silence(
    standin: BedrockStandIn, client: Any
) -> None:
    standin.inject(Fault(FaultKind.NO_MESSAGE_STOP))
    events = ask_streaming(client)
    assert text_of(events)
    assert next(iter(events[-1])) == "contentBlockStop"


def test_a_malformed_frame(standin: BedrockStandIn, client: Any) -> None:
    standin.inject(Fault(FaultKind.MALFORMED_FRAME, after_frames=2))
    events, _ = read_until_it_breaks(client, ChecksumMismatch)
    assert len(events) == 2


@pytest.fixture
def tap(standin: BedrockStandIn) -> Iterator[Tap]:
    with Tap(int(standin.endpoint_url.rsplit(":", 1)[1])) as tap:
        yield tap


@pytest.mark.parametrize(("kind", "end"), [(FaultKind.CUT, "FIN"), (FaultKind.RESET, "RST")])
def test_a_connection_lost_in_mid_frame(
    standin: BedrockStandIn, connect: Connect, tap: Tap, kind: FaultKind, end: str
) -> None:
    client = connect(endpoint_url=f"https://127.0.0.1:{tap.port}")
    standin.inject(Fault(kind, after_frames=2))
    events, _ = read_until_it_breaks(client, ProtocolError)
    assert len(events) == 2
    assert tap.ends == [end]
    assert ask(client)["stopReason"] == "end_turn"
    assert standin.stats().connections_opened == 2


def test_a_cut_falls_within_a_frame(
    standin: BedrockStandIn, tls_files: TlsFiles, caller: Identity
) -> None:
    url = f"{standin.endpoint_url}/model/{PROFILE}/converse-stream"
    request = AWSRequest(
        "POST", url, data=b'{"messages": [{"role": "user", "content": [{"text": "hi"}]}]}'
    )
    credentials = Credentials(caller.access_key, caller.secret_key, caller.session_token)
    SigV4Auth(credentials, "bedrock", REGION).add_auth(request)
    standin.inject(Fault(FaultKind.CUT, after_frames=2))
    connection = HTTPSConnection(
        urlsplit(url).netloc, context=ssl.create_default_context(cafile=str(tls_files.ca))
    )
    connection.request("POST", urlsplit(url).path, request.body, dict(request.headers))
    with pytest.raises(IncompleteRead) as broken:
        connection.getresponse().read()
    connection.close()
    buffer: Any = EventStreamBuffer()
    buffer.add_data(broken.value.partial)
    frames = list(buffer)
    assert len(frames) == 2
    assert len(broken.value.partial) > sum(frame.prelude.total_length for frame in frames)


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.RESET])
def test_botocore_takes_half_an_answer_for_an_empty_one(
    standin: BedrockStandIn, client: Any, kind: FaultKind
) -> None:
    standin.inject(Fault(kind))
    assert "output" not in ask(client)


def test_a_stall(standin: BedrockStandIn, connect: Connect) -> None:
    standin.inject(Fault(FaultKind.STALL, after_frames=2))
    events, _ = read_until_it_breaks(connect(read_timeout=1), Urllib3ReadTimeoutError)
    assert len(events) == 2


def test_a_stall_that_ends(standin: BedrockStandIn, client: Any) -> None:
    standin.inject(Fault(FaultKind.STALL, after_frames=2, seconds=0.2))
    assert ask_streaming(client)[-1]["metadata"]


def test_latency_holds_back_the_whole_answer(standin: BedrockStandIn, connect: Connect) -> None:
    standin.inject(Fault(FaultKind.LATENCY, seconds=30))
    client = connect(read_timeout=1)
    with pytest.raises(ReadTimeoutError):
        client.converse_stream(
            modelId=PROFILE, messages=[{"role": "user", "content": [{"text": "hi"}]}]
        )


def test_latency_shows_in_the_metrics(standin: BedrockStandIn, client: Any) -> None:
    standin.inject(Fault(FaultKind.LATENCY, seconds=0.2))
    assert ask(client)["metrics"]["latencyMs"] >= 100


def test_a_slow_first_byte_comes_after_the_head(standin: BedrockStandIn, connect: Connect) -> None:
    standin.inject(Fault(FaultKind.SLOW_FIRST_BYTE, seconds=30))
    events, _ = read_until_it_breaks(connect(read_timeout=1), Urllib3ReadTimeoutError)
    assert events == []


def test_an_idle_connection_that_was_closed_is_replaced_silently(
    standin: BedrockStandIn, client: Any
) -> None:
    standin.inject(Fault(FaultKind.IDLE_CLOSE))
    ask(client)
    wait_until(lambda: standin.stats().connections_open == 0)
    ask(client)
    assert standin.stats().connections_opened == 2


def test_an_idle_connection_that_is_reset_costs_a_request(
    standin: BedrockStandIn, connect: Connect, tap: Tap
) -> None:
    standin.inject(Fault(FaultKind.IDLE_RESET))
    client = connect(endpoint_url=f"https://127.0.0.1:{tap.port}")
    ask(client)
    with pytest.raises(ConnectionClosedError):
        ask(client)
    assert tap.ends == ["RST"]
    ask(client)
    assert standin.stats().connections_opened == 2


def test_an_idle_connection_that_fell_silent_costs_the_read_timeout(
    standin: BedrockStandIn, connect: Connect
) -> None:
    standin.inject(Fault(FaultKind.IDLE_SILENCE))
    client = connect(read_timeout=1)
    ask(client)
    with pytest.raises(ReadTimeoutError):
        ask(client)
    ask(client)
    assert standin.stats().connections_opened == 2


def test_a_fault_for_one_role_spares_the_others(standin: BedrockStandIn, client: Any) -> None:
    standin.inject(Fault(FaultKind.THROTTLED, role="somebody-else", count=None))
    ask(client)
    standin.inject(Fault(FaultKind.THROTTLED, role="agent"))
    with pytest.raises(ClientError):
        ask(client)


def test_a_defect_of_the_stand_in_is_a_500(
    standin: BedrockStandIn, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtools.localcloud.bedrock.scripted.answer", lambda _: 1 / 0)
    with pytest.raises(client.exceptions.InternalServerException, match="defect"):
        ask(client)
