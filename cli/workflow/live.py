"""What a person sees while a workflow runs, on standard error: standard output is for its result.

The run only notes what happens. A thread of its own draws a few times a second, so that neither
drawing nor a terminal that stands still holds the run up.
"""

import asyncio
import os
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.api.texts import one_line
from tradewind.workflow.engine.events import (
    BudgetWarned,
    Event,
    PersonAsked,
    Retried,
    StepEnded,
    StepStarted,
)
from tradewind.workflow.engine.state import Spent

_DRAW_S: Final = 0.1
#: Steps at work that are shown, and lines that are drawn at once: a screen is no log.
_MOST_AT_WORK: Final = 8
_MOST_AT_ONCE: Final = 30
_KEY_WIDTH: Final = 24
_AGENT_WIDTH: Final = 14
_STYLES: Final = {"done": "green", "failed": "bold red", "budget": "yellow", "again": "yellow"}


@dataclass(slots=True)
class Line:
    """What happened to a step."""

    mark: str
    text: str

    def plain(self) -> str:
        """For a log."""
        return f"{self.mark:>7} {self.text}"


class View:
    """Observes a run; knows what is at work, what it used, and what is to be told next.

    Args:
        spent: What the run used before it was resumed.
        verbose: Whether the beginning of steps and their tools are told, too.
    """

    def __init__(self, spent: Spent, *, verbose: bool = False) -> None:
        self.tokens = spent.tokens
        self.dollars = spent.dollars
        self.done = 0
        self._before_s = spent.seconds
        self._started = time.monotonic()
        self._verbose = verbose
        self._events: deque[tuple[float, Event]] = deque()
        self._at_work: dict[str, tuple[str, float]] = {}

    def __call__(self, event: Event) -> None:
        """Hear of something; what is to be said of it is made out later, elsewhere."""
        self._events.append((time.monotonic(), event))

    def lines(self) -> Iterator[Line]:
        """What is new since the last time. Only one thread may ask."""
        while self._events:
            at, event = self._events.popleft()
            yield from self._told(at, event)

    def at_work(self) -> list[str]:
        """The steps at work, and for how long."""
        now = time.monotonic()
        return [
            f"{_cell(key, _KEY_WIDTH)} {_cell(agent, _AGENT_WIDTH)} {now - since:6.0f} s"
            for key, (agent, since) in self._at_work.items()
        ]

    def total(self) -> str:
        """What the run used so far."""
        seconds = self._before_s + time.monotonic() - self._started
        cost = f", ${self.dollars:.4f}" if self.dollars else ""
        steps = f"{self.done:,} step{'' if self.done == 1 else 's'}"
        return f"{steps}, {self.tokens:,} tokens{cost}, {seconds:.1f} s"

    def _told(self, at: float, event: Event) -> Iterator[Line]:
        match event:
            case StepStarted(key, agent) if agent is not None:
                self._at_work[key] = (agent, at)
                if self._verbose:
                    yield Line(
                        "begins", f"{_cell(key, _KEY_WIDTH)} {_cell(agent, _AGENT_WIDTH)}".rstrip()
                    )
            case StepEnded(key):
                agent, since = self._at_work.pop(key, ("", at))
                if agent:
                    yield self._ended(event, agent, at - since)
            case Retried(key, attempt, wait_s, error):
                told = (
                    f"{_cell(key, 0)}, attempt {attempt + 1} in {wait_s:.1f} s: {one_line(error)}"
                )
                yield Line("again", told)
            case BudgetWarned(_, budget, used, limit):
                yield Line("budget", f"{used:,.6g} of {limit:,.6g} {budget} are used")
            case PersonAsked(key):
                yield Line("asks", f"{_cell(key, 0)} waits for a person")

    def _ended(self, event: StepEnded, agent: str, seconds: float) -> Line:
        place = f"{_cell(event.key, _KEY_WIDTH)} {_cell(agent, _AGENT_WIDTH)}"
        if event.error is not None:
            return Line("failed", f"{place} {one_line(event.error)}")
        self.done += 1
        self.tokens += event.tokens
        self.dollars += event.dollars or 0.0
        cost = "" if event.dollars is None else f"${event.dollars:.4f}"
        tools = f"  {event.tool_calls} tools" if self._verbose and event.tool_calls else ""
        return Line("done", f"{place} {event.tokens:>9,} {cost:>9} {seconds:7.1f} s{tools}")


class _Interlude:
    """A text that is on the screen in the place of the drawing.

    Args:
        text: The text.
        before: Called before it is written.
    """

    def __init__(self, text: str, before: Callable[[], None]) -> None:
        self.text = text
        self.before = before
        self.over = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._shown: asyncio.Future[bool] = self._loop.create_future()

    async def shown(self) -> bool:
        """Whether it is on the screen; not if that is gone."""
        return await self._shown

    def say(self, *, shown: bool) -> None:
        """Tell so, from the screen's thread."""
        # The loop of a run that has ended hears nothing any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hear, shown)

    def _hear(self, shown: bool) -> None:
        if not self._shown.done():
            self._shown.set_result(shown)


class Screen:
    """Draws a view while its block runs: live on a terminal, else a line for each step.

    Args:
        view: What is drawn.
        title: Of the run.
        stream: Where to; standard error if it is not said.
    """

    def __init__(self, view: View, title: str, stream: TextIO | None = None) -> None:
        self._view = view
        self._title = one_line(title, 200)
        self._stream = stream or sys.stderr
        terminal = self._stream.isatty()
        self._console = Console(file=self._stream, highlight=False, force_terminal=terminal)
        self._is_live = terminal and not self._console.is_dumb_terminal
        self._interludes: deque[_Interlude] = deque()
        self._is_gone = False
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="screen")

    def __enter__(self) -> "Screen":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def leave(self) -> None:
        """Give the terminal its cursor back, for a process that ends at once."""
        if self._is_live:
            os.write(2, b"\x1b[?25h\n")

    @asynccontextmanager
    async def interlude(self, text: str, before: Callable[[], None]) -> AsyncIterator[bool]:
        """Have a text on the screen, and nothing drawn, until the block ends.

        Args:
            text: The text.
            before: Called right before it is written, in the screen's thread.

        Yields:
            Whether it is there; not if the screen is gone.
        """
        one = _Interlude(text, before)
        with self._guard:
            if self._is_gone:
                one.say(shown=False)
            self._interludes.append(one)
        try:
            yield await one.shown()
        finally:
            one.over.set()

    def _work(self) -> None:
        try:
            self._write(f"{self._title}\n")
            over = False
            while not over:
                if self._is_live:
                    with self._new_live() as live:
                        over = self._draw_live(live)
                else:
                    over = self._write_lines()
                while self._interludes:
                    self._play(self._interludes.popleft())
        except (OSError, ValueError):
            # A screen that is gone, such as a closed pipe, is no reason to stop the run.
            pass
        finally:
            with self._guard:
                self._is_gone = True
                for one in self._interludes:
                    one.say(shown=False)

    def _new_live(self) -> Live:
        return Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            # Else what a library prints would wait for the screen, and the run for it.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _play(self, one: _Interlude) -> None:
        if one.over.is_set():
            return
        try:
            one.before()
            self._write(one.text)
        except (OSError, ValueError):
            one.say(shown=False)
            raise
        one.say(shown=True)
        while not (one.over.wait(_DRAW_S) or self._over.is_set()):
            pass

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _write_lines(self) -> bool:
        """Write until the end, or an interlude; whether it is the end."""
        while True:
            over, stops = self._wait()
            text = "".join(f"{line.plain()}\n" for line in self._view.lines())
            if text:
                self._write(text)
            if stops:
                return over

    def _draw_live(self, live: Live) -> bool:
        """The same on a terminal."""
        while True:
            over, stops = self._wait()
            lines = list(self._view.lines())
            if lines:
                live.console.print(*_styled(lines), sep="\n", overflow="ellipsis", no_wrap=True)
            live.update(Text("") if stops else self._at_work(live.console), refresh=True)
            if stops:
                return over

    def _wait(self) -> tuple[bool, bool]:
        """Wait for what is drawn next; whether it is the last, and the last for now."""
        over = self._over.wait(_DRAW_S)
        return over, over or bool(self._interludes)

    def _at_work(self, console: Console) -> Group:
        shown = self._view.at_work()
        most = max(1, min(_MOST_AT_WORK, console.height - 3))
        rows = [Text(f"     at {row}", style="cyan") for row in shown[:most]]
        if len(shown) > most:
            rows.append(Text(f"        and {len(shown) - most:,} more", style="dim"))
        rows.append(Text(f"        {self._view.total()}", style="bold"))
        for row in rows:
            row.no_wrap, row.overflow = True, "ellipsis"
        return Group(*rows)


def _styled(lines: list[Line]) -> list[Text]:
    shown = []
    if len(lines) > _MOST_AT_ONCE:
        shown.append(Text(f"        {len(lines) - _MOST_AT_ONCE:,} more steps", style="dim"))
    for line in lines[-_MOST_AT_ONCE:]:
        text = Text(f"{line.mark:>7} ", style=_STYLES.get(line.mark, ""))
        text.append(line.text, style="not bold default")
        shown.append(text)
    return shown


def _cell(text: str, width: int) -> str:
    line = one_line(text, width or 200)
    return f"{line:<{width}}"
