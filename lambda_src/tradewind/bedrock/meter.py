"""What one request did on its way to the model: calls, times, tokens, connections."""

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ModelMeter:
    """Counts one request's model calls. Times are in milliseconds.

    Worker threads add to it, so the counters they touch are kept under a lock.

    Attributes:
        calls: Model calls sent, repeats included.
        retries: Model calls that repeated a failed one.
        errors: Model calls that failed, whether or not a repeat succeeded.
        throttles: Those of them that the service refused for its quota.
        request_ids: Bedrock's own id of each call, in order, failed ones included.
        latencies_ms: Each successful call's time from start to its last byte.
        first_token_ms: Each successful call's time from start to its first content.
        connections_opened: New TCP connections to the model service.
        connection_ms: Time spent opening them, TLS included.
        input_tokens: As the service counted them, over all calls.
        output_tokens: Likewise.
        cache_read_tokens: Input tokens the service read from its prompt cache.
        cache_write_tokens: Input tokens the service wrote to its prompt cache.
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
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def connection_opened(self, duration_ms: float) -> None:
        """Count a new connection that took ``duration_ms`` to open."""
        with self._lock:
            self.connections_opened += 1
            self.connection_ms += duration_ms

    def tokens_used(self, usage: Mapping[str, Any]) -> None:
        """Add a call's ``metadata.usage`` as ConverseStream sends it."""
        self.input_tokens += usage.get("inputTokens", 0)
        self.output_tokens += usage.get("outputTokens", 0)
        self.cache_read_tokens += usage.get("cacheReadInputTokens", 0)
        self.cache_write_tokens += usage.get("cacheWriteInputTokens", 0)


#: The meter of the request at work. ``asyncio.to_thread`` carries it into the worker threads.
current_meter: ContextVar[ModelMeter | None] = ContextVar("current_meter", default=None)
