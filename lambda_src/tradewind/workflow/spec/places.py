"""Where in a text its values are, and how many of them there may be."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tradewind.workflow.spec.problem import Path

#: Values within values.
DEEPEST: Final = 64
#: As many as 10,000 tasks with five keys each have, and some.
MOST_VALUES: Final = 75_000


class Mark(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Places:
    """Where a value is, and what is in it.

    Attributes:
        mark: Where it begins.
        keys: Where each key of a mapping is.
        within: Where each value of a mapping or a list is.
    """

    mark: Mark
    keys: dict[str, Mark] = field(default_factory=dict)
    within: "dict[str | int, Places | Mark]" = field(default_factory=dict)

    def find(self, path: Path, *, at_key: bool = False) -> Mark:
        """The place of a value or its key; of the closest around it, where it is not there."""
        here: Places | Mark = self
        for position, part in enumerate(path):
            inner = here.within.get(part) if isinstance(here, Places) else None
            if inner is None:
                break
            if at_key and position == len(path) - 1 and isinstance(here, Places):
                return here.keys.get(str(part)) or _mark_of(inner)
            here = inner
        return _mark_of(here)


def _mark_of(place: Places | Mark) -> Mark:
    return place.mark if isinstance(place, Places) else place


class Unreadable(Exception):
    """A text is no plain data. The message is one line.

    Attributes:
        mark: Where; None where it is no place in the text.
    """

    def __init__(self, message: str, mark: Mark | None = None) -> None:
        super().__init__(message)
        self.mark = mark


class Budget:
    """Counts the values of one file.

    Raises:
        Unreadable: From ``spend`` and ``enter``: there are too many, or too deep.
    """

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, values: int, mark: Mark) -> None:
        """Count values at ``mark``."""
        self.spent += values
        if self.spent > MOST_VALUES:
            raise Unreadable(f"has more than {MOST_VALUES:,} values, aliases in full", mark)

    @staticmethod
    def enter(depth: int, mark: Mark) -> None:
        """Go one value deeper, at ``mark``."""
        if depth > DEEPEST:
            raise Unreadable(f"is nested deeper than {DEEPEST} values", mark)
