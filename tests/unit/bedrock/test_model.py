"""What Strands' model streams is passed on, measured, and never mistaken for a success."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import urllib3.exceptions

from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.bedrock.model import _metered
from tradewind.contracts.errors import ModelStreamBroken

WHOLE: list[Any] = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "Hello"}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3, "cacheReadInputTokens": 2}}},
]


def consume(
    events: list[Any], *, error: Exception | None = None, cancelled: bool = False
) -> tuple[list[Any], ModelMeter, Exception | None]:
    meter = ModelMeter()
    received: list[Any] = []
    signal = threading.Event()
    if cancelled:
        signal.set()

    async def source() -> AsyncIterator[Any]:
        for event in events:
            yield event
        if error:
            raise error

    async def run() -> None:
        current_meter.set(meter)
        async for event in _metered(source(), signal):
            received.append(event)

    try:
        asyncio.run(run())
    except Exception as raised:
        return received, meter, raised
    return received, meter, None


def test_a_whole_stream_passes_unchanged_and_is_measured() -> None:
    received, meter, raised = consume(WHOLE)
    assert (received, raised) == (WHOLE, None)
    assert (meter.calls, meter.errors) == (1, 0)
    assert (meter.input_tokens, meter.output_tokens, meter.cache_read_tokens) == (7, 3, 2)
    assert len(meter.latencies_ms) == len(meter.first_token_ms) == 1
    assert meter.first_token_ms[0] <= meter.latencies_ms[0]


@pytest.mark.parametrize("frames", range(2))
def test_a_stream_without_its_end_is_an_error(frames: int) -> None:
    received, meter, raised = consume(WHOLE[:frames])
    assert isinstance(raised, ModelStreamBroken)
    assert received == WHOLE[:frames]
    assert (meter.errors, meter.latencies_ms) == (1, [])


def test_a_cancelled_stream_may_end_early() -> None:
    _, meter, raised = consume(WHOLE[:2], cancelled=True)
    assert raised is None
    assert (meter.errors, meter.latencies_ms) == (0, [])


def test_a_vendor_error_leaves_typed_with_its_cause() -> None:
    cut = urllib3.exceptions.ProtocolError("cut")
    _, meter, raised = consume(WHOLE[:2], error=cut)
    assert isinstance(raised, ModelStreamBroken)
    assert raised.__cause__ is cut
    assert meter.errors == 1


def test_a_defect_is_not_dressed_up_as_the_services_fault() -> None:
    _, _, raised = consume([], error=KeyError("bug"))
    assert isinstance(raised, KeyError)
