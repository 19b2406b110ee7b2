"""What a request's meter adds up."""

import threading

import pytest

from tradewind.bedrock.meter import ModelMeter, current_meter, metering
from tradewind.contracts.errors import ModelFailed, ModelThrottled

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
USAGE = dict(
    zip(
        ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
        (1, 20, 300, 4_000),
        strict=True,
    )
)


def counted(meter: ModelMeter) -> list[int]:
    return [getattr(meter, name) for name in TOKENS]


def test_tokens_of_each_kind_add_up() -> None:
    meter = ModelMeter()
    meter.tokens_used(USAGE)
    meter.tokens_used(USAGE)
    assert counted(meter) == [2, 40, 600, 8_000]


@pytest.mark.parametrize("told", range(4))
def test_what_the_service_does_not_tell_counts_nothing(told: int) -> None:
    meter = ModelMeter()
    [name] = list(USAGE)[told : told + 1]
    meter.tokens_used({name: USAGE[name]})
    assert counted(meter) == [USAGE[name] if number == told else 0 for number in range(4)]


def test_calls_and_their_ends_are_counted_each_by_itself() -> None:
    meter = ModelMeter()
    for _ in range(5):
        meter.call_sent()
    for _ in range(2):
        meter.call_repeated()
    for error in (ModelThrottled("x"), ModelFailed("x"), ModelFailed("x")):
        meter.call_failed(error)
    meter.call_finished(9.5, None)
    meter.call_finished(8.5, 4.5)
    assert (meter.calls, meter.retries, meter.errors, meter.throttles) == (5, 2, 3, 1)
    assert (meter.latencies_ms, meter.first_token_ms) == ([9.5, 8.5], [4.5])


def test_connections_and_their_times_add_up() -> None:
    meter = ModelMeter()
    meter.connection_opened(1.5)
    meter.connection_opened(2.25)
    assert (meter.connections_opened, meter.connection_ms) == (2, 3.75)


def test_threads_lose_nothing() -> None:
    meter = ModelMeter()

    def count() -> None:
        for _ in range(2_000):
            meter.call_sent()
            meter.tokens_used(USAGE)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.calls == 8_000
    assert counted(meter) == [number * 8_000 for number in USAGE.values()]


def test_a_meter_is_current_while_its_request_is_at_work() -> None:
    outer, inner = ModelMeter(), ModelMeter()
    with metering(outer):
        with metering(inner):
            assert current_meter.get() is inner
        assert current_meter.get() is outer
    assert current_meter.get() is None


def test_a_request_that_fails_leaves_no_meter() -> None:
    def fail() -> None:
        with metering(ModelMeter()):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert current_meter.get() is None
