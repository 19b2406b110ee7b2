from contextlib import suppress
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.notation import (
    Expectation,
    NotationError,
    format_time,
    parse_expectation,
    parse_series,
    parse_states,
    parse_time,
    samples,
)
from devtools.cloudwatch.states import State

OK, ALARM = State.OK, State.ALARM


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("1d2h3m4s", 93_784)],
)
def test_times(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "30m1h", "1.5h", "-5m", "9d", "10 m", "1h\n"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(NotationError, match=r"is no time|too long"):
        parse_time(text)


@given(st.integers(0, 8 * 86_400))
def test_a_time_is_written_as_it_is_read(seconds: int) -> None:
    assert parse_time(format_time(seconds)) == seconds


def one(value: float) -> Any:
    return ((value,), (1.0,))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("3", [one(3)]),
        ("-2.5 1e3", [one(-2.5), one(1000)]),
        # YAML reads 0x5 as the number 5.
        ("0x3", [one(0)] * 3),
        ("_ 1 _x2", [None, one(1), None, None]),
        ("10+5x3", [one(10), one(15), one(20)]),
        ("10-5x3", [one(10), one(5), one(0)]),
        ("[120*99 4000]", [((120.0, 4000.0), (99, 1))]),
        ("[1 1 2]x2", [((1.0, 2.0), (2, 1))] * 2),
        ("  1\n 2 ", [one(1), one(2)]),
    ],
)
def test_series(text: str, steps: list[Any]) -> None:
    assert list(parse_series(text)) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one step"),
        ("3y", "'3y' is no step"),
        ("1 2 x3", "'x3' is no step"),
        ("__", "'__' is no step"),
        ("1x0", "x0 repeats a step 1 to"),
        ("1x99999", "x99999 repeats"),
        ("1x11000 1x11000", "at most 11520 steps"),
        ("[]", "must hold 1 to 1000 values"),
        ("[1 b]", r"'b' in \[...\] is no value"),
        ("[1*0]", r"'1\*0' in \[...\] is no value"),
        ("[1", r"'\[1' is no step"),
        ("999999999999999999e99", "further from 0"),
        ("nan", "'nan' is no step"),
        ("1+2", None),
    ],
)
def test_what_is_no_series_is_refused(text: str, message: str | None) -> None:
    if message is None:
        # Counting up once is a step like any other.
        assert list(parse_series(text)) == [one(1)]
        return
    with pytest.raises(NotationError, match=message):
        parse_series(text)


def test_a_series_publishes_at_the_begin_of_each_step() -> None:
    published = samples(parse_series("1 _ [2*3 5]"), 300)
    assert [(s.time, s.values, s.counts) for s in published] == [
        (0, (1,), (1,)),
        (600, (2, 5), (3, 1)),
    ]


def test_states() -> None:
    assert parse_states("OKx2 ALARM") == (OK, OK, ALARM)
    for text in ("", "OKAY", "ok", "OKx0", "OKx11000 OKx11000"):
        with pytest.raises(NotationError):
            parse_states(text)


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("OK at 10m", ("at", OK, 600, 600)),
        ("ALARM from 5m to 1h", ("at", ALARM, 300, 3600)),
        ("always OK", ("always", OK, 0, inf)),
        ("never  ALARM", ("never", ALARM, 0, inf)),
    ],
)
def test_expectations(text: str, expectation: tuple[Any, ...]) -> None:
    kind, state, first, last = expectation
    assert parse_expectation(text) == Expectation(text, state, kind, first, last)


def test_what_an_expectation_allows() -> None:
    assert parse_expectation("OK at 1m").allows(OK)
    assert not parse_expectation("OK at 1m").allows(ALARM)
    assert not parse_expectation("never ALARM").allows(ALARM)
    assert parse_expectation("never ALARM").allows(State.INSUFFICIENT_DATA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("OK", "is no expectation"),
        ("ok at 10m", "is no expectation"),
        ("OK at", "is no expectation"),
        ("OK at 10", "is no time"),
        ("OK from 10m to 5m", "ends before it begins"),
        ("always FINE", "is no expectation"),
    ],
)
def test_what_is_no_expectation_is_refused(text: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        parse_expectation(text)


@given(st.text(alphabet="0123x_[]*+-.e \nOKALRMatformnevy", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_series, parse_states, parse_time, parse_expectation):
        with suppress(NotationError):
            parse(text)
