"""Who a request is from, in the words of API Gateway and never of the request.

The owner of what a caller leaves behind is who they stay from one process to the next: a user, or
the role that is assumed. A session's name is new with every run of a CI job and every login, so it
is no part of it, except with IAM Identity Center: there everybody assumes the same role, and the
session is the person.

No two callers share an owner: what would have to be changed to fit is replaced by its digest.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from tradewind.api.errors import Unidentified
from tradewind.contracts.names import OWNER_PATTERN

_OWNER: Final = re.compile(OWNER_PATTERN)
_ASSUMED_ROLE: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):sts::(?P<account>\d{12}):assumed-role/"
    r"(?P<role>[A-Za-z0-9+=,.@_-]{1,64})/(?P<session>[A-Za-z0-9+=,.@_-]{2,64})"
)
#: Anything else that signs: a user, the root of an account, a federated user.
_PRINCIPAL: Final = re.compile(r"arn:[a-z-]+:(iam|sts)::\d{12}:\S+")
#: Reserved: nobody but IAM Identity Center makes roles of this name.
_IDENTITY_CENTER: Final = "AWSReservedSSO_"
_SUBJECT: Final = re.compile(r"[A-Za-z0-9+=,.@_/-]{1,120}")
_DIGEST: Final = "sha256-"


def owner_of(event: Mapping[str, Any]) -> str:
    """Return whose a request is; what it returns fits ``OWNER_PATTERN``.

    Args:
        event: A proxy event of a REST API.

    Raises:
        Unidentified: Nobody authenticated it.
    """
    context = _mapping(event.get("requestContext"))
    identity = _mapping(context.get("identity"))
    arn = identity.get("userArn")
    if isinstance(arn, str) and arn:
        return _signer(arn, identity)
    authorizer = _mapping(context.get("authorizer"))
    issuer, subject = authorizer.get("issuer"), authorizer.get("subject")
    if isinstance(issuer, str) and isinstance(subject, str) and subject:
        return _token_holder(issuer, subject)
    raise Unidentified("API Gateway does not say who asks.")


def _signer(arn: str, identity: Mapping[str, Any]) -> str:
    """The owner behind AWS credentials."""
    pool_identity = identity.get("cognitoIdentityId")
    if isinstance(pool_identity, str) and pool_identity:
        # All who come through an identity pool assume one role.
        return _fitting(f"cognito:{pool_identity}", "cognito:")
    assumed = _ASSUMED_ROLE.fullmatch(arn)
    if assumed is not None:
        role = "arn:{partition}:iam::{account}:role/{role}".format(**assumed.groupdict())
        person = assumed["role"].startswith(_IDENTITY_CENTER)
        return f"{role}/{assumed['session']}" if person else role
    if _PRINCIPAL.fullmatch(arn) is None or ":assumed-role/" in arn:
        raise Unidentified("API Gateway names a caller of an unknown kind.")
    return _fitting(arn, "arn:")


def _token_holder(issuer: str, subject: str) -> str:
    """The owner behind a token: its issuer, and whom the issuer calls so."""
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname:
        raise Unidentified("The token's issuer is no https address.")
    # No colon in it: the next one begins the subject.
    authority = (parts.netloc + parts.path.rstrip("/")).replace(":", "=")
    if _SUBJECT.fullmatch(authority) is None:
        authority = _digest(issuer)
    if _SUBJECT.fullmatch(subject) is None or subject.startswith(_DIGEST):
        subject = _digest(subject)
    return f"oidc:{authority}:{subject}"


def _fitting(owner: str, kind: str) -> str:
    fits = _OWNER.fullmatch(owner) is not None and not owner.startswith(kind + _DIGEST)
    return owner if fits else kind + _digest(owner)


def _digest(text: str) -> str:
    return _DIGEST + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
