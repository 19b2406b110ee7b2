"""SigV4: what botocore signs is let in, and nothing else."""

import dataclasses
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud.bedrock.auth import Principal, authenticate
from devtools.localcloud.bedrock.authorizer import Identity, StaticAuthorizer
from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.wire import Request

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
IDENTITY = Identity("ASIAKEY", "secret", "arn:aws:iam::123456789012:role/r", (), "token")
# A colon in the model id is where escaping once and escaping twice differ.
TARGET = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"


@pytest.fixture(autouse=True)
def _fixed_signing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))


def signed(
    identity: Identity = IDENTITY,
    region: str = "us-east-1",
    service: str = "bedrock",
    declared_hash: str | None = None,
) -> Request:
    request = AWSRequest(
        "POST", f"https://127.0.0.1:8443{TARGET}", {"Content-Type": "application/json"}, b"{}"
    )
    if declared_hash is not None:
        request.headers["X-Amz-Content-SHA256"] = declared_hash
    request.headers["Host"] = "127.0.0.1:8443"
    credentials = Credentials(identity.access_key, identity.secret_key, identity.session_token)
    SigV4Auth(credentials, service, region).add_auth(request)
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return Request("POST", TARGET, [*headers, ("user-agent", "unsigned")], b"{}")


def verify(request: Request, now: datetime = NOW, identity: Identity = IDENTITY) -> Principal:
    return authenticate(
        request, region="us-east-1", authorizer=StaticAuthorizer([identity]), now=now
    )


def with_header(request: Request, name: str, value: str | None) -> Request:
    kept = [(key, old) for key, old in request.headers if key != name]
    return dataclasses.replace(request, headers=kept if value is None else [*kept, (name, value)])


def test_a_signed_request_is_its_signers() -> None:
    assert verify(signed()).arn == "arn:aws:sts::123456789012:assumed-role/r/session"


def test_the_body_may_be_signed_by_its_declared_hash() -> None:
    verify(signed(declared_hash=sha256(b"{}").hexdigest()))


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_of_clock_skew_are_allowed(minutes: int) -> None:
    verify(signed(), now=NOW + timedelta(minutes=minutes))


def altered_signature() -> Request:
    authorization = signed().header("authorization") or ""
    flipped = "0" if authorization[-1] != "0" else "1"
    return with_header(signed(), "authorization", authorization[:-1] + flipped)


def without_signed_host() -> Request:
    authorization = signed().header("authorization") or ""
    return with_header(signed(), "authorization", authorization.replace(";host", ""))


@pytest.mark.parametrize(
    ("make", "settings", "code", "message"),
    [
        (
            lambda: with_header(signed(), "authorization", None),
            {},
            "MissingAuthenticationTokenException",
            "Missing",
        ),
        (
            lambda: with_header(signed(), "authorization", "Bearer abc"),
            {},
            "IncompleteSignatureException",
            "not a complete",
        ),
        (
            lambda: with_header(signed(), "x-amz-date", None),
            {},
            "IncompleteSignatureException",
            "X-Amz-Date",
        ),
        (
            lambda: with_header(signed(), "x-amz-date", "20261119T120000Z"),
            {},
            "InvalidSignatureException",
            "Date in Credential scope does not match",
        ),
        (
            lambda: with_header(signed(), "x-amz-date", "20261120T115959Z"),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (lambda: signed(region="eu-west-1"), {}, "InvalidSignatureException", "valid region"),
        (lambda: signed(service="s3"), {}, "InvalidSignatureException", "correct service"),
        (
            signed,
            {"now": NOW + timedelta(minutes=5, seconds=1)},
            "InvalidSignatureException",
            "Signature expired: 20261120T120000Z is now earlier than 20261120T120001Z",
        ),
        (
            signed,
            {"now": NOW - timedelta(minutes=5, seconds=1)},
            "InvalidSignatureException",
            "Signature not yet current",
        ),
        (
            lambda: signed(dataclasses.replace(IDENTITY, access_key="ASIAOTHER")),
            {},
            "UnrecognizedClientException",
            "token included in the request is invalid",
        ),
        (
            lambda: signed(dataclasses.replace(IDENTITY, session_token="other")),
            {},
            "UnrecognizedClientException",
            "token included in the request is invalid",
        ),
        (
            lambda: signed(dataclasses.replace(IDENTITY, session_token=None)),
            {},
            "UnrecognizedClientException",
            "token included in the request is invalid",
        ),
        (
            signed,
            {"identity": dataclasses.replace(IDENTITY, expires_at=NOW)},
            "ExpiredTokenException",
            "token included in the request is expired",
        ),
        (
            lambda: signed(dataclasses.replace(IDENTITY, secret_key="wrong")),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (altered_signature, {}, "InvalidSignatureException", "does not match"),
        (without_signed_host, {}, "InvalidSignatureException", "must be signed"),
        (
            lambda: dataclasses.replace(signed(), body=b'{"x":1}'),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (
            # This header is what the signature covers in place of the body.
            lambda: dataclasses.replace(
                signed(declared_hash=sha256(b"{}").hexdigest()), body=b'{"x":1}'
            ),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (
            lambda: signed(declared_hash="UNSIGNED-PAYLOAD"),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (
            lambda: dataclasses.replace(signed(), target=TARGET + "-stream"),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
        (
            lambda: with_header(signed(), "host", "elsewhere"),
            {},
            "InvalidSignatureException",
            "does not match the signature you provided",
        ),
    ],
)
def test_anything_else_is_refused(make: Any, settings: Any, code: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        verify(make(), **settings)
    assert (refused.value.status, refused.value.code) == (403, code)
