"""SigV4 as a server checks it, written from its specification and with no client's code.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)"
    r"/(?P<service>[^/,]+)/aws4_request, ?SignedHeaders=(?P<names>[^,]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=5)
_NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method."
)


class RefusedSignature(Exception):
    """The request is not let in; the message is AWS's."""


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Mapping[str, tuple[str, str]],
    region: str,
    service: str,
) -> str:
    """Return the access key that signed a request.

    Args:
        method: Of HTTP.
        target: Path and query as they were sent.
        headers: By their names in lower case.
        body: As it was sent.
        keys: Of each access key the secret and the session token, which may be empty.
        region: The server's.
        service: The server's.

    Raises:
        RefusedSignature: Nobody did.
    """
    authorization = headers.get("authorization")
    if authorization is None:
        raise RefusedSignature("Missing Authentication Token")
    scope = _AUTHORIZATION.fullmatch(authorization)
    if scope is None:
        raise RefusedSignature("Authorization header requires 'Credential' parameter.")
    if scope["region"] != region:
        raise RefusedSignature(f"Credential should be scoped to a valid region: '{region}'.")
    if scope["service"] != service:
        raise RefusedSignature(f"Credential should be scoped to correct service: '{service}'.")
    stamp = headers.get("x-amz-date", "")
    signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = datetime.now(UTC)
    if signed_at < now - _SKEW or stamp[:8] != scope["date"]:
        raise RefusedSignature(f"Signature expired: {stamp} is now earlier than {now} - 5 min.")
    if scope["key"] not in keys:
        raise RefusedSignature("The security token included in the request is invalid.")
    secret, token = keys[scope["key"]]
    if headers.get("x-amz-security-token", "") != token:
        raise RefusedSignature("The security token included in the request is invalid.")
    names = scope["names"].split(";")
    must = {"host", "x-amz-date"} | ({"x-amz-security-token"} if token else set())
    if not must <= set(names) or names != sorted(names):
        raise RefusedSignature("The request signature does not cover what it must.")
    path, _, query = target.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    canonical = _canonical(method, path, parameters, headers, names, body)
    signature = _signature(secret, stamp, region, service, canonical)
    if not hmac.compare_digest(signature, scope["signature"]):
        raise RefusedSignature(_NO_MATCH)
    return scope["key"]


def verify_presigned(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    keys: Mapping[str, tuple[str, str]],
    region: str,
    service: str,
    max_expires_s: int,
) -> str:
    """Return the access key that signed the URL of a request without a body.

    Args:
        method: Of HTTP.
        target: Path and query as they were sent.
        headers: By their names in lower case.
        keys: Of each access key the secret and the session token, which may be empty.
        region: The server's.
        service: The server's.
        max_expires_s: How long the service lets a URL be valid.

    Raises:
        RefusedSignature: Nobody did, or not for now.
    """
    path, _, query = target.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    given = dict(parameters)
    if len(given) != len(parameters) or given.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
        raise RefusedSignature("Missing Authentication Token")
    key, *place = given["X-Amz-Credential"].split("/")
    stamp = given["X-Amz-Date"]
    if place != [stamp[:8], region, service, "aws4_request"]:
        raise RefusedSignature("Credential should be scoped to a valid region and service.")
    expires_s = int(given["X-Amz-Expires"])
    if not 1 <= expires_s <= max_expires_s:
        raise RefusedSignature("X-Amz-Expires must be less than what is allowed.")
    signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if datetime.now(UTC) > signed_at + timedelta(seconds=expires_s):
        raise RefusedSignature("Signature expired.")
    if key not in keys:
        raise RefusedSignature("The security token included in the request is invalid.")
    secret, token = keys[key]
    if given.get("X-Amz-Security-Token", "") != token:
        raise RefusedSignature("The security token included in the request is invalid.")
    names = given["X-Amz-SignedHeaders"].split(";")
    if "host" not in names:
        raise RefusedSignature("The request signature does not cover what it must.")
    unsigned = [(name, value) for name, value in parameters if name != "X-Amz-Signature"]
    canonical = _canonical(method, path, unsigned, headers, names, b"")
    signature = _signature(secret, stamp, region, service, canonical)
    if not hmac.compare_digest(signature, given.get("X-Amz-Signature", "")):
        raise RefusedSignature(_NO_MATCH)
    return key


def _canonical(  # noqa: PLR0917  what a request consists of
    method: str,
    path: str,
    parameters: list[tuple[str, str]],
    headers: Mapping[str, str],
    names: list[str],
    body: bytes,
) -> str:
    return "\n".join(
        [
            method,
            quote(path, safe="/~"),
            "&".join(
                f"{quote(name, safe='~')}={quote(value, safe='~')}"
                for name, value in sorted(parameters)
            ),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )


def _signature(secret: str, stamp: str, region: str, service: str, canonical: str) -> str:
    date = stamp[:8]
    place = f"{date}/{region}/{service}/aws4_request"
    words = f"AWS4-HMAC-SHA256\n{stamp}\n{place}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request", words):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
