"""How a request's time is divided, and how much of it a call to AWS may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from tradewind.contracts.errors import DeadlineExceeded

#: Seconds kept back from a long timeout: to stop, to write what is left to write, to answer.
MAX_MARGIN_S: Final = 10.0
#: Of a short timeout, a part that does not shrink with it and a share that does; never above half.
_FIXED_MARGIN_S: Final = 0.3
_MARGIN_SHARE: Final = 0.2
#: Of the margin: for a tool or a model read to notice that it should stop.
_GRACE_SHARE: Final = 0.15
#: Of the margin: for the answer to leave the function once everything is written.
_ANSWER_SHARE: Final = 0.2


class Deadline:
    """When the agent has to stop, and when the last write has to be done.

    Lambda's time is divided in this order: the agent's work; the grace, in which what still runs
    may notice that it is over; the closing, in which artifacts and record are written; the answer.

    Args:
        remaining_s: Seconds until the function would be killed.
        clock: Monotonic seconds; a test may bring its own.

    Attributes:
        work_s: How long the agent had when it began.
        grace_s: How long after the agent's time what still runs is waited for.
    """

    def __init__(self, remaining_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        margin_s = min(MAX_MARGIN_S, _FIXED_MARGIN_S + _MARGIN_SHARE * remaining_s, remaining_s / 2)
        self._clock = clock
        self._killed_at = clock() + remaining_s
        self._work_ends_at = self._killed_at - margin_s
        self._closing_ends_at = self._killed_at - margin_s * _ANSWER_SHARE
        self.work_s = remaining_s - margin_s
        self.grace_s = margin_s * _GRACE_SHARE

    def remaining_s(self) -> float:
        """Seconds left for the agent; 0 when none are."""
        return max(0.0, self._work_ends_at - self._clock())

    def closing_s(self) -> float:
        """Seconds left until everything has to be written; 0 when none are."""
        return max(0.0, self._closing_ends_at - self._clock())

    def killed_in_s(self) -> float:
        """Seconds left until Lambda kills the function; 0 when none are."""
        return max(0.0, self._killed_at - self._clock())


def leaving(share: float, time_left_s: Callable[[], float]) -> Callable[[], float]:
    """Return a limit that leaves a share of the time that is left now to what comes after.

    A share of what is left at each moment would leave less and less of it to a call that is
    repeated for as long as there is time.
    """
    left_s = share * time_left_s()
    return lambda: max(0.0, time_left_s() - left_s)


#: Carried by asyncio and anyio into worker threads.
_time_left: Final[ContextVar[Callable[[], float] | None]] = ContextVar("_time_left", default=None)


@contextmanager
def calls_within(time_left_s: Callable[[], float]) -> Iterator[None]:
    """Bound the calls to AWS that are made within, and in threads that its context reaches.

    Args:
        time_left_s: Tells the seconds left, such as ``Deadline.closing_s``.
    """
    token = _time_left.set(time_left_s)
    try:
        yield
    finally:
        _time_left.reset(token)


def call_time_left_s() -> float | None:
    """Return the seconds that a call to AWS may take from now; None where nothing bounds it."""
    time_left = _time_left.get()
    return None if time_left is None else time_left()


#: Less than this is no time: clocks and timeouts are not exact.
_NO_TIME_S: Final = 0.01


def time_is_over() -> bool:
    """Whether a call to AWS may take no time any more."""
    left_s = call_time_left_s()
    return left_s is not None and left_s < _NO_TIME_S


def require_time(cause: BaseException | None = None) -> None:
    """Go on only while there is time for a call to AWS.

    Args:
        cause: What ended a call; the end of its time, when none is left.

    Raises:
        DeadlineExceeded: There is none.
    """
    if time_is_over():
        raise DeadlineExceeded("There is no time left for a call to AWS.") from cause


def within_time_left(limit_s: float | None, share: float = 1.0) -> float | None:
    """Return how many seconds one wait of a call may last.

    Args:
        limit_s: The wait's own limit; None for none.
        share: Of the time that is left, how much it may take at most.

    Returns:
        The shorter of the two; None where neither bounds it.

    Raises:
        TimeoutError: No time is left.
    """
    left_s = call_time_left_s()
    if left_s is None:
        return limit_s
    if left_s < _NO_TIME_S:
        raise TimeoutError("There is no time left for a call to AWS.")
    return left_s * share if limit_s is None else min(limit_s, left_s * share)
