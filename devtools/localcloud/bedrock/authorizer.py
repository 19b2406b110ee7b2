"""An authorizer over keys and policy statements that are given to it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

from devtools.localcloud.bedrock.auth import Principal


@dataclass(frozen=True)
class Statement:
    """One statement of an identity policy; ``*`` and ``?`` work as in IAM.

    Attributes:
        actions: Such as ``bedrock:InvokeModel*``.
        resources: ARNs.
        string_equals: The ``StringEquals`` condition; every key must be present and equal.
        effect: Deny wins over Allow.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    string_equals: Mapping[str, str] = field(default_factory=dict)
    effect: Literal["Allow", "Deny"] = "Allow"

    def applies(self, action: str, resource_arn: str, context: Mapping[str, str]) -> bool:
        """Say whether this statement speaks about the request."""
        return (
            any(_matches(pattern.lower(), action.lower()) for pattern in self.actions)
            and any(_matches(pattern, resource_arn) for pattern in self.resources)
            and all(context.get(key) == value for key, value in self.string_equals.items())
        )


@dataclass(frozen=True)
class Identity:
    """One set of credentials, the role behind it and what that role may do."""

    access_key: str
    secret_key: str = field(repr=False)
    role_arn: str
    statements: tuple[Statement, ...]
    session_token: str | None = field(default=None, repr=False)
    session_name: str = "session"
    expires_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        """The caller as the stand-in sees it."""
        account, name = self.role_arn.split(":")[4], self.role_arn.rsplit("/", 1)[-1]
        return Principal(
            arn=f"arn:aws:sts::{account}:assumed-role/{name}/{self.session_name}",
            role_arn=self.role_arn,
            secret_key=self.secret_key,
            expires_at=self.expires_at,
        )


class StaticAuthorizer:
    """Knows the identities it was made with, and no others."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        self._identities = {identity.access_key: identity for identity in identities}
        self._statements: dict[str, list[Statement]] = {}
        for identity in self._identities.values():
            self._statements.setdefault(identity.role_arn, []).extend(identity.statements)

    def secret_for(self, access_key: str, session_token: str | None) -> Principal | None:
        """Return the key's principal if the session token is the key's own."""
        identity = self._identities.get(access_key)
        if identity is None or identity.session_token != session_token:
            return None
        return identity.principal

    def is_allowed(
        self, principal: Principal, action: str, resource_arn: str, context: Mapping[str, str]
    ) -> bool:
        """Evaluate the role's statements: an Allow is needed, and no Deny."""
        effects = {
            statement.effect
            for statement in self._statements.get(principal.role_arn, ())
            if statement.applies(action, resource_arn, context)
        }
        return effects == {"Allow"}


def _matches(pattern: str, value: str) -> bool:
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    # Not fnmatch: IAM knows no [...] sets.
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))
