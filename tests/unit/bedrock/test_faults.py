"""Vendor exceptions become typed errors, whatever shape they come in."""

from typing import Any

import botocore.session
import pytest
import urllib3.exceptions
from botocore import exceptions as boto
from botocore.eventstream import ChecksumMismatch
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from tradewind.bedrock import faults
from tradewind.bedrock.faults import RETRYABLE, error_of_stop_reason, to_model_error
from tradewind.contracts import errors


def http_error(code: str, status: int, message: str = "because") -> boto.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return boto.ClientError(response, "ConverseStream")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ValidationException", 400, errors.ModelRequestRejected),
        ("AccessDeniedException", 403, errors.ModelAccessDenied),
        ("UnrecognizedClientException", 403, errors.ModelAccessDenied),
        ("ExpiredTokenException", 403, errors.ModelAccessDenied),
        ("ResourceNotFoundException", 404, errors.ModelRequestRejected),
        ("ModelTimeoutException", 408, errors.ModelTimeout),
        ("ModelErrorException", 424, errors.ModelFailed),
        ("ThrottlingException", 429, errors.ModelThrottled),
        ("ModelNotReadyException", 429, errors.ModelUnavailable),
        ("InternalServerException", 500, errors.ModelFailed),
        ("ServiceUnavailableException", 503, errors.ModelUnavailable),
        ("SomethingNew", 502, errors.ModelUnavailable),
        ("SomethingNew", 418, errors.ModelRequestRejected),
    ],
)
def test_http_errors(code: str, status: int, expected: type[errors.ModelError]) -> None:
    mapped = to_model_error(http_error(code, status))
    assert type(mapped) is expected
    assert mapped is not None
    assert mapped.message == f"Bedrock: {code}: because"


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("throttlingException", errors.ModelThrottled),
        ("modelStreamErrorException", errors.ModelStreamBroken),
        ("internalServerException", errors.ModelFailed),
        ("serviceUnavailableException", errors.ModelUnavailable),
        ("validationException", errors.ModelRequestRejected),
        ("somethingNew", errors.ModelStreamBroken),
    ],
)
def test_exception_frames_inside_a_stream(frame: str, expected: type[errors.ModelError]) -> None:
    error = boto.EventStreamError({"Error": {"Code": frame, "Message": "m"}}, "ConverseStream")
    assert type(to_model_error(error)) is expected


POOL = urllib3.HTTPSConnectionPool("bedrock")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.NoCredentialsError(), errors.ModelAccessDenied),
        (boto.EndpointConnectionError(endpoint_url="https://b"), errors.ModelUnavailable),
        (boto.ConnectTimeoutError(endpoint_url="https://b"), errors.ModelUnavailable),
        (boto.ReadTimeoutError(endpoint_url="https://b"), errors.ModelTimeout),
        (boto.ConnectionClosedError(endpoint_url="https://b"), errors.ModelStreamBroken),
        (boto.SSLError(endpoint_url="https://b", error=OSError("eof")), errors.ModelStreamBroken),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", "stall"), errors.ModelTimeout),
        (urllib3.exceptions.ProtocolError("cut"), errors.ModelStreamBroken),
        (ChecksumMismatch(1, 2), errors.ModelStreamBroken),
        (boto.DataNotFoundError(data_path="x"), errors.ModelFailed),
    ],
)
def test_transport_errors(error: Exception, expected: type[errors.ModelError]) -> None:
    assert type(to_model_error(error)) is expected


@pytest.mark.parametrize(
    ("wrapper", "cause", "expected"),
    [
        (
            ModelThrottledException("slow down"),
            http_error("ThrottlingException", 429),
            errors.ModelThrottled,
        ),
        (
            ContextWindowOverflowException("too long"),
            http_error("ValidationException", 400, "Input is too long for requested model."),
            errors.ModelContextOverflow,
        ),
        (
            ModelHTTPError(status_code=503, model_name="m"),
            http_error("ServiceUnavailableException", 503),
            errors.ModelUnavailable,
        ),
        (
            ModelAPIError(model_name="m", message="timed out"),
            boto.ReadTimeoutError(endpoint_url="https://b"),
            errors.ModelTimeout,
        ),
        (RuntimeError("wrapped"), errors.ModelStreamBroken("cut"), errors.ModelStreamBroken),
    ],
)
def test_what_a_framework_makes_of_a_fault_is_still_that_fault(
    wrapper: Exception, cause: Exception, expected: type[errors.ModelError]
) -> None:
    wrapper.__cause__ = cause
    assert type(to_model_error(wrapper)) is expected


@pytest.mark.parametrize(
    "message",
    [
        "Input is too long for requested model.",
        "input length and `max_tokens` exceed context limit: 200001",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "too many total text bytes",
        "This model's maximum context length is 128000 tokens",
    ],
)
def test_a_conversation_that_is_too_long_is_told_from_other_invalid_requests(message: str) -> None:
    error = http_error("ValidationException", 400, message)
    assert type(to_model_error(error)) is errors.ModelContextOverflow


def test_an_error_of_ours_stays_and_a_strangers_is_not_claimed() -> None:
    ours = errors.ModelThrottled("x")
    assert to_model_error(ours) is ours
    assert to_model_error(KeyError("bug")) is None


def test_only_what_a_repeat_can_cure_is_retried() -> None:
    hopeless = {
        errors.ModelAccessDenied,
        errors.ModelRequestRejected,
        errors.ModelContextOverflow,
        errors.ModelOutputTruncated,
        errors.OutputInvalid,
        errors.ModelTimeout,
        errors.ModelContentFiltered,
        errors.ModelRefused,
    }
    every = set(errors.ModelError.__subclasses__())
    assert set(RETRYABLE) == every - hopeless


def test_every_stop_reason_that_bedrock_documents_is_known_here() -> None:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    documented = set(service.shape_for("StopReason").enum)  # type: ignore[attr-defined]
    ends = {one for one in documented if error_of_stop_reason(one) is None}
    assert ends == {"end_turn", "stop_sequence", "tool_use"}
    assert documented - ends == set(faults._BY_STOP_REASON) - {"refusal"}


def test_only_malformed_answers_are_worth_a_repeat() -> None:
    repeated = {
        one
        for one in [*faults._BY_STOP_REASON, "something_new"]
        if isinstance(error_of_stop_reason(one), RETRYABLE)
    }
    assert repeated == {"malformed_model_output", "malformed_tool_use"}


def test_an_unknown_stop_reason_is_named_in_bounds() -> None:
    error = error_of_stop_reason("new\n\ud800" + "x" * 10_000)
    assert error is not None
    assert len(error.message) < 200
    assert error.message.isprintable()


@pytest.mark.parametrize("kind", [errors.BudgetExceeded, errors.StorageUnavailable])
def test_a_call_that_was_not_paid_for_is_no_failure_of_the_model(
    kind: type[errors.TradewindError],
) -> None:
    """What stands behind it may be a throttled table: nothing to repeat the model's call for."""
    unpaid = kind("no")
    unpaid.__cause__ = http_error("ThrottlingException", 400)
    wrapped = RuntimeError("a framework's")
    wrapped.__cause__ = unpaid
    assert to_model_error(wrapped) is None
