"""How much of the function's time is left for the agent."""

import time
from collections.abc import Callable
from typing import Final

#: Seconds kept back from the function's timeout to write the record and the answer. A shorter
#: timeout keeps back a fifth.
MARGIN_S: Final = 10.0
_MARGIN_SHARE: Final = 0.2


class Deadline:
    """The moment at which the agent has to stop.

    Args:
        remaining_s: Seconds until the function would be killed.
        clock: Monotonic seconds; a test may bring its own.
    """

    def __init__(self, remaining_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + remaining_s - min(MARGIN_S, remaining_s * _MARGIN_SHARE)

    def remaining_s(self) -> float:
        """Seconds left for the agent; 0 when none are."""
        return max(0.0, self._ends_at - self._clock())
