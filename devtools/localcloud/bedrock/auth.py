"""Who is calling: SigV4, verified by computing the signature again."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.client import HTTPMessage
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud.bedrock.errors import ServiceError, forbidden
from devtools.localcloud.bedrock.wire import Request

_SERVICE = "bedrock"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_MAX_SKEW = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+"
    r"Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/aws4_request\s*,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Principal:
    """Whose credentials signed a request.

    Attributes:
        arn: What error messages name, such as ``arn:aws:sts::...:assumed-role/name/session``.
        role_arn: The role (or user) whose policies apply; traffic is counted under it.
        secret_key: The secret belonging to the access key.
        expires_at: When session credentials stop to be valid; None for long-term keys.
    """

    arn: str
    role_arn: str
    secret_key: str = field(repr=False)
    expires_at: datetime | None = None

    @property
    def role_name(self) -> str:
        """The role's (or user's) name, without its path."""
        return self.role_arn.rsplit("/", 1)[-1]


class Authorizer(Protocol):
    """What the stand-in asks about callers. It is called on the server's event loop: no waiting."""

    def secret_for(self, access_key: str, session_token: str | None) -> Principal | None:
        """Return whose key this is, or None when the key, or its session token, is unknown."""

    def is_allowed(
        self, principal: Principal, action: str, resource_arn: str, context: Mapping[str, str]
    ) -> bool:
        """Say whether the principal's policies allow ``action`` on ``resource_arn``."""


def authenticate(
    request: Request, *, region: str, authorizer: Authorizer, now: datetime
) -> Principal:
    """Verify a request's signature.

    Args:
        request: As received: the signature covers the target and headers as they were sent.
        region: The region the stand-in plays; the credential must be scoped to it.
        authorizer: Knows the secrets.
        now: The server's time.

    Returns:
        Whose credentials signed it.

    Raises:
        ServiceError: The signature is missing, stale, or not what these credentials produce.
    """
    authorization = request.header("authorization")
    if authorization is None:
        raise forbidden("MissingAuthenticationTokenException", "Missing Authentication Token")
    scope = _AUTHORIZATION.fullmatch(authorization)
    if scope is None:
        raise forbidden(
            "IncompleteSignatureException",
            "The Authorization header is not a complete AWS4-HMAC-SHA256 signature.",
        )
    if scope["region"] != region:
        raise _bad_signature(f"Credential should be scoped to a valid region: '{region}'.")
    if scope["service"] != _SERVICE:
        raise _bad_signature(f"Credential should be scoped to correct service: '{_SERVICE}'.")
    timestamp = _check_date(request, scope["date"], now)

    token = request.header("x-amz-security-token")
    principal = authorizer.secret_for(scope["key"], token)
    if principal is None:
        raise forbidden(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    if principal.expires_at is not None and principal.expires_at <= now:
        raise forbidden(
            "ExpiredTokenException", "The security token included in the request is expired"
        )

    signer = _Verifier(Credentials(scope["key"], principal.secret_key), _SERVICE, region)
    expected = _signature(request, scope["headers"].split(";"), timestamp, signer)
    if not hmac.compare_digest(expected, scope["signature"]):
        raise _bad_signature(_WRONG_SIGNATURE)
    return principal


def _check_date(request: Request, credential_date: str, now: datetime) -> str:
    timestamp = request.header("x-amz-date") or ""
    try:
        signed_at = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise forbidden(
            "IncompleteSignatureException",
            "Authorization header requires existence of an 'X-Amz-Date' header in ISO-8601 "
            "basic format.",
        ) from None
    if timestamp[:8] != credential_date:
        raise _bad_signature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{credential_date}' != '{timestamp[:8]}'."
        )
    server_time = now.strftime(_TIMESTAMP)
    if signed_at < now - _MAX_SKEW:
        raise _bad_signature(
            f"Signature expired: {timestamp} is now earlier than "
            f"{(now - _MAX_SKEW).strftime(_TIMESTAMP)} ({server_time} - 5 min.)"
        )
    if signed_at > now + _MAX_SKEW:
        raise _bad_signature(
            f"Signature not yet current: {timestamp} is still later than "
            f"{(now + _MAX_SKEW).strftime(_TIMESTAMP)} ({server_time} + 5 min.)"
        )
    return timestamp


class _Verifier(SigV4Auth):
    """botocore's signer, held to the headers the client says it signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        return request.headers


def _signature(request: Request, signed_names: list[str], timestamp: str, signer: _Verifier) -> str:
    host = request.header("host")
    if host is None or not {"host", "x-amz-date"} <= set(signed_names):
        raise _bad_signature("'Host' and 'X-Amz-Date' must be signed headers.")
    declared_hash = request.header("x-amz-content-sha256")
    if declared_hash is not None and declared_hash != sha256(request.body).hexdigest():
        # botocore's signer takes this header's word for the body.
        raise _bad_signature(_WRONG_SIGNATURE)
    rebuilt = AWSRequest(
        method=request.method, url=f"https://{host}{request.target}", data=request.body
    )
    for name, value in request.headers:
        if name in signed_names:
            rebuilt.headers.add_header(name, value)
    rebuilt.context["timestamp"] = timestamp
    canonical = signer.canonical_request(rebuilt)
    return str(signer.signature(signer.string_to_sign(rebuilt, canonical), rebuilt))


def _bad_signature(message: str) -> ServiceError:
    return forbidden("InvalidSignatureException", message)
