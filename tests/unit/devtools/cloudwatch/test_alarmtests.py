from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.alarmtests import run_case
from devtools.cloudwatch.composite import parse_rule
from devtools.cloudwatch.matching import matches
from devtools.cloudwatch.outcomes import Outcome, uncovered
from devtools.cloudwatch.states import State, TreatMissingData
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm
from devtools.cloudwatch.testfile import Case, PlacedCase
from devtools.cloudwatch.yaml_document import TestFileError

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA


def metric(name: str, agent: str) -> Metric:
    return Metric("App", name, (("Agent", agent),), "Sum", 300)


def errors(agent: str, **changes: Any) -> Alarm:
    values: dict[str, Any] = {
        "name": f"app-dev-{agent}-errors",
        "metrics": {"failed": metric("Errors", agent), "calls": metric("Calls", agent)},
        "expressions": {"rate": "100 * failed / calls"},
        "watched": "rate",
        "comparison": "GreaterThanThreshold",
        "threshold": 10,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
        "treat_missing_data": TreatMissingData.NOT_BREACHING,
    }
    return Alarm(**(values | changes))


def slow(agent: str) -> Alarm:
    return errors(
        agent,
        name=f"app-dev-{agent}-slow",
        metrics={"m": metric("Latency", agent)},
        expressions={},
        watched="m",
    )


def composite(name: str, rule: str) -> CompositeAlarm:
    parsed = parse_rule(rule)
    return CompositeAlarm(name, parsed, {written: written for written in parsed.alarms})


def described(*alarms: Alarm | CompositeAlarm) -> dict[str, DescribedAlarm]:
    ids = {a.name: "".join(part.title() for part in a.name.split("-")) for a in alarms}
    return {a.name: DescribedAlarm(a, ids[a.name], "A.template.json") for a in alarms}


ALL = described(
    errors("a"),
    errors("b"),
    slow("a"),
    composite("app-dev-a-unwell", "ALARM(app-dev-a-errors) OR ALARM(app-dev-a-slow)"),
    composite("app-dev-down", "ALARM(app-dev-a-unwell) AND ALARM(app-dev-b-errors)"),
)


def run(**case: Any) -> tuple[Outcome, ...]:
    given = {"name": "a case", "expect": ["always OK"], **case}
    placed = PlacedCase(Case.model_validate(given), Path("cases.yaml"), 7)
    return run_case(placed, ALL)


def only(**case: Any) -> Outcome:
    (outcome,) = run(**case)
    return outcome


SERIES = {"Errors": "0 5 0", "Calls": "10x3"}


def test_a_case_that_fires() -> None:
    outcome = only(
        alarm="a-errors", series=SERIES, expect=["OK at 5m", "ALARM from 6m to 10m", "OK at 11m"]
    )
    assert outcome.passed
    assert outcome.is_firing
    assert not outcome.is_quiet
    assert [e.time for e in outcome.evaluations] == list(range(60, 901, 60))
    assert [e.state for e in outcome.evaluations] == [OK] * 5 + [ALARM] * 5 + [OK] * 5


def test_what_is_stamped_with_a_start_and_comes_after_the_end_may_come_too_late() -> None:
    """All that an alarm on five minutes retrieves is a quarter of an hour."""
    failing = {"values": "[1 0]x60", "takes": "400s"}
    begun = {"values": "[1*2]x60", "takes": "400s"}
    late = only(alarm="a-errors", every="1m", series={"Errors": failing, "Calls": begun})
    assert late.evaluations[29].state is ALARM  # by datapoints that stand in for missing ones
    later = {"values": "[1 0]x60", "takes": "900s", "delay": "30s"}
    unseen = only(alarm="a-errors", every="1m", series={"Errors": later, "Calls": later})
    assert {e.state for e in unseen.evaluations} == {OK}
    at_once = only(alarm="a-errors", every="1m", series={"Errors": "[1 0]x60", "Calls": "[1*2]x60"})
    assert at_once.evaluations[29].state is ALARM


def test_a_case_that_is_quiet() -> None:
    outcome = only(alarm="a-errors", series={"Errors": "1x3", "Calls": "10x3"})
    assert outcome.passed
    assert outcome.is_quiet
    assert not outcome.is_firing


@pytest.mark.parametrize(
    ("expect", "shown"),
    [
        ("OK at 10m", "OK at 10m: it was ALARM at 10m"),
        ("ALARM from 5m to 10m", "ALARM from 5m to 10m: it was OK at 5m"),
        ("ALARM from 8m to 14m", "ALARM from 8m to 14m: it was OK at 11m"),
        ("never ALARM", "never ALARM: it was ALARM at 6m"),
        ("always OK", "always OK: it was ALARM at 6m"),
        ("INSUFFICIENT_DATA at 90s", "INSUFFICIENT_DATA at 90s: it was OK at 1m30s"),
        ("OK at 0", "OK at 0: it was INSUFFICIENT_DATA at 0"),
    ],
)
def test_an_expectation_that_is_not_met_says_when(expect: str, shown: str) -> None:
    outcome = only(alarm="a-errors", series=SERIES, expect=["OK at 5m", expect])
    assert not outcome.passed
    assert [str(failure) for failure in outcome.failures] == [shown]
    # A case that fails shows nothing.
    assert not outcome.is_firing
    assert not outcome.is_quiet


def test_a_case_runs_as_long_as_it_asks() -> None:
    outcome = only(alarm="a-errors", series=SERIES, expect=["OK at 1h"])
    assert outcome.evaluations[-1].time == 3600


def test_the_state_at_the_start_and_steps_of_one_s_own() -> None:
    outcome = only(
        alarm="a-slow",
        start="ALARM",
        every="1m",
        series={"Latency": "2+2x6"},
        expect=["ALARM at 0", "OK from 1m to 2m", "ALARM from 3m to 6m"],
    )
    # Five minutes' sum: 2, 6, 12, ...
    assert outcome.passed, outcome.failures
    assert outcome.is_firing


def test_an_alarm_that_is_on_from_the_start_has_not_gone_off() -> None:
    outcome = only(alarm="a-slow", start="ALARM", series={"Latency": "99"}, expect=["always ALARM"])
    assert outcome.passed
    assert not outcome.is_firing


def test_a_pattern_is_for_several_alarms_but_those_excepted() -> None:
    assert {
        o.alarm.name for o in run(alarm="*-errors", series=SERIES, expect=["ALARM at 10m"])
    } == {
        "app-dev-a-errors",
        "app-dev-b-errors",
    }
    (one,) = run(
        alarm=["*-errors"], **{"except": "b-errors"}, series=SERIES, expect=["ALARM at 10m"]
    )
    assert one.alarm.name == "app-dev-a-errors"


@pytest.mark.parametrize(
    ("pattern", "is_for"),
    [
        ("app-dev-a-errors", True),
        ("a-errors", True),
        ("errors", True),
        ("AppDevAErrors", True),
        ("app-*-errors", True),
        ("-errors", False),
        ("rrors", False),
        ("app-dev", False),
        ("b-errors", False),
    ],
)
def test_what_a_pattern_stands_for(pattern: str, is_for: bool) -> None:
    assert matches(pattern, ALL["app-dev-a-errors"]) is is_for


def test_an_optional_case_needs_no_alarm() -> None:
    assert run(alarm="nothing", optional="true", series=SERIES) == ()


def test_an_optional_case_is_for_composites_that_have_what_it_gives_states_of() -> None:
    given = {"optional": "true", "expect": ["always OK"]}
    found = run(alarm=["a-unwell", "down"], states={"b-errors": "OK", "*": "OK"}, **given)
    assert [outcome.alarm.name for outcome in found] == ["app-dev-down"]
    deep = run(alarm="down", states=dict.fromkeys(["a-slow", "*-errors"], "OK"), **given)
    assert [outcome.alarm.name for outcome in deep] == ["app-dev-down"]


def test_series_are_found_by_id_and_by_dimension() -> None:
    by_id = only(alarm="a-errors", series={"failed": "5", "calls": "10"}, expect=["ALARM at 5m"])
    assert by_id.passed
    outcome = only(
        alarm="down",
        series={"Errors{Agent=a}": "0", "Errors{Agent=b}": "9", "Calls": "10", "Latency": "99"},
        expect=["ALARM at 5m"],
    )
    assert outcome.passed


def test_a_composite_alarm_over_given_states() -> None:
    outcome = only(
        alarm="unwell",
        states={"a-errors": "OKx2 ALARMx2 OK", "*": "OK"},
        expect=["OK at 1m", "ALARM from 2m to 3m", "OK at 4m"],
    )
    assert outcome.passed
    assert outcome.is_firing


def test_a_composite_alarm_over_evaluated_and_given_alarms() -> None:
    outcome = only(
        alarm="down",
        series={"Latency": "0 99 0", "Errors": "0 9x2", "Calls": "10x3"},
        states={"a-errors": "INSUFFICIENT_DATA"},
        expect=["OK at 5m", "ALARM from 6m to 10m", "OK at 11m"],
    )
    assert outcome.passed, outcome.failures


def test_children_begin_with_the_state_at_the_start() -> None:
    alarms = described(
        errors("a", treat_missing_data=TreatMissingData.IGNORE),
        composite("all", "ALARM(app-dev-a-errors)"),
    )
    case = Case.model_validate(
        {
            "name": "n",
            "alarm": "all",
            "start": "ALARM",
            "series": {"Errors": "_", "Calls": "_"},
            "expect": ["always ALARM"],
        }
    )
    (outcome,) = run_case(PlacedCase(case, Path("cases.yaml"), 1), alarms)
    assert outcome.passed


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"alarm": "none"}, "no alarm matches 'none'; the template has app-dev-a-errors, "),
        ({"alarm": "a-slow", "except": "none", "series": {"Latency": "1"}}, "none to except"),
        (
            {"alarm": "a-errors", "series": {"Errors": "1"}},
            r"no series for App/Calls\{Agent=a\}, which app-dev-a-errors watches; .* Calls: _",
        ),
        (
            {"alarm": "a-errors", "series": {**SERIES, "Callz": "1"}},
            r"series 'Callz' is for no metric watched here: App/Errors\{Agent=a\}",
        ),
        (
            {"alarm": "a-errors", "series": {**SERIES, "calls": "1"}},
            "series 'Calls' and 'calls' are both for",
        ),
        (
            {"alarm": "a-errors", "series": {"Errors{Agent=b}": "1", "Calls": "1"}},
            "no series for App/Errors",
        ),
        ({"alarm": "a-errors", "series": {**SERIES, "a{b": "1"}}, "series 'a{b' is no metric"),
        (
            {"alarm": "a-errors", "series": SERIES, "states": {"x": "OK"}},
            "not made of an alarm 'x'",
        ),
        ({"alarm": "unwell", "states": {"a-errors": "OK"}}, "no series for App/Latency"),
        (
            {"alarm": "unwell", "states": {"*": "OK"}, "series": {"Latency": "1"}},
            "series 'Latency' is for no metric watched here: no metric",
        ),
        (
            {"alarm": "unwell", "states": {"*": "OK", "b-errors": "OK"}},
            "not made of an alarm 'b-er",
        ),
        ({"alarm": "a-slow", "every": "1d", "series": {"Latency": "1x9"}}, "at most 8 days"),
    ],
)
def test_a_case_that_does_not_fit_is_refused_with_its_place(
    case: dict[str, Any], message: str
) -> None:
    with pytest.raises(TestFileError, match=message) as refused:
        run(**case)
    assert str(refused.value).startswith("cases.yaml:7: 'a case': ")


def test_composite_alarms_in_a_circle_are_refused() -> None:
    alarms = described(composite("one", "ALARM(two)"), composite("two", "ALARM(one)"))
    case = Case.model_validate({"name": "n", "alarm": "one", "expect": ["always OK"]})
    with pytest.raises(TestFileError, match="one -> two -> one goes in a circle"):
        run_case(PlacedCase(case, Path("cases.yaml"), 1), alarms)


def test_an_expression_that_cannot_be_evaluated_is_refused_with_the_case() -> None:
    alarms = described(errors("a", expressions={"rate": "SEARCH('x', 'Sum', 60)"}))
    case = Case.model_validate(
        {"name": "n", "alarm": "a-errors", "series": SERIES, "expect": ["always OK"]}
    )
    with pytest.raises(TestFileError, match=r"cases.yaml:1: 'n': SEARCH\(\) is not supported"):
        run_case(PlacedCase(case, Path("cases.yaml"), 1), alarms)


def test_an_alarm_needs_a_firing_and_a_quiet_case() -> None:
    firing = run(alarm="*-errors", series=SERIES, expect=["ALARM at 10m"])
    quiet = run(alarm="a-errors", series={"Errors": "0", "Calls": "1"})
    failing = run(alarm="b-errors", series=SERIES, expect=["never ALARM"])
    failing += run(alarm="b-errors", series={"Errors": "0", "Calls": "1"}, expect=["ALARM at 5m"])
    lacking = uncovered(ALL, [*firing, *quiet, *failing])
    assert {u.alarm.name: u.missing for u in lacking} == {
        "app-dev-b-errors": ("quiet",),
        "app-dev-a-slow": ("firing", "quiet"),
        "app-dev-a-unwell": ("firing", "quiet"),
        "app-dev-down": ("firing", "quiet"),
    }
    assert INSUFFICIENT not in {e.state for o in firing for e in o.evaluations}
