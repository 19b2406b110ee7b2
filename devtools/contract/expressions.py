"""Metric math in widgets and alarms: what is wrong with it, and what it searches for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devtools.cloudwatch.math import MathError, calls, evaluate, names
from devtools.cloudwatch.math.expression import Call, Number, Text
from devtools.cloudwatch.math.functions import UNSUPPORTED
from devtools.cloudwatch.series import Grid, Series
from devtools.contract.search import Search, SearchError, is_select, parse_search, parse_select

#: A datapoint, for an expression to be tried with.
_ONE: Final = Series(Grid(0, 60, 60), (1.0,))
_SHORT_PERIODS: Final = frozenset({1, 5, 10, 20, 30})


@dataclass(frozen=True, slots=True)
class Expressions:
    """The metrics and expressions of one widget or alarm.

    Attributes:
        metrics: The metrics' ids.
        by_id: The expressions that have an id.
    """

    metrics: Sequence[str]
    by_id: Mapping[str, str]

    def problems(self, expression: str) -> Iterator[str]:
        """What is wrong with one of the expressions, or one more."""
        if is_select(expression):
            return
        try:
            unknown = sorted(names(expression) - {*self.metrics, *self.by_id})
            called = calls(expression)
        except MathError as error:
            yield f"{expression!r} is no metric math: {error}"
            return
        if unknown:
            yield f"{expression!r} uses {', '.join(unknown)}, which nothing defines."
            return
        for call in called:
            match call:
                case Call("METRICS", (Text(part),)) if not any(part in id for id in self.metrics):
                    yield f"{expression!r} reads METRICS({part!r}), and no metric's id has that."
        if not self._is_known(expression):
            return
        try:
            evaluate(
                expression,
                grid=_ONE.grid,
                metrics=dict.fromkeys(self.metrics, _ONE),
                expressions=self.by_id,
            )
        except MathError as error:
            yield f"{expression!r} cannot be evaluated: {error}"

    def _is_known(self, expression: str, above: frozenset[str] = frozenset()) -> bool:
        """Whether nothing in it, nor in what it names, is a function that is not evaluated here."""
        if is_select(expression):
            return False
        if any(call.function in UNSUPPORTED for call in calls(expression)):
            return False
        return all(
            self._is_known(self.by_id[name], above | {name})
            for name in names(expression) & (self.by_id.keys() - above)
        )


def ids_read(expression: str, metrics: Iterable[str]) -> set[str]:
    """The ids that an expression names, and those of these metrics that its METRICS() takes."""
    if is_select(expression):
        return set()
    try:
        found, called = {*names(expression)}, calls(expression)
    except MathError:
        return set()
    for call in called:
        match call:
            case Call("METRICS", ()):
                found |= {*metrics}
            case Call("METRICS", (Text(part),)):
                found |= {id for id in metrics if part in id}
    return found


def searches_in(expression: str) -> list[Search]:
    """The searches in an expression; none in what is no metric math.

    Raises:
        SearchError: One cannot be read.
    """
    if is_select(expression):
        return [parse_select(expression)]
    try:
        called = calls(expression)
    except MathError:
        return []
    found = []
    for call in called:
        if call.function != "SEARCH":
            continue
        match call.arguments:
            case (Text(text), Text(statistic)):
                found.append(parse_search(text, statistic))
            case (Text(text), Text(statistic), Number(period)):
                if period not in _SHORT_PERIODS and (period <= 0 or period % 60):
                    raise SearchError(f"its period {period:g} is no multiple of 60 s")
                found.append(parse_search(text, statistic))
            case _:
                raise SearchError("SEARCH takes a search and a statistic, both in quotes")
    return found
