"""From what models' libraries raise to the engine's errors.

The libraries are told to send each call once, and the engine is the one that repeats. What may help
is ``Retryable``: throttling, a server's error, a timeout, a lost connection, an answer that was cut
off. The messages have a stable code first, and nothing of what was said: a service may repeat a
prompt in its complaint.
"""

from collections.abc import Iterator
from typing import Final

from strands.types.exceptions import (
    ContextWindowOverflowException,
    MaxTokensReachedException,
    ModelThrottledException,
)

from tradewind.aws.repeats import ConnectionRetired
from tradewind.bedrock.faults import RETRYABLE, to_model_error
from tradewind.contracts.errors import (
    ModelAccessDenied,
    ModelContentFiltered,
    ModelContextOverflow,
    ModelError,
    ModelFailed,
    ModelOutputTruncated,
    ModelRefused,
    ModelRequestRejected,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
    TradewindError,
    causes_of,
)
from tradewind.workflow.engine.calls import Model
from tradewind.workflow.engine.errors import AgentFailed, Retryable, WorkflowError

#: A timeout is worth a repeat here: a workflow has the time.
_REPEATED: Final = (*RETRYABLE, ModelTimeout)

_SAID: Final[dict[type[ModelError], str]] = {
    ModelThrottled: "takes no more calls for now",
    ModelAccessDenied: "does not let this caller use the model",
    ModelRequestRejected: "refused the request, or does not know the model",
    ModelContextOverflow: "cannot take a conversation of this length",
    ModelTimeout: "fell silent for too long",
    ModelUnavailable: "cannot be reached, or takes no calls",
    ModelFailed: "failed",
    ModelStreamBroken: "broke its answer off",
    ModelOutputTruncated: "reached the limit of the answer's length, `max_tokens`",
    ModelContentFiltered: "filtered the answer out",
    ModelRefused: "declined to answer",
}

#: Statuses of HTTP that say more than their class does.
_BY_STATUS: Final[dict[int, type[ModelError]]] = {
    401: ModelAccessDenied,
    403: ModelAccessDenied,
    408: ModelTimeout,
    409: ModelUnavailable,
    413: ModelContextOverflow,
    429: ModelThrottled,
    500: ModelFailed,
    504: ModelTimeout,
}
_REFUSED, _FAILED, _END = 400, 500, 600

#: botocore's, of a request that it cannot send: another attempt is the same request.
_UNSENDABLE: Final = "ParamValidationError"
#: Libraries' exceptions by the names of their classes: none of them has to be there.
_TIMEOUTS: Final = frozenset({"TimeoutException", "APITimeoutError", "TimeoutError"})
_UNREACHABLE: Final = frozenset({"ConnectError", "ClientConnectorError", "ConnectionRefusedError"})
_BROKEN: Final = frozenset(
    {"TransportError", "APIConnectionError", "ClientConnectionError", "ConnectionError"}
)
_BY_NAME: Final[tuple[tuple[frozenset[str], type[ModelError]], ...]] = (
    (_TIMEOUTS, ModelTimeout),
    (_UNREACHABLE, ModelUnavailable),
    (_BROKEN, ModelStreamBroken),
)


def to_workflow_error(error: Exception, model: Model) -> Exception:
    """Return the engine's error for a call that failed; to be raised ``from`` it.

    What is no model's failure and has a type of this project is returned as it is: a budget that
    is spent, a deadline.
    """
    if isinstance(error, WorkflowError):
        return error
    fault = _fault(error)
    if isinstance(fault, ModelError):
        kind = Retryable if isinstance(fault, _REPEATED) else AgentFailed
        said = next((_SAID[one] for one in type(fault).__mro__ if one in _SAID), "failed")
        return kind(f"{fault.code}: {model.provider}, {model.model_id}: the model {said}")
    if fault is not None:
        return fault
    return AgentFailed(f"AGENT_FAILED: {type(error).__name__}")


def needs_no_pause(error: Exception) -> bool:
    """Whether a call failed because a kept connection was dead: nobody's answer, nobody's fault."""
    return any(isinstance(cause, ConnectionRetired) for cause in _causes(error))


def _fault(error: Exception) -> TradewindError | None:
    causes = list(_causes(error))
    if any(type(cause).__name__ == _UNSENDABLE for cause in causes):
        return ModelRequestRejected(_UNSENDABLE)
    for cause in causes:
        if isinstance(cause, TradewindError):
            return cause
        kind = _kind(cause)
        if kind is not None:
            return kind(type(cause).__name__)
    return to_model_error(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The innermost cause last; Strands keeps the exception it wraps in an attribute, too."""
    for cause in causes_of(error):
        yield cause
        original = getattr(cause, "original_exception", None)
        if isinstance(original, Exception):
            yield from causes_of(original)


def _kind(cause: BaseException) -> type[ModelError] | None:
    if isinstance(cause, ContextWindowOverflowException):
        return ModelContextOverflow
    if isinstance(cause, MaxTokensReachedException):
        return ModelOutputTruncated
    if isinstance(cause, ModelThrottledException):
        return ModelThrottled
    status = _status(cause)
    if status is not None:
        other = ModelUnavailable if status >= _FAILED else ModelRequestRejected
        return _BY_STATUS.get(status, other)
    names = {one.__name__ for one in type(cause).__mro__}
    return next((kind for known, kind in _BY_NAME if names & known), None)


def _status(cause: BaseException) -> int | None:
    """The status of HTTP that an exception of a provider's library has."""
    for name in ("status_code", "code"):
        status = getattr(cause, name, None)
        if isinstance(status, int) and _REFUSED <= status < _END:
            return status
    return None
