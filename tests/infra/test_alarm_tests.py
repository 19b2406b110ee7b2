"""The alarm tests in tests/alarms hold for what is deployed, and leave no alarm out."""

from dataclasses import replace

import pytest

from cli.alarms import SHIPPED
from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.alarmtests import run_case
from devtools.cloudwatch.outcomes import Outcome, uncovered
from devtools.cloudwatch.states import TreatMissingData
from devtools.cloudwatch.template import DescribedAlarm, load_alarms
from devtools.cloudwatch.testfile import read_test_file
from tests.infra.assembly import Assembly

Alarms = dict[str, DescribedAlarm]


def run_shipped(alarms: Alarms) -> list[Outcome]:
    cases = (case for file in sorted(SHIPPED.glob("*.yaml")) for case in read_test_file(file))
    return [outcome for case in cases for outcome in run_case(case, alarms)]


@pytest.fixture(scope="module", params=["dev", "prod", "with_runtimes"])
def alarms(request: pytest.FixtureRequest) -> Alarms:
    assembly: Assembly = request.getfixturevalue(request.param)
    return load_alarms(assembly.folder)


@pytest.fixture(scope="module")
def outcomes(alarms: Alarms) -> list[Outcome]:
    return run_shipped(alarms)


def test_every_alarm_does_what_its_tests_say(outcomes: list[Outcome]) -> None:
    failures = [
        f"{o.placed.path.name}:{o.placed.line}: {o.alarm.name}: {failure}"
        for o in outcomes
        for failure in o.failures
    ]
    assert failures == []


def test_every_alarm_is_shown_firing_and_quiet(alarms: Alarms, outcomes: list[Outcome]) -> None:
    assert [(u.alarm.name, u.missing) for u in uncovered(alarms, outcomes)] == []


@pytest.mark.parametrize("threshold", [1e12, -1e12])
def test_an_alarm_that_never_or_always_goes_off_fails_its_tests(
    alarms: Alarms, threshold: float
) -> None:
    """Plant the commonest mistake in every metric alarm."""
    broken = {
        name: replace(described, alarm=replace(described.alarm, threshold=threshold))
        for name, described in alarms.items()
        if isinstance(described.alarm, Alarm)
        # An alarm on silence goes off whatever its threshold is.
        and described.alarm.treat_missing_data is not TreatMissingData.BREACHING
    }
    failed = {o.alarm.name for o in run_shipped(alarms | broken) if not o.passed}
    assert failed == set(broken)
