"""No word of a request to a runtime leaves by the back door, however its call ends.

The handler, its client of runtimes and botocore are the real ones; a server of bytes repeats the
prompt wherever it can.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.agentcore.byte_server import (
    Act,
    ByteServer,
    chunk,
    event,
    head,
    say,
    say_and_close,
    say_and_reset,
    tell,
)
from tests.integration.handler.conftest import Build, Harness
from tests.integration.handler.runtimes import RUNTIME_VARIABLES, runtime_agent
from tests.integration.handler.test_secrets import EVENT, SECRET, WORD, Check, check, code_of, spans
from tradewind.agentcore import retries
from tradewind.agentcore.sdk import SdkTransport
from tradewind.aws.clients import AwsClients
from tradewind.contracts.response import AgentAnswer, Failure, Performance, Usage

#: A request's words are looked for as the other agents' are.
__all__ = ["check", "spans"]

SAID: Final = chunk(event(SECRET))
FAILED: Final = {"error": SECRET, "error_type": SECRET, "message": SECRET}
#: As agents of this project answer, wherever they run.
ANSWER: Final = AgentAnswer(
    success=False,
    status_code=502,
    agent=SECRET,
    response=SECRET,
    project_id=SECRET,
    request_id=SECRET,
    usage=Usage(),
    performance=Performance(
        coldStart=False,
        initTime=1,
        executionTime=1,
        connectionTime=1,
        connectionReused=True,
        memoryUsed=1,
    ),
    error=Failure(code=SECRET, message=SECRET),
)


def refuse(status: int, code: str = "") -> Act:
    """Refuse a call with its own words."""
    named = f"x-amzn-ErrorType: {code}\r\n" if code else ""
    body = json.dumps({"message": SECRET}).encode()
    return say(f"HTTP/1.1 {status} No\r\n{named}Content-Length: {len(body)}\r\n\r\n".encode(), body)


#: How a call ends, on every attempt, and what the request fails with then.
ENDS: Final[dict[str, tuple[Act, str | None]]] = {
    "well": (tell(SECRET, {"data": SECRET}, {"word": SECRET}), None),
    "unavailable": (refuse(503), "RUNTIME_UNAVAILABLE"),
    "throttled": (refuse(429, "ThrottlingException"), "RUNTIME_THROTTLED"),
    "refused": (refuse(403, "AccessDeniedException"), "RUNTIME_REFUSED"),
    "not there": (refuse(404, "ResourceNotFoundException"), "RUNTIME_NOT_FOUND"),
    "invalid": (refuse(400, "ValidationException"), "RUNTIME_REQUEST_INVALID"),
    "failed there": (refuse(424, "RuntimeClientError"), "RUNTIME_FAILED"),
    "failed within its answer": (tell(SECRET, FAILED), "RUNTIME_FAILED"),
    "says that it failed": (tell(ANSWER.model_dump(mode="json")), "RUNTIME_FAILED"),
    "cut": (say_and_close(head(), SAID), "RUNTIME_INTERRUPTED"),
    "reset": (say_and_reset(head(), SAID), "RUNTIME_INTERRUPTED"),
    "no HTTP": (say_and_close(f"{SECRET}\r\n\r\n".encode()), "RUNTIME_ANSWER_UNREADABLE"),
    "bad JSON": (
        say(head("application/json", framing=str(len(SECRET))), SECRET.encode()),
        "RUNTIME_ANSWER_UNREADABLE",
    ),
    "without an end": (
        say_and_close(head(framing="none"), event(SECRET)),
        "RUNTIME_ANSWER_UNREADABLE",
    ),
}


@pytest.fixture
def framework() -> Framework:
    """Whichever: a runtime is written with neither."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def server() -> Iterator[ByteServer]:
    """Stands for AgentCore."""
    server = ByteServer()
    yield server
    server.stop()


@pytest.fixture
def harness(build: Build, server: ByteServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """An agent that is a runtime."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", server.url)
    monkeypatch.setattr(retries, "BASE_PAUSE_S", 0.0)
    transport = SdkTransport(AwsClients(), regions=["us-east-1"])
    yield build(runtime_agent(transport), agent="onboarding", **RUNTIME_VARIABLES)
    transport.close()


@pytest.mark.parametrize("name", ENDS)
def test_ends_of_a_call(harness: Harness, server: ByteServer, check: Check, name: str) -> None:
    act, code = ENDS[name]
    server.acts.extend([act] * retries.MAX_ATTEMPTS)
    told = check(harness, EVENT | {"session_id": "s-1"})
    assert code_of(told) == code
    assert all(WORD in request.body.decode() for request in server.requests)  # it was told
    assert server.requests
    if code is None:
        assert WORD in told.answers[0]


@pytest.mark.parametrize("begun", [(), (head(), SAID)], ids=["before", "within"])
def test_an_answer_that_does_not_come_in_time(
    harness: Harness,
    server: ByteServer,
    check: Check,
    begun: tuple[bytes | Callable[[], object], ...],
) -> None:
    over = threading.Event()
    server.acts.append(say_and_close(*begun, over.wait))
    try:
        told = check(harness, remaining_ms=1_000)
    finally:
        over.set()
    assert code_of(told) == "DEADLINE_EXCEEDED"
