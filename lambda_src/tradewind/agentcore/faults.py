"""From botocore's exceptions to ours, for calls of runtimes, in one place."""

import http.client
import json
from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from tradewind.agentcore.retries import RETRYABLE
from tradewind.contracts.errors import (
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeSilent,
    RuntimeThrottled,
    RuntimeUnavailable,
)

# What the service's model names. A status alone cannot tell a quota from a payment, nor a conflict
# that passes from one that does not.
_BY_CODE: Final[dict[str, type[RuntimeCallError]]] = {
    "AccessDeniedException": RuntimeRefused,
    "InternalServerException": RuntimeFailed,
    "ResourceNotFoundException": RuntimeNotFound,
    "RetryableConflictException": RuntimeUnavailable,
    "RuntimeClientError": RuntimeFailed,
    "ServiceQuotaExceededException": RuntimeRefused,
    "ThrottlingException": RuntimeThrottled,
    "TooManyRequestsException": RuntimeThrottled,
    "ValidationException": InvalidRuntimeRequest,
}
# What it does not: proxies and load balancers answer with a status and a page.
_BY_STATUS: Final[dict[int, type[RuntimeCallError]]] = {
    401: RuntimeRefused,
    403: RuntimeRefused,
    404: RuntimeNotFound,
    424: RuntimeFailed,
    429: RuntimeThrottled,
    503: RuntimeUnavailable,
    504: RuntimeUnavailable,
}
#: What botocore takes for an error.
_FIRST_ERROR: Final = 300
_SERVER_ERROR: Final = 500
#: Of what the service says, as much is repeated.
_SHOWN_LENGTH: Final = 1000


def make_readable(response_dict: dict[str, Any], **_rest: Any) -> None:
    """Have botocore read the page that a proxy answers, or whatever else is no error of AWS's.

    Handles ``before-parse``. Of a body that is not JSON as it expects it, botocore would raise
    whatever its parser stumbles over, and the status would be lost.
    """
    if response_dict["status_code"] < _FIRST_ERROR:
        return
    text = response_dict["body"].decode("utf-8", "replace")
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    fields = read if isinstance(read, dict) else {"message": text[:_SHOWN_LENGTH]}
    words = {name: value for name, value in fields.items() if isinstance(value, str)}
    response_dict["body"] = json.dumps(words).encode()


def to_runtime_error(error: ClientError | BotoCoreError) -> RuntimeCallError:
    """Return the typed error, to be raised ``from`` it, for a call whose answer did not begin."""
    if isinstance(error, ClientError):
        return _from_answer(error)
    if _is_no_http(error):
        return RuntimeAnswerUnreadable(f"What answers is not HTTP ({type(error).__name__}).")
    kind, what = next(
        ((kind, what) for kinds, kind, what in _BY_TYPE if isinstance(error, kinds)),
        (RuntimeFailed, "The call failed"),
    )
    return kind(f"{what} ({type(error).__name__}).")


def cut_refusal(status: int | None) -> RuntimeCallError | None:
    """The refusal whose own words broke off; None where it is not one that may pass.

    Args:
        status: Of the response.
    """
    kind = _BY_STATUS.get(status or 0)
    if kind is None or not issubclass(kind, RETRYABLE):
        return None
    return kind(f"AgentCore: {status}, and the rest broke off.")


def _is_no_http(error: BotoCoreError) -> bool:
    """Whether bytes came that are no head of a response, and not just an end."""
    cause = error.kwargs.get("error")
    causes = (cause, *getattr(cause, "args", ()))
    return any(
        isinstance(one, http.client.HTTPException)
        and not isinstance(one, http.client.RemoteDisconnected)
        for one in causes
    )


def _from_answer(error: ClientError) -> RuntimeCallError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None:
        kind = RuntimeFailed if status >= _SERVER_ERROR else InvalidRuntimeRequest
    return kind(f"AgentCore: {code}: {message}".rstrip(": ")[:_SHOWN_LENGTH])


_BY_TYPE: Final[tuple[tuple[tuple[type[BaseException], ...], type[RuntimeCallError], str], ...]] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        RuntimeRefused,
        "There are no AWS credentials to call AgentCore with",
    ),
    ((ParamValidationError,), InvalidRuntimeRequest, "botocore does not take the call"),
    ((ReadTimeoutError,), RuntimeSilent, "No answer began within the read timeout"),
    # Those of connections that were not made, and of those that broke off before an answer.
    ((ConnectionError, HTTPClientError), RuntimeUnavailable, "AgentCore cannot be reached"),
)
