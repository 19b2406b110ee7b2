"""Calls of runtimes count to the request that they are made for, and to no other."""

import asyncio

from tests.runtime_calls import make_call
from tradewind.agentcore.meter import MeteredRuntimes, RuntimeMeter, metering_runtimes
from tradewind.agentcore.observer import ABANDONED, COMPLETED, RuntimeOutcome
from tradewind.contracts.errors import BudgetExceeded, InvalidRuntimeRequest, RuntimeThrottled
from tradewind.telemetry.metric_names import OF_RUNTIMES, MetricName

OBSERVER = MeteredRuntimes()
CALL = make_call()


def ended(ending: str, attempts: int = 1) -> RuntimeOutcome:
    return RuntimeOutcome(
        ending,
        attempts,
        duration_s=2,
        first_chunk_s=0.5 if ending == COMPLETED else None,
        chunks=3,
        received_bytes=40,
    )


def test_what_is_left_behind_counts_to_its_own_request() -> None:
    async def at_work(over: asyncio.Event) -> None:
        await over.wait()
        OBSERVER.call_ended(CALL, ended(COMPLETED))

    async def serve_two() -> tuple[RuntimeMeter, RuntimeMeter]:
        first, second, over = RuntimeMeter(), RuntimeMeter(), asyncio.Event()
        with metering_runtimes(first):
            left_behind = asyncio.create_task(at_work(over))
        with metering_runtimes(second):
            over.set()
            await left_behind
        return first, second

    first, second = asyncio.run(serve_two())
    assert (first.calls, second.calls) == (1, 0)


def test_outside_of_a_request_nobody_counts() -> None:
    OBSERVER.call_repeated(CALL, 2, RuntimeThrottled.code)
    OBSERVER.call_ended(CALL, ended(COMPLETED))


def test_several_calls_of_a_request_add_up() -> None:
    meter = RuntimeMeter()
    with metering_runtimes(meter):
        OBSERVER.call_repeated(CALL, 2, RuntimeThrottled.code)
        OBSERVER.call_ended(CALL, ended(COMPLETED, attempts=2))
        OBSERVER.call_ended(CALL, ended(COMPLETED))
    values = meter.values()
    assert dict(values) | {
        MetricName.RUNTIME_CALLS: 3,
        MetricName.RUNTIME_RETRIES: 1,
        MetricName.RUNTIME_ERRORS: 1,
        MetricName.RUNTIME_THROTTLES: 1,
        MetricName.RUNTIME_CHUNKS: 6,
        MetricName.RUNTIME_BYTES: 80,
    } == dict(values)
    assert values.count((MetricName.RUNTIME_DURATION, 2000)) == 2
    assert values.count((MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, 500)) == 2
    assert {name for name, _ in values} == OF_RUNTIMES


def test_what_was_never_sent_or_not_wanted_is_no_failure() -> None:
    meter = RuntimeMeter()
    meter.call_ended(ended(InvalidRuntimeRequest.code, attempts=0))
    meter.call_ended(ended(ABANDONED))
    meter.call_ended(ended("CANCELLED"))
    assert meter.errors.total() == 0
    assert meter.calls == 2
    assert meter.durations_ms == []


def test_a_repeat_that_was_never_sent_is_none() -> None:
    meter = RuntimeMeter()
    meter.call_repeated(RuntimeThrottled.code)
    meter.call_ended(ended(BudgetExceeded.code))
    assert (meter.calls, meter.retries, meter.errors.total()) == (1, 0, 1)
