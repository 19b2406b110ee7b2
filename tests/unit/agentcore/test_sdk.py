"""What no server brings about on purpose: a call given up between steps, a stream without rest."""

import asyncio
from typing import Any

import pytest

from tests.runtime_calls import make_call
from tradewind.agentcore import sdk
from tradewind.agentcore.sdk import SdkAnswer
from tradewind.aws.arrivals import MAX_READ


class Body:
    """A body of which more has always arrived."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.closed = False

    @property
    def is_over(self) -> bool:
        return self.left == 0

    def take(self) -> bytes:
        self.left -= 1
        return b"x" * MAX_READ

    def close(self) -> None:
        self.closed = True


def test_an_answer_to_a_call_that_was_given_up_meanwhile_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = Body(1)
    monkeypatch.setattr(sdk, "ArrivingBody", lambda _response: body)
    sending = sdk._Sending(make_call())

    class Client:
        def invoke_agent_runtime(self, **_arguments: Any) -> dict[str, Any]:
            sending.give_up()
            return {"response": None}

    sending.send(Client())
    assert body.closed


def test_a_call_that_was_given_up_is_not_sent() -> None:
    sending = sdk._Sending(make_call())
    sending.give_up()
    with pytest.raises(ConnectionAbortedError):
        sending.send(None)


def test_a_stream_that_never_rests_leaves_others_their_turn() -> None:
    body: Any = Body(100)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while not body.is_over:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> None:
        others = asyncio.create_task(other())
        async for _ in SdkAnswer(make_call(), {}, body, 1.0).chunks():
            pass
        await others

    asyncio.run(read())
    assert turns > 50
