"""What API Gateway itself answers, as problem documents (RFC 9457) like the functions' own.

The codes are its own names for what happened; they do not change.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class GatewayProblem:
    """One of its answers.

    Attributes:
        code: API Gateway's name for what happened.
        title: What it means to the caller; None leaves the gateway's own words.
        status: The answer's; None where the name stands for many.
        retry_after_s: When another try may do better.
    """

    code: str
    title: str
    status: int | None
    retry_after_s: int | None = None

    @property
    def template(self) -> str:
        """The body. What the gateway says itself is already quoted where it is put in."""
        # A name that stands for many says which one it was.
        code = self.code if self.status else "$context.error.responseType"
        known = {
            "type": f"urn:tradewind:error:{code}",
            "title": self.title,
            "code": code,
            **({"status": self.status} if self.status else {}),
            **({"retry_after_s": self.retry_after_s} if self.retry_after_s else {}),
        }
        return f'{json.dumps(known)[:-1]}, "detail": $context.error.messageString}}'

    @property
    def headers(self) -> Mapping[str, str]:
        """The header parameters; a quoted value is a constant."""
        headers = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        if self.retry_after_s:
            headers["gatewayresponse.header.Retry-After"] = f"'{self.retry_after_s}'"
        return headers


_SLOWER: Final = "Come again a little later, and not all at once."


def gateway_problems() -> Iterator[GatewayProblem]:
    """Everything that API Gateway may answer by itself, and what it answers to the rest."""
    yield GatewayProblem("DEFAULT_4XX", "The gateway refused the request.", None)
    yield GatewayProblem("DEFAULT_5XX", "The gateway could not carry the request.", None)
    yield GatewayProblem("ACCESS_DENIED", "The caller may not use this route.", 403)
    yield GatewayProblem(
        "MISSING_AUTHENTICATION_TOKEN", "The request is not signed, or there is no such route.", 403
    )
    yield GatewayProblem("INVALID_SIGNATURE", "The request's signature does not fit it.", 403)
    yield GatewayProblem("EXPIRED_TOKEN", "The caller's credentials have expired.", 403)
    yield GatewayProblem("UNAUTHORIZED", "The request has no token that lets it in.", 401)
    yield GatewayProblem("WAF_FILTERED", "The web ACL filtered the request.", 403)
    yield GatewayProblem("BAD_REQUEST_BODY", "The body is not the JSON that is expected.", 400)
    yield GatewayProblem("REQUEST_TOO_LARGE", "The request is larger than the gateway takes.", 413)
    yield GatewayProblem("UNSUPPORTED_MEDIA_TYPE", "The body is not application/json.", 415)
    yield GatewayProblem("THROTTLED", _SLOWER, 429, retry_after_s=1)
    yield GatewayProblem("AUTHORIZER_FAILURE", "Nobody can say now whom the token lets in.", 500)
    yield GatewayProblem("INVALID_API_KEY", "The request has no API key that is known.", 403)
    yield GatewayProblem("QUOTA_EXCEEDED", "The API key has asked all that it may today.", 429)
    # For a request that might have arrived: the same Idempotency-Key asks for its answer.
    yield GatewayProblem("INTEGRATION_FAILURE", "The function did not answer.", 502, 1)
    yield GatewayProblem("INTEGRATION_TIMEOUT", "The function did not answer in time.", 504, 1)
