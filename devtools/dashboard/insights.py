"""The part of the Logs Insights query language that dashboards use, evaluated over log events.

Source: "CloudWatch Logs Insights language query syntax" in the CloudWatch Logs user guide.

Commands: ``fields``, ``display``, ``filter``, ``stats ... by ...``, ``sort``, ``limit``,
``dedup``, ``parse`` (glob or regular expression). Operators: ``and or not``, ``= != < <= > >=``,
``like``, ``=~``, ``in``, ``+ - * /``.
Functions: ``ispresent``, ``isempty``, ``isblank``, ``coalesce``, ``strlen``, ``tolower``,
``toupper``, ``abs``, ``ceil``, ``floor``, ``greatest``, ``least``, ``bin``. Statistics: ``count``,
``count_distinct``, ``sum``, ``avg``, ``min``, ``max``, ``pct``, ``median``, ``earliest``,
``latest``. Anything else raises ``NotEvaluated``: a wrong table is worse than none.

The guide leaves open how a value that may be text or a number is compared: here as numbers where
both can be read as one, and as text otherwise.
"""

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devtools.cloudwatch.series import Grid, Sample, aggregate

Value = str | float | None
Fields = Mapping[str, Value]
Expression = Callable[[Fields], Value]
Reduce = Callable[[Sequence[Fields]], Value]

_MOST_ROWS: Final = 10_000
_MOST_FIELDS: Final = 200


class NotEvaluated(ValueError):
    """The query uses what is not evaluated here, or is no query."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of a log group.

    Attributes:
        time: Seconds since the epoch.
    """

    time: float
    group: str
    stream: str
    message: str

    def fields(self) -> dict[str, Value]:
        """The fields a query sees: the system's, and those of a JSON message, with dots."""
        found: dict[str, Value] = {
            "@timestamp": self.time * 1000,
            "@message": self.message,
            "@log": self.group,
            "@logStream": self.stream,
        }
        if self.message.lstrip().startswith("{"):
            with contextlib.suppress(ValueError, RecursionError):
                _flatten("", json.loads(self.message), found)
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A query's answer.

    Attributes:
        grouped: How many of the first columns say what a row is of; the others are its numbers.
            None when the query has no statistics.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    grouped: int | None = None


def _flatten(prefix: str, value: Any, into: dict[str, Value]) -> None:
    if len(into) >= _MOST_FIELDS:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, item, into)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            _flatten(f"{prefix}.{at}", item, into)
    elif isinstance(value, bool):
        into[prefix] = float(value)
    elif isinstance(value, int | float):
        into[prefix] = _number(value)
    elif value is not None:
        into[prefix] = str(value)


# --- Reading a query --------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<comment>\#[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<duration>\d+(?:ms|[smhdw])\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>`[^`]+`|@?[A-Za-z_][\w@]*(?:\.[\w@]+)*)
    | (?P<sign>=~|!=|<=|>=|[-=<>+*/(),|\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_REGEX: Final = re.compile(r"\s*/((?:[^/\\]|\\.)*)/")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_STATISTICS: Final = {"avg": "Average", "sum": "Sum", "min": "Minimum", "max": "Maximum"}
#: A JSON message's booleans are 1 and 0.
_CONSTANTS: Final = {"true": 1.0, "false": 0.0}


class _Tokens:
    """A query, token by token."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0
        self.kind = ""
        self.text = ""
        self.start = 0
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
                raise NotEvaluated(f"{rest!r} cannot be read.")
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
        if not self.accept(text):
            raise NotEvaluated(f"{text!r} is expected, not {self.text or 'the end'!r}.")

    def name(self) -> str:
        if self.kind != "name":
            raise NotEvaluated(f"A field is expected, not {self.text or 'the end'!r}.")
        return self.advance().strip("`")

    def string(self) -> str:
        if self.kind != "string":
            raise NotEvaluated(f"A text in quotes is expected, not {self.text or 'the end'!r}.")
        return re.sub(r"\\(.)", r"\1", self.advance()[1:-1])


def run(query: str, events: Iterable[LogEvent]) -> Table:
    """Evaluate a query, without its ``SOURCE``.

    Raises:
        NotEvaluated: The query uses something that is not evaluated here; the message names it.
    """
    tokens = _Tokens(query)
    state = _State([event.fields() for event in events])
    while tokens.kind != "end":
        if tokens.accept("|"):
            continue
        command = tokens.name().lower()
        if command not in _COMMANDS:
            raise NotEvaluated(f"The command {command!r} is not evaluated here.")
        _COMMANDS[command](tokens, state)
        if tokens.kind != "end":
            tokens.expect("|")
    return state.table()


@dataclass
class _State:
    rows: list[dict[str, Value]]
    shown: list[str] | None = None
    grouped: int | None = None
    limited: bool = False

    def table(self) -> Table:
        columns = self.shown or ["@timestamp", "@message"]
        rows = tuple(tuple(row.get(name) for name in columns) for row in self.rows[:_MOST_ROWS])
        return Table(tuple(columns), rows, self.grouped)


def _fields(tokens: _Tokens, state: _State) -> None:
    named = _named_list(tokens)
    for row in state.rows:
        for name, expression in named:
            row[name] = expression(row)
    shown = state.shown or []
    state.shown = [*shown, *(name for name, _ in named if name not in shown)]


def _display(tokens: _Tokens, state: _State) -> None:
    state.shown = None
    _fields(tokens, state)


def _filter(tokens: _Tokens, state: _State) -> None:
    wanted = _or(tokens)
    state.rows = [row for row in state.rows if _true(wanted(row))]


def _limit(tokens: _Tokens, state: _State) -> None:
    if tokens.kind != "number":
        raise NotEvaluated("limit takes a number.")
    state.rows = state.rows[: int(float(tokens.advance()))]


def _sort(tokens: _Tokens, state: _State) -> None:
    keys = []
    while True:
        expression = _sum(tokens)
        descending = tokens.accept("desc")
        if not descending:
            tokens.accept("asc")
        keys.append((expression, descending))
        if not tokens.accept(","):
            break
    for expression, descending in reversed(keys):
        # Rows without the field are last, whichever way the others go.
        there = [row for row in state.rows if expression(row) is not None]
        there.sort(key=lambda row: _order(expression(row)), reverse=descending)
        state.rows = there + [row for row in state.rows if expression(row) is None]


def _dedup(tokens: _Tokens, state: _State) -> None:
    names = [tokens.name()]
    while tokens.accept(","):
        names.append(tokens.name())
    first: dict[tuple[Value, ...], dict[str, Value]] = {}
    for row in state.rows:
        first.setdefault(tuple(row.get(name) for name in names), row)
    state.rows = list(first.values())


def _parse(tokens: _Tokens, state: _State) -> None:
    field = tokens.name() if tokens.kind == "name" else "@message"
    names: list[str] = []
    if (pattern := tokens.regex()) is not None:
        # The language writes (?<name>...), Python (?P<name>...).
        found = _compiled(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern))
        names = list(found.groupindex)
    else:
        parts = [re.escape(part) for part in tokens.string().split("*")]
        found = _compiled("(.*?)".join(parts[:-1]) + "(.*)" * (len(parts) > 1) + parts[-1])
    if tokens.accept("as"):
        names = [tokens.name()]
        while tokens.accept(","):
            names.append(tokens.name())
    if len(names) != found.groups:
        raise NotEvaluated("parse names as many fields as its pattern has places.")
    for row in state.rows:
        match = found.search(_text(row.get(field)))
        for name, value in zip(names, match.groups() if match else (), strict=False):
            row[name] = value
    state.shown = [*(state.shown or []), *names] if state.shown is not None else None


def _stats(tokens: _Tokens, state: _State) -> None:
    reduced: list[tuple[str, Reduce]] = []
    while True:
        start = tokens.start
        reduce = _reduction(tokens)
        text = tokens.source(start)
        reduced.append((tokens.name() if tokens.accept("as") else text, reduce))
        if not tokens.accept(","):
            break
    by = _named_list(tokens) if tokens.accept("by") else []
    groups: dict[tuple[Value, ...], list[Fields]] = {}
    for row in state.rows:
        groups.setdefault(tuple(expression(row) for _, expression in by), []).append(row)
    if not by and not groups:
        groups[()] = []
    state.rows = [
        dict(zip([name for name, _ in by], key, strict=True))
        | {name: reduce(rows) for name, reduce in reduced}
        for key, rows in groups.items()
    ]
    state.shown = [name for name, _ in (*by, *reduced)]
    state.grouped = len(by)


_COMMANDS: Final[Mapping[str, Callable[[_Tokens, _State], None]]] = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "parse": _parse,
    "dedup": _dedup,
}


def _reduction(tokens: _Tokens) -> Reduce:
    name = tokens.name().lower()
    tokens.expect("(")
    if name == "count" and (tokens.accept("*") or tokens.text == ")"):
        tokens.expect(")")
        return lambda rows: float(len(rows))
    expression = _or(tokens)
    rank = ""
    if name in {"pct", "percentile"}:
        tokens.expect(",")
        rank = tokens.advance()
    tokens.expect(")")

    def values(rows: Sequence[Fields]) -> list[Value]:
        return [value for row in rows if (value := expression(row)) is not None]

    match name:
        case "count":
            return lambda rows: float(len(values(rows)))
        case "count_distinct":
            return lambda rows: float(len(set(values(rows))))
        case "earliest":
            return lambda rows: _at(rows, expression, min)
        case "latest":
            return lambda rows: _at(rows, expression, max)
        case "avg" | "sum" | "min" | "max":
            statistic = _STATISTICS[name]
        case "pct" | "percentile":
            statistic = f"p{rank}"
        case "median":
            statistic = "p50"
        case _:
            raise NotEvaluated(f"The statistic {name}() is not evaluated here.")

    return lambda rows: _statistic(statistic, values(rows))


def _statistic(statistic: str, values: Sequence[Value]) -> Value:
    numbers = [number for value in values if (number := _number(value)) is not None]
    if not numbers:
        return None
    try:
        return aggregate([Sample.of(0, *numbers)], statistic, Grid(0, 1, 1)).values[0]
    except ValueError as error:
        raise NotEvaluated(str(error)) from None


def _at(rows: Sequence[Fields], expression: Expression, choose: Callable[..., Fields]) -> Value:
    there = [row for row in rows if expression(row) is not None]
    if not there:
        return None
    return expression(choose(there, key=lambda row: _number(row.get("@timestamp")) or 0.0))


# --- Expressions ------------------------------------------------------------------------------


def _named_list(tokens: _Tokens) -> list[tuple[str, Expression]]:
    named = []
    while True:
        start = tokens.start
        expression = _or(tokens)
        text = tokens.source(start)
        named.append((tokens.name() if tokens.accept("as") else text.strip("`"), expression))
        if not tokens.accept(","):
            return named


def _or(tokens: _Tokens) -> Expression:
    left = _and(tokens)
    while tokens.accept("or"):
        left = _combine(left, _and(tokens), lambda a, b: float(_true(a) or _true(b)))
    return left


def _and(tokens: _Tokens) -> Expression:
    left = _not(tokens)
    while tokens.accept("and"):
        left = _combine(left, _not(tokens), lambda a, b: float(_true(a) and _true(b)))
    return left


def _not(tokens: _Tokens) -> Expression:
    if tokens.accept("not"):
        inner = _not(tokens)
        return lambda row: float(not _true(inner(row)))
    return _comparison(tokens)


def _comparison(tokens: _Tokens) -> Expression:
    left = _sum(tokens)
    negated = tokens.accept("not")
    if tokens.text.lower() in {"like", "=~"}:
        tokens.advance()
        pattern = tokens.regex()
        found = _compiled(re.escape(tokens.string()) if pattern is None else pattern)
        return lambda row: float((found.search(_text(left(row))) is not None) is not negated)
    if tokens.accept("in"):
        tokens.expect("[")
        options = [_sum(tokens)]
        while tokens.accept(","):
            options.append(_sum(tokens))
        tokens.expect("]")
        return lambda row: float(
            any(_compare("=", left(row), option(row)) for option in options) is not negated
        )
    if negated:
        raise NotEvaluated("After not, like or in is expected.")
    if tokens.text in {"=", "!=", "<", "<=", ">", ">="}:
        sign = tokens.advance()
        return _combine(left, _sum(tokens), lambda a, b: float(_compare(sign, a, b)))
    return left


def _sum(tokens: _Tokens) -> Expression:
    left = _product(tokens)
    while tokens.text in {"+", "-"}:
        sign = 1 if tokens.advance() == "+" else -1
        left = _combine(left, _product(tokens), _arithmetic(lambda a, b, s=sign: a + s * b))  # type: ignore[misc]
    return left


def _product(tokens: _Tokens) -> Expression:
    left = _primary(tokens)
    while tokens.text in {"*", "/"}:
        if tokens.advance() == "*":
            left = _combine(left, _primary(tokens), _arithmetic(lambda a, b: a * b))
        else:
            left = _combine(left, _primary(tokens), _arithmetic(lambda a, b: a / b))
    return left


def _primary(tokens: _Tokens) -> Expression:
    if tokens.accept("("):
        inner = _or(tokens)
        tokens.expect(")")
        return inner
    if tokens.accept("-"):
        operand = _primary(tokens)
        return lambda row: None if (n := _number(operand(row))) is None else -n
    if tokens.kind in {"string", "number"}:
        constant = tokens.string() if tokens.kind == "string" else float(tokens.advance())
        return lambda _: constant
    quoted = tokens.text.startswith("`")
    name = tokens.name()
    if tokens.accept("("):
        return _call(name.lower(), tokens)
    if name in _CONSTANTS and not quoted:
        return lambda _: _CONSTANTS[name]
    return lambda row: row.get(name)


def _call(name: str, tokens: _Tokens) -> Expression:
    if name == "bin":
        if tokens.kind != "duration":
            raise NotEvaluated("bin takes a duration such as 5m.")
        text = tokens.advance()
        number = re.match(r"\d+", text)
        size = float(number[0]) * _SECONDS[text.lstrip("0123456789")] * 1000 if number else 0.0
        tokens.expect(")")
        if not size:
            raise NotEvaluated("bin takes a duration above 0.")
        return lambda row: (_number(row.get("@timestamp")) or 0.0) // size * size
    arguments: list[Expression] = []
    while not tokens.accept(")"):
        arguments.append(_or(tokens))
        if not tokens.accept(","):
            tokens.expect(")")
            break
    if name not in _FUNCTIONS:
        raise NotEvaluated(f"The function {name}() is not evaluated here.")
    function = _FUNCTIONS[name]
    return lambda row: function([argument(row) for argument in arguments])


def _first_number(change: Callable[[float], float]) -> Callable[[list[Value]], Value]:
    return lambda values: None if (n := _number(values[0])) is None else float(change(n))


def _of_numbers(choose: Callable[[list[float]], float]) -> Callable[[list[Value]], Value]:
    def function(values: list[Value]) -> Value:
        numbers = [number for value in values if (number := _number(value)) is not None]
        return choose(numbers) if numbers else None

    return function


_FUNCTIONS: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "ispresent": lambda values: float(values[0] is not None),
    "isempty": lambda values: float(values[0] in (None, "")),
    "isblank": lambda values: float(not _text(values[0]).strip()),
    "coalesce": lambda values: next((value for value in values if value is not None), None),
    "strlen": lambda values: float(len(_text(values[0]))),
    "tolower": lambda values: _text(values[0]).lower(),
    "toupper": lambda values: _text(values[0]).upper(),
    "abs": _first_number(abs),
    "ceil": _first_number(math.ceil),
    "floor": _first_number(math.floor),
    "greatest": _of_numbers(max),
    "least": _of_numbers(min),
}


def _combine(
    left: Expression, right: Expression, by: Callable[[Value, Value], Value]
) -> Expression:
    return lambda row: by(left(row), right(row))


def _arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def function(a: Value, b: Value) -> Value:
        one, other = _number(a), _number(b)
        if one is None or other is None:
            return None
        try:
            return _number(calculate(one, other))
        except ZeroDivisionError:
            return None

    return function


def _compare(sign: str, a: Value, b: Value) -> bool:
    if a is None or b is None:
        return sign == "!=" and (a is None) is not (b is None)
    one, other = _number(a), _number(b)
    left, right = (one, other) if one is not None and other is not None else (_text(a), _text(b))
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,  # type: ignore[operator]
        "<=": left <= right,  # type: ignore[operator]
        ">": left > right,  # type: ignore[operator]
        ">=": left >= right,  # type: ignore[operator]
    }[sign]


def _order(value: Value) -> tuple[int, float, str]:
    number = _number(value)
    return (0, number, "") if number is not None else (1, 0.0, _text(value))


def _true(value: Value) -> bool:
    return value not in (None, 0, 0.0, "", "false")


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else value


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise NotEvaluated(f"/{pattern}/ is no regular expression here: {error}.") from None
