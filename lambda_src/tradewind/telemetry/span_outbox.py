"""Spans on their way out: held while a request is served, sent after its answer.

The SDK's own processor sends from a thread of its own whenever it sees fit, and so in a caller's
time. Imported only where spans are sent.
"""

import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from tradewind.telemetry.logger import get_logger

#: Spans held at most, and sent at once.
MAX_HELD: Final = 2048
_BATCH: Final = 512
#: After a failure nothing is tried for this long; twice as long after each further one.
FIRST_PAUSE_S: Final = 30.0
MAX_PAUSE_S: Final = 600.0


class SpanOutbox(SpanProcessor):
    """Holds spans until it is told to send.

    A collector that does not take them is left alone for a while that grows. What is lost with it
    is counted in the log, once for each attempt.

    Args:
        exporter: Sends spans.
        needed_s: How long one of its attempts may take.
        clock: Monotonic seconds; a test may bring its own.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        needed_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exporter = exporter
        self._needed_s = needed_s
        self._clock = clock
        self._held: deque[ReadableSpan] = deque(maxlen=MAX_HELD)
        self._seen = 0
        self._settled = 0
        self._closed_until = 0.0
        self._pause_s = FIRST_PAUSE_S

    def on_end(self, span: ReadableSpan) -> None:
        """Hold a span, in place of the oldest when there are too many. Called by the SDK."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._seen += 1
            self._held.append(span)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send nothing: the SDK asks for it when the process ends."""
        return True

    def send(self, time_left_s: Callable[[], float]) -> None:
        """Send what is held, as far as the collector takes it and there is time.

        Args:
            time_left_s: Tells the seconds left for it.
        """
        while self._held and self._clock() >= self._closed_until:
            if time_left_s() < self._needed_s:
                return
            batch = tuple(islice(self._held, _BATCH))
            taken = self._exporter.export(batch) is SpanExportResult.SUCCESS
            for _ in batch:
                self._held.popleft()
            if taken:
                self._pause_s = FIRST_PAUSE_S
                self._settled += len(batch)
            else:
                self._leave_alone()

    def _leave_alone(self) -> None:
        dropped = self._seen - self._settled - len(self._held)
        self._settled += dropped
        get_logger().warning(
            "The collector did not take the spans",
            dropped_spans=dropped,
            next_attempt_in_s=self._pause_s,
        )
        self._closed_until = self._clock() + self._pause_s
        self._pause_s = min(MAX_PAUSE_S, 2 * self._pause_s)
