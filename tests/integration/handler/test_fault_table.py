"""Every error that Bedrock documents, by its code, on the wire: its type, and who repeats it.

The table is written here once more, on purpose: a row that vanishes from the code is missed here.
"""

from dataclasses import dataclass
from typing import Final

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.integration.handler.conftest import CHAT, Build
from tests.integration.handler.script import Refusal
from tradewind.bedrock import faults
from tradewind.handlers.invocation_failed import InvocationFailed


@dataclass(frozen=True)
class Row:
    """What becomes of an error with this code.

    Attributes:
        status: The HTTP status that it comes with.
        code: What the answer says.
        passing: Whether the call is sent again.
    """

    status: int
    code: str
    passing: bool


ROWS: Final = {
    "ThrottlingException": Row(429, "MODEL_THROTTLED", True),
    "TooManyRequestsException": Row(429, "MODEL_THROTTLED", True),
    "ServiceQuotaExceededException": Row(400, "MODEL_THROTTLED", True),
    "ModelNotReadyException": Row(429, "MODEL_UNAVAILABLE", True),
    "ServiceUnavailableException": Row(503, "MODEL_UNAVAILABLE", True),
    "ModelTimeoutException": Row(408, "MODEL_TIMEOUT", False),
    "ModelErrorException": Row(424, "MODEL_FAILED", True),
    "InternalServerException": Row(500, "MODEL_FAILED", True),
    "InternalFailure": Row(500, "MODEL_FAILED", True),
    "ModelStreamErrorException": Row(424, "MODEL_STREAM_BROKEN", True),
    "AccessDeniedException": Row(403, "MODEL_ACCESS_DENIED", False),
    "UnrecognizedClientException": Row(403, "MODEL_ACCESS_DENIED", False),
    "InvalidSignatureException": Row(403, "MODEL_ACCESS_DENIED", False),
    "ExpiredTokenException": Row(403, "MODEL_ACCESS_DENIED", False),
    "InvalidClientTokenId": Row(403, "MODEL_ACCESS_DENIED", False),
    "ValidationException": Row(400, "MODEL_REQUEST_REJECTED", False),
    "ResourceNotFoundException": Row(404, "MODEL_REQUEST_REJECTED", False),
    # What nobody has documented yet is judged by its status.
    "SomethingNewException": Row(400, "MODEL_REQUEST_REJECTED", False),
    "SomethingOldException": Row(499, "MODEL_REQUEST_REJECTED", False),
    "SomethingWorseException": Row(500, "MODEL_UNAVAILABLE", True),
}
#: The exceptions that ConverseStream documents inside a stream.
FRAMES: Final = {
    FaultKind.STREAM_INTERNAL: "InternalServerException",
    FaultKind.STREAM_MODEL_ERROR: "ModelStreamErrorException",
    FaultKind.STREAM_VALIDATION: "ValidationException",
    FaultKind.STREAM_THROTTLED: "ThrottlingException",
    FaultKind.STREAM_UNAVAILABLE: "ServiceUnavailableException",
}
QUERY: Final = {"query": "How strong is the wind?", "request_id": "r"}
#: Sends of a call that a passing fault meets each time, and of one with a lasting fault.
SENDS: Final = {True: 4, False: 1}


def meets(build: Build, standin: BedrockStandIn, fault: Fault, row: Row) -> None:
    standin.inject(fault)
    harness = build(CHAT)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY)
    answer = failed.value.answer
    assert answer.error is not None
    assert answer.error.code == row.code
    assert standin.stats().requests == answer.usage.model_calls == SENDS[row.passing]


@pytest.mark.parametrize("code", ROWS)
def test_an_http_error(build: Build, standin: BedrockStandIn, code: str) -> None:
    row = ROWS[code]
    refusal = Refusal(FaultKind.VALIDATION, count=None, code=code, status=row.status)
    meets(build, standin, refusal, row)


@pytest.mark.parametrize("kind", FRAMES)
def test_an_exception_within_the_stream(
    build: Build, standin: BedrockStandIn, kind: FaultKind
) -> None:
    meets(build, standin, Fault(kind, count=None), ROWS[FRAMES[kind]])


def test_each_code_that_is_known_is_tested() -> None:
    assert set(faults._BY_CODE) <= {code.lower().removesuffix("exception") for code in ROWS}
