"""What is refused before an agent's process is asked, and what reaches it of the headers."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from devtools.localcloud.extension.agentcore.exchange import Exchange, Unreachable
from devtools.localcloud.extension.agentcore.invocation import Call, DataPlane, headers_in
from devtools.localcloud.extension.agentcore.process import AgentProcess, InitFailed
from devtools.localcloud.extension.agentcore.records import Runtimes, Version
from devtools.localcloud.extension.agentcore.refusal import Refused
from devtools.localcloud.extension.agentcore.sessions import Key, Sessions

MOST = 100_000_000
CUSTOM = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Colour"


class World:
    """A runtime whose process never starts, and how often that was tried."""

    def __init__(self) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        runtimes = Runtimes("arn:aws:bedrock-agentcore:us-east-1:000000000000:", lambda: now)
        self.arn = runtimes.create("agent", {}, Path()).arn
        self.starts = 0
        self.gone = 0
        sessions: Sessions[AgentProcess] = Sessions(self._start, lambda: 0.0)
        self.data_plane = DataPlane(runtimes, sessions, lambda run: run)

    async def _start(self, _key: Key, _version: Version) -> AgentProcess:
        self.starts += 1
        if self.starts <= self.gone:
            process: Any = Gone()
            return cast("AgentProcess", process)
        raise InitFailed("not in time")

    def invoke(self, **call: Any) -> Refused:
        async def invoke() -> None:
            await self.data_plane.invoke(Call(**{"runtime_arn": self.arn, **call}))

        with pytest.raises(Refused) as refused:
            asyncio.run(invoke())
        return refused.value


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ({"body": bytes(MOST + 1)}, 400, "ValidationException"),
        ({"qualifier": "live"}, 404, "ResourceNotFoundException"),
        (
            {"runtime_arn": "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/no"},
            404,
            "ResourceNotFoundException",
        ),
    ],
    ids=["too large", "no endpoint", "no runtime"],
)
def test_what_cannot_be_served_starts_no_process(
    call: dict[str, Any], status: int, code: str
) -> None:
    world = World()
    refused = world.invoke(**call)
    assert (refused.status, refused.code, world.starts) == (status, code, 0)


def test_the_largest_payload_goes_to_the_agent() -> None:
    world = World()
    refused = world.invoke(body=bytes(MOST))
    assert (refused.status, refused.code, str(refused)) == (
        424,
        "RuntimeClientError",
        "not in time",
    )
    assert world.starts == 1


class Gone:
    """A process that was taken for alive and listens no more."""

    running = True

    def alive(self) -> bool:
        return self.running

    async def busy(self) -> bool:
        return False

    def end(self) -> None:
        self.running = False

    async def request(self, *_request: Any) -> Exchange:
        self.end()
        raise Unreachable


@pytest.mark.parametrize("gone", [1, 2])
def test_a_request_that_nobody_got_goes_to_one_new_process(gone: int) -> None:
    world = World()
    world.gone = gone
    refused = world.invoke()
    assert world.starts == 2
    assert str(refused).startswith("not in time" if gone == 1 else "Received error (502)")


@pytest.mark.parametrize("listed", [[], [CUSTOM], [CUSTOM.upper()]])
def test_only_listed_headers_of_a_callers_own_reach_the_agent(listed: list[str]) -> None:
    sent = {
        "content-type": "a/b",
        "authorization": "AWS4-HMAC-SHA256 ...",
        "x-amz-security-token": "secret",
        "cookie": "secret",
        CUSTOM.lower(): "blue",
    }
    configuration = {"requestHeaderConfiguration": {"requestHeaderAllowlist": listed}}
    version = Version(1, configuration, Path(), datetime(2026, 1, 1, tzinfo=UTC))
    passed = headers_in(Call("arn", headers=sent, session_id="s" * 33), version)
    assert passed.pop("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id") == "s" * 33
    assert passed.pop("X-Amzn-Bedrock-AgentCore-Runtime-Request-Id")
    assert passed == {"Content-Type": "a/b", **dict.fromkeys(listed, "blue")}
