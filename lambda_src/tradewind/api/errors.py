"""What the API itself refuses. Everything else is in ``contracts.errors``.

::

    ApiError
    +-- Unidentified           403  FORBIDDEN
    +-- NotFound               404  NOT_FOUND
    +-- MethodNotAllowed       405  METHOD_NOT_ALLOWED
    +-- NotCancellable         409  NOT_CANCELLABLE
    +-- NotWaiting             409  NOT_WAITING
    +-- UnsupportedMediaType   415  UNSUPPORTED_MEDIA_TYPE
    +-- IdempotencyKeyReused   422  IDEMPOTENCY_KEY_REUSED
"""

from tradewind.contracts.errors import TradewindError


class ApiError(TradewindError):
    """A request that reached no agent."""

    code = "INVALID_REQUEST"
    status = 400


class Unidentified(ApiError):
    """API Gateway does not say who asks."""

    code = "FORBIDDEN"
    status = 403


class NotFound(ApiError):
    """There is no such thing, or it is somebody else's."""

    code = "NOT_FOUND"
    status = 404


class MethodNotAllowed(ApiError):
    """The path has other methods.

    Args:
        allowed: Those.
    """

    code = "METHOD_NOT_ALLOWED"
    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Here are {', '.join(allowed)}.")
        self.allowed = allowed


class NotCancellable(ApiError):
    """Its agent was asked past the API, and does not look whether it was cancelled."""

    code = "NOT_CANCELLABLE"
    status = 409


class NotWaiting(ApiError):
    """The invocation asks nobody anything, or has another answer."""

    code = "NOT_WAITING"
    status = 409


class UnsupportedMediaType(ApiError):
    """The body is of another kind than JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class IdempotencyKeyReused(ApiError):
    """The key was used before, for a request that asked something else."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
