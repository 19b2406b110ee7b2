"""How much work a search may do, and what cut it short.

Work is counted in iterations, so that the same request gives the same farm on any machine. Seconds
are a ceiling for the case that a machine is far too slow, or a farm far too large; a search that
met it says so, because its result then depends on the clock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from siting.wind.errors import WindError


class Ending(StrEnum):
    """What ended a search."""

    ITERATIONS = "iterations"
    CEILING = "ceiling"
    REQUEST = "request"


@dataclass(frozen=True)
class Budget:
    """How long a search may go on: until the first of its limits.

    Attributes:
        iterations: How many.
        ceiling_s: Wall-clock time from its start.
        stop: Asked many times a second; once it says so the search ends with what it has.
    """

    iterations: int | None = None
    ceiling_s: float | None = None
    stop: Callable[[], bool] = field(default=lambda: False)

    def __post_init__(self) -> None:
        if self.iterations is None and self.ceiling_s is None:
            raise WindError("A search needs a limit: iterations or seconds.")


class Watch:
    """A budget at work: from now on, over all steps of a search.

    Attributes:
        budget: What it watches over.
        ended: What has cut the work short; that all was done unless something has.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.ended = Ending.ITERATIONS
        self._began = time.monotonic()
        self._set_aside_s = 0.0

    def elapsed_s(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._began

    def has_time_for(self, seconds: float) -> bool:
        """Say whether so much is left to the ceiling; if not, the work ends there, unfinished."""
        ceiling_s = self.budget.ceiling_s
        if ceiling_s is not None and self.elapsed_s() + seconds > ceiling_s:
            self.ended = Ending.CEILING
        return self.ended is not Ending.CEILING

    def set_aside(self, seconds: float) -> None:
        """Keep so much of the time to the ceiling for what has to be done after the search."""
        self._set_aside_s = seconds

    def is_over(self) -> bool:
        """Say whether the work has to end, finished or not; once it has, it stays so."""
        if self.ended is Ending.ITERATIONS:
            ceiling_s = self.budget.ceiling_s
            if self.budget.stop():
                self.ended = Ending.REQUEST
            elif ceiling_s is not None and self.elapsed_s() >= ceiling_s - self._set_aside_s:
                self.ended = Ending.CEILING
        return self.ended is not Ending.ITERATIONS
