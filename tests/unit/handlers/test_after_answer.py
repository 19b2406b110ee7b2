"""What follows an answer runs once per request, and never ahead of the first event."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tradewind.handlers.after_answer import AfterAnswer


def ten() -> float:
    return 10.0


class RuntimeClient:
    """awslambdaric's client, as far as it asks for events."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened

    def wait_next_invocation(self) -> str:
        self.happened.append("next")
        return "event"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> type[RuntimeClient]:
    """A process that runs on awslambdaric."""

    class LambdaRuntimeClient(RuntimeClient):
        pass

    module: Any = ModuleType("awslambdaric.lambda_runtime_client")
    module.LambdaRuntimeClient = LambdaRuntimeClient
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return LambdaRuntimeClient


def test_it_runs_between_an_answer_and_the_next_event_only(runtime: type[RuntimeClient]) -> None:
    happened: list[str] = []
    after = AfterAnswer(lambda time_left_s: happened.append(f"sent, {time_left_s():g} s left"))
    assert after.hook()
    client = runtime(happened)
    assert client.wait_next_invocation() == "event"  # the first one, or one after a restore
    after.request_over(ten)
    happened.append("posted")
    client.wait_next_invocation()
    client.wait_next_invocation()
    assert happened == ["next", "posted", "sent, 10 s left", "next", "next"]


@pytest.mark.parametrize("missing", ["module", "class", "method"])
def test_without_that_moment_it_runs_just_before_the_answer(
    runtime: type[RuntimeClient], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "module":
        monkeypatch.delitem(sys.modules, "awslambdaric.lambda_runtime_client")
    elif missing == "class":
        monkeypatch.delattr(
            sys.modules["awslambdaric.lambda_runtime_client"], "LambdaRuntimeClient"
        )
    else:
        monkeypatch.delattr(RuntimeClient, "wait_next_invocation")
    happened: list[str] = []
    after = AfterAnswer(lambda _time_left_s: happened.append("sent"))
    assert not after.hook()
    after.request_over(ten)
    after.run()
    assert happened == ["sent"]


def test_an_action_that_fails_keeps_the_others_from_nothing(
    runtime: type[RuntimeClient], caplog: pytest.LogCaptureFixture
) -> None:
    happened: list[str] = []

    def fail(_time_left_s: Callable[[], float]) -> None:
        raise ValueError("secret detail")

    after = AfterAnswer(fail)
    after.add(lambda _time_left_s: happened.append("second"))
    after.hook()
    after.request_over(ten)
    runtime(happened).wait_next_invocation()
    assert happened == ["second", "next"]
    assert "What follows an answer failed" in caplog.text
    assert "secret" not in caplog.text
