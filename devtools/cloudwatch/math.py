"""Metric math: expressions over series, as in alarms and on dashboards.

Source: "Using math expressions with CloudWatch metrics" in the CloudWatch user guide. Its rules for
missing datapoints, which surprise most:

- arithmetic and comparison between two series take a missing datapoint as 0 where the other series
  has one; where both miss it, so does the result;
- a division by zero drops the datapoint, and so does any other result that is not a finite number;
- ``AVG`` counts a missing datapoint as 0;
- ``IF`` drops the datapoint where its condition has none.

The guide leaves open

- how operators bind: here, from loose to tight, ``OR``; ``AND``; comparison; ``+ -``; ``* /``;
  unary ``-``; ``^``, which groups from the right;
- what ``MIN``, ``MAX`` and ``STDDEV`` over several series do with a missing datapoint: they pass
  over it;
- what happens between series of different periods: here it is an error.
"""

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from devtools.cloudwatch.series import Grid, Series

#: What an expression's parts may be. The result of a whole expression is never a scalar.
Value = float | Series | tuple[Series, ...]
Result = Series | tuple[Series, ...]

_MAX_LENGTH: Final = 2048
_MAX_DEPTH: Final = 50


class MathError(ValueError):
    """The expression cannot be parsed, or does something CloudWatch or this evaluator cannot."""


# --- Parsing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text: the argument of METRICS."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of a metric or of another expression."""

    id: str


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before a part: only ``-``."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two parts and the operator between them; AND and OR are written so, never && or ||."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Array:
    """Several series, in square brackets."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Text | Name | Unary | Binary | Array | Call

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<word>[A-Za-z][A-Za-z0-9_]*)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_LEVELS: Final = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!=", "<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/"),
)
_SPELLED: Final = {"||": "OR", "&&": "AND"}
_KEYWORDS: Final = frozenset({"REPEAT", "LINEAR"})


def parse(expression: str) -> Node:
    """Parse an expression.

    Raises:
        MathError: It is not metric math; the message says where.
    """
    if len(expression) > _MAX_LENGTH:
        raise MathError(f"an expression has at most {_MAX_LENGTH} characters")
    return _Parser(expression).parse()


def names(expression: str) -> frozenset[str]:
    """The ids of metrics and other expressions that an expression uses.

    Those that ``METRICS()`` stands for are not among them.
    """
    return frozenset(node.id for node in _walk(parse(expression)) if isinstance(node, Name))


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        match current:
            case Unary(operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += [left, right]
            case Array(parts) | Call(_, parts):
                waiting += parts
            case _:
                pass


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(0)
        if self._kind != "end":
            raise self._error(f"{self._token!r} is not expected here")
        return node

    def _split(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while True:
            match = _TOKEN.match(self._expression, position)
            if match is None or match.lastgroup is None:
                raise MathError(
                    f"{self._expression!r}: cannot read it from character {position + 1} on"
                )
            kind = match.lastgroup
            yield kind, match[kind], match.start(kind)
            if kind == "end":
                return
            position = match.end()

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _token(self) -> str:
        return self._tokens[self._at][1]

    def _error(self, what: str) -> MathError:
        position = self._tokens[self._at][2]
        return MathError(f"{self._expression!r}, character {position + 1}: {what}")

    def _accept(self, *tokens: str) -> str | None:
        if self._kind in {"sign", "word"} and self._token in tokens:
            token = self._token
            self._at += 1
            return token
        return None

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            found = self._token or "the end"
            raise self._error(f"{token!r} is expected here, not {found!r}")

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while operator := self._accept(*_LEVELS[level]):
            left = Binary(_SPELLED.get(operator, operator), left, self._binary(level + 1))
        return left

    def _unary(self) -> Node:
        # Every nesting passes here: a limit keeps a hostile expression from the stack's end.
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"it nests more than {_MAX_DEPTH} deep")
        node = Unary(self._unary()) if self._accept("-") else self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._primary()
        return Binary("^", base, self._unary()) if self._accept("^") else base

    def _primary(self) -> Node:
        kind, token = self._kind, self._token
        if self._accept("("):
            node = self._binary(0)
            self._expect(")")
            return node
        if self._accept("["):
            return Array(self._list("]"))
        if kind not in {"number", "text", "word"}:
            raise self._error(f"{token or 'the end'!r} is not expected here")
        self._at += 1
        if kind == "number":
            return Number(float(token))
        if kind == "text":
            return Text(token[1:-1])
        if self._accept("("):
            return Call(token, self._list(")"))
        if token[0].islower() or token in _KEYWORDS:
            return Name(token)
        self._at -= 1
        raise self._error(
            f"{token!r} is no function call, and an id starts with a lower-case letter"
        )

    def _list(self, closing: str) -> tuple[Node, ...]:
        if self._accept(closing):
            return ()
        items = [self._binary(0)]
        while self._accept(","):
            items.append(self._binary(0))
        self._expect(closing)
        return tuple(items)


# --- Evaluating -------------------------------------------------------------------------------


def evaluate(
    expression: str,
    *,
    grid: Grid,
    metrics: Mapping[str, Series],
    expressions: Mapping[str, str] | None = None,
) -> Result:
    """Evaluate one expression.

    Args:
        expression: Its text.
        grid: The periods asked for; every metric has them.
        metrics: Each metric by its id: what METRICS() stands for, in this order.
        expressions: Other expressions that this one may name, by id.

    Raises:
        MathError: It is not metric math, names something unknown, uses a function that is not
            supported, or results in a single number.
    """
    try:
        value = _Evaluator(grid, metrics, expressions or {}).text(expression)
    except RecursionError:
        raise MathError(f"{expression[:80]!r}... is too long a chain of operations") from None
    if isinstance(value, float):
        raise MathError(
            f"{expression!r} is a single number ({value:g}); the result must be a time series: "
            "see TIME_SERIES()"
        )
    return value


class _Evaluator:
    def __init__(
        self, grid: Grid, metrics: Mapping[str, Series], expressions: Mapping[str, str]
    ) -> None:
        self._grid = grid
        self._metrics = metrics
        self._expressions = expressions
        self._done: dict[str, Value] = {}
        self._under_way: list[str] = []
        for metric_id, series in metrics.items():
            if series.grid != grid:
                raise MathError(f"{metric_id!r} has other periods than the expression's")

    def text(self, expression: str) -> Value:
        return self._node(parse(expression))

    def _node(self, node: Node) -> Value:
        match node:
            case Number(value):
                return value
            case Name(identifier):
                return self._name(identifier)
            case Unary(operand):
                return _each(self._node(operand), lambda value: -value)
            case Binary(operator, left, right):
                return _operate(operator, self._node(left), self._node(right))
            case Array(items):
                return tuple(self._series_of(items))
            case Call():
                return self._call(node)
            case Text(value):
                raise MathError(f"the text {value!r} has no meaning outside METRICS()")

    def _name(self, identifier: str) -> Value:
        if identifier in self._metrics:
            return self._metrics[identifier]
        if identifier in self._done:
            return self._done[identifier]
        if identifier not in self._expressions:
            known = ", ".join([*self._metrics, *self._expressions]) or "none"
            raise MathError(f"there is no metric or expression {identifier!r}; those here: {known}")
        if identifier in self._under_way:
            raise MathError(f"{' -> '.join([*self._under_way, identifier])} goes in a circle")
        self._under_way.append(identifier)
        self._done[identifier] = self.text(self._expressions[identifier])
        self._under_way.pop()
        return self._done[identifier]

    def _series_of(self, items: tuple[Node, ...]) -> Iterator[Series]:
        for item in items:
            value = self._node(item)
            if isinstance(value, float):
                raise MathError("an array holds time series, not numbers")
            yield from value if isinstance(value, tuple) else (value,)

    def _call(self, call: Call) -> Value:
        name, nodes = call.function, call.arguments
        if name == "METRICS":
            return self._metrics_called(nodes)
        if name == "FILL" and len(nodes) == 2:  # noqa: PLR2004
            return self._fill(self._node(nodes[0]), nodes[1])
        if name == "PERIOD":
            return self._period(nodes)
        if name in _UNSUPPORTED:
            raise MathError(f"{name}() is not supported here: {_UNSUPPORTED[name]}")
        if name not in _FUNCTIONS:
            known = ", ".join(sorted([*_FUNCTIONS, "FILL", "METRICS", "PERIOD"]))
            raise MathError(f"there is no function {name}(); those here: {known}")
        low, high, function = _FUNCTIONS[name]
        if not low <= len(nodes) <= high:
            wanted = f"{low}" if low == high else f"{low} to {high}"
            raise MathError(f"{name}() takes {wanted} arguments, not {len(nodes)}")
        return function(self._grid, *(self._node(node) for node in nodes))

    def _metrics_called(self, nodes: tuple[Node, ...]) -> Value:
        match nodes:
            case ():
                return tuple(self._metrics.values())
            case (Text(part),):
                return tuple(series for key, series in self._metrics.items() if part in key)
            case _:
                raise MathError("METRICS() takes nothing, or one text in quotes")

    def _period(self, nodes: tuple[Node, ...]) -> Value:
        match nodes:
            case (Name(identifier),) if identifier in self._metrics:
                return float(self._grid.period)
            case _:
                raise MathError("PERIOD() takes the id of one metric")

    def _fill(self, value: Value, by: Node) -> Value:
        if isinstance(value, float):
            raise MathError("FILL() fills a time series, not a number")
        fill: Callable[[Series], Series]
        match by:
            case Name("REPEAT"):
                fill = _fill_by_repeating
            case Name("LINEAR"):
                fill = _fill_between
            case _:
                filler = self._node(by)
                if isinstance(filler, tuple):
                    raise MathError("FILL() fills with a number or one time series, not an array")
                other = _spread(filler, self._grid)

                def fill(series: Series) -> Series:
                    return _zip(series, other, lambda a, b: b if a is None else a)

        return tuple(map(fill, value)) if isinstance(value, tuple) else fill(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _calculate(calculation: Callable[[], float]) -> float | None:
    """A datapoint whose calculation has no finite result is dropped."""
    try:
        result = calculation()
    except (ArithmeticError, ValueError):
        return None
    # A negative number to the power of a fraction is complex in Python.
    return None if isinstance(result, complex) else _finite(result)


_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}


def _zip(
    left: Series, right: Series, combine: Callable[[float | None, float | None], float | None]
) -> Series:
    return Series(left.grid, tuple(map(combine, left.values, right.values)))


def _spread(value: float | Series, grid: Grid) -> Series:
    return value if isinstance(value, Series) else Series(grid, (value,) * len(grid))


def _operate(operator: str, left: Value, right: Value) -> Value:
    calculate = _OPERATORS[operator]
    if isinstance(left, tuple) and isinstance(right, tuple):
        raise MathError(f"{operator!r} between two arrays of time series is not possible")
    if isinstance(left, tuple):
        return tuple(_between(calculate, item, right) for item in left)  # type: ignore[arg-type]
    if isinstance(right, tuple):
        return tuple(_between(calculate, left, item) for item in right)
    if isinstance(left, float) and isinstance(right, float):
        result = _calculate(lambda: calculate(left, right))
        if result is None:
            raise MathError(f"{left:g} {operator} {right:g} has no result")
        return result
    return _between(calculate, left, right)


def _between(
    calculate: Callable[[float, float], float], left: float | Series, right: float | Series
) -> Series:
    # A number beside a series has a value only where the series has one.
    if isinstance(left, float):
        assert isinstance(right, Series)  # noqa: S101  two numbers never come here
        return right.map(lambda value: _calculate(lambda: calculate(left, value)))
    if isinstance(right, float):
        return left.map(lambda value: _calculate(lambda: calculate(value, right)))

    def combine(a: float | None, b: float | None) -> float | None:
        if a is None and b is None:
            return None
        return _calculate(lambda: calculate(a or 0.0, b or 0.0))

    return _zip(left, right, combine)


def _each(value: Value, change: Callable[[float], float]) -> Value:
    """Change every number in a value."""
    if isinstance(value, float):
        return change(value)
    if isinstance(value, tuple):
        return tuple(series.map(lambda v: _calculate(lambda: change(v))) for series in value)
    return value.map(lambda v: _calculate(lambda: change(v)))


# --- Functions --------------------------------------------------------------------------------

_Function = Callable[..., Value]


def _per_point(change: Callable[[float], float]) -> tuple[int, int, _Function]:
    def function(_: Grid, value: Value) -> Value:
        return _each(_no_number(value), change)

    return 1, 1, function


def _per_series(change: Callable[[Series], Series]) -> tuple[int, int, _Function]:
    def function(_: Grid, value: Value) -> Value:
        value = _no_number(value)
        return tuple(map(change, value)) if isinstance(value, tuple) else change(value)

    return 1, 1, function


def _reducing(
    reduce: Callable[[list[float]], float], *, missing_is_zero: bool
) -> tuple[int, int, _Function]:
    """A function that makes one series a number, and several series one series."""

    def values_of(values: tuple[float | None, ...]) -> list[float]:
        if missing_is_zero:
            return [value or 0.0 for value in values]
        return [value for value in values if value is not None]

    def function(grid: Grid, value: Value) -> Value:
        value = _no_number(value)
        if isinstance(value, Series):
            return float(reduce(values_of(value.values))) if value.existing else 0.0
        columns = zip(*value, strict=True) if value else ((None,) for _ in grid.times)
        return Series(
            grid,
            tuple(
                None if all(v is None for v in column) else reduce(values_of(column))
                for column in columns
            ),
        )

    return 1, 1, function


def _no_number(value: Value) -> Result:
    if isinstance(value, float):
        raise MathError("the function takes time series, not a number")
    return value


def _array(value: Value) -> tuple[Series, ...]:
    if not isinstance(value, tuple):
        raise MathError("the function takes an array of time series")
    return value


def _changes(change: Callable[[float, float], float]) -> Callable[[Series], Series]:
    """From each datapoint and the time (in s) since the one before, by ``change``."""

    def function(series: Series) -> Series:
        result = {
            time: change(value - before, float(time - time_before))
            for (time_before, before), (time, value) in pairwise(series.points)
        }
        return Series(series.grid, tuple(result.get(time) for time in series.grid.times))

    return function


def _running_sum(series: Series) -> Series:
    total = 0.0

    def add(value: float) -> float:
        nonlocal total
        total += value
        return total

    return series.map(add)


def _fill_by_repeating(series: Series) -> Series:
    filled: list[float | None] = []
    last = None
    for value in series:
        last = last if value is None else value
        filled.append(last)
    return Series(series.grid, tuple(filled))


def _fill_between(series: Series) -> Series:
    filled = list(series.values)
    there = [index for index, value in enumerate(series.values) if value is not None]
    for first, last in pairwise(there):
        low, high = series.values[first], series.values[last]
        assert low is not None  # noqa: S101  for the type checker: both are there
        assert high is not None  # noqa: S101
        for index in range(first + 1, last):
            filled[index] = low + (high - low) * (index - first) / (last - first)
    return Series(series.grid, tuple(filled))


def _if(grid: Grid, condition: Value, yes: Value, no: Value | None = None) -> Value:
    for part in (condition, yes, no):
        if isinstance(part, tuple):
            raise MathError("IF() takes numbers and single time series, not arrays")
    assert not isinstance(condition, tuple)  # noqa: S101  for the type checker
    assert not isinstance(yes, tuple)  # noqa: S101
    assert not isinstance(no, tuple)  # noqa: S101
    nothing = Series(grid, (None,) * len(grid))
    if isinstance(condition, float):
        chosen = yes if condition else no
        return nothing if chosen is None else chosen
    when_true, when_false = _spread(yes, grid), nothing if no is None else _spread(no, grid)

    def choose(c: float | None, a: float | None, b: float | None) -> float | None:
        if c is None:
            return None
        return (a or 0.0) if c else b

    return Series(grid, tuple(map(choose, condition.values, when_true.values, when_false.values)))


def _time_series(grid: Grid, value: Value) -> Value:
    if not isinstance(value, float):
        raise MathError("TIME_SERIES() takes a number")
    return _spread(value, grid)


def _datapoint_count(grid: Grid, value: Value) -> Value:
    value = _no_number(value)
    if isinstance(value, Series):
        return float(len(value.existing))
    columns = zip(*value, strict=True) if value else (() for _ in grid.times)
    return Series(grid, tuple(float(sum(v is not None for v in c)) or None for c in columns))


def _clock(read: Callable[[datetime], float]) -> tuple[int, int, _Function]:
    def function(grid: Grid, value: Value) -> Value:
        if not isinstance(value, Series):
            raise MathError("the function takes one time series")
        return Series(
            grid, tuple(float(read(datetime.fromtimestamp(time, UTC))) for time in grid.times)
        )

    return 1, 1, function


def _slice(_: Grid, value: Value, begin: Value, end: Value = math.inf) -> Value:
    series = _array(value)
    if not isinstance(begin, float) or not isinstance(end, float):
        raise MathError("SLICE() takes an array and one or two numbers")
    return series[int(begin) : int(min(end, len(series)))]


_FUNCTIONS: Final[Mapping[str, tuple[int, int, _Function]]] = {
    "ABS": _per_point(abs),
    "AVG": _reducing(statistics.fmean, missing_is_zero=True),
    "CEIL": _per_point(math.ceil),
    "DATAPOINT_COUNT": (1, 1, _datapoint_count),
    "DATE": _clock(lambda at: at.day),
    "DAY": _clock(lambda at: at.isoweekday()),
    "DIFF": _per_series(_changes(lambda change, _: change)),
    "DIFF_TIME": _per_series(_changes(lambda _, seconds: seconds)),
    "EPOCH": _clock(lambda at: at.timestamp()),
    "FIRST": (1, 1, lambda _, value: _first(value, 0)),
    "FLOOR": _per_point(math.floor),
    "HOUR": _clock(lambda at: at.hour),
    "IF": (2, 3, _if),
    "LAST": (1, 1, lambda _, value: _first(value, -1)),
    "LOG": _per_point(math.log),
    "LOG10": _per_point(math.log10),
    "MAX": _reducing(max, missing_is_zero=False),
    "METRIC_COUNT": (1, 1, lambda _, value: float(len(_array(value)))),
    "MIN": _reducing(min, missing_is_zero=False),
    "MINUTE": _clock(lambda at: at.minute),
    "MONTH": _clock(lambda at: at.month),
    "RATE": _per_series(_changes(lambda change, seconds: change / seconds)),
    "REMOVE_EMPTY": (1, 1, lambda _, value: tuple(s for s in _array(value) if s.existing)),
    "RUNNING_SUM": _per_series(_running_sum),
    "SLICE": (2, 3, _slice),
    "STDDEV": _reducing(statistics.pstdev, missing_is_zero=False),
    "SUM": _reducing(math.fsum, missing_is_zero=False),
    "TIME_SERIES": (1, 1, _time_series),
    "YEAR": _clock(lambda at: at.year),
}

_UNSUPPORTED: Final[Mapping[str, str]] = {
    "ANOMALY_DETECTION_BAND": "its band comes from a model that CloudWatch trains",
    "DB_PERF_INSIGHTS": "it reads a database's Performance Insights",
    "INSIGHT_RULE_METRIC": "it reads a Contributor Insights rule",
    "LAMBDA": "it calls a function",
    "SEARCH": "its metrics are those an account happens to have; name them one by one",
    "SERVICE_QUOTA": "it reads an account's quotas",
    "SORT": "give the metrics in the wanted order",
}


def _first(value: Value, index: int) -> Value:
    series = _array(value)
    if not series:
        raise MathError("FIRST() and LAST() need an array that is not empty")
    return series[index]
