"""The time of a run that sleeps more than it is awake."""

import time
from collections.abc import Callable


class RunClock:
    """Seconds since the run began, without those that people took for their answers.

    It goes on while the run is suspended, and says the same in every invocation.

    Args:
        began: When the execution began, in seconds since 1970.
        with_people: How long people took so far.
        now: Seconds since 1970.
    """

    def __init__(
        self, began: float, with_people: float, now: Callable[[], float] = time.time
    ) -> None:
        self.now = now
        self._began = began
        self._with_people = with_people
        self._least = 0.0

    def __call__(self) -> float:
        """The run's time."""
        return max(self._least, self.now() - self._began - self._with_people)

    def exclude(self, with_people: float) -> None:
        """Say how long people took so far."""
        self._with_people = with_people

    def reach(self, seconds: float) -> None:
        """Let it be at least so late, whatever this machine's clock says."""
        self._least = max(self._least, seconds)
