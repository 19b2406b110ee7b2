"""What one request did on its way to the model: calls, times, tokens, connections."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tradewind.aws.repeats import ConnectionRetired
from tradewind.bedrock.faults import to_model_error
from tradewind.contracts.errors import DeadlineExceeded, ModelThrottled
from tradewind.contracts.prices import ModelPrices, guardrail_units, usd_of


@dataclass
class ModelMeter:
    """Counts one request's model calls. Times are in milliseconds.

    Worker threads add to it, so the counters they touch are kept under a lock.

    Attributes:
        calls: Model calls sent, repeats included.
        retries: Model calls that repeated a failed one.
        errors: Model calls that the service failed, whether or not a repeat succeeded. One sent on
            a connection that was dead already is not the service's, nor is one cut at the deadline.
        throttles: Those of them that the service refused for its quota.
        request_ids: Bedrock's own id of each call, in order, failed ones included.
        latencies_ms: Each successful call's time from start to its last byte.
        first_token_ms: Each successful call's time from start to its first content.
        connections_opened: New TCP connections to the model service.
        connection_ms: Time spent opening them, TLS included.
        connections_retired: Kept connections, to any AWS service, that were dead when used.
        input_tokens: As the service counted them, over all calls.
        output_tokens: Likewise.
        cache_read_tokens: Input tokens the service read from its prompt cache.
        cache_write_tokens: Input tokens the service wrote to its prompt cache.
        call_tokens: Input and output tokens of each call, in order; cached ones are input.
        guardrail_units: What guardrails assessed, by the names of their prices, where it is told.
    """

    calls: int = 0
    retries: int = 0
    errors: int = 0
    throttles: int = 0
    request_ids: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    first_token_ms: list[float] = field(default_factory=list)
    connections_opened: int = 0
    connection_ms: float = 0.0
    connections_retired: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    call_tokens: list[tuple[int, int]] = field(default_factory=list)
    guardrail_units: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call_sent(self) -> None:
        """Count a model call."""
        with self._lock:
            self.calls += 1

    def call_repeated(self) -> None:
        """Note that the next call repeats a failed one."""
        with self._lock:
            self.retries += 1

    def call_failed(self, error: Exception) -> None:
        """Count a call that ended in ``error``, if that is the service's."""
        if isinstance(error, ConnectionRetired | DeadlineExceeded):
            return
        with self._lock:
            self.errors += 1
            self.throttles += isinstance(to_model_error(error), ModelThrottled)

    def call_finished(self, latency_ms: float, first_token_ms: float | None) -> None:
        """Note the times of a call whose answer is whole."""
        with self._lock:
            self.latencies_ms.append(latency_ms)
            if first_token_ms is not None:
                self.first_token_ms.append(first_token_ms)

    def connection_opened(self, duration_ms: float) -> None:
        """Count a new connection that took ``duration_ms`` to open."""
        with self._lock:
            self.connections_opened += 1
            self.connection_ms += duration_ms

    def connection_retired(self) -> None:
        """Count a kept connection that was dead when it was used."""
        with self._lock:
            self.connections_retired += 1

    def tokens_used(self, usage: Mapping[str, Any]) -> None:
        """Add a call's ``metadata.usage`` as ConverseStream sends it."""
        with self._lock:
            self.input_tokens += usage.get("inputTokens", 0)
            self.output_tokens += usage.get("outputTokens", 0)
            self.cache_read_tokens += usage.get("cacheReadInputTokens", 0)
            self.cache_write_tokens += usage.get("cacheWriteInputTokens", 0)
            inputs = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
            read = sum(usage.get(name, 0) for name in inputs)
            self.call_tokens.append((read, usage.get("outputTokens", 0)))

    def guardrail_used(self, metadata: Mapping[str, Any]) -> None:
        """Add what a guardrail assessed of a call, where its ``metadata`` tells."""
        with self._lock:
            self.guardrail_units.update(guardrail_units(metadata) or {})

    def cost_usd(self, prices: ModelPrices | None) -> float | None:
        """What all calls cost by what is told of them; None without prices."""
        if prices is None:
            return None
        nano = prices.cost_nano(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read=self.cache_read_tokens,
            cache_write=self.cache_write_tokens,
        )
        if prices.guardrail is not None:
            nano += prices.guardrail.cost_nano(self.guardrail_units)
        return usd_of(nano)


#: The meter of the request at work. asyncio and anyio carry it into the worker threads.
current_meter: ContextVar[ModelMeter | None] = ContextVar("current_meter", default=None)


@contextmanager
def metering(meter: ModelMeter) -> Iterator[None]:
    """Let what is done within count to ``meter``."""
    token = current_meter.set(meter)
    try:
        yield
    finally:
        current_meter.reset(token)


def note_repeat() -> None:
    """Let the request at work know that its next model call repeats a failed one."""
    meter = current_meter.get()
    if meter is not None:
        meter.call_repeated()


class MeteredConnections:
    """Lets a process's connections count to the request at work. A ``ConnectionObserver``."""

    def connection_opened(self, service: str, duration_ms: float) -> None:
        """Count it, if it goes to the model service."""
        meter = current_meter.get()
        if meter is not None and service == "bedrock-runtime":
            meter.connection_opened(duration_ms)

    def connection_retired(self, service: str) -> None:
        """Count it, whichever service it went to."""
        meter = current_meter.get()
        if meter is not None:
            meter.connection_retired()
