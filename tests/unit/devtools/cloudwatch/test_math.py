from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.math import MathError, Result, evaluate, names, parse
from devtools.cloudwatch.series import Grid, Series

Values = list[float | None]
NA: Final = None


def grid_of(length: int, period: int = 60) -> Grid:
    return Grid(0, length * period, period)


def calculate(
    expression: str, /, expressions: dict[str, str] | None = None, **metrics: Values
) -> Result:
    grid = grid_of(len(next(iter(metrics.values()))))
    series = {name: Series(grid, tuple(values)) for name, values in metrics.items()}
    return evaluate(expression, grid=grid, metrics=series, expressions=expressions)


def values(
    expression: str, /, expressions: dict[str, str] | None = None, **metrics: Values
) -> Values:
    result = calculate(expression, expressions, **metrics)
    assert isinstance(result, Series)
    return list(result.values)


# The tables of the user guide's section on metric math.
METRIC1: Values = [30, 20, 0, 0]
METRIC2: Values = [20, NA, 20, NA]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("metric1 < metric2", [0, 0, 1, 0]),
        ("metric1 >= 30", [1, 0, 0, 0]),
        ("metric1 > 15 AND metric2 > 15", [1, 0, 0, 0]),
        ("metric1 > 15 && metric2 > 15", [1, 0, 0, 0]),
        ("metric1 > 15 OR metric2 > 15", [1, 1, 1, 0]),
        ("metric1 > 15 || metric2 > 15", [1, 1, 1, 0]),
    ],
)
def test_comparison_and_logic_as_documented(expression: str, expected: Values) -> None:
    assert values(expression, metric1=METRIC1, metric2=METRIC2) == expected


CONDITION: Values = [1, 1, 0, 0, NA]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(c, a, b)", [30, 0, 20, NA, NA]),
        ("IF(c, 5, b)", [5, 5, 20, NA, NA]),
        ("IF(c, a, 5)", [30, 0, 5, 5, NA]),
        ("IF(c, a)", [30, 0, NA, NA, NA]),
        ("IF(1, a, b)", [30, NA, 0, 0, 30]),
        ("IF(0, a, b)", [0, 0, 20, NA, 20]),
        ("IF(0, a)", [NA, NA, NA, NA, NA]),
        ("IF(c == -1, 1, 2)", [2, 2, 2, 2, NA]),
    ],
)
def test_if_as_documented(expression: str, expected: Values) -> None:
    assert values(expression, c=CONDITION, a=[30, NA, 0, 0, 30], b=[0, 0, 20, NA, 20]) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [5, 3, 2, NA]),
        ("a - b", [1, 3, -2, NA]),
        ("a * b", [6, 0, 0, NA]),
        # 3 / 0 is dropped: b is missing there; so is a in the third.
        ("a / b", [1.5, NA, 0, NA]),
        ("100 * a / b", [150, NA, 0, NA]),
        ("a / 0", [NA, NA, NA, NA]),
        ("1 / a", [1 / 3, 1 / 3, NA, NA]),
        ("-a", [-3, -3, NA, NA]),
        ("a ^ 2", [9, 9, NA, NA]),
        ("-a ^ 2", [-9, -9, NA, NA]),
        ("(0 - a) ^ 0.5", [NA, NA, NA, NA]),
        ("a ^ 9999", [NA, NA, NA, NA]),
        ("2 + 3 * a", [11, 11, NA, NA]),
        ("(2 + 3) * a", [15, 15, NA, NA]),
        ("10 - a - 2", [5, 5, NA, NA]),
        ("2 ^ 3 ^ 2 + 0 * a", [512, 512, NA, NA]),
    ],
)
def test_arithmetic(expression: str, expected: Values) -> None:
    assert values(expression, a=[3, 3, NA, NA], b=[2, NA, 2, NA]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FILL(m, 0)", [0, 1, 0, 0, 4, 0]),
        ("FILL(m, REPEAT)", [NA, 1, 1, 1, 4, 4]),
        ("FILL(m, LINEAR)", [NA, 1, 2, 3, 4, NA]),
        ("FILL(m, n)", [7, 1, NA, 7, 4, 7]),
        ("FILL(m, MIN(m))", [1, 1, 1, 1, 4, 1]),
        ("DIFF(m)", [NA, NA, NA, NA, 3, NA]),
        ("DIFF_TIME(m)", [NA, NA, NA, NA, 180, NA]),
        ("RATE(m)", [NA, NA, NA, NA, 3 / 180, NA]),
        ("RUNNING_SUM(m)", [NA, 1, NA, NA, 5, NA]),
        ("m - AVG(m)", [NA, 1 - 5 / 6, NA, NA, 4 - 5 / 6, NA]),
        ("m - SUM(m)", [NA, -4, NA, NA, -1, NA]),
        ("m + DATAPOINT_COUNT(m)", [NA, 3, NA, NA, 6, NA]),
        ("m / PERIOD(m)", [NA, 1 / 60, NA, NA, 4 / 60, NA]),
        ("TIME_SERIES(MAX(m))", [4, 4, 4, 4, 4, 4]),
        ("TIME_SERIES(STDDEV(m))", [1.5] * 6),
        ("CEIL(m / 3)", [NA, 1, NA, NA, 2, NA]),
        ("FLOOR(m / 3)", [NA, 0, NA, NA, 1, NA]),
        ("ABS(m - 3)", [NA, 2, NA, NA, 1, NA]),
        ("LOG10(m * 100) - LOG10(m * 10)", [NA, 1, NA, NA, 1, NA]),
        ("LOG(m - 1) - LOG(m - 1)", [NA, NA, NA, NA, 0, NA]),
        ("SUM([m, n])", [7, 1, NA, 7, 11, 7]),
        ("SUM(METRICS())", [7, 1, NA, 7, 11, 7]),
        ('SUM(METRICS("n"))', [7, NA, NA, 7, 7, 7]),
        ("AVG([m, n])", [3.5, 0.5, NA, 3.5, 5.5, 3.5]),
        ("MIN([m, n])", [7, 1, NA, 7, 4, 7]),
        ("MAX(METRICS())", [7, 1, NA, 7, 7, 7]),
        ("DATAPOINT_COUNT(METRICS())", [1, 1, NA, 1, 2, 1]),
        ("m / METRIC_COUNT(METRICS())", [NA, 0.5, NA, NA, 2, NA]),
        ("LAST(METRICS())", [7, NA, NA, 7, 7, 7]),
        ("FIRST(SLICE(METRICS(), 1))", [7, NA, NA, 7, 7, 7]),
        ("MINUTE(m)", [0, 1, 2, 3, 4, 5]),
        ("DAY(m)", [4, 4, 4, 4, 4, 4]),
        ("YEAR(m) + MONTH(m) / 100 + DATE(m) / 10000 + HOUR(m)", [1970.0101] * 6),
        ("EPOCH(m)", [0, 60, 120, 180, 240, 300]),
    ],
)
def test_functions(expression: str, expected: Values) -> None:
    result = values(expression, m=[NA, 1, NA, NA, 4, NA], n=[7, NA, NA, 7, 7, 7])
    assert result == pytest.approx(expected)


def test_an_array_stays_an_array() -> None:
    result = calculate("REMOVE_EMPTY(METRICS() * 2)", a=[1, 2], b=[NA, NA], c=[NA, 3])
    assert isinstance(result, tuple)
    assert [list(series.values) for series in result] == [[2, 4], [NA, 6]]
    assert calculate("100 / [a, b]", a=[1, 2], b=[4, 0]) != ()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # By average a is 2, b 5, c 3; by maximum a is 2, b 5, c 8; d has no datapoint.
        ("SORT(METRICS(), AVG, DESC)", "bcad"),
        ("SORT(METRICS(), AVG, ASC)", "acbd"),
        ("SORT(METRICS(), MAX, DESC, 1)", "c"),
        ("SORT([d, c, b], MIN, ASC, 2)", "cb"),
        ("SORT(METRICS(), SUM, DESC)", "cabd"),
        ("SLICE(SORT(METRICS(), SUM, DESC), 1, 3)", "ab"),
    ],
)
def test_series_in_order(expression: str, expected: str) -> None:
    metrics: dict[str, list[float | None]] = {
        "a": [2, 2, 2],
        "b": [5, NA, NA],
        "c": [1, 8, 0],
        "d": [NA, NA, NA],
    }
    result = calculate(expression, None, **metrics)
    assert isinstance(result, tuple)
    by_values = {tuple(values): name for name, values in metrics.items()}
    assert "".join(by_values[tuple(series.values)] for series in result) == expected


def test_expressions_name_each_other() -> None:
    expressions = {"rate": "100 * errors / total", "total": "good + errors", "unused": "nonsense("}
    assert values("rate > 5", expressions, errors=[1, 1], good=[99, 9]) == [0, 1]
    assert names("IF(rate > limit, SUM([a, METRICS()]), FILL(b, REPEAT))") >= {
        "rate",
        "limit",
        "a",
        "b",
    }


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("m +", r"character 4: 'the end' is not expected"),
        ("m m", r"character 3: 'm' is not expected"),
        ("(m", r"'\)' is expected here, not 'the end'"),
        ("m $ 2", r"cannot read it from character 2"),
        ("sum(m)", r"there is no function sum\(\)"),
        ("SUM(m)", r"single number"),
        ("1 + 1", r"single number \(2\)"),
        ("unknown + 1", r"no metric or expression 'unknown'; those here: m"),
        ("M1 + 1", r"an id starts with a lower-case letter"),
        ("SEARCH('x', 'Sum', 60)", r"SEARCH\(\) is not supported here"),
        ("ANOMALY_DETECTION_BAND(m, 2)", r"model that CloudWatch trains"),
        ("SORT(m, AVG, DESC)", r"SORT\(\) takes an array of time series"),
        ("SORT(METRICS(), AVG, UP)", r"an id starts with a lower-case letter"),
        ("SORT(METRICS(), SUM, MAX)", r"SORT\(\) takes an array; AVG, MIN, MAX or SUM"),
        ("SORT(METRICS(), AVG, ASC, m)", r"a number as its limit"),
        ("ABS(m, m)", r"ABS\(\) takes 1 arguments, not 2"),
        ("ABS(1)", r"not a number"),
        ("[m] + [m]", r"between two arrays"),
        ("m / (1 / 0)", r"1 / 0 has no result"),
        ("'text'", r"has no meaning outside METRICS"),
        ("METRICS(m)", r"METRICS\(\) takes"),
        ("PERIOD(m + 1)", r"PERIOD\(\) takes the id"),
        ("FILL(1, 0)", r"not a number"),
        ("FILL(m, METRICS())", r"not an array"),
        ("IF(METRICS(), 1, 2)", r"not arrays"),
        ("[1]", r"holds time series"),
        ("FIRST([])", r"not empty"),
        ("FIRST(m)", r"takes an array"),
        ("TIME_SERIES(m)", r"takes a number"),
        ("HOUR(1)", r"takes one time series"),
        ("REPEAT", r"no metric or expression 'REPEAT'"),
        ("(" * 60 + "m" + ")" * 60, r"nests more than 50"),
        ("-" * 60 + "m", r"nests more than 50"),
        ("m" + "+m" * 1000, r"too long a chain"),
        ("m" + "+m" * 2000, r"at most 2048 characters"),
        ("", r"not expected here"),
    ],
)
def test_what_is_no_metric_math_is_refused(expression: str, message: str) -> None:
    with pytest.raises(MathError, match=message):
        values(expression, m=[1, 2])


def test_a_circle_is_refused() -> None:
    with pytest.raises(MathError, match="a -> b -> a goes in a circle"):
        values("a", {"a": "b + 1", "b": "a + 1"}, m=[1])


def test_series_of_other_periods_are_refused() -> None:
    other = Series(grid_of(1, period=300), (1.0,))
    with pytest.raises(MathError, match="'m' has other periods"):
        evaluate("m", grid=grid_of(1), metrics={"m": other})


numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))
rows = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8)


@given(rows)
def test_a_result_is_missing_where_both_sides_are(
    row: list[tuple[float | None, float | None]],
) -> None:
    a, b = (list(column) for column in zip(*row, strict=True))
    for operator in ("+", "-", "*", "<", "=="):
        result = values(f"a {operator} b", a=a, b=b)
        assert [v is None for v in result] == [x is None and y is None for x, y in row]


@given(rows)
def test_filled_series_have_no_gap(row: list[tuple[float | None, float | None]]) -> None:
    a, b = (list(column) for column in zip(*row, strict=True))
    assert None not in values("FILL(a, 0)", a=a, b=b)
    repeated = values("FILL(a, REPEAT)", a=a, b=b)
    first = next((index for index, v in enumerate(a) if v is not None), len(a))
    assert None not in repeated[first:]
    assert set(repeated[:first]) <= {None}


@given(st.text(alphabet="m12 +-*/^()[],<>=&|ABSIFUN\"'.e", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
        calculate(text, m=[1, None])  # several series, too, for an array
    except MathError:
        pass
