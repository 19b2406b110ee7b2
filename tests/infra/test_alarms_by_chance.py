"""Requests that come, and fail, by chance page a few times a day at most."""

import pytest

from bench.alarms_by_chance import (
    DAY_MIN,
    ERRORS,
    OUTAGE,
    Limit,
    by_chance,
    goes_off,
    minutes_to_tell,
    per_day,
    seeded,
)
from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import load_alarms
from tests.infra.assembly import Assembly

MINUTE = 60
#: Rates an hour and percents that used to flap, and those at which each alarm does so most.
CELLS = [(5, 33), (5, 70), (12, 10), (12, 33), (12, 100), (20, 20), (20, 33), (60, 3), (60, 33)]


@pytest.mark.parametrize("limit", [ERRORS, OUTAGE], ids=lambda limit: limit.name)
def test_no_share_of_failures_by_chance_pages_more_than_some_times_a_day(limit: Limit) -> None:
    days = 10
    often = {cell: per_day(limit, *cell, days, seed=1) for cell in CELLS}
    assert max(often.values()) <= 3.5
    # Some must go off again and again, or this tests nothing; what always fails does so once.
    assert max(often.values()) > 1
    assert often[12, 100] == 1 / days


@pytest.mark.parametrize(("per_hour", "median", "most"), [(20, 12, 25), (60, 6, 12), (600, 5, 7)])
def test_a_total_outage_is_told_of_within_minutes(per_hour: float, median: int, most: int) -> None:
    taken = sorted(minutes_to_tell(OUTAGE, per_hour, 100, seed) for seed in range(40))
    assert taken[20] <= median
    assert taken[35] <= most


@pytest.mark.parametrize(
    ("symptom", "limit", "per_hour", "percent"),
    [("errors", ERRORS, 30, 5), ("outage", OUTAGE, 20, 33), ("outage", OUTAGE, 12, 100)],
)
def test_what_is_simulated_is_what_the_templates_metric_math_comes_to(
    prod: Assembly, symptom: str, limit: Limit, per_hour: float, percent: float
) -> None:
    alarm = load_alarms(prod.folder)[f"tradewind-prod-terrain-{symptom}"].alarm
    assert isinstance(alarm, Alarm)
    length = DAY_MIN // 2
    minutes = by_chance(per_hour, percent, length, seeded("7"))
    given: dict[str, tuple[Sample, ...]] = dict.fromkeys(alarm.metrics, ())
    given["ended"] = tuple(
        Sample(at * MINUTE, (1.0,), (float(came),)) for at, (came, _) in enumerate(minutes) if came
    )
    given["failed"] = tuple(
        Sample.of(at * MINUTE, failed) for at, (_, failed) in enumerate(minutes) if failed
    )
    red = [
        one.state is State.ALARM
        for one in Replays().run(alarm, given, end=length * MINUTE, initial=State.INSUFFICIENT_DATA)
    ]
    began = [at for at, now in enumerate(red, 1) if now and not (at > 1 and red[at - 2])]
    assert began == list(goes_off(limit, minutes))
    assert began
