"""An event loop whose time a test drives: it waits for threads as ever, and for no clock."""

import asyncio
import selectors


class DrivenClock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class _PatientSelector(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # A timer that is not due yet comes due when the clock is driven on, which wakes the loop.
        return super().select(0 if timeout == 0 else None)


class DrivenLoop(asyncio.SelectorEventLoop):
    """A loop on a ``DrivenClock``. ``advance`` may be called from any thread."""

    def __init__(self, clock: DrivenClock) -> None:
        self._driven = clock
        super().__init__(_PatientSelector())

    def time(self) -> float:
        return self._driven.now

    def advance(self, seconds: float) -> None:
        """Let time pass, and let the loop see it."""

        def drive() -> None:
            self._driven.now += seconds

        self.call_soon_threadsafe(drive)
