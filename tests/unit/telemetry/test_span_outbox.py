"""Spans leave when they are told to, and a collector that takes none is left alone."""

import logging
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tradewind.telemetry.span_outbox import FIRST_PAUSE_S, MAX_HELD, MAX_PAUSE_S, SpanOutbox


class Collector(SpanExporter):
    """Takes spans, or not, and notes when it was asked to."""

    def __init__(self) -> None:
        self.takes = True
        self.now = 1000.0
        self.asked_at: list[float] = []
        self.names: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked_at.append(self.now)
        if not self.takes:
            return SpanExportResult.FAILURE
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def outbox(collector: Collector) -> SpanOutbox:
    return SpanOutbox(collector, needed_s=2, clock=lambda: collector.now)


def end_spans(outbox: SpanOutbox, *names: str, **provider: Any) -> None:
    tracers = TracerProvider(shutdown_on_exit=False, **provider)
    tracers.add_span_processor(outbox)
    for name in names:
        tracers.get_tracer("test").start_span(name).end()


def test_nothing_leaves_until_it_is_told_to(outbox: SpanOutbox, collector: Collector) -> None:
    end_spans(outbox, "a", "b")
    outbox.force_flush()
    assert collector.asked_at == []
    outbox.send(lambda: 10)
    assert collector.names == ["a", "b"]
    outbox.send(lambda: 10)
    assert len(collector.asked_at) == 1  # nothing to send is nothing to ask


def test_without_time_it_waits_for_the_next_answer(
    outbox: SpanOutbox, collector: Collector
) -> None:
    end_spans(outbox, "a")
    outbox.send(lambda: 1.9)
    assert collector.asked_at == []
    outbox.send(lambda: 2)
    assert collector.names == ["a"]


def test_what_is_not_sampled_is_not_sent(outbox: SpanOutbox, collector: Collector) -> None:
    end_spans(outbox, "a", sampler=ALWAYS_OFF)
    outbox.send(lambda: 10)
    assert collector.asked_at == []


def test_a_collector_that_takes_none_is_asked_less_and_less(
    outbox: SpanOutbox, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.takes = False
    answers = 4000
    with caplog.at_level(logging.WARNING):
        for _ in range(answers):
            end_spans(outbox, "lost")
            outbox.send(lambda: 10)
            collector.now += 1
    gaps = [later - earlier for earlier, later in pairwise(collector.asked_at)]
    assert gaps[:5] == [FIRST_PAUSE_S * 2**number for number in range(5)]
    assert set(gaps[5:]) == {MAX_PAUSE_S}
    said = [record for record in caplog.records if "did not take" in record.getMessage()]
    assert len(said) == len(collector.asked_at)
    dropped = sum(record.dropped_spans for record in said)  # type: ignore[attr-defined]
    assert dropped + len(outbox._held) == answers


def test_once_it_takes_some_all_is_as_before(outbox: SpanOutbox, collector: Collector) -> None:
    collector.takes = False
    end_spans(outbox, "lost")
    outbox.send(lambda: 10)
    collector.takes = True
    end_spans(outbox, "held")
    outbox.send(lambda: 10)
    assert collector.names == []
    collector.now += FIRST_PAUSE_S
    outbox.send(lambda: 10)
    assert collector.names == ["held"]
    collector.takes = False
    end_spans(outbox, "lost too")
    outbox.send(lambda: 10)
    collector.now += FIRST_PAUSE_S  # the pause begins small again
    end_spans(outbox, "lost as well")
    outbox.send(lambda: 10)
    assert len(collector.asked_at) == 4


def test_it_holds_so_many_and_the_latest(outbox: SpanOutbox, collector: Collector) -> None:
    end_spans(outbox, *map(str, range(MAX_HELD + 10)))
    outbox.send(lambda: 10)
    assert collector.names == [str(number) for number in range(10, MAX_HELD + 10)]
