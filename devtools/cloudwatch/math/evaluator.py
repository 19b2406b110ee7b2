"""An expression evaluated over series.

What happens between series of different periods, the user guide leaves open: here it is an error.
"""

from collections.abc import Callable, Iterator, Mapping

from devtools.cloudwatch.math.arithmetic import (
    Result,
    Value,
    as_series,
    map_numbers,
    operate,
)
from devtools.cloudwatch.math.expression import (
    Array,
    Binary,
    Call,
    MathError,
    Name,
    Node,
    Number,
    Text,
    Unary,
)
from devtools.cloudwatch.math.functions import (
    CLOCKS,
    FUNCTIONS,
    SORTED_BY,
    UNSUPPORTED,
    fill_linear,
    fill_repeating,
)
from devtools.cloudwatch.math.parser import calls, parse
from devtools.cloudwatch.series import Grid, Series


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


def unsupported(expression: str) -> str:
    """Why CloudWatch evaluates an expression that is not evaluated here; empty when it is.

    Raises:
        MathError: It is not metric math.
    """
    if expression.lstrip().upper().startswith("SELECT"):
        return "Metrics Insights queries are not supported: they are over what an account has"
    return "; ".join(
        f"{name}() is not supported here: {UNSUPPORTED[name]}"
        for name in sorted({call.function for call in calls(expression)} & set(UNSUPPORTED))
    )


def reads_clock(expression: str) -> bool:
    """Whether an expression has other results at other times, of the same values.

    Raises:
        MathError: It is not metric math.
    """
    return any(call.function in CLOCKS for call in calls(expression))


class _Evaluator:
    def __init__(
        self, grid: Grid, metrics: Mapping[str, Series], expressions: Mapping[str, str]
    ) -> None:
        self._grid = grid
        self._metrics = metrics
        self._expressions = expressions
        self._done: dict[str, Value] = {}
        # Sums of the last few values name the same differences again and again.
        # By identity: equal parts of one text are one, and hashing trees takes half of the time.
        self._known: dict[int, Value] = {}
        self._trees: list[Node] = []
        self._under_way: list[str] = []
        for metric_id, series in metrics.items():
            if series.grid != grid:
                raise MathError(f"{metric_id!r} has other periods than the expression's")

    def text(self, expression: str) -> Value:
        tree = parse(expression)
        self._trees.append(tree)
        return self._node(tree)

    def _node(self, node: Node) -> Value:
        match node:
            case Number(value):
                return value
            case Name(identifier):
                return self._name(identifier)
            case Unary(operand):
                return map_numbers(self._node(operand), lambda value: -value)
            case Binary() | Call():
                if id(node) not in self._known:
                    self._known[id(node)] = self._result(node)
                return self._known[id(node)]
            case Array(items):
                return tuple(self._series_of(items))
            case Text(value):
                raise MathError(f"the text {value!r} has no meaning outside METRICS()")

    def _result(self, node: Binary | Call) -> Value:
        if isinstance(node, Call):
            return self._call(node)
        return operate(node.operator, self._node(node.left), self._node(node.right))

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
        if name == "SORT":
            return self._sort(nodes)
        if name in UNSUPPORTED:
            raise MathError(f"{name}() is not supported here: {UNSUPPORTED[name]}")
        if name not in FUNCTIONS:
            known = ", ".join(sorted([*FUNCTIONS, "FILL", "METRICS", "PERIOD", "SORT"]))
            raise MathError(f"there is no function {name}(); those here: {known}")
        low, high, function = FUNCTIONS[name]
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

    def _sort(self, nodes: tuple[Node, ...]) -> Value:
        match nodes:
            case (array, Name(by), Name("ASC" | "DESC" as order), *limits) if by in SORTED_BY:
                series, limit = self._node(array), [self._node(node) for node in limits]
            case _:
                raise MathError(
                    "SORT() takes an array; AVG, MIN, MAX or SUM; ASC or DESC; and perhaps a number"
                )
        match series, limit:
            case tuple(), [] | [float()]:
                known = [one for one in series if one.existing]
                known.sort(key=lambda one: SORTED_BY[by](one.existing), reverse=order == "DESC")
                found = (*known, *(one for one in series if not one.existing))
                return found[: int(limit[0])] if limit else found  # type: ignore[arg-type]
            case _:
                raise MathError("SORT() takes an array of time series, and a number as its limit")

    def _fill(self, value: Value, by: Node) -> Value:
        if isinstance(value, float):
            raise MathError("FILL() fills a time series, not a number")
        fill: Callable[[Series], Series]
        match by:
            case Name("REPEAT"):
                fill = fill_repeating
            case Name("LINEAR"):
                fill = fill_linear
            case _:
                filler = self._node(by)
                if isinstance(filler, tuple):
                    raise MathError("FILL() fills with a number or one time series, not an array")
                others = as_series(filler, self._grid).values

                def fill(series: Series) -> Series:
                    pairs = zip(series.values, others, strict=True)
                    return Series(series.grid, tuple(b if a is None else a for a, b in pairs))

        return tuple(map(fill, value)) if isinstance(value, tuple) else fill(value)
