"""A text as tokens, for the parsers of metric math and of alarm rules."""

import re
from collections.abc import Callable, Iterator


class Tokens:
    """The tokens of a text, taken from the first to the last.

    Args:
        text: The text.
        pattern: Matches one token and the space before it; its groups are the kinds of token, among
            them ``word``, ``sign`` and ``end``.
        unreadable: Makes the error to raise where no token begins, from the position.
    """

    def __init__(
        self, text: str, pattern: re.Pattern[str], unreadable: Callable[[int], Exception]
    ) -> None:
        self._tokens = list(_split(text, pattern, unreadable))
        self._at = 0

    @property
    def kind(self) -> str:
        """The next token's kind."""
        return self._tokens[self._at][0]

    @property
    def token(self) -> str:
        """The next token; empty at the end."""
        return self._tokens[self._at][1]

    @property
    def position(self) -> int:
        """Where the next token begins, counted from 0."""
        return self._tokens[self._at][2]

    def advance(self) -> None:
        """Take the next token."""
        self._at += 1

    def accept(self, *tokens: str) -> str | None:
        """Take the next token if it is one of these words or signs."""
        token = self.token
        if self.kind not in {"sign", "word"} or token not in tokens:
            return None
        self.advance()
        return token


def _split(
    text: str, pattern: re.Pattern[str], unreadable: Callable[[int], Exception]
) -> Iterator[tuple[str, str, int]]:
    position = 0
    while True:
        match = pattern.match(text, position)
        if match is None or match.lastgroup is None:
            raise unreadable(position)
        kind = match.lastgroup
        yield kind, match[kind], match.start(kind)
        if kind == "end":
            return
        position = match.end()
