"""How large the content of a settings file may be, counted before any of it is built.

Nine lines of aliases can stand for a thousand million values, and brackets alone for a stack that
no interpreter has. PyYAML builds both, and what then checks or prints them takes minutes, or dies.
"""

from dataclasses import dataclass, field
from typing import Final

import yaml

#: Bytes of a file. PyYAML reads some 50 KB in a second.
LONGEST: Final = 65_536
#: Levels of mappings and lists in each other. Settings have five.
DEEPEST: Final = 20
#: Values, with what aliases stand for counted each time.
MOST: Final = 10_000


class TooMuch(yaml.YAMLError):
    """There is more in a file than any settings have. One line."""


@dataclass
class _Counted:
    """What has been read of a file.

    Attributes:
        values: How many, aliases' included.
        sizes: The values that an alias of each anchor stands for.
        depths: The levels that it stands for.
        open: The mappings and lists that have begun: their anchor, the values before them, and
            their deepest level so far.
    """

    values: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    open: list[tuple[str | None, int, int]] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        # PyYAML's scanner marks each of its events.
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.CollectionStartEvent():
                self._add(1, 1, line)
                self.open.append((event.anchor, self.values - 1, 1))
            case yaml.CollectionEndEvent():
                anchor, before, depth = self.open.pop()
                self._keep(anchor, self.values - before, depth)
                self._reach(depth + 1)
            case yaml.ScalarEvent():
                self._add(1, 0, line)
                self._keep(event.anchor, 1, 0)
            case yaml.AliasEvent():
                if any(event.anchor == anchor for anchor, *_ in self.open):
                    raise TooMuch(f"line {line}: *{event.anchor} stands in what it stands for")
                # One of an unknown anchor is PyYAML's to refuse.
                depth = self.depths.get(str(event.anchor), 0)
                self._add(self.sizes.get(str(event.anchor), 1), depth, line)
                self._reach(depth + 1)

    def _add(self, values: int, depth: int, line: int) -> None:
        self.values += values
        if self.values > MOST:
            raise TooMuch(f"line {line}: more than {MOST} values, with what aliases stand for")
        if len(self.open) + depth > DEEPEST:
            raise TooMuch(f"line {line}: more than {DEEPEST} mappings and lists in each other")

    def _keep(self, anchor: str | None, values: int, depth: int) -> None:
        if anchor is not None:
            self.sizes[anchor], self.depths[anchor] = values, depth

    def _reach(self, depth: int) -> None:
        """Note how deep what is open goes."""
        if self.open:
            anchor, before, deepest = self.open[-1]
            self.open[-1] = (anchor, before, max(deepest, depth))


def check_size(text: str) -> None:
    """Refuse a text that stands for more than any settings hold.

    Raises:
        TooMuch: It does.
        yaml.YAMLError: It is no YAML.
    """
    if len(text) > LONGEST:
        raise TooMuch(f"more than {LONGEST} characters")
    counted = _Counted()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        counted.take(event)
