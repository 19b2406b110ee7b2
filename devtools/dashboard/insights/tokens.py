"""A query, token by token."""

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<comment>\#[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<duration>\d+[A-Za-z]+\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>`[^`]+`|@?[A-Za-z_][\w@]*(?:\.[\w@]+)*)
    | (?P<sign>=~|!=|<=|>=|[-=<>+*/(),|\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_REGEX: Final = re.compile(r"\s*/((?:[^/\\]|\\.)*)/")


class NotEvaluated(ValueError):
    """The query uses what is not evaluated here."""


class QueryRefused(NotEvaluated):
    """Logs Insights itself refuses the query: it is none, or breaks one of the language's rules."""


class Tokens:
    """A query, token by token."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0
        self.kind = ""
        self.text = ""
        self.start = 0
        #: The fields that were read so far.
        self.fields_read: list[str] = []
        self._before = 0
        self.advance()

    def advance(self) -> str:
        """Go to the next token and return the text of the one left."""
        text = self.text
        self._before = self._at
        while True:
            match = _TOKEN.match(self._query, self._at)
            if match is None or match.lastgroup is None:
                rest = self._query[self._at : self._at + 20].strip()
                raise QueryRefused(f"{rest!r} cannot be read.")
            self._at = match.end()
            self.kind, self.text = match.lastgroup, match[match.lastgroup]
            self.start = match.start(match.lastgroup)
            if self.kind != "comment":
                return text

    def regex(self) -> str | None:
        """Take ``/a regular expression/``, if there is one."""
        match = _REGEX.match(self._query, self._before)
        if match is None:
            return None
        self._at = match.end()
        self.advance()
        return match[1].replace("\\/", "/")

    def source(self, start: int) -> str:
        """The text from ``start`` up to the token that is next."""
        return self._query[start : self.start].strip()

    def accept(self, *texts: str) -> bool:
        """Take the next token if it is one of these words or signs."""
        if self.kind in {"name", "sign"} and self.text.lower() in texts:
            self.advance()
            return True
        return False

    def expect(self, text: str) -> None:
        """Take the next token, which must be this word or sign."""
        if not self.accept(text):
            raise QueryRefused(f"{text!r} is expected, not {self.text or 'the end'!r}.")

    def name(self) -> str:
        """Take a name, without its backticks."""
        if self.kind != "name":
            raise QueryRefused(f"A field is expected, not {self.text or 'the end'!r}.")
        return self.advance().strip("`")

    def string(self) -> str:
        """Take a text, without its quotes."""
        if self.kind != "string":
            raise QueryRefused(f"A text in quotes is expected, not {self.text or 'the end'!r}.")
        return re.sub(r"\\(.)", r"\1", self.advance()[1:-1])


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a regular expression, or raise ``NotEvaluated``: Python's are not AWS's in all."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise NotEvaluated(f"/{pattern}/ is no regular expression here: {error}.") from None
