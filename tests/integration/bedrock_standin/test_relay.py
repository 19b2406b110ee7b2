"""With an upstream, the stand-in checks and counts, and the upstream answers."""

import dataclasses
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from botocore.session import Session
from urllib3.exceptions import ProtocolError

from devtools.localcloud.bedrock import (
    BedrockStandIn,
    Fault,
    FaultKind,
    Identity,
    RealBedrock,
    StaticAuthorizer,
)
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import Connect, ask, ask_streaming, text_of
from tests.integration.callers import ACCOUNT, REGION, make_identity


@pytest.fixture
def developer() -> Identity:
    return make_identity("developer")


@pytest.fixture
def upstream(tls_files: TlsFiles, developer: Identity) -> Iterator[BedrockStandIn]:
    """Plays the real service: it knows the developer's keys only."""
    with BedrockStandIn(
        authorizer=StaticAuthorizer([developer]), tls=tls_files, region=REGION, account=ACCOUNT
    ) as service:
        yield service


def relay_to(endpoint_url: str, tls: TlsFiles, developer: Identity) -> RealBedrock:
    session = Session()
    session.set_credentials(developer.access_key, developer.secret_key, developer.session_token)
    session.set_config_variable("ca_bundle", str(tls.ca))
    return RealBedrock(session, REGION, endpoint_url)


@pytest.fixture
def relay(
    tls_files: TlsFiles, caller: Identity, developer: Identity, upstream: BedrockStandIn
) -> Iterator[BedrockStandIn]:
    """Lets ``caller`` through to the upstream, as the developer."""
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        upstream=relay_to(upstream.endpoint_url, tls_files, developer),
    ) as running:
        yield running


def test_answers_come_from_upstream_under_the_developers_name(
    connect: Connect,
    relay: BedrockStandIn,
    upstream: BedrockStandIn,
    caller: Identity,
    developer: Identity,
) -> None:
    client = connect(endpoint_url=relay.endpoint_url)
    assert ask(client)["stopReason"] == "end_turn"
    assert "good evening" in text_of(ask_streaming(client, "good evening"))
    assert list(relay.stats().roles) == [caller.role_arn]
    assert list(upstream.stats().roles) == [developer.role_arn]
    assert relay.stats().requests == upstream.stats().requests == 2
    assert relay.stats().connections_opened == upstream.stats().connections_opened == 1


def test_a_model_only_the_service_knows(
    connect: Connect, relay: BedrockStandIn, upstream: BedrockStandIn
) -> None:
    # Refused here, for want of permission, and not as unknown.
    with pytest.raises(ClientError) as refused:
        ask(connect(endpoint_url=relay.endpoint_url), modelId="us.anthropic.claude-9")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert upstream.stats().requests == 0


def test_whoever_is_not_let_in_does_not_reach_upstream(
    connect: Connect, relay: BedrockStandIn, upstream: BedrockStandIn, caller: Identity
) -> None:
    stranger = dataclasses.replace(caller, secret_key="wrong")
    with pytest.raises(ClientError):
        ask(connect(stranger, relay.endpoint_url))
    assert upstream.stats().connections_opened == 0


def test_upstream_errors_pass_through(
    connect: Connect, relay: BedrockStandIn, upstream: BedrockStandIn
) -> None:
    client = connect(endpoint_url=relay.endpoint_url)
    upstream.inject(Fault(FaultKind.THROTTLED, message="not so fast"))
    with pytest.raises(client.exceptions.ThrottlingException, match="not so fast"):
        ask_streaming(client)
    upstream.inject(Fault(FaultKind.STREAM_MODEL_ERROR))
    with pytest.raises(EventStreamError, match="modelStreamErrorException"):
        ask_streaming(client)
    assert relay.stats().statuses == {"429": 1, "200": 1}


def test_frames_pass_on_as_they_arrive(
    connect: Connect, relay: BedrockStandIn, upstream: BedrockStandIn
) -> None:
    # Upstream falls silent for good after two frames: only unbuffered ones can be read.
    upstream.inject(Fault(FaultKind.STALL, after_frames=2))
    answer = connect(endpoint_url=relay.endpoint_url).converse_stream(
        modelId="us.anthropic.claude-sonnet-4-6",
        messages=[{"role": "user", "content": [{"text": "hi"}]}],
    )
    events = iter(answer["stream"])
    assert [next(iter(next(events))) for _ in range(2)] == ["messageStart", "contentBlockDelta"]
    answer["stream"].close()


def test_a_stream_that_breaks_off_upstream_breaks_off_here(
    connect: Connect, relay: BedrockStandIn, upstream: BedrockStandIn
) -> None:
    upstream.inject(Fault(FaultKind.CUT))
    client = connect(endpoint_url=relay.endpoint_url)
    with pytest.raises(ProtocolError):
        ask_streaming(client)
    assert ask(client)["stopReason"] == "end_turn"


def test_faults_of_the_stand_ins_own(connect: Connect, relay: BedrockStandIn) -> None:
    client = connect(endpoint_url=relay.endpoint_url)
    relay.inject(Fault(FaultKind.UNAVAILABLE))
    with pytest.raises(client.exceptions.ServiceUnavailableException):
        ask(client)
    with pytest.raises(ValueError, match="cannot be injected into relayed answers"):
        relay.inject(Fault(FaultKind.NO_MESSAGE_STOP))


def test_a_service_that_cannot_be_reached(
    connect: Connect, tls_files: TlsFiles, caller: Identity, developer: Identity
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed_port = listener.getsockname()[1]
    endpoint_url = f"https://127.0.0.1:{closed_port}"
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        upstream=relay_to(endpoint_url, tls_files, developer),
    ) as standin:
        client = connect(endpoint_url=standin.endpoint_url)
        with pytest.raises(client.exceptions.ServiceUnavailableException, match=endpoint_url):
            ask(client)


def test_the_endpoint_is_botocores_own(
    monkeypatch: pytest.MonkeyPatch, tls_files: TlsFiles
) -> None:
    session = Session()
    session.set_credentials("key", "secret")
    for service in ("BEDROCK", "BEDROCK_RUNTIME"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    real = RealBedrock(session, "eu-west-1")
    assert real.endpoint_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert real.control_url == "https://bedrock.eu-west-1.amazonaws.com"


def test_without_credentials_there_is_no_way_to_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ValueError, match="no AWS credentials"):
        RealBedrock(Session(), REGION)
