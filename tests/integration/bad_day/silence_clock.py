"""A clock that silences move: whoever waits for a silent service has waited as long as it would.

A case's end then does not depend on how busy the machine is, and takes no longer than its work.
That real waits end in time is tested where sockets and deadlines are.
"""

import asyncio
import select
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from tradewind.aws import sockets

#: Between two looks at whether what is waited for has come, or has fallen silent.
_LOOK_S: Final = 0.01


class SilenceClock:
    """Monotonic seconds, and those that were skipped."""

    def __init__(self) -> None:
        self._skipped_s = 0.0
        self._loops: list[asyncio.AbstractEventLoop] = []

    def __call__(self) -> float:
        return time.monotonic() + self._skipped_s

    def skip(self, seconds: float) -> None:
        """Let time pass, and let every loop see it. From any thread."""
        self._skipped_s += seconds
        for loop in self._loops:
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: None)

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Return a loop whose timers follow this clock."""
        loop = _Loop(self)
        self._loops.append(loop)
        return loop


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: SilenceClock) -> None:
        self._clock = clock
        super().__init__()

    def time(self) -> float:
        return self._clock()


def skip_silences(
    monkeypatch: pytest.MonkeyPatch, is_silent: Callable[[int], bool]
) -> SilenceClock:
    """Have the waits of AWS clients for what has fallen silent end at once, by the clock returned.

    Args:
        monkeypatch: Ends it.
        is_silent: Whether the service is silent that a local port is connected to.
    """
    clock = SilenceClock()
    read: Any = sockets.SocketReads.readinto

    def readinto(self: Any, buffer: Any) -> int | None:
        wait_s = self._line.wait_s(self._limit_s)
        try:
            port = self._sock.getsockname()[1]
            while not select.select([self._sock], [], [], _LOOK_S)[0]:
                if is_silent(port):
                    clock.skip(wait_s)
                    raise TimeoutError("timed out")
        except ValueError as error:  # closed meanwhile
            raise OSError("closed") from error
        count: int | None = read(self, buffer)
        return count

    monkeypatch.setattr(sockets.SocketReads, "readinto", readinto)
    monkeypatch.setattr(asyncio, "new_event_loop", clock.new_event_loop)
    return clock
