"""Names by which models call tools: of letters, digits, `_` and `-`, 64 at most, each used once."""

import re
from collections.abc import Iterable
from itertools import chain, count
from typing import Final

_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST: Final = 64


class Names:
    """The names that are taken.

    Args:
        taken: From the start.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def free(self, *wanted: str) -> str:
        """The first of some names that is free, or the last with a number; it is taken from now on.

        Args:
            wanted: What the tool is called, and what else it may be called.
        """
        fit = [_OTHER.sub("_", name)[:_LONGEST] or "tool" for name in wanted]
        numbered = (f"{fit[-1][: _LONGEST - 6]}_{number}" for number in count(2))
        name = next(name for name in chain(fit, numbered) if name not in self._taken)
        self._taken.add(name)
        return name
