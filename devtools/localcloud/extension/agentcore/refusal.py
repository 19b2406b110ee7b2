"""What the service refuses, in AWS's terms: the codes and statuses of its models."""

import json
from http import HTTPStatus
from typing import Any

Response = tuple[int, dict[str, str], Any]


class Refused(Exception):
    """A request that is refused; ``str()`` is AWS's message."""

    def __init__(self, message: str, code: str, status: int, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = int(status)
        self.more = more

    def response(self) -> Response:
        """The answer on the wire."""
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code}
        return self.status, headers, json.dumps({"message": str(self), **self.more}).encode()


def invalid(message: str, field: str = "") -> Refused:
    """A request that the service model, or a rule beyond it, does not allow."""
    fields = {"fieldList": [{"name": field, "message": message}]} if field else {}
    return Refused(
        message,
        "ValidationException",
        HTTPStatus.BAD_REQUEST,
        reason="FieldValidationFailed",
        **fields,
    )


def unsupported(what: str) -> Refused:
    """What AWS would honour and this cannot."""
    return invalid(f"{what} is not supported here")


def token_reused() -> Refused:
    """A client token that came before, with something else."""
    return Refused(
        "The client token was used with other parameters",
        "ValidationException",
        HTTPStatus.BAD_REQUEST,
        reason="IdempotentParameterMismatchException",
    )


def not_found(message: str) -> Refused:
    """What is asked for is not there."""
    return Refused(message, "ResourceNotFoundException", HTTPStatus.NOT_FOUND)


def conflict(message: str) -> Refused:
    """What is asked for does not go with what is there."""
    return Refused(message, "ConflictException", HTTPStatus.CONFLICT)


def denied(principal_arn: str, action: str, resource_arn: str) -> Refused:
    """The caller may not."""
    message = (
        f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource_arn}"
    )
    return Refused(message, "AccessDeniedException", HTTPStatus.FORBIDDEN)


def unsigned(message: str) -> Refused:
    """The caller is not who it says."""
    return Refused(message, "InvalidSignatureException", HTTPStatus.FORBIDDEN)


def agent_failed(message: str) -> Refused:
    """The agent's process failed; AWS says 424 whatever its own status was."""
    return Refused(message, "RuntimeClientError", HTTPStatus.FAILED_DEPENDENCY)
