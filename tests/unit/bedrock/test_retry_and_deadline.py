"""Model calls are repeated while that can help and time is left."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.aws.deadline import MAX_MARGIN_S, Deadline
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.bedrock.retry import MAX_ATTEMPTS, ModelRetries
from tradewind.contracts.errors import ModelAccessDenied, ModelTimeout, ModelUnavailable


class Clock:
    """A clock that the retry layer's own pauses move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            self.now += seconds

        monkeypatch.setattr("tradewind.bedrock.retry.asyncio.sleep", sleep)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def attempts(clock: Clock, remaining_s: float, error: Exception, call_s: float = 0.1) -> int:
    """How often a model call that always fails is sent."""
    layer = ModelRetries(Deadline(remaining_s, clock))

    async def run() -> int:
        for attempt in range(1, 100):
            clock.now += call_s
            if not await layer.wait_to_repeat(error):
                return attempt
        raise AssertionError("it never gave up")

    return asyncio.run(run())


def test_a_passing_fault_is_repeated_a_few_times(clock: Clock) -> None:
    meter = ModelMeter()
    token = current_meter.set(meter)
    try:
        assert attempts(clock, 900, ModelUnavailable("x")) == MAX_ATTEMPTS
    finally:
        current_meter.reset(token)
    assert meter.retries == MAX_ATTEMPTS - 1
    for number, pause in enumerate(clock.pauses):
        assert 0 <= pause <= 0.5 * 2**number


@pytest.mark.parametrize("error", [ModelAccessDenied("x"), ModelTimeout("x"), KeyError("bug")])
def test_a_lasting_fault_is_sent_once(clock: Clock, error: Exception) -> None:
    assert attempts(clock, 900, error) == 1


def test_nothing_is_repeated_that_the_deadline_would_cut(clock: Clock) -> None:
    assert attempts(clock, 10, ModelUnavailable("x"), call_s=6.5) == 1
    assert clock.pauses == []


@pytest.mark.parametrize("remaining_s", range(1, 901, 29))
def test_a_run_of_any_length_repeats_a_call_that_fails_at_once(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, remaining_s: int
) -> None:
    monkeypatch.setattr("tradewind.bedrock.retry.BASE_PAUSE_S", 0.01)
    assert attempts(clock, remaining_s, ModelUnavailable("x"), call_s=0.01) == MAX_ATTEMPTS


def test_a_success_starts_the_count_anew(clock: Clock) -> None:
    layer = ModelRetries(Deadline(900, clock))

    async def run() -> list[bool]:
        outcomes = []
        for failure in [ModelUnavailable("x"), None, *[ModelUnavailable("x")] * MAX_ATTEMPTS]:
            if failure is None:
                layer.succeeded()
                outcomes.append(False)
            else:
                outcomes.append(await layer.wait_to_repeat(failure))
        return outcomes

    assert asyncio.run(run()) == [True, False, *[True] * (MAX_ATTEMPTS - 1), False]


@given(remaining=st.floats(0, 900), passed=st.floats(0, 2000))
def test_the_deadline_leaves_time_for_the_answer(remaining: float, passed: float) -> None:
    now = 0.0
    deadline = Deadline(remaining, lambda: now)
    at_once = deadline.remaining_s()
    closing_at_once = deadline.closing_s()
    margin = min(MAX_MARGIN_S, 0.3 + 0.2 * remaining, remaining / 2)
    assert at_once == pytest.approx(remaining - margin)
    assert at_once + deadline.grace_s <= closing_at_once <= remaining
    now = passed
    assert deadline.remaining_s() == pytest.approx(max(0, at_once - passed))
    assert deadline.closing_s() == pytest.approx(max(0, closing_at_once - passed))
