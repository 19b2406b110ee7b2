"""Searches for metrics: ``SEARCH`` of metric math, and Metrics Insights queries.

Sources: "CloudWatch search expression syntax" and "Metrics Insights query components and syntax" in
the CloudWatch user guide. Which metrics a search finds is decided here over the metrics that are
known to be emitted, some values of which may be open: ``None`` is a value that may be anything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from devtools.cloudwatch.tokens import Tokens


class SearchError(ValueError):
    """The search cannot be read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A metric that a search may find; a dimension's value of None may be anything."""

    namespace: str
    name: str
    dimensions: Mapping[str, str | None]


Condition = Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class Search:
    """A search.

    Attributes:
        text: As written.
        statistic: What it shows of each metric that it finds.
        condition: Whether it finds a metric.
    """

    text: str
    statistic: str
    condition: Condition


_TERM: Final = re.compile(
    r"""[\s,]*(?:
      (?P<designator>(?:"(?:[^"\\]|\\.)*"|[^\s"'(),={}]+)\s*=\s*)
    | (?P<exact>"(?:[^"\\]|\\.)*")
    | (?P<sign>[()])
    | (?P<word>[^\s"'(),={}]+)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_SCHEMA: Final = re.compile(r"\s*\{([^{}]*)\}")
#: Where CloudWatch cuts a name into tokens.
_TOKEN: Final = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def parse_search(text: str, statistic: str) -> Search:
    """Read what stands in the quotes of a ``SEARCH``.

    Raises:
        SearchError: It cannot be read.
    """
    schema = _SCHEMA.match(text)
    parts: list[Condition] = []
    if schema is not None:
        namespace, *dimensions = [part.strip().strip('"') for part in schema[1].split(",")]
        parts.append(_of_schema(namespace, frozenset(dimensions)))
    terms = _Terms(text[schema.end() :] if schema else text)
    if not terms.at_end:
        parts.append(terms.parse())
    if not parts:
        raise SearchError("it searches for nothing")
    return Search(text.strip(), statistic, lambda metric: all(part(metric) for part in parts))


def _of_schema(namespace: str, dimensions: frozenset[str]) -> Condition:
    def holds(metric: Candidate) -> bool:
        return metric.namespace == namespace and (
            not dimensions or frozenset(metric.dimensions) == dimensions
        )

    return holds


class _Terms:
    def __init__(self, text: str) -> None:
        self._tokens = Tokens(
            text, _TERM, lambda at: SearchError(f"it cannot be read from {text[at:].strip()!r} on")
        )

    @property
    def at_end(self) -> bool:
        return self._tokens.kind == "end"

    def parse(self) -> Condition:
        found = self._any()
        if not self.at_end:
            raise SearchError(f"{self._tokens.token!r} is not expected")
        return found

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._tokens.accept("OR"):
            parts.append(self._all())
        return lambda metric: any(part(metric) for part in parts)

    def _all(self) -> Condition:
        parts = [self._not()]
        while not self.at_end and self._tokens.token not in {"OR", ")"}:
            self._tokens.accept("AND")
            parts.append(self._not())
        return lambda metric: all(part(metric) for part in parts)

    def _not(self) -> Condition:
        if self._tokens.accept("NOT"):
            inner = self._not()
            return lambda metric: not inner(metric)
        if self._tokens.accept("("):
            inner = self._any()
            if not self._tokens.accept(")"):
                raise SearchError("a parenthesis is not closed")
            return inner
        designator = None
        if self._tokens.kind == "designator":
            designator = self._tokens.token.rstrip().removesuffix("=").strip().strip('"')
            self._tokens.advance()
        return _term(designator, self._value())

    def _value(self) -> Callable[[str], bool]:
        kind, token = self._tokens.kind, self._tokens.token
        if kind not in {"exact", "word"}:
            raise SearchError(f"a term is expected, not {token or 'the end'!r}")
        self._tokens.advance()
        if kind == "exact":
            wanted = re.sub(r"\\(.)", r"\1", token[1:-1])
            return lambda text: text == wanted
        return lambda text: _is_part(token, text)


def _term(designator: str | None, like: Callable[[str], bool]) -> Condition:
    def holds(metric: Candidate) -> bool:
        match designator:
            case None:
                names = [metric.namespace, metric.name, *metric.dimensions]
                values = metric.dimensions.values()
                return any(value is None or like(value) for value in (*names, *values))
            case "MetricName":
                return like(metric.name)
            case "Namespace":
                return like(metric.namespace)
            case _:
                value = metric.dimensions.get(designator, "")
                return value is None or like(value)

    return holds


def _is_part(term: str, text: str) -> bool:
    """Whether a term without quotes is among the tokens of a text.

    One token is found whatever its case; several in a row as they are written.
    """
    wanted, there = _TOKEN.findall(term), _TOKEN.findall(text)
    if len(wanted) <= 1:
        return term.lower() in {*(token.lower() for token in there), text.lower()}
    return any(there[at : at + len(wanted)] == wanted for at in range(len(there)))


_NAME: Final = r"""(?:"[^"]+"|[\w/.:#-]+)"""
_SELECT: Final = re.compile(
    rf"""\s*SELECT\s+(?P<function>AVG|COUNT|MAX|MIN|SUM)\s*\(\s*(?P<metric>{_NAME})\s*\)
    \s+FROM\s+(?:SCHEMA\s*\(\s*(?P<schema>{_NAME}(?:\s*,\s*{_NAME})*)\s*\)|(?P<namespace>{_NAME}))
    (?:\s+WHERE\s+(?P<where>.+?))?
    (?:\s+(?:GROUP\s+BY|ORDER\s+BY|LIMIT)\s.*)?\s*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(rf"""\s*(?P<key>{_NAME})\s*(?P<sign>!?=)\s*'(?P<value>[^']*)'\s*""")
_STATISTICS: Final[Mapping[str, str]] = {
    "AVG": "Average",
    "COUNT": "SampleCount",
    "MAX": "Maximum",
    "MIN": "Minimum",
    "SUM": "Sum",
}


def is_select(expression: str) -> bool:
    """Whether an expression is a Metrics Insights query."""
    return expression.split(None, 1)[:1] == ["SELECT"]


def parse_select(text: str) -> Search:
    """Read a Metrics Insights query.

    Raises:
        SearchError: It cannot be read.
    """
    match = _SELECT.fullmatch(text)
    if match is None:
        raise SearchError("it is no Metrics Insights query that is understood here")
    namespace, *dimensions = [
        name.strip().strip('"') for name in (match["schema"] or match["namespace"]).split(",")
    ]
    parts = [
        _of_schema(namespace, frozenset(dimensions)),
        _term("MetricName", lambda name: name == match["metric"].strip('"')),
    ]
    for condition in re.split(r"\sAND\s", match["where"] or "", flags=re.IGNORECASE):
        if condition.strip():
            parts.append(_where(condition))
    statistic = _STATISTICS[match["function"].upper()]
    return Search(text.strip(), statistic, lambda metric: all(part(metric) for part in parts))


def _where(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise SearchError(f"its condition {text.strip()!r} is not understood here")
    key, equal, wanted = match["key"].strip('"'), match["sign"] == "=", match["value"]

    def holds(metric: Candidate) -> bool:
        value = metric.dimensions.get(key, "")
        return value is None or (value == wanted) is equal

    return holds
