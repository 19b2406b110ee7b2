"""The issuer's keys, kept for a while.

What a token says never decides where keys are fetched from, and tokens with invented key ids make
nobody ask the issuer more than twice a minute.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from tradewind.oidc.errors import IssuerUnavailable, TokenRefused
from tradewind.telemetry.logger import get_logger

Jwk = Mapping[str, Any]

#: Seconds that keys are used without asking again: a key that was taken back is used no longer.
_FRESH_S: Final = 3600
#: Seconds that they are used while the issuer cannot be reached.
_STALE_S: Final = 24 * 3600
#: Seconds between two questions to the issuer.
_PAUSE_S: Final = 30
_MOST_KEYS: Final = 50
#: Kinds of keys that have a public half. A shared secret would be everybody's who can read it.
_KINDS: Final = frozenset({"RSA", "EC", "OKP"})


class Fetches(Protocol):
    """Fetches the issuer's documents. See ``Documents``."""

    def get(self, url: str) -> dict[str, Any]:
        """Fetch one.

        Raises:
            IssuerUnavailable: It cannot be had.
        """


class IssuerKeys:
    """The keys of one issuer.

    Args:
        issuer: Its address, exactly as its tokens have it.
        documents: Fetches what it publishes.
        now_s: The time of day; a process that was frozen has slept through others.
    """

    def __init__(
        self, issuer: str, documents: Fetches, now_s: Callable[[], float] = time.time
    ) -> None:
        self._issuer = issuer
        self._documents = documents
        self._now_s = now_s
        self._keys: dict[str, Jwk] = {}
        self._fetched_s: float | None = None
        self._asked_s: float | None = None
        self._reached = False

    def key(self, key_id: str) -> Jwk:
        """The key of this id.

        Raises:
            TokenRefused: The issuer has none.
            IssuerUnavailable: It could not be asked.
        """
        if key_id not in self._keys or not self._younger(self._fetched_s, _FRESH_S):
            self._ask()
        if not self._younger(self._fetched_s, _STALE_S):
            raise IssuerUnavailable("the issuer's keys could not be had")
        if key_id in self._keys:
            return self._keys[key_id]
        if not self._reached:
            # It may have the key by now.
            raise IssuerUnavailable("the issuer could not be asked for a key")
        raise TokenRefused("the issuer has no such key")

    def _younger(self, than_s: float | None, age_s: float) -> bool:
        return than_s is not None and self._now_s() - than_s < age_s

    def _ask(self) -> None:
        if self._younger(self._asked_s, _PAUSE_S):
            return
        self._asked_s = self._now_s()
        self._reached = False
        try:
            published = self._published()
        except IssuerUnavailable as unavailable:
            # Those there are serve on while they are not too old.
            get_logger().warning("Issuer's keys not had", reason=str(unavailable))
            return
        self._keys = {
            key["kid"]: key
            for key in published
            if isinstance(key, dict)
            and isinstance(key.get("kid"), str)
            and key.get("kty") in _KINDS
            and key.get("use", "sig") == "sig"
        }
        self._fetched_s = self._asked_s
        self._reached = True

    def _published(self) -> list[Any]:
        about = self._documents.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise IssuerUnavailable("the issuer's document is another issuer's")
        published = self._documents.get(str(about.get("jwks_uri"))).get("keys")
        if not isinstance(published, list) or len(published) > _MOST_KEYS:
            raise IssuerUnavailable("the issuer's keys are no list, or too many")
        return published
