"""What a person sees: results, and while the command works a line per step, with its time."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

#: Without a terminal, a step that lasts says so this often, in seconds.
_STILL_WORKING_S = 10.0


def results() -> Console:
    """What prints results to standard output: as wide as they are, and in colours on a terminal."""
    return Console(highlight=False, soft_wrap=True, force_terminal=sys.stdout.isatty())


class Step:
    """A step under way. ``note`` says what it is at; ``result`` is shown beside its time."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.result = ""


class Steps:
    """Prints steps as they begin and end, to standard error: standard output is for results.

    Colours and the running clock appear only on a terminal.
    """

    def __init__(self) -> None:
        # A log file is as wide as it needs to be.
        terminal = sys.stderr.isatty()
        width = None if terminal else 120
        # Said outright: FORCE_COLOR and the like would have codes written to a log file.
        self.console = Console(stderr=True, highlight=False, width=width, force_terminal=terminal)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show ``title`` while the block runs, and how long it took once it ends."""
        step = Step(title)
        started = time.monotonic()
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, started, ended), daemon=True)
        ticker.start()
        failed = True
        try:
            yield step
            failed = False
        finally:
            ended.set()
            ticker.join()
            self._print_end(step, time.monotonic() - started, failed)

    def _tick(self, step: Step, started: float, ended: threading.Event) -> None:
        if self.console.is_terminal:
            with self.console.status("") as status:
                while not ended.wait(0.2):
                    elapsed = time.monotonic() - started
                    status.update(f"{step.title}  {elapsed:.0f} s  [dim]{step.note[:80]}[/dim]")
            return
        while not ended.wait(_STILL_WORKING_S):
            elapsed = time.monotonic() - started
            line = Text(f"   ... {step.title}: {elapsed:.0f} s. {step.note[:80]}")
            self.console.print(line, soft_wrap=True)

    def _print_end(self, step: Step, elapsed: float, failed: bool) -> None:
        mark, style = ("failed", "bold red") if failed else ("done", "green")
        line = Text()
        line.append(f"{mark:>6} ", style=style)
        line.append(f"{step.title:<44}")
        line.append(f"{elapsed:7.1f} s")
        if step.result:
            line.append(f"  {step.result}", style="dim")
        self.console.print(line, soft_wrap=True)
