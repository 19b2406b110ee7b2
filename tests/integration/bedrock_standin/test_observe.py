"""Whoever asks is told of every call, and of nobody's who is not known."""

import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind, Identity, Observation
from devtools.localcloud.bedrock import StaticAuthorizer as Authorizer
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import Connect, ask, ask_streaming
from tests.integration.callers import ACCOUNT, PROFILE, REGION, make_identity


def eventually(condition: Callable[[], bool]) -> None:
    """The stand-in tells after the answer, which the caller may have read before."""
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_calls_are_told_with_what_became_of_them(
    tls_files: TlsFiles, caller: Identity, connect: Connect
) -> None:
    seen: list[Observation] = []
    with BedrockStandIn(
        authorizer=Authorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        observe=seen.append,
    ) as standin:
        client = connect(endpoint_url=standin.endpoint_url)
        usage = ask_streaming(client, "good morning")[-1]["metadata"]["usage"]
        standin.inject(Fault(FaultKind.THROTTLED))
        with pytest.raises(ClientError):
            ask(client, "again")
        with pytest.raises(ClientError):
            ask(connect(make_identity("stranger"), endpoint_url=standin.endpoint_url), "hello")
        ask(client, "at last")
        eventually(lambda: len(seen) == 3)
    answered, throttled, last = seen
    assert (answered.model_id, answered.status, last.status) == (PROFILE, 200, 200)
    assert answered.input_tokens == usage["inputTokens"]
    assert answered.output_tokens == usage["outputTokens"]
    assert 0 < answered.first_byte_ms <= answered.duration_ms
    assert (throttled.status, throttled.input_tokens) == (429, 0)
