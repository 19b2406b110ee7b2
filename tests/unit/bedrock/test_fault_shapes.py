"""Each shape in which a failure may come from botocore and urllib3, each by itself."""

from typing import Any

import pytest
import urllib3.exceptions
from botocore import exceptions as boto
from botocore.eventstream import ChecksumMismatch, InvalidHeadersLength, ParserError

from tradewind.bedrock.faults import to_model_error
from tradewind.contracts import errors

POOL: Any = urllib3.HTTPSConnectionPool("bedrock")
URL = "https://bedrock"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.NoCredentialsError(), errors.ModelAccessDenied),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), errors.ModelAccessDenied),
        (boto.ConnectTimeoutError(endpoint_url=URL), errors.ModelUnavailable),
        (boto.EndpointConnectionError(endpoint_url=URL), errors.ModelUnavailable),
        (boto.ReadTimeoutError(endpoint_url=URL), errors.ModelTimeout),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", "x"), errors.ModelTimeout),
        (boto.ConnectionClosedError(endpoint_url=URL), errors.ModelStreamBroken),
        (boto.SSLError(endpoint_url=URL, error=OSError("x")), errors.ModelStreamBroken),
        (boto.HTTPClientError(error=OSError("x")), errors.ModelStreamBroken),
        (urllib3.exceptions.ProtocolError("x"), errors.ModelStreamBroken),
        (urllib3.exceptions.IncompleteRead(1, 2), errors.ModelStreamBroken),
        (ParserError("x"), errors.ModelStreamBroken),
        (ChecksumMismatch(1, 2), errors.ModelStreamBroken),
        (InvalidHeadersLength(1), errors.ModelStreamBroken),
        (boto.ParamValidationError(report="x"), errors.ModelFailed),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_failure_on_the_way_names_its_kind_and_no_more(
    error: Exception, expected: type[errors.ModelError]
) -> None:
    mapped = to_model_error(error)
    assert type(mapped) is expected
    assert mapped is not None
    assert f"({type(error).__name__})." in mapped.message


@pytest.mark.parametrize(
    ("status", "expected"),
    [(499, errors.ModelRequestRejected), (500, errors.ModelUnavailable), (None, None)],
)
def test_an_unknown_code_is_judged_by_its_status(
    status: int | None, expected: type[errors.ModelError] | None
) -> None:
    response: Any = {"Error": {"Code": "SomethingNew", "Message": "m"}}
    if status is not None:
        response["ResponseMetadata"] = {"HTTPStatusCode": status}
    mapped = to_model_error(boto.ClientError(response, "ConverseStream"))
    assert type(mapped) is (expected or errors.ModelRequestRejected)


def test_an_error_without_a_word_is_still_one() -> None:
    mapped = to_model_error(boto.ClientError({}, "ConverseStream"))
    assert mapped is not None
    assert mapped.message == "Bedrock"
