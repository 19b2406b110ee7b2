"""What botocore raises before an answer begins, and what that is called here."""

import http.client
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import ProtocolError

from tradewind.agentcore.faults import to_runtime_error
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

URL = {"endpoint_url": "https://127.0.0.1"}


def answered(status: int, code: str, message: str = "why") -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "InvokeAgentRuntime")


MODELLED = {
    "AccessDeniedException": RuntimeRefused,
    "InternalServerException": RuntimeFailed,
    "ResourceNotFoundException": RuntimeNotFound,
    "RetryableConflictException": RuntimeUnavailable,
    "RuntimeClientError": RuntimeFailed,
    "ServiceQuotaExceededException": RuntimeRefused,
    "ThrottlingException": RuntimeThrottled,
    "ValidationException": InvalidRuntimeRequest,
}


def test_every_error_of_the_services_model_is_known() -> None:
    model = botocore.session.get_session().get_service_model("bedrock-agentcore")
    shapes = model.operation_model("InvokeAgentRuntime").error_shapes
    assert {shape.name for shape in shapes} == set(MODELLED)
    for shape in shapes:
        status = shape.metadata["error"]["httpStatusCode"]
        assert type(to_runtime_error(answered(status, shape.name))) is MODELLED[shape.name]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRuntimeRequest),
        (401, RuntimeRefused),
        (402, InvalidRuntimeRequest),
        (403, RuntimeRefused),
        (404, RuntimeNotFound),
        (409, InvalidRuntimeRequest),
        (424, RuntimeFailed),
        (429, RuntimeThrottled),
        (500, RuntimeFailed),
        (502, RuntimeFailed),
        (503, RuntimeUnavailable),
        (504, RuntimeUnavailable),
    ],
)
def test_what_the_model_does_not_name_is_known_by_its_status(
    status: int, kind: type[RuntimeCallError]
) -> None:
    error = to_runtime_error(answered(status, str(status)))
    assert type(error) is kind
    assert isinstance(error, RETRYABLE) == (status in {429, 503, 504})


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (NoCredentialsError(), RuntimeRefused),
        (ParamValidationError(report="payload"), InvalidRuntimeRequest),
        (ReadTimeoutError(**URL), RuntimeSilent),
        (ConnectTimeoutError(**URL), RuntimeUnavailable),
        (EndpointConnectionError(**URL), RuntimeUnavailable),
        (SSLError(**URL, error=OSError("handshake")), RuntimeUnavailable),
        (ConnectionClosedError(**URL), RuntimeUnavailable),
        (HTTPClientError(error=OSError("broken")), RuntimeUnavailable),
        (
            ConnectionClosedError(
                **URL, error=ProtocolError("aborted", http.client.RemoteDisconnected("ended"))
            ),
            RuntimeUnavailable,
        ),
        (
            ConnectionClosedError(
                **URL, error=ProtocolError("aborted", http.client.BadStatusLine("garbage"))
            ),
            RuntimeAnswerUnreadable,
        ),
        (HTTPClientError(error=http.client.LineTooLong("header")), RuntimeAnswerUnreadable),
        (NoRegionError(), RuntimeFailed),
    ],
)
def test_what_never_was_an_answer(cause: BotoCoreError, kind: type[RuntimeCallError]) -> None:
    error = to_runtime_error(cause)
    assert type(error) is kind
    assert type(cause).__name__ in error.message


def test_the_services_words_are_repeated_in_part() -> None:
    error = to_runtime_error(answered(400, "ValidationException", "x" * 100_000))
    assert error.message.startswith("AgentCore: ValidationException: xxx")
    assert len(error.message) <= 1000
