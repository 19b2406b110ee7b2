"""The Lambda entry point of the authorizer, which API Gateway asks whom a token lets in."""

import gc
import hashlib
import os
from collections.abc import Mapping
from typing import Any, Final

from tradewind.contracts.environment import AuthorizerEnvironment
from tradewind.oidc.documents import Documents
from tradewind.oidc.errors import TokenRefused
from tradewind.oidc.keys import IssuerKeys
from tradewind.oidc.tokens import Tokens
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

_SCHEME: Final = "bearer "
#: API, stage, method and path of a method's ARN: the first two say what is guarded.
_PARTS_KEPT: Final = 2


class Authorizer:
    """Lets in who holds a token of the issuer.

    Args:
        issuer: Whose tokens.
        tokens: Reads them.
    """

    def __init__(self, issuer: str, tokens: Tokens) -> None:
        self._issuer = issuer
        self._tokens = tokens

    def decide(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer API Gateway.

        Returns:
            The policy that lets the caller in, and who it is. The whole stage, since API Gateway
            keeps it for the caller's next request, which may be to another route.

        Raises:
            Exception: With the one word that API Gateway answers 401 to.
            IssuerUnavailable: Nobody can say; API Gateway answers 500.
        """
        given = str(event.get("authorizationToken", ""))
        # Without the scheme nothing is left, which is no token.
        token = given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
        try:
            subject = self._tokens.subject_of(token)
        except TokenRefused as refused:
            get_logger().info("Token refused", reason=str(refused))
            raise Exception("Unauthorized") from None  # noqa: TRY002  API Gateway's own word
        stage = "/".join(str(event["methodArn"]).split("/")[:_PARTS_KEPT])
        return {
            # Logged by API Gateway, and so not the subject itself.
            "principalId": hashlib.sha256(f"{self._issuer} {subject}".encode()).hexdigest()[:32],
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "execute-api:Invoke",
                        "Resource": f"{stage}/*",
                    }
                ],
            },
            "context": {"issuer": self._issuer, "subject": subject},
        }


def _create_authorizer() -> Authorizer:
    keep_words_out_of_logs()
    environment = AuthorizerEnvironment.from_variables(os.environ)
    keys = IssuerKeys(environment.issuer, Documents())
    return Authorizer(environment.issuer, Tokens(environment.issuer, environment.audience, keys))


_authorizer = _create_authorizer()
gc.enable()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Decide on one token. See ``Authorizer.decide``."""
    return _authorizer.decide(event)
