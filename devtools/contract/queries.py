"""What a Logs Insights query needs of the log: the fields it reads, and the values it asks for.

Source: "CloudWatch Logs Insights language query syntax" in the CloudWatch Logs user guide.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from devtools.dashboard.insights import NotEvaluated, run
from devtools.dashboard.insights.tokens import Tokens

#: Words that stand where a field might.
_WORDS: Final = frozenset(
    {"and", "or", "not", "like", "in", "by", "as", "asc", "desc", "true", "false"}
)
_NAMED_GROUP: Final = re.compile(r"\(\?P?<(?P<name>[A-Za-z_]\w*)>")


class QueryError(ValueError):
    """The query is none, or uses what is not understood here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that a query compares a field with.

    Attributes:
        field: The field.
        value: The value, or a regular expression.
        expression: Whether it is one.
    """

    field: str
    value: str
    expression: bool = False

    def is_met_by(self, text: str) -> bool:
        """Whether a value of the field is what is asked for."""
        return re.search(self.value, text) is not None if self.expression else text == self.value


@dataclass
class QueryNeeds:
    """What a query needs of the log.

    Attributes:
        fields: The fields that it reads and did not make itself.
        asked: The values it looks for.
    """

    fields: set[str] = field(default_factory=set)
    asked: list[Asked] = field(default_factory=list)


def read_query(query: str, view: str) -> QueryNeeds:
    """Read a query, without its ``SOURCE``, that is shown in a view.

    Raises:
        QueryError: It is none, uses what is not understood here, or cannot be shown so.
    """
    try:
        run(query, ()).refuse_view(view)
        return _Reader(Tokens(query)).read()
    except NotEvaluated as error:
        raise QueryError(str(error)) from None


class _Reader:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._needs = QueryNeeds()
        self._made: set[str] = set()

    def read(self) -> QueryNeeds:
        while self._tokens.kind != "end":
            if self._tokens.accept("|"):
                continue
            command = self._tokens.name().lower()
            made = self._command(is_parse=command == "parse")
            # After statistics, nothing is there but what they made.
            self._made = made if command == "stats" else self._made | made
        return self._needs

    def _command(self, *, is_parse: bool) -> set[str]:
        """Read up to the next command; the names that this one makes."""
        made: set[str] = set()
        last = ""  # the field before
        grouped = False
        while self._tokens.kind != "end" and self._tokens.text != "|":
            if is_parse and (pattern := self._tokens.regex()) is not None:
                made |= set(_NAMED_GROUP.findall(pattern))
                continue
            word = self._tokens.text.lower()
            if self._tokens.kind == "name" and word not in _WORDS:
                name = self._tokens.name()
                if self._tokens.text == "(":  # a function's
                    continue
                last = name
                self._reads(name)
                if grouped:
                    made.add(name)
                continue
            self._tokens.advance()
            grouped = grouped or word == "by"
            match word:
                case "as":
                    made |= self._names(several=is_parse)
                case "like" | "=~" | "=" | "!=":
                    self._compared(last, exact=word in {"=", "!="})
                case "in":
                    self._listed(last)
        return made

    def _names(self, *, several: bool) -> set[str]:
        names = {self._tokens.name()}
        while several and self._tokens.accept(","):
            names.add(self._tokens.name())
        return names

    def _reads(self, name: str) -> None:
        if name not in self._made:
            self._needs.fields.add(name)

    def _compared(self, name: str, *, exact: bool) -> None:
        pattern = None if exact else self._tokens.regex()
        if pattern is not None:
            self._needs.asked.append(Asked(name, pattern, expression=True))
        elif self._tokens.kind == "string":
            text = self._tokens.string()
            if exact:
                self._needs.asked.append(Asked(name, text))
            else:
                self._needs.asked.append(Asked(name, re.escape(text), expression=True))

    def _listed(self, name: str) -> None:
        while self._tokens.kind != "end" and not self._tokens.accept("]"):
            if self._tokens.kind == "string":
                self._needs.asked.append(Asked(name, self._tokens.string()))
            else:
                self._tokens.advance()
