"""The alarm tests in tests/alarms hold for what is deployed, and notice each mistake in it."""

from dataclasses import replace

import pytest

from cli.alarms import SHIPPED
from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.alarmtests import run_cases
from devtools.cloudwatch.coverage import cover
from devtools.cloudwatch.outcomes import Outcome
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.template import DescribedAlarm, load_alarms
from devtools.cloudwatch.testfile import PlacedCase, read_test_file
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly

Alarms = dict[str, DescribedAlarm]


@pytest.fixture(scope="module")
def cases() -> list[PlacedCase]:
    return [case for file in sorted(SHIPPED.glob("*.yaml")) for case in read_test_file(file)]


@pytest.fixture(scope="module")
def replays() -> Replays:
    """What the environments' alarms have in common is evaluated once."""
    return Replays()


@pytest.fixture(scope="module", params=["dev", "prod", "every_function"])
def alarms(request: pytest.FixtureRequest) -> Alarms:
    assembly: Assembly = request.getfixturevalue(request.param)
    return load_alarms(assembly.folder)


@pytest.fixture(scope="module")
def outcomes(alarms: Alarms, cases: list[PlacedCase], replays: Replays) -> list[Outcome]:
    return run_cases(cases, alarms, replays)


def test_every_alarm_does_what_its_tests_say(outcomes: list[Outcome]) -> None:
    failures = [
        f"{o.placed.path.name}:{o.placed.line}: {o.alarm.name}: {failure}"
        for o in outcomes
        for failure in o.failures
    ]
    assert failures == []


def test_the_tests_leave_out_nothing_of_any_alarm(
    alarms: Alarms, outcomes: list[Outcome], replays: Replays
) -> None:
    """Each goes off, ends and stays quiet; each small mistake in each is noticed."""
    covered = cover(outcomes, alarms, replays)
    assert {one.alarm for one in covered} == set(alarms)
    assert {one.alarm: one.gaps for one in covered if one.gaps} == {}


@pytest.mark.parametrize("beyond", [0, 7])
def test_alarms_by_the_hour_do_not_hang_on_what_cloudwatch_retrieves_beyond_their_periods(
    prod: Assembly, cases: list[PlacedCase], monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    """The guide's examples have two datapoints more; nothing says how many there always are."""
    monkeypatch.setattr("devtools.cloudwatch.alarms._EXTRA_DATAPOINTS", beyond)
    # What is told of for a week is told of for as much longer.
    seldom = [
        one for one in cases if one.path.name == "seldom.yaml" and "for a week" not in one.case.name
    ]
    outcomes = run_cases(seldom, load_alarms(prod.folder), Replays())
    assert {o.alarm.name: o.failures for o in outcomes if o.failures} == {}
    assert len({o.alarm.name for o in outcomes}) == len(AGENTS) + len(("api", "mcp"))


def test_a_mistake_in_an_alarm_fails_its_tests(
    alarms: Alarms, cases: list[PlacedCase], replays: Replays
) -> None:
    """Plant one in every metric alarm at once: a threshold that nothing reaches."""
    broken = {
        name: replace(described, alarm=replace(described.alarm, threshold=1e12))
        for name, described in alarms.items()
        if isinstance(described.alarm, Alarm)
    }
    failed = {o.alarm.name for o in run_cases(cases, alarms | broken, replays) if not o.passed}
    assert failed == set(broken)
