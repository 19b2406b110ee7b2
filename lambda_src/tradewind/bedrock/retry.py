"""The one layer that repeats model calls.

botocore is told to send each call once and the frameworks' own strategies are switched off, so
attempts do not multiply, and every pause is checked against the time that is left.
"""

import asyncio
import random
from typing import Final

from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import connection_was_dead
from tradewind.bedrock.faults import RETRYABLE, to_model_error
from tradewind.bedrock.meter import note_repeat
from tradewind.contracts.errors import ModelThrottled
from tradewind.telemetry.logger import get_logger

#: Sends of one model call, the first included.
MAX_ATTEMPTS: Final = 4
#: Upper bound of the first pause in seconds; it doubles with each further one.
BASE_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 20.0
#: The pauses are so many times as long where the quota is spent: it is one of a minute, and comes
#: back as fast as it is given, however often it is asked for.
THROTTLED_TIMES: Final = 24
MAX_THROTTLED_PAUSE_S: Final = 60.0
#: And of the time that is left they take this share at most: a short run is to repeat as well.
_THROTTLED_SHARE: Final = 0.25
#: A repeat that could not run for at least this long is not begun; in a run that is short itself,
#: for this share of it.
MIN_USEFUL_S: Final = 2.0
_USEFUL_SHARE: Final = 0.25

# A process restored from a snapshot must not repeat its siblings' pauses.
_random = random.SystemRandom()


class ModelRetries:
    """Says whether to repeat a failed model call: while that can help and time is left.

    Pauses are drawn from zero to a doubling bound ("full jitter"), so that many functions
    throttled together do not come back together. One object serves one request; a framework's
    adapter tells it how each call ended.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._useful_s = min(MIN_USEFUL_S, _USEFUL_SHARE * deadline.work_s)
        self._failures = 0

    def succeeded(self) -> None:
        """Note that a call succeeded: the next one has all its attempts."""
        self._failures = 0

    async def wait_to_repeat(self, error: BaseException) -> bool:
        """Wait for as long as the call that ended in ``error`` should rest.

        Returns:
            Whether to send it again; False, without a pause, when that cannot help.
        """
        self._failures += 1
        fault = to_model_error(error)
        if not isinstance(fault, RETRYABLE) or self._failures >= MAX_ATTEMPTS:
            return False
        bound_s = self._bound_s(throttled=isinstance(fault, ModelThrottled))
        # After a dead connection a pause would spare nobody, and seconds are lost already.
        pause_s = 0.0 if connection_was_dead(error) else _random.uniform(0, bound_s)
        if pause_s + self._useful_s > self._deadline.remaining_s():
            return False
        get_logger().warning(
            "Repeating a model call", error_code=fault.code, attempt=self._failures + 1
        )
        note_repeat()
        await asyncio.sleep(pause_s)
        return True

    def _bound_s(self, *, throttled: bool) -> float:
        """The longest pause there may be now."""
        bound_s: float = BASE_PAUSE_S * 2 ** (self._failures - 1)
        if not throttled:
            return min(MAX_PAUSE_S, bound_s)
        left_s = _THROTTLED_SHARE * self._deadline.remaining_s()
        return max(0.0, min(MAX_THROTTLED_PAUSE_S, THROTTLED_TIMES * bound_s, left_s))
