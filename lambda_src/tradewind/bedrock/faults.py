"""From vendor exceptions to ours, in one place.

Bedrock's faults arrive in four shapes: an HTTP error (``ClientError``), an exception frame inside
a stream (``EventStreamError``), a botocore transport error, or, once a stream has begun, a bare
urllib3 one. Strands turns two of them into its own types first.
"""

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
from strands.types.exceptions import (
    ContextWindowOverflowException,
    MaxTokensReachedException,
    ModelThrottledException,
)
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from tradewind.contracts.errors import (
    ModelAccessDenied,
    ModelContextOverflow,
    ModelError,
    ModelFailed,
    ModelOutputTruncated,
    ModelRequestRejected,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
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


def _from_client_error(error: ClientError) -> ModelError:
    details = error.response.get("Error", {})
    code = details.get("Code", "")
    kind = _BY_CODE.get(code.lower().removesuffix("exception"))
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
        error: What boto3, urllib3 or Strands raised.

    Returns:
        An error to raise ``from`` it; None when it is not the model service's failure.
    """
    if isinstance(error, ModelError):
        return error
    if isinstance(error, ClientError):
        return _from_client_error(error)
    for kinds, mapped, what in _BY_TYPE:
        if isinstance(error, kinds):
            return mapped(f"{what} ({type(error).__name__}).")
    return None


_BY_TYPE: Final[tuple[tuple[tuple[type[BaseException], ...], type[ModelError], str], ...]] = (
    ((ModelThrottledException,), ModelThrottled, "Bedrock throttled the request"),
    (
        (ContextWindowOverflowException,),
        ModelContextOverflow,
        "The conversation is longer than the model's context window",
    ),
    (
        (MaxTokensReachedException,),
        ModelOutputTruncated,
        "The model's answer reached its token limit",
    ),
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
