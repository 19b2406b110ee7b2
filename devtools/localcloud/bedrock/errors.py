"""The service's errors, as they go over the wire."""

from collections.abc import Mapping


class ServiceError(Exception):
    """An answer other than 200.

    Attributes:
        status: The HTTP status.
        code: The exception's name in the service model, which botocore reads from
            ``x-amzn-errortype``.
        message: What the caller reads.
        members: Further members of the exception's shape.
    """

    def __init__(
        self, status: int, code: str, message: str, members: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.members = dict(members or {})


def invalid(message: str) -> ServiceError:
    """A request the service finds invalid."""
    return ServiceError(400, "ValidationException", message)


def forbidden(code: str, message: str) -> ServiceError:
    """A caller the service does not know or does not let in."""
    return ServiceError(403, code, message)
