"""Whether a token can be believed, and whose it is."""

from typing import Any, Final

import jwt

from tradewind.oidc.errors import TokenRefused
from tradewind.oidc.keys import IssuerKeys, Jwk

#: Characters of a token that are looked at.
LONGEST_TOKEN: Final = 8192
_LONGEST_SUBJECT: Final = 255
#: Seconds that clocks may differ by.
_LEEWAY_S: Final = 30
_SMALLEST_RSA_BITS: Final = 2048

#: What may sign a token, and the kind and curve of the key that goes with it. No shared secrets,
#: and not "none".
_ALGORITHMS: Final[dict[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}


class Tokens:
    """Reads tokens of one issuer for one audience.

    Args:
        issuer: Who has to have signed them.
        audience: Whom they have to be for.
        keys: The issuer's.
    """

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def subject_of(self, token: str) -> str:
        """Whom the issuer says the token is about.

        Raises:
            TokenRefused: It is not signed by the issuer, not for this audience, not for now, or no
                token at all.
            IssuerUnavailable: The issuer's keys could not be had.
        """
        if len(token) > LONGEST_TOKEN:
            raise TokenRefused("longer than any token")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise TokenRefused("no token") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
            raise TokenRefused("signed in a way that is not accepted")
        if not isinstance(key_id, str):
            raise TokenRefused("names no key")
        key = _usable(self._keys.key(key_id), algorithm)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenRefused(type(error).__name__) from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise TokenRefused("about nobody")
        return subject


def _usable(key: Jwk, algorithm: str) -> jwt.PyJWK:
    """The key for a signature of this kind, which is not for the token to choose."""
    kind, curve = _ALGORITHMS[algorithm]
    if key.get("alg", algorithm) != algorithm or key["kty"] != kind:
        raise TokenRefused("signed in another way than its key is for")
    if curve and key.get("crv") != curve:
        raise TokenRefused("signed in another way than its key is for")
    try:
        usable = jwt.PyJWK(dict(key), algorithm=algorithm)
    except (jwt.PyJWKError, jwt.InvalidKeyError, ValueError):
        raise TokenRefused("signed with a key that is none") from None
    if kind == "RSA" and usable.key.key_size < _SMALLEST_RSA_BITS:
        raise TokenRefused("signed with a key that is too small")
    return usable
