"""Which calls are sent again, and after which pause. The one layer that does so for runtimes."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tradewind.contracts.errors import RuntimeThrottled, RuntimeUnavailable

#: Sends of one call, the first included.
MAX_ATTEMPTS: Final = 3
#: Upper bound of the first pause in seconds; it doubles with each further one.
BASE_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 8.0
#: A repeat that could not run for at least this long is not begun.
MIN_USEFUL_S: Final = 0.2
#: What a repeat may help against, as long as no answer has begun.
RETRYABLE: Final = (RuntimeThrottled, RuntimeUnavailable)

# A process restored from a snapshot must not repeat its siblings' pauses.
_random = random.SystemRandom()


@dataclass(frozen=True)
class Retries:
    """How calls are repeated.

    Attributes:
        sleep: Rests for so many seconds.
        draw: Draws a number between two others.
    """

    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    draw: Callable[[float, float], float] = _random.uniform

    def pause_after(self, attempts: int, time_left_s: float) -> float | None:
        """Return how many seconds to rest after so many attempts, or None to give up.

        Drawn from zero to a doubling bound ("full jitter"), so that many callers that are throttled
        together do not come back together.
        """
        if attempts >= MAX_ATTEMPTS:
            return None
        pause_s = self.draw(0.0, min(MAX_PAUSE_S, BASE_PAUSE_S * 2 ** (attempts - 1)))
        return pause_s if pause_s + MIN_USEFUL_S <= time_left_s else None
