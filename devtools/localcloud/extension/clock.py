"""The clock that deployments shift traffic by and their alarms are evaluated by.

A canary waits for minutes and looks at whole periods of a metric. Here a minute is shorter, the
same for both, so that what happens in a deployment happens in the same order as on AWS, and sooner.
Tests hold the clock and say when time passes: then what is due at a moment has been done when they
go on.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: Real seconds for each minute, unless somebody says otherwise.
SECONDS_PER_MINUTE = 2.0
#: How often an interrupted wait is noticed.
_LOOK_S = 0.05
_MINUTE_S = 60


@dataclass(frozen=True)
class _Pace:
    """How time passes from a moment on.

    Attributes:
        real: The moment, in real seconds.
        shown: What the clock showed then, in seconds.
        rate: The clock's seconds for each real one; 0 while it is held.
    """

    real: float
    shown: float
    rate: float

    def at(self, real: float) -> float:
        return self.shown + (real - self.real) * self.rate


@dataclass(eq=False)
class _Sleeper:
    until: float
    awake: bool = False


class Clock:
    """A clock that may be fast, or held. Its times are in its own seconds, but where it says real.

    Args:
        real: Gives the real time in seconds.
    """

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        now = real()
        #: A whole minute, so that what is done every so often is done at whole seconds.
        self._begin = int(now) // _MINUTE_S * _MINUTE_S
        self._paces = [_Pace(now, self._begin, _MINUTE_S / SECONDS_PER_MINUTE)]
        self._changed = threading.Condition(threading.RLock())
        self._sleepers: list[_Sleeper] = []
        self._busy = 0
        self._every: list[tuple[int, Callable[[int], object]]] = []
        self._done_until: float = self._begin

    def start(self) -> None:
        """Do what is due when it is, on a thread of its own, for as long as the process lives."""
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def every(self, seconds: int, call: Callable[[int], object]) -> None:
        """Call at each multiple of ``seconds``, with the time, before who waits wakes up."""
        with self._changed:
            self._every.append((seconds, call))

    def now(self) -> float:
        """What the clock shows."""
        return self.at(self._real())

    def at(self, real: float) -> float:
        """What the clock showed at a real time; before its beginning it ran as fast as then."""
        with self._changed:
            index = bisect_right(self._paces, real, key=lambda pace: pace.real)
            return self._paces[max(0, index - 1)].at(real)

    def run(self, seconds_per_minute: float) -> None:
        """Let time pass by itself.

        Args:
            seconds_per_minute: Real seconds for each minute, above 0.
        """
        if not seconds_per_minute > 0:
            raise ValueError("a minute takes more than 0 seconds")
        self._set_pace(_MINUTE_S / seconds_per_minute)

    def hold(self) -> None:
        """Let time pass only where ``advance`` says so."""
        self._set_pace(0)

    def advance(self, seconds: float) -> None:
        """Let time pass at once, and return when all that was due meanwhile has been done.

        Raises:
            ValueError: The clock is not held.
        """
        with self._changed:
            if self._paces[-1].rate:
                raise ValueError("only a clock that is held is advanced")
            end = self.now() + seconds
            self._settle()
            while (due := self._next_due()) <= end:
                self._show(due)
                self._do(due)
                self._settle()
            self._show(end)

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Be waited for by ``advance`` while this thread does not wait itself."""
        with self._changed:
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def wait_until(self, moment: float, interrupted: Callable[[], bool]) -> bool:
        """Wait, as one who takes part, until a moment or until something else happens.

        Returns:
            Whether the moment has come; False when ``interrupted`` said so before.
        """
        sleeper = _Sleeper(moment)
        with self._changed:
            self._busy -= 1
            self._sleepers.append(sleeper)
            self._changed.notify_all()
            while not sleeper.awake and not interrupted():
                self._changed.wait(_LOOK_S)
            if not sleeper.awake:
                self._sleepers.remove(sleeper)
                self._busy += 1
            return sleeper.awake

    def _set_pace(self, rate: float) -> None:
        with self._changed:
            real = self._real()
            self._paces.append(_Pace(real, self.at(real), rate))
            self._changed.notify_all()

    def _show(self, moment: float) -> None:
        real = self._real()
        if moment > self.at(real):
            self._paces.append(_Pace(real, moment, 0))

    def _settle(self) -> None:
        """Wait until everybody who takes part waits."""
        self._changed.wait_for(lambda: self._busy == 0)

    def _next_due(self) -> float:
        moments = [sleeper.until for sleeper in self._sleepers]
        moments += [(self._done_until // each + 1) * each for each, _ in self._every]
        return max(min(moments, default=float("inf")), self._done_until)

    def _do(self, moment: float) -> None:
        """Do what is due at a moment: first what is done every so often, then wake who waits."""
        for each, call in self._every:
            if moment % each == 0 and moment > self._done_until:
                call(int(moment))
        self._done_until = moment
        for sleeper in [one for one in self._sleepers if one.until <= moment]:
            self._sleepers.remove(sleeper)
            sleeper.awake = True
            # Counted here, so that whoever advances the clock waits for it to wake up.
            self._busy += 1
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                rate = self._paces[-1].rate
                if not rate:
                    self._changed.wait()
                    continue
                due = self._next_due()
                left_s = (due - self.now()) / rate
                if left_s > 0:
                    self._changed.wait(min(left_s, _LOOK_S * 10))
                else:
                    self._do(due)
