"""Everything that can go wrong, as one small tree of typed errors with stable codes.

This module is long because the tree is one, and is read as one.

::

    TradewindError                     status  code
    +-- RequestError                   400     (the caller's to mend; no model was called)
    |   +-- InvalidRequest             400     INVALID_REQUEST
    |   +-- UnknownAgent               400     UNKNOWN_AGENT
    |   +-- QueryTooLong               400     QUERY_TOO_LONG
    +-- DeadlineExceeded               504     DEADLINE_EXCEEDED
    +-- ModelError                     (the model service's, or the way to it)
    |   +-- ModelThrottled             429     MODEL_THROTTLED
    |   +-- ModelAccessDenied          403     MODEL_ACCESS_DENIED
    |   +-- ModelRequestRejected       502     MODEL_REQUEST_REJECTED
    |   +-- ModelContextOverflow       400     MODEL_CONTEXT_OVERFLOW
    |   +-- ModelTimeout               504     MODEL_TIMEOUT
    |   +-- ModelUnavailable           503     MODEL_UNAVAILABLE
    |   +-- ModelFailed                502     MODEL_FAILED
    |   +-- ModelStreamBroken          502     MODEL_STREAM_BROKEN
    |   +-- ModelOutputTruncated       502     MODEL_OUTPUT_TRUNCATED
    |   +-- ModelContentFiltered       400     MODEL_CONTENT_FILTERED
    |   +-- ModelRefused               400     MODEL_REFUSED
    |   +-- OutputInvalid              502     OUTPUT_INVALID
    +-- RuntimeCallError               (an agent's on AgentCore, or the way to it)
    |   +-- InvalidRuntimeRequest      502     RUNTIME_REQUEST_INVALID
    |   +-- RuntimeRefused             403     RUNTIME_REFUSED
    |   +-- RuntimeNotFound            502     RUNTIME_NOT_FOUND
    |   +-- RuntimeThrottled           429     RUNTIME_THROTTLED
    |   +-- RuntimeUnavailable         503     RUNTIME_UNAVAILABLE
    |   +-- RuntimeSilent              504     RUNTIME_SILENT
    |   +-- RuntimeFailed              502     RUNTIME_FAILED
    |   +-- RuntimeInterrupted         502     RUNTIME_INTERRUPTED
    |   +-- RuntimeAnswerUnreadable    502     RUNTIME_ANSWER_UNREADABLE
    +-- StorageError                   (artifacts and invocation records)
    |   +-- StorageAccessDenied        403     STORAGE_ACCESS_DENIED
    |   +-- StorageUnavailable         503     STORAGE_UNAVAILABLE
    |   +-- ArtifactNotFound           404     ARTIFACT_NOT_FOUND
    |   +-- DuplicateRequest           409     DUPLICATE_REQUEST
    |   +-- RequestIdReused            409     REQUEST_ID_REUSED
    |   +-- ProjectChanged             409     PROJECT_CHANGED
    |   +-- NotAccepted                409     NOT_ACCEPTED
    |   +-- NotStarted                 503     NOT_STARTED
    |   +-- AgentBusy                  429     AGENT_BUSY
    |   +-- SessionBusy                409     SESSION_BUSY
    |   +-- SessionOfAnotherAgent      409     SESSION_OF_ANOTHER_AGENT
    |   +-- SessionChanged             409     SESSION_CHANGED
    |   +-- SessionUnreadable          500     SESSION_UNREADABLE
    +-- BudgetExceeded                 402     BUDGET_EXCEEDED
    +-- Cancelled                      409     CANCELLED
    +-- NotAnswered                    504     NOT_ANSWERED
    +-- AgentChanged                   409     AGENT_CHANGED
    +-- NobodyToAsk                    409     NOBODY_TO_ASK
    +-- WorkflowError                  (of a workflow's file, or of what came of it)
    |   +-- WorkflowInvalid            422     WORKFLOW_INVALID
    |   +-- WorkflowUnsupported        422     WORKFLOW_UNSUPPORTED
    |   +-- WorkflowFailed             422     WORKFLOW_FAILED
    |   +-- WorkflowBudgetSpent        402     WORKFLOW_BUDGET_SPENT
    +-- DataSourceError                (public services of map and weather data)
    |   +-- DataSourceUnavailable      503     DATA_SOURCE_UNAVAILABLE
    |   +-- DataSourceThrottled        429     DATA_SOURCE_THROTTLED
    |   +-- DataSourceInvalid          502     DATA_SOURCE_INVALID
    |   +-- DataSourceRejected         502     DATA_SOURCE_REJECTED
    +-- ToolInputError                 422     TOOL_INPUT_INVALID
    +-- ConfigurationError             500     CONFIGURATION_INVALID
    +-- AnswerTooLarge                 502     ANSWER_TOO_LARGE
    +-- FunctionDied                   500     FUNCTION_DIED
    +-- InternalError                  500     INTERNAL_ERROR

Vendor exceptions are mapped to this tree where they are caught, with ``raise ... from``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tradewind.contracts.texts import well_formed


class TradewindError(Exception):
    """Base of the tree.

    Attributes:
        code: Stable, machine-readable; callers may branch on it.
        status: The HTTP status that says the same.
        field: The request field at fault, where there is one.
        extensions: What a caller may act on besides, by name; plain values of JSON.
        answered: Whether an agent function answers it as a result, because the caller has to act,
            instead of failing the invocation, so that Lambda counts it and keeps the event.
        asked_nothing: Whether it is certain that no model was asked and nothing was written, so
            that the same request may be sent again under its id.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    answered: ClassVar[bool] = False
    asked_nothing: ClassVar[bool] = False

    def __init__(
        self, message: str, *, field: str | None = None, extensions: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = well_formed(message)  # it may repeat a service's words
        self.field = field
        self.extensions = dict(extensions or {})


class RequestError(TradewindError):
    """The request cannot be served as it stands."""

    code = "INVALID_REQUEST"
    status = 400
    answered = True


class InvalidRequest(RequestError):
    """A field is missing, empty, of the wrong type or out of range."""


class UnknownAgent(RequestError):
    """The request names an agent that this function does not serve."""

    code = "UNKNOWN_AGENT"


class QueryTooLong(RequestError):
    """The query, or the request as a whole, is over its length limit."""

    code = "QUERY_TOO_LONG"


class DeadlineExceeded(TradewindError):
    """The Lambda's time ran out; the answer holds what was done until then."""

    code = "DEADLINE_EXCEEDED"
    status = 504
    answered = True


class ModelError(TradewindError):
    """The model service failed, or could not be reached."""

    code = "MODEL_FAILED"
    status = 502


class ModelThrottled(ModelError):
    """Too many requests or tokens for the account's quota; worth a retry."""

    code = "MODEL_THROTTLED"
    status = 429


class ModelAccessDenied(ModelError):
    """The role, or the account, may not use this model. A retry cannot help."""

    code = "MODEL_ACCESS_DENIED"
    status = 403


class ModelRequestRejected(ModelError):
    """The service found the request invalid, or does not know the model."""

    code = "MODEL_REQUEST_REJECTED"


class ModelContextOverflow(ModelError):
    """The conversation is longer than the model's context window."""

    code = "MODEL_CONTEXT_OVERFLOW"
    status = 400
    answered = True


class ModelTimeout(ModelError):
    """The service did not answer, or fell silent, for longer than the read timeout."""

    code = "MODEL_TIMEOUT"
    status = 504


class ModelUnavailable(ModelError):
    """The service is overloaded, not ready, or cannot be reached; worth a retry."""

    code = "MODEL_UNAVAILABLE"
    status = 503


class ModelFailed(ModelError):
    """The service reported an error of its own."""


class ModelStreamBroken(ModelError):
    """The answer broke off: a cut, a damaged frame, or no ``messageStop``."""

    code = "MODEL_STREAM_BROKEN"


class ModelOutputTruncated(ModelError):
    """The answer reached its token limit in mid-sentence or mid-call."""

    code = "MODEL_OUTPUT_TRUNCATED"


class ModelContentFiltered(ModelError):
    """A content filter or a guardrail stopped the answer. The caller has to ask otherwise."""

    code = "MODEL_CONTENT_FILTERED"
    status = 400
    answered = True


class ModelRefused(ModelError):
    """The model declined to answer. The caller has to ask otherwise."""

    code = "MODEL_REFUSED"
    status = 400
    answered = True


class OutputInvalid(ModelError):
    """The model gave no output that fits the request's schema, however often it was asked."""

    code = "OUTPUT_INVALID"


class RuntimeCallError(TradewindError):
    """An agent on AgentCore failed, or could not be called.

    ``extensions`` say how often the call was sent, as "attempts"; 0 when it was refused before.
    """

    code = "RUNTIME_FAILED"
    status = 502

    @property
    def attempts(self) -> int:
        """How often the call was sent."""
        return int(self.extensions.get("attempts", 0))


class InvalidRuntimeRequest(RuntimeCallError):
    """AgentCore would not take the call, or did not. A repeat cannot help."""

    code = "RUNTIME_REQUEST_INVALID"


class RuntimeRefused(RuntimeCallError):
    """The role, or the account, may not call this runtime, or its quota is used up."""

    code = "RUNTIME_REFUSED"
    status = 403


class RuntimeNotFound(RuntimeCallError):
    """There is no such runtime, or it has no such endpoint."""

    code = "RUNTIME_NOT_FOUND"


class RuntimeThrottled(RuntimeCallError):
    """There are too many calls, or too many sessions; worth a later try."""

    code = "RUNTIME_THROTTLED"
    status = 429


class RuntimeUnavailable(RuntimeCallError):
    """AgentCore, or the runtime, is not able to serve now or cannot be reached; worth a retry."""

    code = "RUNTIME_UNAVAILABLE"
    status = 503


class RuntimeSilent(RuntimeCallError):
    """No answer began within the read timeout. The agent may be at work all the same."""

    code = "RUNTIME_SILENT"
    status = 504


class RuntimeFailed(RuntimeCallError):
    """The agent there failed, whether its answer had begun or not."""


class RuntimeInterrupted(RuntimeCallError):
    """The answer broke off, or fell silent, after it had begun. It is never asked for again."""

    code = "RUNTIME_INTERRUPTED"


class RuntimeAnswerUnreadable(RuntimeCallError):
    """The answer is not what it says it is, or is larger than it may be."""

    code = "RUNTIME_ANSWER_UNREADABLE"


class StorageError(TradewindError):
    """Artifacts or records could not be read or written."""

    code = "STORAGE_UNAVAILABLE"
    status = 503


class StorageAccessDenied(StorageError):
    """The role may not touch this object or item. A retry cannot help."""

    code = "STORAGE_ACCESS_DENIED"
    status = 403


class StorageUnavailable(StorageError):
    """The storage service failed, throttled or could not be reached."""


class ArtifactNotFound(StorageError):
    """No such artifact in this project."""

    code = "ARTIFACT_NOT_FOUND"
    status = 404
    answered = True


class DuplicateRequest(StorageError):
    """A request with this id is being worked on."""

    code = "DUPLICATE_REQUEST"
    status = 409
    answered = True


class RequestIdReused(StorageError):
    """The id was used before, for a request that asked something else."""

    code = "REQUEST_ID_REUSED"
    status = 409
    answered = True


class ProjectChanged(StorageError):
    """Another request replaced what this one built on, while it worked. Nothing was left."""

    code = "PROJECT_CHANGED"
    status = 409
    answered = True


class NotAccepted(StorageError):
    """The API has not opened a record for this request. The model was not asked."""

    code = "NOT_ACCEPTED"
    status = 409
    answered = True
    asked_nothing = True


class NotStarted(StorageError):
    """No function took the request up for as long as Lambda keeps one. The model was not asked."""

    code = "NOT_STARTED"
    asked_nothing = True


class AgentBusy(StorageError):
    """The agent has as many requests as it takes at once. The model was not asked."""

    code = "AGENT_BUSY"
    status = 429
    asked_nothing = True


class SessionBusy(StorageError):
    """Another turn of this conversation is at work. The model was not asked."""

    code = "SESSION_BUSY"
    status = 409
    answered = True
    asked_nothing = True


class SessionOfAnotherAgent(StorageError):
    """The conversation was begun with another agent. The model was not asked."""

    code = "SESSION_OF_ANOTHER_AGENT"
    status = 409
    answered = True
    asked_nothing = True


class SessionChanged(StorageError):
    """The conversation was deleted, or went on, before this turn was over. It is not in it."""

    code = "SESSION_CHANGED"
    status = 409
    answered = True


class SessionUnreadable(StorageError):
    """What is kept of the conversation is not what was written. The model was not asked."""

    code = "SESSION_UNREADABLE"
    status = 500
    asked_nothing = True


class BudgetExceeded(TradewindError):
    """The next model call could cost more than is left; the message says how much, until when."""

    code = "BUDGET_EXCEEDED"
    status = 402
    answered = True


class Cancelled(TradewindError):
    """The caller cancelled the request; the answer holds what was done until then."""

    code = "CANCELLED"
    status = 409
    answered = True


class NotAnswered(TradewindError):
    """Nobody answered what the agent asks a person, for as long as it waits."""

    code = "NOT_ANSWERED"
    status = 504
    answered = True


class AgentChanged(TradewindError):
    """The agent is another one by now than the one that asked, and cannot go on from there."""

    code = "AGENT_CHANGED"
    status = 409
    answered = True


class NobodyToAsk(TradewindError):
    """A tool asks a person, and the request did not come in a way that can wait for one."""

    code = "NOBODY_TO_ASK"
    status = 409
    answered = True


class WorkflowError(TradewindError):
    """A workflow's file, or what its agents answered, did not lead to a result."""

    code = "WORKFLOW_FAILED"
    status = 422
    answered = True


class WorkflowInvalid(WorkflowError):
    """The file is not valid; the message names each line. No model was called."""

    code = "WORKFLOW_INVALID"


class WorkflowUnsupported(WorkflowError):
    """The file asks for what the function does not do. No model was called."""

    code = "WORKFLOW_UNSUPPORTED"


class WorkflowFailed(WorkflowError):
    """The agents answered, but not so that the workflow could go on."""


class WorkflowBudgetSpent(WorkflowError):
    """The file's own budget of steps, tokens or seconds is used up."""

    code = "WORKFLOW_BUDGET_SPENT"
    status = 402


class DataSourceError(TradewindError):
    """A public data service failed. What it did not say is never taken for "there is nothing"."""

    code = "DATA_SOURCE_UNAVAILABLE"
    status = 503


class DataSourceUnavailable(DataSourceError):
    """The service is overloaded, failed or could not be reached, repeats included."""


class DataSourceThrottled(DataSourceError):
    """The service asks for fewer requests. Worth a later try."""

    code = "DATA_SOURCE_THROTTLED"
    status = 429


class DataSourceInvalid(DataSourceError):
    """The service's answer is malformed, incomplete, too large or not what was asked for."""

    code = "DATA_SOURCE_INVALID"
    status = 502


class DataSourceRejected(DataSourceError):
    """The service refused the request, or is not who it should be. A repeat cannot help."""

    code = "DATA_SOURCE_REJECTED"
    status = 502


class ToolInputError(TradewindError):
    """A tool was called with values it cannot use; the message tells the model what to change."""

    code = "TOOL_INPUT_INVALID"
    status = 422


class ConfigurationError(TradewindError):
    """The function's environment is incomplete or invalid."""

    code = "CONFIGURATION_INVALID"


class AnswerTooLarge(TradewindError):
    """The answer is larger than Lambda delivers, or than its record can keep."""

    code = "ANSWER_TOO_LARGE"
    status = 502


class FunctionDied(TradewindError):
    """The function ended before the request did: killed, out of memory, or out of time."""

    code = "FUNCTION_DIED"


class InternalError(TradewindError):
    """A defect of ours. The log has the cause."""


def every_error() -> Iterator[type[TradewindError]]:
    """Every error of the tree, those that a domain refines not included."""
    kinds: list[type[TradewindError]] = [TradewindError]
    for kind in kinds:
        yield kind
        kinds += [one for one in kind.__subclasses__() if one.__module__ == __name__]


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised ``from``, the outermost first; a circle is walked once."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and all(cause is not earlier for earlier in seen):
        seen.append(cause)
        yield cause
        cause = cause.__cause__
