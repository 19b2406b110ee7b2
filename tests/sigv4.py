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
    canonical = "\n".join(
        [
            method,
            quote(path, safe="/~"),
            "&".join(
                f"{quote(name, safe='~')}={quote(value, safe='~')}"
                for name, value in sorted(parse_qsl(query, keep_blank_values=True))
            ),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names),
            "",
            scope["names"],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    place = f"{scope['date']}/{region}/{service}/aws4_request"
    words = f"AWS4-HMAC-SHA256\n{stamp}\n{place}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (scope["date"], region, service, "aws4_request", words):
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(key.hex(), scope["signature"]):
        raise RefusedSignature(
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method."
        )
    return scope["key"]
