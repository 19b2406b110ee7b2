"""A person at a terminal, who is asked before a tool does what it needs consent for.

The question stands in the place of the live view, one at a time. The answer is waited for by the
event loop, so that other steps go on, and Ctrl-C ends the wait as it ends any other.
"""

import asyncio
import os
import sys
import termios
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from cli.api.texts import printable
from cli.workflow.live import Screen

_CHOICES: Final = "[y/N/always] "
#: A longer answer is none.
_LONGEST: Final = 1_000
_YES: Final = ("y", "yes")
_NO: Final = ("n", "no", "")
_ALWAYS: Final = ("a", "always")


def consent_on(screen: Screen) -> Callable[[str, str], Awaitable[bool]] | None:
    """What asks whoever sits at the terminal; None if nobody does.

    Args:
        screen: What is drawn on the same terminal.
    """
    # Either is None in a process that was started without.
    streams = (sys.stdin, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return None
    return TerminalConsent(screen, sys.stdin.fileno())


class TerminalConsent:
    """Asks; ``always``, and ``no`` as well, are the answer for a tool until the run ends.

    Args:
        screen: What is drawn on the terminal.
        file: The terminal, to read from.
    """

    def __init__(self, screen: Screen, file: int) -> None:
        self._screen = screen
        self._file = file
        self._known: dict[str, bool] = {}
        self._asking = asyncio.Lock()

    async def __call__(self, tool: str, question: str) -> bool:
        """Whether a tool may do something. See ``workflow_agents.tools.Consent``."""
        async with self._asking:
            if tool not in self._known:
                answer = await self._asked(f"{tool} asks: {printable(question)}\n{_CHOICES}")
                if answer in _YES:
                    return True
                self._known[tool] = answer in _ALWAYS
            return self._known[tool]

    async def _asked(self, text: str) -> str:
        """One of the answers that there are."""
        while True:
            async with self._screen.interlude(text, self._forget_typed) as shown:
                answer = (await self._line()).strip().lower() if shown else ""
            if answer in (*_YES, *_NO, *_ALWAYS):
                return answer
            text = _CHOICES

    def _forget_typed(self) -> None:
        """What was typed before the question is no answer to it."""
        with suppress(termios.error):  # it was hung up
            termios.tcflush(self._file, termios.TCIFLUSH)

    async def _line(self) -> str:
        """What is typed, up to the end of a line; empty at the end of the input."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(self._file, partial(_read, self._file, typed))
        try:
            return (await typed).decode("utf-8", "replace")
        finally:
            loop.remove_reader(self._file)


def _read(file: int, typed: "asyncio.Future[bytes]") -> None:
    if typed.done():
        return
    try:
        # A terminal gives a line when it is whole.
        typed.set_result(os.read(file, _LONGEST))
    except OSError:
        typed.set_result(b"")  # it was hung up
