"""Signatures that open sockets, checked by a door that was written from the specification."""

import asyncio
import json
import ssl
from functools import partial
from pathlib import Path

import pytest
from botocore.session import Session, get_session
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from devtools.localcloud.tls import TlsFiles
from tests.integration.agentcore_socket.servers import (
    KEY,
    REGION,
    SECRET,
    SESSION_ID,
    TOKEN,
    WORDS,
    Door,
    all_of,
    at,
    call_of,
    running,
    running_raw,
    speak,
    transport_to,
)
from tests.sigv4 import RefusedSignature, verify_presigned
from tradewind.agentcore.answers import Text, Value
from tradewind.agentcore.calls import TraceHeaders
from tradewind.agentcore.socket_address import SocketAddresses
from tradewind.contracts.errors import (
    ConfigurationError,
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeRefused,
    RuntimeUnavailable,
)


@pytest.mark.parametrize("presigned", [False, True])
def test_an_answer_comes_over_a_signed_socket(
    environment: pytest.MonkeyPatch, session: Session, *, presigned: bool
) -> None:
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door):
            transport = transport_to(session, presigned=presigned)
            *words, last = await all_of(transport)
            assert last == Value({"done": True})
            assert words == [Text(word) for word in WORDS]

    asyncio.run(ask())
    assert door.refused == []
    [target] = door.targets
    assert ("X-Amz-Signature" in target) is presigned
    assert ("authorization" in door.headers[0]) is not presigned
    assert "?qualifier=DEFAULT" in target


@pytest.mark.parametrize("presigned", [False, True])
def test_a_call_tells_whose_and_in_which_trace_it_is_under_the_signature(
    environment: pytest.MonkeyPatch, session: Session, *, presigned: bool
) -> None:
    door = Door()
    told = {
        "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": SESSION_ID,
        "X-Amzn-Bedrock-AgentCore-Runtime-User-Id": "somebody +&=%~",
        "X-Amzn-Trace-Id": "Root=1-2;Sampled=1",
        "traceparent": "00-1-2-01",
        "tracestate": "a=b",
        "baggage": "c=d e",
    }
    _, user, *trace = told.values()

    async def ask() -> None:
        async with at(environment, speak, door):
            await all_of(
                transport_to(session, presigned=presigned),
                user_id=user,
                trace=TraceHeaders(*trace),
                qualifier="live",
            )

    asyncio.run(ask())
    assert door.refused == []
    [target], [headers] = door.targets, door.headers
    assert "?qualifier=live" in target
    if presigned:
        assert not {name.lower() for name in told} & set(headers)
        assert all(f"{name}=" in target for name in told)
    else:
        assert {name: headers[name.lower()] for name in told} == told
        signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        # What proxies rewrite is not signed, here as in every call of botocore.
        assert {name.lower() for name in list(told)[:2]} < set(signed.split(";"))


def test_a_header_that_is_not_what_was_signed_is_seen(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door):
            address = SocketAddresses(session).signed(call_of())
            for change in (
                {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "another-" + "1" * 30},
                {"X-Amz-Date": "20200101T000000Z"},
            ):
                with pytest.raises(InvalidStatus):
                    await connect(address.url, additional_headers={**address.headers, **change})
            with pytest.raises(InvalidStatus):
                await connect(
                    address.url.replace("DEFAULT", "live"), additional_headers=address.headers
                )

    asyncio.run(ask())
    assert len(door.refused) == 3


def test_a_presigned_url_opens_a_socket_for_whoever_has_it_and_not_for_ever(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door):
            address = SocketAddresses(session).presigned(call_of(), 30)
            assert address.headers == {}
            async with connect(address.url) as connection:
                await connection.send("anything")
                assert json.loads(await connection.recv()) == WORDS[0]
            for change in ("X-Amz-Expires=30", "Session-Id=session"):
                assert change in address.url
                with pytest.raises(InvalidStatus):
                    await connect(address.url.replace(change, f"{change}0"))

    asyncio.run(ask())
    assert len(door.refused) == 2


@pytest.mark.parametrize("seconds", [0, -1, 301])
def test_no_url_is_signed_for_longer_than_agentcore_takes(session: Session, seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 300"):
        SocketAddresses(session).presigned(call_of(), seconds)


def test_the_check_of_urls_refuses_what_is_valid_for_too_long(session: Session) -> None:
    url = SocketAddresses(session).presigned(call_of(), 300).url
    target = url.partition("amazonaws.com")[2]
    host = {"host": f"bedrock-agentcore.{REGION}.amazonaws.com"}
    verified = partial(
        verify_presigned,
        "GET",
        target,
        host,
        keys={KEY: (SECRET, TOKEN)},
        region=REGION,
        service="bedrock-agentcore",
    )
    assert verified(max_expires_s=300) == KEY
    with pytest.raises(RefusedSignature):
        verified(max_expires_s=299)


def test_without_credentials_nothing_is_sent(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        environment.delenv(name)
    environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door):
            with pytest.raises(RuntimeRefused, match="credentials"):
                await all_of(transport_to(get_session()))

    asyncio.run(ask())
    assert door.targets == []


def test_tls_is_trusted_as_botocore_trusts_it(
    environment: pytest.MonkeyPatch, tls_files: TlsFiles, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_files.certificate, tls_files.key)
    door = Door()

    async def ask() -> None:
        async with at(environment, speak, door, tls=context):
            with pytest.raises(RuntimeUnavailable, match="SSLCertVerificationError"):
                await all_of(transport_to(get_session()))
            assert door.targets == []
            environment.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))
            with pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE"):
                await all_of(transport_to(get_session()))
            environment.setenv("AWS_CA_BUNDLE", str(tls_files.ca))
            assert len(await all_of(transport_to(get_session()))) == len(WORDS) + 1

    asyncio.run(ask())
    assert len(door.targets) == 1


def test_nobody_is_followed_to_another_host(
    environment: pytest.MonkeyPatch, session: Session
) -> None:
    elsewhere = Door()

    async def ask() -> None:
        async with running(speak, elsewhere) as other:
            location = other.replace("http", "ws").encode()

            async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(
                    b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n"
                    b"Content-Length: 0\r\n\r\n"
                )

            async with running_raw(redirect, shakes_hands=False) as server:
                environment.setenv("AWS_ENDPOINT_URL", server.url)
                with pytest.raises(RuntimeAnswerUnreadable):
                    await all_of(transport_to(session))
            assert server.connections == 1

    asyncio.run(ask())
    assert elsewhere.targets == []


def test_a_header_that_would_begin_another_one_is_refused(session: Session) -> None:
    for presigned in (False, True):
        addresses = SocketAddresses(session)
        sign = addresses.presigned if presigned else addresses.signed
        with pytest.raises(InvalidRuntimeRequest, match="user_id"):
            sign(call_of(user_id="me\r\nX-Amzn-Trace-Id: Root=1"))
