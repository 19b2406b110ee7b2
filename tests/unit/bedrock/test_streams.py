"""What a model call streams is passed on, measured, and never mistaken for a success."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3.exceptions

from tradewind.bedrock.meter import ModelMeter
from tradewind.bedrock.streams import ModelStream
from tradewind.contracts.errors import (
    ModelContentFiltered,
    ModelContextOverflow,
    ModelError,
    ModelFailed,
    ModelOutputTruncated,
    ModelRefused,
    ModelStreamBroken,
)

WHOLE: list[Any] = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "Hello"}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3, "cacheReadInputTokens": 2}}},
]


class Events:
    """botocore's stream, as far as it is used."""

    def __init__(self, events: list[Any], error: Exception | None = None) -> None:
        self._events = events
        self._error = error
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Any]:
        yield from self._events
        if self._error:
            raise self._error

    def close(self) -> None:
        self.closed.set()


def consume(
    events: list[Any], error: Exception | None = None
) -> tuple[list[Any], ModelMeter, Exception | None, Events]:
    meter, source = ModelMeter(), Events(events, error)
    received: list[Any] = []
    try:
        for event in ModelStream(source, meter, 0.0):
            received.append(event)
    except Exception as raised:
        return received, meter, raised, source
    return received, meter, None, source


def test_a_whole_stream_passes_unchanged_and_is_measured() -> None:
    received, meter, raised, _ = consume(WHOLE)
    assert (received, raised) == (WHOLE, None)
    assert meter.errors == 0
    assert (meter.input_tokens, meter.output_tokens, meter.cache_read_tokens) == (7, 3, 2)
    assert len(meter.latencies_ms) == len(meter.first_token_ms) == 1
    assert meter.first_token_ms[0] <= meter.latencies_ms[0]


@pytest.mark.parametrize("frames", range(2))
def test_a_stream_without_its_end_is_an_error(frames: int) -> None:
    received, meter, raised, source = consume(WHOLE[:frames])
    assert isinstance(raised, ModelStreamBroken)
    assert received == WHOLE[:frames]
    assert (meter.errors, meter.latencies_ms) == (1, [])
    assert source.closed.is_set()


def test_a_closed_stream_may_end_early() -> None:
    meter, source = ModelMeter(), Events(WHOLE[:2])
    stream = ModelStream(source, meter, 0.0)
    received = []
    for event in stream:
        received.append(event)
        stream.close()
    assert received == WHOLE[:2]
    assert (meter.errors, meter.latencies_ms) == (0, [])
    assert source.closed.is_set()


def test_a_read_that_a_close_ended_is_no_failure_of_the_service() -> None:
    meter = ModelMeter()
    stream = ModelStream(Events(WHOLE[:1], OSError("shut down")), meter, 0.0)
    events = iter(stream)
    next(events)
    stream.close()
    with pytest.raises(OSError, match="shut down"):
        next(events)
    assert meter.errors == 0


def test_a_stream_that_nobody_reads_on_is_closed() -> None:
    source = Events(WHOLE)
    events = iter(ModelStream(source, ModelMeter(), 0.0))
    next(events)
    events.close()  # type: ignore[attr-defined]  # a generator, as a framework may drop it
    assert source.closed.is_set()


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("max_tokens", ModelOutputTruncated),
        ("model_context_window_exceeded", ModelContextOverflow),
        ("content_filtered", ModelContentFiltered),
        ("guardrail_intervened", ModelContentFiltered),
        ("refusal", ModelRefused),
        ("malformed_model_output", ModelFailed),
        ("malformed_tool_use", ModelFailed),
        ("something_new", ModelError),
        ("", ModelError),
    ],
)
def test_an_answer_that_is_none_is_an_error_after_all_of_it(
    stop_reason: str, expected: type[ModelError]
) -> None:
    events = [*WHOLE[:2], {"messageStop": {"stopReason": stop_reason}}, WHOLE[3]]
    received, meter, raised, _ = consume(events)
    assert type(raised) is expected
    assert received == events
    # The service did its work: the call is no error of its, and its tokens are to be paid for.
    assert (meter.errors, meter.output_tokens, len(meter.latencies_ms)) == (0, 3, 1)


@pytest.mark.parametrize("stop_reason", ["end_turn", "tool_use", "stop_sequence"])
def test_other_stop_reasons_are_answers(stop_reason: str) -> None:
    _, _, raised, _ = consume([*WHOLE[:2], {"messageStop": {"stopReason": stop_reason}}])
    assert raised is None


def test_a_vendor_error_leaves_as_it_is_and_is_counted() -> None:
    cut = urllib3.exceptions.ProtocolError("cut")
    _, meter, raised, source = consume(WHOLE[:2], cut)
    assert raised is cut
    assert meter.errors == 1
    assert source.closed.is_set()
