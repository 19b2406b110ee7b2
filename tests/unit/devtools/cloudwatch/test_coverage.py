"""Coverage of alarm tests names what no test shows, and nothing that one shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.alarmtests import run_cases
from devtools.cloudwatch.changes import About, changes_of
from devtools.cloudwatch.composite import parse_rule
from devtools.cloudwatch.coverage import Covered, cover
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.states import TreatMissingData
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm, UnsupportedAlarm
from devtools.cloudwatch.testfile import Case, PlacedCase

ERRORS = Alarm(
    name="errors",
    metrics={
        "failed": Metric("App", "Errors", (), "Sum", 60),
        "calls": Metric("App", "Calls", (), "Sum", 60),
    },
    expressions={"rate": "IF(calls >= 20, 100 * failed / calls)"},
    watched="rate",
    comparison="GreaterThanThreshold",
    threshold=10,
    evaluation_periods=3,
    datapoints_to_alarm=2,
    treat_missing_data=TreatMissingData.NOT_BREACHING,
)
#: Together they show everything there is.
WHOLE: dict[str, dict[str, Any]] = {
    "goes off and ends": {
        "series": {"Errors": "0x3 11x3 0x4", "Calls": "100x10"},
        "expect": ["OK at 4m", "ALARM from 5m to 7m", "OK from 8m to 10m"],
    },
    "at the limit": {"series": {"Errors": "10x6", "Calls": "100x6"}, "expect": "always OK"},
    "two, apart": {
        "series": {"Errors": "0x3 50 0 0 50 0x3", "Calls": "100x10"},
        "expect": "never ALARM",
    },
    "one good between two": {
        "series": {"Errors": "0x3 50 0 50 0x4", "Calls": "100x10"},
        "expect": "ALARM at 6m",
    },
    "too few": {"series": {"Errors": "17x6", "Calls": "18x6"}, "expect": "always OK"},
    "just enough": {"series": {"Errors": "9x6", "Calls": "20x6"}, "expect": "ALARM at 2m"},
    "nothing": {"series": {"Errors": "_", "Calls": "_x6"}, "expect": "always OK"},
}


def covered(tests: dict[str, dict[str, Any]], *alarms: Any) -> dict[str, Covered]:
    cases = (
        PlacedCase(
            Case.model_validate({"name": name, "alarm": "errors", **given}), Path("c.yaml"), 1
        )
        for name, given in tests.items()
    )
    known = {alarm.name: DescribedAlarm(alarm, alarm.name, "A") for alarm in alarms}
    replays = Replays()
    found = cover(run_cases(cases, known, replays), known, replays)
    return {one.alarm: one for one in found}


def test_tests_that_show_everything_leave_no_gap() -> None:
    found = covered(WHOLE, ERRORS)["errors"]
    assert found.gaps == ()
    assert found.shown == found.asked == 12


@pytest.mark.parametrize(
    ("left_out", "gaps"),
    [
        ("goes off and ends", ["never ends", "threshold: 10 -> 11"]),
        ("at the limit", ["threshold: 10 -> 9"]),
        ("too few", ["few samples: >= 20 -> >= 18"]),
        ("just enough", ["few samples: >= 20 -> >= 22"]),
    ],
)
def test_what_only_one_test_shows_is_a_gap_without_it(left_out: str, gaps: list[str]) -> None:
    rest = {name: given for name, given in WHOLE.items() if name != left_out}
    assert set(gaps) <= set(covered(rest, ERRORS)["errors"].gaps)


def test_that_older_datapoints_are_looked_at_has_to_be_shown() -> None:
    in_a_row = {
        "series": {"Errors": "0x3 11x3 0x4", "Calls": "100x10"},
        "expect": ["OK at 4m", "ALARM at 5m"],
    }
    gap = "M of N: 2 of 3 -> 2 of 2"
    assert gap in covered({"in a row": in_a_row}, ERRORS)["errors"].gaps
    between = {"in a row": in_a_row, "one good between": WHOLE["one good between two"]}
    assert gap not in covered(between, ERRORS)["errors"].gaps


def test_an_alarm_without_tests_has_nothing_shown() -> None:
    assert covered({}, ERRORS)["errors"].shown == 0


def test_a_test_that_fails_shows_nothing() -> None:
    failing = {"wrong": {**WHOLE["at the limit"], "expect": "ALARM at 3m"}}
    assert covered(failing, ERRORS)["errors"].shown == 0


def test_missing_data_are_not_asked_for_where_fill_leaves_none() -> None:
    filled = replace(ERRORS, expressions={"rate": "FILL(failed, 0) + FILL(calls, 0)"})
    assert not any("missing data" in gap for gap in covered({}, filled)["errors"].gaps)
    assert any("missing data" in gap for gap in covered({}, ERRORS)["errors"].gaps)


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ("IF((calls >= 20), 100 * failed / calls) / ((calls >= 20) OR (failed >= 20))", 2),
        # Beside each other they are two.
        ("IF(calls >= 20 AND failed >= 20, 100 * failed / calls)", 2),
        ("IF((calls >= 20), failed) * IF((calls >= 20), 1)", 1),
    ],
)
def test_a_number_in_equal_brackets_is_one_that_is_changed_everywhere(
    expression: str, numbers: int
) -> None:
    changes = list(changes_of(replace(ERRORS, expressions={"rate": expression})))
    changed = [one.alarm for one in changes if one.about is About.SAMPLES]
    assert len(changed) == 2 * numbers
    assert isinstance(changed[0], Alarm)
    first = changed[0].expressions["rate"]
    assert first.count("(calls >= 22") == expression.count("(calls >= 20")
    assert first.count("failed >= 20") == expression.count("failed >= 20")


def test_a_child_that_a_composite_could_forget_is_named() -> None:
    rule = parse_rule("ALARM(errors) OR ALARM(slow)")
    unwell = CompositeAlarm("unwell", rule, {"errors": "errors", "slow": "slow"})
    slow = replace(ERRORS, name="slow")
    tests = {
        "one of them": {
            "alarm": "unwell",
            "states": {"slow": "OK ALARM OK", "*": "OK"},
            "expect": ["ALARM at 1m", "OK at 2m"],
        },
        "none": {"alarm": "unwell", "states": {"*": "OK"}, "expect": "always OK"},
    }
    assert covered(tests, unwell, ERRORS, slow)["unwell"].gaps == (
        "child: errors counts for nothing",
    )


def test_what_is_not_evaluated_here_is_not_asked_for() -> None:
    assert "strange" not in covered({}, ERRORS, UnsupportedAlarm("strange", "a band"))
