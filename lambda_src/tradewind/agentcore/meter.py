"""What one request did in calls of runtimes: calls, times, pieces, and failures by kind."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.observer import COMPLETED, RuntimeOutcome
from tradewind.contracts.errors import (
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeSilent,
    RuntimeThrottled,
    RuntimeUnavailable,
)
from tradewind.telemetry.metric_names import MetricName

#: What a failure counts as, by its code. The deadline is not the runtime's failure, nor is it that
#: nobody wanted the rest.
KINDS: Final[Mapping[str, MetricName]] = {
    RuntimeUnavailable.code: MetricName.RUNTIME_UNAVAILABLE,
    RuntimeSilent.code: MetricName.RUNTIME_UNAVAILABLE,
    RuntimeThrottled.code: MetricName.RUNTIME_THROTTLES,
    InvalidRuntimeRequest.code: MetricName.RUNTIME_REFUSALS,
    RuntimeRefused.code: MetricName.RUNTIME_REFUSALS,
    RuntimeNotFound.code: MetricName.RUNTIME_REFUSALS,
    RuntimeFailed.code: MetricName.RUNTIME_FAILURES,
    RuntimeInterrupted.code: MetricName.RUNTIME_INTERRUPTIONS,
    RuntimeAnswerUnreadable.code: MetricName.RUNTIME_UNREADABLE,
}


@dataclass
class RuntimeMeter:
    """Counts one request's calls of runtimes. Times are in milliseconds.

    What is left behind at the deadline may still add to it, so it is kept under a lock.

    Attributes:
        calls: Calls sent, repeats included.
        retries: Calls that repeated a failed one.
        errors: Calls that failed, repeated ones included, by the metric of their kind.
        durations_ms: Of each answer that came whole, from its first call to its last byte.
        first_chunks_ms: Of each answer of which something came, from its first call to that.
        chunks: Pieces that answers came in.
        received_bytes: How long answers were.
    """

    calls: int = 0
    retries: int = 0
    errors: Counter[MetricName] = field(default_factory=Counter)
    durations_ms: list[float] = field(default_factory=list)
    first_chunks_ms: list[float] = field(default_factory=list)
    chunks: int = 0
    received_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call_repeated(self, code: str) -> None:
        """Count the failure, with an error of this code, of a call that is to be sent again."""
        with self._lock:
            self._failed(code)

    def call_ended(self, outcome: RuntimeOutcome) -> None:
        """Count a call and what it took, whatever way it ended."""
        with self._lock:
            self.calls += outcome.attempts
            # Not when it is decided: before it is sent it may be refused, or no longer wanted.
            self.retries += max(0, outcome.attempts - 1)
            self.chunks += outcome.chunks
            self.received_bytes += outcome.received_bytes
            if outcome.first_chunk_s is not None:
                self.first_chunks_ms.append(outcome.first_chunk_s * 1000)
            if outcome.ending == COMPLETED:
                self.durations_ms.append(outcome.duration_s * 1000)
            elif outcome.attempts:  # what was never sent failed nowhere
                self._failed(outcome.ending)

    def values(self) -> list[tuple[MetricName, float]]:
        """The metrics' values; a metric of time has one of each answer."""
        with self._lock:
            return [
                (MetricName.RUNTIME_CALLS, self.calls),
                (MetricName.RUNTIME_RETRIES, self.retries),
                (MetricName.RUNTIME_CHUNKS, self.chunks),
                (MetricName.RUNTIME_BYTES, self.received_bytes),
                (MetricName.RUNTIME_ERRORS, self.errors.total()),
                *((kind, self.errors[kind]) for kind in dict.fromkeys(KINDS.values())),
                *((MetricName.RUNTIME_DURATION, took) for took in self.durations_ms),
                *((MetricName.RUNTIME_TIME_TO_FIRST_CHUNK, took) for took in self.first_chunks_ms),
            ]

    def _failed(self, code: str) -> None:
        if code in KINDS:
            self.errors[KINDS[code]] += 1


#: The meter of the request at work.
_current: ContextVar[RuntimeMeter | None] = ContextVar("current_runtime_meter", default=None)


@contextmanager
def metering_runtimes(meter: RuntimeMeter | None) -> Iterator[None]:
    """Let calls that are made within count to ``meter``."""
    token = _current.set(meter)
    try:
        yield
    finally:
        _current.reset(token)


class MeteredRuntimes:
    """Lets a process's calls of runtimes count to the request at work. A ``RuntimeObserver``."""

    def call_repeated(self, _call: RuntimeCall, _attempt: int, code: str) -> None:
        """Count it."""
        meter = _current.get()
        if meter is not None:
            meter.call_repeated(code)

    def call_ended(self, _call: RuntimeCall, outcome: RuntimeOutcome) -> None:
        """Count it."""
        meter = _current.get()
        if meter is not None:
            meter.call_ended(outcome)
