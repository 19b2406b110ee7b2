"""What is drawn while a workflow runs, on a terminal and elsewhere."""

import io
import re
import threading

import pytest

from cli.workflow.live import Screen, View
from tradewind.workflow.engine.events import (
    BudgetWarned,
    PersonAsked,
    Retried,
    RunStarted,
    StepEnded,
    StepStarted,
)
from tradewind.workflow.engine.state import Spent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Blocked(io.StringIO):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def write(self, text: str) -> int:
        if "done" in text:
            self.free.wait()
        return super().write(text)


def happen(view: View) -> None:
    view(RunStarted("", "chain"))
    view(StepStarted("branches/x"))
    view(StepStarted("branches/x/0", "writer"))
    view(StepStarted("branches/x/1", "critic"))
    view(Retried("branches/x/0", 1, 2.5, "slow\x1b[31m\ndown"))
    view(BudgetWarned("", "tokens", 8000, 10000))
    view(StepEnded("branches/x/0", 1234, 0.5, 2))
    view(StepEnded("branches/x/1", error="it broke"))
    view(StepEnded("branches/x", error="it broke"))
    view(PersonAsked("ask"))


def drawn(stream: io.StringIO, *, verbose: bool = False, spent: Spent | None = None) -> str:
    view = View(spent or Spent(), verbose=verbose)
    with Screen(view, "a flow", stream):
        happen(view)
    return stream.getvalue()


def test_elsewhere_each_step_is_a_line() -> None:
    lines = drawn(io.StringIO()).splitlines()
    assert [line.split()[0] for line in lines] == ["a", "again", "budget", "done", "failed", "asks"]
    assert lines[1].endswith("branches/x/0, attempt 2 in 2.5 s: slow[31m down")
    assert "8,000 of 10,000 tokens" in lines[2]
    assert re.fullmatch(r"   done branches/x/0 +writer +1,234 +\$0\.5000 +0\.\d s", lines[3])
    assert lines[4].endswith("it broke")


def test_verbose_tells_more() -> None:
    text = drawn(io.StringIO(), verbose=True)
    assert text.count("begins") == 2
    assert "2 tools" in text


@pytest.mark.parametrize("columns", [24, 80])
@pytest.mark.parametrize("color", [True, False])
def test_a_terminal_is_never_written_beyond_its_width(
    columns: int, color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("TERM", "xterm-256color")
    if not color:
        monkeypatch.setenv("NO_COLOR", "1")
    text = drawn(Terminal())
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", text)) == color
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert max(map(len, re.split(r"[\r\n]+", plain))) <= columns
    assert "done" in plain
    assert "failed" in plain
    # The cursor that was hidden is there again.
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


def test_a_terminal_without_control_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in drawn(Terminal())


def test_what_is_at_work_is_counted_and_cut_off() -> None:
    view = View(Spent(tokens=5, dollars=0.25))
    for number in range(20):
        view(StepStarted(f"tasks/{number}", "a"))
    assert not list(view.lines())
    assert len(view.at_work()) == 20
    assert view.total().startswith("0 steps, 5 tokens, $0.2500, ")
    view(StepEnded("tasks/3", 7, None))
    assert len(list(view.lines())) == 1
    assert view.total().startswith("1 step, 12 tokens, $0.2500, ")


def test_a_screen_that_stands_still_holds_nobody_up() -> None:
    stream = Blocked()
    view = View(Spent())
    with Screen(view, "a flow", stream):
        for number in range(1000):
            view(StepStarted(str(number), "a"))
            view(StepEnded(str(number), 1))
        # All of it was told while the screen took nothing.
        stream.free.set()
    assert stream.getvalue().count("done") == 1000


def test_a_screen_that_is_gone_is_no_failure() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            if "done" in text:
                raise BrokenPipeError
            return super().write(text)

    drawn(Gone())
