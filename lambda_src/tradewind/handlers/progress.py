"""How a request is getting on, told while it runs, and whether it was cancelled meanwhile."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TypedDict

from tradewind.aws.deadline import calls_within
from tradewind.bedrock.meter import ModelMeter
from tradewind.contracts.errors import TradewindError
from tradewind.contracts.moments import iso
from tradewind.run.events import RunEvent, ToolEnded, ToolStarted
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: A request whose tools neither start nor end tells as often, and learns as soon that it was
#: cancelled.
PAUSE_S: Final = 2.0
#: How long one telling may take, and with it the request's end wait for the last one.
TELLING_S: Final = 1.0
#: Of the tools that were called, the last ones are named.
_NAMED: Final = 20
#: Characters of a tool's name; the model may make one up.
_LONGEST_NAME: Final = 64


class Progress(TypedDict):
    """How far a request has come.

    Attributes:
        tools: The tools called, the last ones, the latest last.
        tool_calls: How many calls there were.
        model_calls: How many model calls, repeats included.
        updated_at: When this was so, in UTC, ISO 8601.
    """

    tools: list[str]
    tool_calls: int
    model_calls: int
    updated_at: str


class ProgressStore(Protocol):
    """Where one request's progress is kept."""

    def tell(self, progress: Progress) -> bool:
        """Keep it in place of what was told before.

        Returns:
            Whether the request was cancelled.

        Raises:
            StorageError: It could not be kept.
        """


class ProgressWriter:
    """Tells one request's progress: when a tool starts or ends, and every ``pause_s`` seconds.

    One thread does, so tellings neither overlap nor pile up: each says how it is by then. Failing
    to tell never fails the request.

    Args:
        store: Where to; None for a request that nobody watches.
        meter: Counts the request's model calls.
        pause_s: See ``PAUSE_S``.
    """

    def __init__(
        self, store: ProgressStore | None, meter: ModelMeter, pause_s: float = PAUSE_S
    ) -> None:
        self._store = store
        self._meter = meter
        self._pause_s = pause_s
        self._tools: deque[str] = deque(maxlen=_NAMED)
        self._tool_calls = 0
        self._changed = threading.Event()
        self._over = False
        self._told = 0
        self._failures: list[Exception] = []

    def heard(self, event: RunEvent) -> None:
        """Note what happens in the run. To be its listener, or one of them."""
        if isinstance(event, ToolStarted):
            self._tool_calls += 1
            self._tools.append(event.tool[:_LONGEST_NAME])
        if isinstance(event, ToolStarted | ToolEnded):
            self._changed.set()

    @contextmanager
    def telling(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Tell while within; the thread that does ends with it.

        Args:
            cancel: Called when the request was cancelled, in that thread.
        """
        if self._store is None:
            yield
            return
        work = (self._store, cancel)
        thread = threading.Thread(target=self._work, args=work, name="progress", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the process has no thread to give
            self._failures.append(error)
        try:
            yield
        finally:
            self._over = True
            self._changed.set()
            if thread.ident is not None:
                thread.join(2 * TELLING_S)
            self._log_failures()

    def _work(self, store: ProgressStore, cancel: Callable[[], object]) -> None:
        while True:
            self._changed.clear()  # before the look, or an end just after it would go unnoticed
            if self._over:
                return
            if self._tell(store):
                cancel()
                return
            self._changed.wait(self._pause_s)

    def _tell(self, store: ProgressStore) -> bool:
        give_up = time.monotonic() + TELLING_S
        try:
            with calls_within(lambda: give_up - time.monotonic()):
                cancelled = store.tell(self._progress())
        except Exception as error:  # a progress that is not told is no failure of the request
            self._failures.append(error)
            return False
        self._told += 1
        return cancelled

    def _progress(self) -> Progress:
        return {
            "tools": list(self._tools.copy()),
            "tool_calls": self._tool_calls,
            "model_calls": self._meter.calls,
            "updated_at": iso(time.time()),
        }

    def _log_failures(self) -> None:
        """Say once for all tellings that they failed."""
        if not self._failures:
            return
        last = self._failures[-1]
        if isinstance(last, TradewindError):
            get_logger().warning(
                "Progress not told",
                failures=len(self._failures),
                told=self._told,
                error_code=last.code,
            )
        else:
            log_defect(f"Progress not told {len(self._failures)} times", last)
