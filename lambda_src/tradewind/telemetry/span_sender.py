"""Spans of one run, sent by a thread of its own. Imported only where they are.

The SDK's processor waits for 30 seconds when it is shut down, which nobody can change, and does not
say what it lost.
"""

import logging
import threading
from collections import deque
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from tradewind.workflow.engine.trace import Span

#: Spans that wait at most; the oldest go first.
MAX_HELD: Final = 8192
_BATCH: Final = 512
#: How long spans wait for others to go with them.
_GATHER_S: Final = 1.0
#: For connecting to the collector, and for its answer: each may take this long.
_TIMEOUT_S: Final = 1.0
#: After a failure, until the next attempt or the end of the run.
_PAUSE_S: Final = 30.0
_SCOPE: Final = InstrumentationScope("tradewind.workflow")


class SpanSender:
    """Sends a run's spans.

    Args:
        endpoint: Where to, over OTLP/HTTP; the whole address.
        service: The service's name; the environment's, or ``tradewind``, if there is none.
        ratio: How many of all runs are sent, 0 to 1: a run's id decides.

    Raises:
        Exception: Whatever the library finds wrong with its settings.
    """

    def __init__(self, endpoint: str, *, service: str | None, ratio: float) -> None:
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("the endpoint is no address of http or https")
        # Without its user and password, which are nobody's to read.
        self._where = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
        self._sampler = TraceIdRatioBased(ratio)
        # Not by `Resource.create`, which asks every installed detector, each in a thread.
        named = OTELResourceDetector().detect()
        if service is None and SERVICE_NAME not in named.attributes:
            service = "tradewind"
        self._resource = named.merge(Resource({SERVICE_NAME: service} if service else {}))
        # They tell of a failed attempt what is told once, at the end.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
        self._exporter: SpanExporter = OTLPSpanExporter(endpoint, timeout=_TIMEOUT_S)
        self._trace_id = 0
        self._sampled = False
        self._held: deque[Span] = deque(maxlen=MAX_HELD)
        self._seen = 0
        self._sent = 0
        self._closing = threading.Event()
        self._wake = threading.Event()
        # Made for the first span. A daemon: a collector that never answers holds no process.
        self._thread: threading.Thread | None = None

    def start(self, trace_id: str) -> None:
        """Send what comes from now on, if it is one of the runs that are sent.

        Args:
            trace_id: The run's, 32 hexadecimal digits.
        """
        self._trace_id = int(trace_id, 16)
        decision = self._sampler.should_sample(None, self._trace_id, "").decision
        self._sampled = decision is Decision.RECORD_AND_SAMPLE

    def put(self, span: Span) -> None:
        """Take a span that has ended. Quick, whatever the collector does."""
        if not self._sampled:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="workflow-spans", daemon=True)
            self._thread.start()
        self._seen += 1
        self._held.append(span)
        if len(self._held) >= _BATCH:
            self._wake.set()

    def close(self, wait_s: float) -> str | None:
        """Send what is left, and end the thread.

        Args:
            wait_s: At most; what takes longer is left behind.

        Returns:
            What went wrong, in one line; None if all were sent.
        """
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(wait_s)
        lost = self._seen - self._sent
        # An attempt that waits to be repeated ends; its connections are closed.
        self._exporter.shutdown()
        return f"{lost} of {self._seen} spans could not be sent to {self._where}" if lost else None

    def _work(self) -> None:
        while True:
            last = self._closing.is_set()
            taken = self._send_held()
            if last:
                return
            if taken:
                self._wake.wait(_GATHER_S)
                self._wake.clear()
            else:
                self._closing.wait(_PAUSE_S)

    def _send_held(self) -> bool:
        """Send all that waits; False as soon as something is not taken."""
        while self._held:
            batch = [self._held.popleft() for _ in range(min(len(self._held), _BATCH))]
            try:
                result = self._exporter.export([self._written(span) for span in batch])
            except Exception:
                return False
            if result is not SpanExportResult.SUCCESS:
                return False
            self._sent += len(batch)
        return True

    def _written(self, span: Span) -> ReadableSpan:
        ended = span.started if span.ended is None else span.ended
        code = {"OK": StatusCode.OK, "ERROR": StatusCode.ERROR}.get(span.status, StatusCode.UNSET)
        failed = code is StatusCode.ERROR
        return ReadableSpan(
            name=span.name,
            context=self._context(span.span_id),
            parent=None if span.parent is None else self._context(span.parent),
            resource=self._resource,
            attributes=_set(span.attributes),
            events=[
                Event(one["name"], _set(one["attributes"]), _ns_of(one["timestamp"]))
                for one in tuple(span.events)
            ],
            status=Status(code, span.description if failed else None),
            start_time=_ns(span.started),
            end_time=_ns(ended),
            instrumentation_scope=_SCOPE,
        )

    def _context(self, span_id: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(self._trace_id, int(span_id, 16), is_remote=False, trace_flags=flags)


def _set(attributes: dict[str, Any]) -> dict[str, Any]:
    """Those that have a value: the protocol knows no null."""
    return {name: value for name, value in attributes.items() if value is not None}


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def _ns_of(timestamp: str) -> int:
    return _ns(datetime.fromisoformat(timestamp).timestamp())
