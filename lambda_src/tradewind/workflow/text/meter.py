"""How much work a text may cause while it is rendered.

A text is not trusted, and Python cannot be stopped in the middle of an operation. So each operation
is bounded (no string above ``LONGEST``, no container that takes more to walk than a rendering may
cost), and each is paid for, so that their number is bounded too. The processor's time is looked at
besides, for what costs more than it pays.
"""

import time
from contextvars import ContextVar
from typing import Any, Final

from tradewind.workflow.text.faults import TooMuchWork

#: Characters of a string.
LONGEST: Final = 4_000_000
#: What a rendering may cost: a loop's turn, a call, a filter or an element of a list costs one.
WORK: Final = 400_000
#: Characters that cost one.
CHARACTERS_SHIFT: Final = 4
#: Seconds of the processor.
SECONDS: Final = 0.8
#: Payments after which the time is looked at: a power of two, less one.
_SELDOM: Final = 15

_REFUSED: Final = "takes too much work to render"


class Meter:
    """What is left of one rendering's work.

    Args:
        text: Characters of the template's own text, which a macro may repeat whole.
    """

    __slots__ = ("_left", "_payments", "_until", "text")

    def __init__(self, text: int = 0) -> None:
        self._left = WORK
        self._payments = 0
        self._until = time.thread_time() + SECONDS
        self.text = text

    def spend(self, amount: int) -> None:
        """Pay.

        Raises:
            TooMuchWork: There is not enough left.
        """
        self._left -= amount
        self._payments += 1
        if self._left < 0 or (not self._payments & _SELDOM and time.thread_time() > self._until):
            raise TooMuchWork(_REFUSED)

    def weigh(self, value: Any) -> None:
        """Pay for a value, with all that it holds as often as it holds it.

        Raises:
            TooMuchWork: It is too large, or holds the same too often.
        """
        pending = [value]
        while pending:
            one = pending.pop()
            if isinstance(one, str):
                fits(len(one))
                self.spend(1 + (len(one) >> CHARACTERS_SHIFT))
            elif isinstance(one, dict):
                self.spend(1 + 2 * len(one))
                pending.extend(one)
                pending.extend(one.values())
            elif isinstance(one, list | tuple | set | frozenset):
                self.spend(1 + len(one))
                pending.extend(one)
            else:
                self.spend(1)


def fits(length: int) -> None:
    """Refuse a string, before it is made, by its length.

    Raises:
        TooMuchWork: It would be too long.
    """
    if length > LONGEST:
        raise TooMuchWork(f"would make a text of more than {LONGEST:,} characters")


#: The meter of the rendering at work, in this thread or task.
METER: ContextVar[Meter] = ContextVar("rendering's meter")
