"""What watches all alarms at once decides as what evaluates one of them does."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.cloudwatch.alarms import Alarm, Metric, run
from devtools.cloudwatch.composite import parse_rule
from devtools.cloudwatch.matching import source_of
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.states import State, TreatMissingData
from devtools.cloudwatch.template import CompositeAlarm, DescribedAlarm
from devtools.stories.buckets import Buckets
from devtools.stories.watch import Change, Watch

FAILED = Metric("App", "Failed", (), "Sum", 120)
ENDED = Metric("App", "Ended", (), "SampleCount", 120)
SLOW = Metric("App", "Ended", (), "p90", 60)


def alarm(name: str, **changes: Any) -> Alarm:
    values: dict[str, Any] = {
        "name": name,
        "metrics": {"failed": FAILED, "ended": ENDED},
        "expressions": {"share": "IF(ended >= 3, 100 * FILL(failed, 0) / ended, 0)"},
        "watched": "share",
        "comparison": "GreaterThanThreshold",
        "threshold": 40,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 2,
    }
    return Alarm(**(values | changes))


ONE = {"expressions": {}, "watched": "m", "evaluation_periods": 2, "datapoints_to_alarm": 1}
ALARMS = (
    *(alarm(f"share-{missing}", treat_missing_data=missing) for missing in TreatMissingData),
    alarm("slow", **ONE, metrics={"m": SLOW}, treat_missing_data=TreatMissingData.IGNORE),
    alarm("surely-slow", **ONE, metrics={"m": SLOW}, ignore_low_samples=True),
    # The same values come to something else at another time.
    alarm("clock", expressions={"share": "IF(MINUTE(ended) >= 30, 100, FILL(failed, 0))"}),
    alarm("missing", **ONE, metrics={"m": SLOW}),
)

samples = st.lists(
    st.builds(
        lambda time, value, late: Sample(time, (value,), (1,), delivered=time + late),
        st.integers(0, 40 * 60 - 1),
        st.sampled_from([0, 1, 30, 50]),
        st.sampled_from([0, 59, 60, 200, 700]),
    ),
    max_size=30,
)


def changes_of(end: int, **published: list[Sample]) -> list[Change]:
    sources = {source_of(metric): published[metric.name] for metric in (FAILED, ENDED)}
    buckets = Buckets(frozenset(sources))
    for source, those in sources.items():
        for sample in those:
            assert sample.delivered is not None
            buckets.publish(source, sample.time, sample.delivered, sample.values[0])
    watch = Watch({a.name: DescribedAlarm(a, a.name, "A.template.json") for a in ALARMS}, buckets)
    return [change for now in range(60, end + 1, 60) for change in watch.step(now)]


@settings(max_examples=15, deadline=None)
@given(failed=samples, ended=samples)
def test_every_state_is_the_one_that_evaluating_each_alone_leads_to(
    failed: list[Sample], ended: list[Sample]
) -> None:
    end = 70 * 60
    seen = changes_of(end, Failed=failed, Ended=ended)
    published = {"Failed": failed, "Ended": ended}
    for one in ALARMS:
        states = [
            (0, State.INSUFFICIENT_DATA),
            *((e.time, e.state) for e in run(one, lambda m: published[m.name], end=end)),
        ]
        alone = [(t, a, b) for (_, a), (t, b) in pairwise(states) if a is not b]
        assert [(c.time, c.before, c.after) for c in seen if c.alarm == one.name] == alone


def test_composite_alarms_follow_at_once_and_say_because_of_what() -> None:
    first = alarm("first", **ONE, metrics={"m": FAILED})
    rule = parse_rule("ALARM(first)")
    outer = parse_rule("ALARM(inner)")
    alarms: dict[str, Alarm | CompositeAlarm] = {
        "outer": CompositeAlarm("outer", outer, {"inner": "inner"}),
        "inner": CompositeAlarm("inner", rule, {"first": "first"}),
        "first": first,
    }
    buckets = Buckets(frozenset({source_of(FAILED)}))
    buckets.publish(source_of(FAILED), 130, 190, 50)
    described = {name: DescribedAlarm(a, name, "A.template.json") for name, a in alarms.items()}
    watch = Watch(described, buckets)
    changes = [change for now in range(60, 300, 60) for change in watch.step(now)]
    assert [(c.time, c.alarm, c.after) for c in changes] == [
        (60, "outer", State.OK),
        (60, "inner", State.OK),
        (240, "first", State.ALARM),
        (240, "inner", State.ALARM),
        (240, "outer", State.ALARM),
    ]
    assert [c.because for c in changes[-2:]] == [("first",), ("inner",)]


def test_what_an_alarm_no_longer_looks_at_is_forgotten() -> None:
    first = alarm("first", **ONE, metrics={"m": FAILED})
    buckets = Buckets(frozenset({source_of(FAILED)}))
    buckets.publish(source_of(FAILED), 10, 10, 50)
    buckets.publish(source_of(FAILED), 100, 190, 50)
    watch = Watch({"first": DescribedAlarm(first, "first", "A.template.json")}, buckets)
    assert [c.after for now in (60, 120) for c in watch.step(now)] == [State.ALARM]
    watch.forget(source_of(FAILED))
    later = [c.after for now in range(180, 900, 60) for c in watch.step(now)]
    assert State.ALARM not in later
    assert watch.states["first"] is State.INSUFFICIENT_DATA
