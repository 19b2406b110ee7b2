"""The one layer that repeats model calls.

botocore is told to send each call once and Strands' own strategy is switched off, so attempts do
not multiply, and every pause is checked against the time that is left.
"""

import asyncio
import random
from typing import Any, Final

from strands.hooks import AfterModelCallEvent, HookProvider, HookRegistry

from tradewind.bedrock.deadline import Deadline
from tradewind.bedrock.faults import RETRYABLE
from tradewind.bedrock.meter import current_meter
from tradewind.telemetry.logger import get_logger

#: Sends of one model call, the first included.
MAX_ATTEMPTS: Final = 4
#: Upper bound of the first pause in seconds; it doubles with each further one.
BASE_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 20.0
#: A repeat that could not run for at least this long is not begun.
MIN_USEFUL_S: Final = 2.0

# A process restored from a snapshot must not repeat its siblings' pauses.
_random = random.SystemRandom()


class DeadlineRetry(HookProvider):
    """Repeats a failed model call while that can help and time is left.

    Pauses are drawn from zero to a doubling bound ("full jitter"), so that many functions
    throttled together do not come back together. One object serves one request.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._failures = 0

    def register_hooks(self, registry: HookRegistry, **_kwargs: Any) -> None:
        """Subscribe to the end of each model call."""
        registry.add_callback(AfterModelCallEvent, self._after_model_call)

    async def _after_model_call(self, event: AfterModelCallEvent) -> None:
        if event.exception is None:
            self._failures = 0
            return
        self._failures += 1
        if not isinstance(event.exception, RETRYABLE) or self._failures >= MAX_ATTEMPTS:
            return
        pause_s = _random.uniform(0, min(MAX_PAUSE_S, BASE_PAUSE_S * 2 ** (self._failures - 1)))
        if pause_s + MIN_USEFUL_S > self._deadline.remaining_s():
            return
        get_logger().warning(
            "Repeating a model call", error_code=event.exception.code, attempt=self._failures + 1
        )
        meter = current_meter.get()
        if meter is not None:
            meter.retries += 1
        await asyncio.sleep(pause_s)
        event.retry = True
