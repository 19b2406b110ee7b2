"""From vendor exceptions to ours, in one place.

Bedrock's faults arrive in four shapes: an HTTP error (``ClientError``), an exception frame inside
a stream (``EventStreamError``), a botocore transport error, or, once a stream has begun, a bare
urllib3 one. A framework may wrap any of them in an exception of its own, whose cause it stays: so
the causes are read, and no framework's types need to be known here.

Some answers arrive whole and are still no answer: their stop reason says so.
"""

import re
from typing import Final

from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from tradewind.contracts.errors import (
    BudgetExceeded,
    DeadlineExceeded,
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
    StorageError,
    causes_of,
)

# Codes without their suffix and in lower case: an exception frame spells
# "throttlingException" what an HTTP error spells "ThrottlingException".
_BY_CODE: Final[dict[str, type[ModelError]]] = {
    "throttling": ModelThrottled,
    "toomanyrequests": ModelThrottled,
    "servicequotaexceeded": ModelThrottled,
    "modelnotready": ModelUnavailable,
    "serviceunavailable": ModelUnavailable,
    "modeltimeout": ModelTimeout,
    "modelerror": ModelFailed,
    "internalserver": ModelFailed,
    "internalfailure": ModelFailed,
    "modelstreamerror": ModelStreamBroken,
    "accessdenied": ModelAccessDenied,
    "unrecognizedclient": ModelAccessDenied,
    "invalidsignature": ModelAccessDenied,
    "expiredtoken": ModelAccessDenied,
    "invalidclienttokenid": ModelAccessDenied,
    "validation": ModelRequestRejected,
    "resourcenotfound": ModelRequestRejected,
}

#: Errors that a repeat of the same call may cure. A timeout is not among them: the call may still
#: be running, and has already cost the time a repeat would need.
RETRYABLE: Final = (ModelThrottled, ModelUnavailable, ModelFailed, ModelStreamBroken)

_SERVER_ERROR: Final = 500

# A prompt that is too long is a ValidationException like any other; its message tells.
_CONTEXT_OVERFLOW: Final = re.compile(
    r"(?i)input is too long|prompt is too long|exceeds? (the )?context|maximum context length"
    r"|too many (total text bytes|input tokens)"
)

#: Stop reasons of an answer that is one. ``tool_use`` ends a call, not the conversation.
_ENDS: Final = frozenset({"end_turn", "stop_sequence", "tool_use"})

#: And those of an answer that is none. Only malformed ones are worth a repeat: the model may do
#: better, where a limit, a filter or a refusal would only be met again, and paid for again.
_BY_STOP_REASON: Final[dict[str, tuple[type[ModelError], str]]] = {
    "max_tokens": (ModelOutputTruncated, "The model's answer reached its token limit."),
    "model_context_window_exceeded": (
        ModelContextOverflow,
        "The conversation is longer than the model's context window.",
    ),
    "content_filtered": (ModelContentFiltered, "A content filter stopped the model's answer."),
    "guardrail_intervened": (ModelContentFiltered, "A guardrail stopped the model's answer."),
    # Sent by newer models; the service model does not list it.
    "refusal": (ModelRefused, "The model declined to answer."),
    "malformed_model_output": (ModelFailed, "The model's answer was malformed."),
    "malformed_tool_use": (ModelFailed, "The model called a tool in a malformed way."),
}
#: Of a stop reason that nobody foresaw, as much is repeated.
_SHOWN_LENGTH: Final = 64


def error_of_stop_reason(stop_reason: str) -> ModelError | None:
    """Return the error that a whole answer's ``stopReason`` means; None when it is an answer.

    A reason that is not known here is an error too: to take it for an answer would be a guess, and
    so would be to repeat the call.
    """
    if stop_reason in _ENDS:
        return None
    if stop_reason not in _BY_STOP_REASON:
        shown = ascii(stop_reason[:_SHOWN_LENGTH])
        return ModelError(f"The model stopped for a reason that is not known here: {shown}.")
    kind, message = _BY_STOP_REASON[stop_reason]
    return kind(message)


def _from_client_error(error: ClientError) -> ModelError:
    details = error.response.get("Error", {})
    code = details.get("Code", "")
    kind = _BY_CODE.get(code.lower().removesuffix("exception"))
    if kind is ModelRequestRejected and _CONTEXT_OVERFLOW.search(details.get("Message", "")):
        return ModelContextOverflow("The conversation is longer than the model's context window.")
    if kind is None:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if isinstance(error, EventStreamError):
            kind = ModelStreamBroken
        else:
            kind = ModelUnavailable if status >= _SERVER_ERROR else ModelRequestRejected
    return kind(f"Bedrock: {code}: {details.get('Message', '')}".rstrip(": "))


def to_model_error(error: BaseException) -> ModelError | None:
    """Return the typed error for a failure on the way to or from the model.

    Args:
        error: What boto3 or urllib3 raised, or what a framework raised from that.

    Returns:
        An error to raise ``from`` it; None when it is not the model service's failure.
    """
    for cause in causes_of(error):
        if isinstance(cause, ModelError):
            return cause
        if isinstance(cause, DeadlineExceeded):
            return None  # it was our own time that ended, whatever that broke off
        if isinstance(cause, BudgetExceeded | StorageError):
            return None  # the call was not paid for; what stands behind that is another service's
        if isinstance(cause, ClientError):
            return _from_client_error(cause)
        for kinds, mapped, what in _BY_TYPE:
            if isinstance(cause, kinds):
                return mapped(f"{what} ({type(cause).__name__}).")
    return None


_BY_TYPE: Final[tuple[tuple[tuple[type[BaseException], ...], type[ModelError], str], ...]] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        ModelAccessDenied,
        "There are no AWS credentials to call Bedrock with",
    ),
    (
        (ConnectTimeoutError, EndpointConnectionError),
        ModelUnavailable,
        "Bedrock cannot be reached",
    ),
    (
        (ReadTimeoutError, Urllib3TimeoutError),
        ModelTimeout,
        "Bedrock fell silent for longer than the read timeout",
    ),
    (
        (ConnectionClosedError, SSLError, HTTPClientError, Urllib3Error, ParserError),
        ModelStreamBroken,
        "The connection to Bedrock broke off",
    ),
    ((BotoCoreError,), ModelFailed, "The call to Bedrock failed"),
)
