from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.composite import RuleError, parse_rule
from devtools.cloudwatch.states import State

OK, ALARM, NONE = State.OK, State.ALARM, State.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(bad)", True),
        ("OK(bad)", False),
        ('ALARM("bad")', True),
        ("INSUFFICIENT_DATA(silent)", True),
        ("NOT ALARM(good)", True),
        ("NOT NOT ALARM(good)", False),
        ("TRUE", True),
        ("FALSE OR TRUE AND FALSE", False),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("TRUE OR TRUE AND FALSE", True),
        ("NOT FALSE AND FALSE", False),
        ("ALARM(bad) AND (OK(good) OR OK(silent))", True),
        ("(NOT (ALARM(bad)))", False),
        ("AT_LEAST(1, ALARM, (bad, good))", True),
        ("AT_LEAST(2, ALARM, (bad, good, silent))", False),
        ('AT_LEAST(2, NOT ALARM, ("bad", "good", "silent"))', True),
        ("AT_LEAST(50%, OK, (bad, good))", True),
        ("AT_LEAST(51%, OK, (bad, good))", False),
        ("AT_LEAST(100%, NOT OK, (bad, silent)) AND TRUE", True),
    ],
)
def test_a_rule_holds(rule: str, holds: bool) -> None:
    parsed = parse_rule(rule)
    assert parsed.holds({"bad": ALARM, "good": OK, "silent": NONE}) is holds
    assert parsed.state({"bad": ALARM, "good": OK, "silent": NONE}) is (ALARM if holds else OK)


def test_a_rule_knows_its_alarms() -> None:
    rule = parse_rule('ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:a b") OR AT_LEAST(1,OK,(c,d))')
    assert rule.alarms == {"arn:aws:cloudwatch:us-east-1:1:alarm:a b", "c", "d"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "character 1: ALARM, OK, .* not 'the end'"),
        ("ALARM(a) OR", "not 'the end'"),
        ("ALARM(a) ALARM(b)", "character 10: AND, OR or the end is expected here, not 'ALARM'"),
        ("ALARM a", r"character 7: '\('"),
        ("ALARM()", "an alarm's name or ARN is expected here"),
        ('ALARM("")', "an alarm's name or ARN is expected here"),
        ("ALARM(AND)", "an alarm's name or ARN is expected here"),
        ('ALARM("a', "a quote is not closed"),
        ("(ALARM(a)", r"'\)' is expected here"),
        ("alarm(a)", "not 'alarm'"),
        ("AT_LEAST(x, OK, (a))", "a number or a percentage"),
        ("AT_LEAST(1, (a))", "ALARM, OK or INSUFFICIENT_DATA"),
        ("AT_LEAST(1, OK, a)", r"'\('"),
        ("AT_LEAST(3, OK, (a, b))", "AT_LEAST.3, .* of 2 alarms"),
        ("(" * 60 + "TRUE" + ")" * 60, "nests more than 50"),
        ("TRUE OR " * 2000 + "TRUE", "at most 10240"),
    ],
)
def test_what_is_no_rule_is_refused(rule: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        parse_rule(rule)


def test_a_state_that_is_not_given_is_no_state() -> None:
    with pytest.raises(KeyError):
        parse_rule("ALARM(a)").holds({})


conditions = st.recursive(
    st.sampled_from(["ALARM(a)", "OK(b)", "INSUFFICIENT_DATA(a)", "TRUE", "FALSE"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"NOT ({one})"),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
    ),
    max_leaves=6,
)


@given(conditions, conditions)
def test_rules_obey_logic(one: str, other: str) -> None:
    for a, b in product(State, State):
        states = {"a": a, "b": b}
        neither = parse_rule(f"NOT (({one}) OR ({other}))")
        both_not = parse_rule(f"NOT ({one}) AND NOT ({other})")
        assert neither.holds(states) == both_not.holds(states)
        assert parse_rule(f"({one}) OR NOT ({one})").holds(states)


@given(st.text(alphabet='ALRMOKNDT()", ab_', max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(RuleError):
        parse_rule(text)
