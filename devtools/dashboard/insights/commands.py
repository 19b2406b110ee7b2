"""Commands, each applied to the rows that the one before it left."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from devtools.dashboard.insights.events import LogEvent
from devtools.dashboard.insights.expressions import (
    Fields,
    bin_width_s,
    parse_expression,
    parse_named_list,
    parse_sum,
)
from devtools.dashboard.insights.language import COMMANDS, MOST_STATS
from devtools.dashboard.insights.statistics import Reduce, parse_statistics
from devtools.dashboard.insights.tokens import (
    NotEvaluated,
    QueryRefused,
    Tokens,
    compile_pattern,
)
from devtools.dashboard.insights.values import Value, as_text, is_true, sort_key

_MOST_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """A query's answer.

    Attributes:
        grouped: How many of the first columns say what a row is of; the others are its numbers.
            None when the query has no statistics.
        bins: The width in seconds of each of those first columns' time bins; None for one that
            holds no time.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    grouped: int | None = None
    bins: tuple[float | None, ...] = ()

    @property
    def width_s(self) -> float | None:
        """How long the periods of its rows are, where they are nothing but periods."""
        return self.bins[0] if len(self.bins) == 1 else None

    def refuse_view(self, view: str) -> None:
        """Refuse what cannot be shown so.

        Raises:
            QueryRefused: It is to be a chart, and its query has no statistics, or no time bins.
        """
        if view == "table":
            return
        if self.grouped is None:
            raise QueryRefused("A chart needs stats.")
        if view == "timeSeries" and self.width_s is None:
            raise QueryRefused("A line over time needs stats ... by bin(...), and by nothing else.")


@dataclass
class _State:
    """What the commands so far have left.

    Attributes:
        before: The names of those commands.
    """

    rows: list[dict[str, Value]]
    shown: list[str] | None = None
    grouped: int | None = None
    bins: tuple[float | None, ...] = ()
    before: list[str] = field(default_factory=list)

    def table(self) -> Table:
        columns = self.shown or ["@timestamp", "@message"]
        rows = tuple(tuple(row.get(name) for name in columns) for row in self.rows[:_MOST_ROWS])
        return Table(tuple(columns), rows, self.grouped, self.bins)


def _fields(tokens: Tokens, state: _State) -> None:
    named = parse_named_list(tokens)
    for row in state.rows:
        for name, expression, _ in named:
            row[name] = expression(row)
    shown = state.shown or []
    state.shown = [*shown, *(name for name, *_ in named if name not in shown)]


def _display(tokens: Tokens, state: _State) -> None:
    state.shown = None
    _fields(tokens, state)


def _filter(tokens: Tokens, state: _State) -> None:
    wanted = parse_expression(tokens)
    state.rows = [row for row in state.rows if is_true(wanted(row))]


def _limit(tokens: Tokens, state: _State) -> None:
    if tokens.kind != "number":
        raise QueryRefused("limit takes a number.")
    # A number of endless digits is infinite.
    state.rows = state.rows[: int(min(float(tokens.advance()), len(state.rows)))]


def _sort(tokens: Tokens, state: _State) -> None:
    keys = []
    while True:
        expression = parse_sum(tokens)
        descending = tokens.accept("desc")
        if not descending:
            tokens.accept("asc")
        keys.append((expression, descending))
        if not tokens.accept(","):
            break
    for expression, descending in reversed(keys):
        # Rows without the field are last, whichever way the others go.
        there = [row for row in state.rows if expression(row) is not None]
        there.sort(key=lambda row: sort_key(expression(row)), reverse=descending)
        state.rows = there + [row for row in state.rows if expression(row) is None]


def _dedup(tokens: Tokens, state: _State) -> None:
    names = [tokens.name()]
    while tokens.accept(","):
        names.append(tokens.name())
    tokens.fields_read += names
    seen: set[tuple[Value, ...]] = set()
    kept = []
    for row in state.rows:
        values = tuple(row.get(name) for name in names)
        # What is not there is no duplicate.
        if None in values or values not in seen:
            kept.append(row)
        seen.add(values)
    state.rows = kept


def _parse(tokens: Tokens, state: _State) -> None:
    source = tokens.name() if tokens.kind == "name" else "@message"
    tokens.fields_read.append(source)
    names: list[str] = []
    if (pattern := tokens.regex()) is not None:
        # The language writes (?<name>...), Python (?P<name>...).
        found = compile_pattern(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern))
        names = list(found.groupindex)
    else:
        parts = [re.escape(part) for part in tokens.string().split("*")]
        found = compile_pattern("(.*?)".join(parts[:-1]) + "(.*)" * (len(parts) > 1) + parts[-1])
    if tokens.accept("as"):
        names = [tokens.name()]
        while tokens.accept(","):
            names.append(tokens.name())
    if len(names) != found.groups:
        raise QueryRefused("parse names as many fields as its pattern has places.")
    for row in state.rows:
        match = found.search(as_text(row.get(source)))
        for name, value in zip(names, match.groups() if match else (), strict=False):
            row[name] = value
    state.shown = [*(state.shown or []), *names] if state.shown is not None else None


def _stats(tokens: Tokens, state: _State) -> None:
    reduced: list[tuple[str, Reduce]] = []
    while True:
        start = tokens.start
        reduce = parse_statistics(tokens)
        text = tokens.source(start)
        reduced.append((tokens.name() if tokens.accept("as") else text, reduce))
        if not tokens.accept(","):
            break
    by = parse_named_list(tokens) if tokens.accept("by") else []
    groups: dict[tuple[Value, ...], list[Fields]] = {}
    for row in state.rows:
        groups.setdefault(tuple(expression(row) for _, expression, _ in by), []).append(row)
    if not by and not groups:
        groups[()] = []
    state.rows = [
        dict(zip([name for name, *_ in by], key, strict=True))
        | {name: reduce(rows) for name, reduce in reduced}
        for key, rows in groups.items()
    ]
    state.shown = [*(name for name, *_ in by), *(name for name, _ in reduced)]
    state.grouped = len(by)
    state.bins = tuple(bin_width_s(text) for *_, text in by)


_COMMANDS: Final[Mapping[str, Callable[[Tokens, _State], None]]] = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "parse": _parse,
    "dedup": _dedup,
}


def run(query: str, events: Iterable[LogEvent]) -> Table:
    """Evaluate a query, without its ``SOURCE``.

    Raises:
        NotEvaluated: The query uses something that is not evaluated here; the message names it.
    """
    try:
        return _run(Tokens(query), events)
    except RecursionError:
        raise NotEvaluated("The query nests too deep.") from None


def _run(tokens: Tokens, events: Iterable[LogEvent]) -> Table:
    state = _State([event.fields() for event in events])
    while tokens.kind != "end":
        if tokens.accept("|"):
            continue
        command = tokens.name().lower()
        if command not in COMMANDS:
            raise QueryRefused(f"There is no command {command!r}.")
        if command not in _COMMANDS:
            raise NotEvaluated(f"The command {command!r} is not evaluated here.")
        _refuse_order(command, state.before)
        defined = None if state.grouped is None else {*(state.shown or ())}
        tokens.fields_read.clear()
        _COMMANDS[command](tokens, state)
        if defined is not None and (unknown := set(tokens.fields_read) - defined):
            names = ", ".join(sorted(unknown))
            raise QueryRefused(f"After stats there is no {names}: only what stats made is left.")
        state.before.append(command)
        if tokens.kind != "end":
            tokens.expect("|")
    return state.table()


def _refuse_order(command: str, before: Sequence[str]) -> None:
    if "dedup" in before and command != "limit":
        raise QueryRefused("After dedup only limit can come.")
    if command != "stats" or "stats" not in before:
        return
    if before.count("stats") == MOST_STATS:
        raise QueryRefused(f"A query has at most {MOST_STATS} stats.")
    for other in ("sort", "limit"):
        if other in before:
            raise QueryRefused(f"{other} comes after the last stats.")
