"""A replay comes to what one evaluation after the other comes to, whatever was replayed before."""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from devtools.cloudwatch.alarms import Alarm, Metric, Published, run
from devtools.cloudwatch.math import reads_clock
from devtools.cloudwatch.replay import Replays
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.states import State, TreatMissingData

HOUR = 3600
FAILED = Metric("App", "Failed", (), "Sum", 300)
CALLS = Metric("App", "Calls", (), "SampleCount", 300)
RATE = Alarm(
    name="rate",
    metrics={"failed": FAILED, "calls": CALLS},
    expressions={"rate": "IF(FILL(calls, 0) >= 3, 100 * failed / calls)"},
    watched="rate",
    comparison="GreaterThanThreshold",
    threshold=900,
    evaluation_periods=3,
    datapoints_to_alarm=2,
)
SLOW = Alarm(
    name="slow",
    metrics={"value": Metric("App", "Took", (), "p90", 300)},
    expressions={},
    watched="value",
    comparison="GreaterThanThreshold",
    threshold=70,
    evaluation_periods=2,
    datapoints_to_alarm=1,
    ignore_low_samples=True,
)
ALARMS = (
    RATE,
    replace(RATE, threshold=1500),
    replace(RATE, datapoints_to_alarm=3),
    replace(RATE, evaluation_periods=4),
    replace(RATE, comparison="LessThanThreshold"),
    *(replace(RATE, treat_missing_data=treatment) for treatment in TreatMissingData),
    replace(RATE, expressions={"rate": "RUNNING_SUM(FILL(failed, 0)) / SUM(FILL(calls, 0))"}),
    replace(RATE, expressions={"rate": "MINUTE(calls)"}),
    SLOW,
    replace(SLOW, ignore_low_samples=False),
)


def published(seed: int, *, late: bool) -> tuple[Sample, ...]:
    """An hour of samples, with gaps; their deliveries do not come in order."""
    chance = random.Random(seed)  # noqa: S311  no secret
    return tuple(
        Sample(
            minute * 60,
            (float(chance.randrange(3)), 90.0),
            (float(chance.randrange(1, 20)), 1.0),
            delivered=minute * 60 + chance.randrange(900) if late else None,
        )
        for minute in range(60)
        if chance.random() < 0.4 and not 20 <= minute < 40
    )


def by_name(samples: Mapping[str, tuple[Sample, ...]]) -> Published:
    return lambda metric: samples[metric.name]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("initial", State)
def test_it_is_what_one_evaluation_after_the_other_is(initial: State, *, late: bool) -> None:
    replays = Replays()
    for seed in range(2):
        samples = {name: published(seed + len(name), late=late) for name in ("Failed", "Calls")}
        samples["Took"] = published(seed, late=late)
        for alarm in ALARMS:
            given = {i: samples[metric.name] for i, metric in alarm.metrics.items()}
            expected = run(alarm, by_name(samples), end=90 * 60, initial=initial)
            assert replays.run(alarm, given, end=90 * 60, initial=initial) == tuple(expected), alarm


def test_a_replay_may_begin_at_any_time() -> None:
    samples = published(1, late=False)
    later = tuple(replace(sample, time=sample.time + 10 * HOUR) for sample in samples)

    def states(of: tuple[Sample, ...], start: int) -> list[State]:
        given = {"failed": of, "calls": of}
        end = start + 2 * HOUR
        found = Replays().run(RATE, given, start=start, end=end, initial=State.OK)
        assert [evaluation.time for evaluation in found] == [*range(start + 60, end + 60, 60)]
        return [evaluation.state for evaluation in found]

    assert states(later, 10 * HOUR) == states(samples, 0)
    assert State.ALARM in states(samples, 0)


def test_an_expression_that_reads_the_clock_is_known() -> None:
    assert reads_clock("IF(HOUR(m) > 8, m)")
    assert not reads_clock("IF(m > 8, m)")
