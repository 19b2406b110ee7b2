"""Consent on a terminal: a real one, with a person who types when asked."""

import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest

from cli.workflow import consent
from cli.workflow.consent import TerminalConsent
from cli.workflow.live import Screen, View
from tradewind.workflow.engine.events import StepEnded, StepStarted
from tradewind.workflow.engine.state import Spent

ASKS = "[y/N/always]"


class Typist(io.StringIO):
    """A terminal's screen, and who types an answer for each question on it."""

    def __init__(self, keyboard: int, answers: list[str]) -> None:
        super().__init__()
        self.keyboard = keyboard
        self.answers = answers
        self.asked = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        written = super().write(text)
        if ASKS in text:
            # First: who hears of the question may have an answer to the next one.
            if self.answers:
                os.write(self.keyboard, self.answers.pop(0).encode())
            self.loop.call_soon_threadsafe(self.asked.set)
        return written


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    keyboard, file = os.openpty()
    yield keyboard, file
    for one in (keyboard, file):
        with suppress(OSError):
            os.close(one)


Ask = Callable[[TerminalConsent, Typist, View], Awaitable[None]]


def on(terminal: tuple[int, int], answers: list[str], ask: Ask) -> str:
    """What is on the screen at the end."""

    async def run() -> str:
        keyboard, file = terminal
        typist, view = Typist(keyboard, answers), View(Spent())
        with Screen(view, "a flow", typist) as screen:
            await ask(TerminalConsent(screen, file), typist, view)
        assert not asyncio.get_running_loop().remove_reader(file)
        return typist.getvalue()

    return asyncio.run(run())


def test_each_answer_is_what_it_says(terminal: tuple[int, int]) -> None:
    async def ask(allow: TerminalConsent, _typist: Typist, _view: View) -> None:
        assert await allow("python_exec", "Run this Python?\n\nprint(1)\x1b[2J")
        assert await allow("python_exec", "Run this Python?\n\nprint(2)")
        # Always, and no, are for one tool and the whole run.
        assert await allow("python_exec", "never asked")
        assert not await allow("file_write", "Change the file a?")
        assert not await allow("file_write", "never asked")

    text = on(terminal, ["y\n", "Always\n", "what?\n", "\n"], ask)
    assert text.count(ASKS) == 4
    assert "python_exec asks: Run this Python?\n\nprint(1)[2J\n[y/N/always] " in text
    assert "never asked" not in text


def test_two_at_once_are_asked_for_one_after_the_other(terminal: tuple[int, int]) -> None:
    async def ask(allow: TerminalConsent, _typist: Typist, _view: View) -> None:
        answers = await asyncio.gather(*(allow("python_exec", f"code {n}") for n in range(5)))
        assert answers == [True] * 5

    text = on(terminal, ["always\n"], ask)
    assert text.count(ASKS) == 1


@pytest.mark.parametrize("kind", ["dumb", "xterm"])
def test_the_run_goes_on_and_its_lines_come_after(
    terminal: tuple[int, int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)

    async def ask(allow: TerminalConsent, typist: Typist, view: View) -> None:
        view(StepStarted("steps/0", "a"))
        asking = asyncio.create_task(allow("python_exec", "code"))
        await typist.asked.wait()
        view(StepEnded("steps/0", 1))
        before = typist.getvalue()
        # The cursor is to be seen where somebody types.
        assert before.count("\x1b[?25l") == before.count("\x1b[?25h") == (kind != "dumb")
        os.write(typist.keyboard, b"y\n")
        assert await asking

    text = on(terminal, [], ask)
    assert text.count("done steps/0") + text.count("steps/0  ") >= 1
    assert text.index("done") > text.index(ASKS)


def test_what_was_typed_before_is_no_answer(terminal: tuple[int, int]) -> None:
    async def ask(allow: TerminalConsent, typist: Typist, _view: View) -> None:
        os.write(typist.keyboard, b"y\ny\n")
        assert not await allow("python_exec", "code")

    assert on(terminal, ["n\n"], ask).count(ASKS) == 1


@pytest.mark.parametrize("how", ["\x04", "hung up"])
def test_nobody_is_no_consent(terminal: tuple[int, int], how: str) -> None:
    async def ask(allow: TerminalConsent, typist: Typist, _view: View) -> None:
        asking = asyncio.create_task(allow("python_exec", "code"))
        await typist.asked.wait()
        if how == "hung up":
            os.close(typist.keyboard)
        assert not await asking

    on(terminal, [] if how == "hung up" else [how], ask)


def test_a_screen_that_is_gone_asks_nobody(terminal: tuple[int, int]) -> None:
    class Gone(Typist):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    async def run() -> None:
        with Screen(View(Spent()), "a flow", Gone(terminal[0], [])) as screen:
            allow = TerminalConsent(screen, terminal[1])
            assert not await allow("python_exec", "code")
            assert not await allow("file_write", "change")

    asyncio.run(run())


def test_a_question_that_is_cancelled_gives_the_screen_back(terminal: tuple[int, int]) -> None:
    async def ask(allow: TerminalConsent, typist: Typist, view: View) -> None:
        asking = asyncio.create_task(allow("python_exec", "code"))
        await typist.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        view(StepStarted("steps/0", "a"))
        view(StepEnded("steps/0", 1))
        # And another may ask.
        typist.answers.append("y\n")
        assert await allow("file_write", "change")

    assert "done" in on(terminal, [], ask)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(View(Spent()), "a flow", io.StringIO())
    assert consent.consent_on(screen) is None
    monkeypatch.setattr("sys.stdin", None)
    assert consent.consent_on(screen) is None
