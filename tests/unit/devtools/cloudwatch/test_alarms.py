import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.alarms import Alarm, AlarmError, Metric, run
from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.states import State, TreatMissingData, decide
from devtools.cloudwatch.statistics import StatisticError

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
TREATMENTS = (
    TreatMissingData.MISSING,
    TreatMissingData.IGNORE,
    TreatMissingData.BREACHING,
    TreatMissingData.NOT_BREACHING,
)
RETAIN = None


def metric(statistic: str = "Sum", period_s: int = 60, name: str = "Errors") -> Metric:
    return Metric("AWS/Lambda", name, (("FunctionName", "f"),), statistic, period_s)


def alarm(**changes: Any) -> Alarm:
    values: dict[str, Any] = {
        "name": "errors",
        "metrics": {"m": metric()},
        "expressions": {},
        "watched": "m",
        "comparison": "GreaterThanThreshold",
        "threshold": 0,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
    }
    return Alarm(**(values | changes))


def states(
    tested: Alarm, values: Sequence[float | None], *, start: State = INSUFFICIENT
) -> list[State]:
    """The state at the end of each period, one sample at the begin of each."""
    period = tested.period_s
    samples = [Sample.of(i * period, v) for i, v in enumerate(values) if v is not None]
    end = len(values) * period
    evaluations = run(tested, lambda _: samples, end=end, initial=start)
    return [e.state for e in evaluations if e.time % period == 0]


# The tables of the user guide's page on missing data: 0 is good, X breaches, - is missing; the
# newest is on the right. Then MISSING, IGNORE, BREACHING, NOT BREACHING.
THREE_OF_THREE = [
    ("0 - X - X", OK, OK, OK, OK),
    ("0 - - - -", OK, OK, OK, OK),
    ("- - - - -", INSUFFICIENT, RETAIN, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
    ("- - X - -", ALARM, RETAIN, ALARM, OK),
    # From the page's text on premature alarms, and an earlier edition's table.
    ("- - - - X", INSUFFICIENT, RETAIN, ALARM, OK),
    ("- - - X -", INSUFFICIENT, RETAIN, ALARM, OK),
    ("X - - - -", ALARM, RETAIN, ALARM, OK),
    ("- - - X 0", OK, OK, OK, OK),
    ("- - X - 0", OK, OK, OK, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
    ("0 - X - -", OK, OK, ALARM, OK),
    ("- - - - 0", OK, OK, ALARM, OK),
    ("- - - X -", ALARM, RETAIN, ALARM, OK),
    # Enough breach already, whatever the missing ones are.
    ("- - - X X", ALARM, ALARM, ALARM, ALARM),
]


@pytest.mark.parametrize("current", State)
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(
    ("to_alarm", "row"),
    [*((3, row) for row in THREE_OF_THREE), *((2, row) for row in TWO_OF_THREE)],
)
def test_missing_data_as_documented(
    to_alarm: int, row: tuple[Any, ...], treatment: TreatMissingData, current: State
) -> None:
    points = [{"0": False, "X": True, "-": None}[sign] for sign in row[0].split()]
    wanted = row[1 + TREATMENTS.index(treatment)]
    state = decide(
        points, periods=3, to_alarm=to_alarm, treat_missing_data=treatment, current=current
    )
    assert state is (current if wanted is RETAIN else wanted)


def test_the_user_guide_s_figure_of_three_out_of_three() -> None:
    tested = alarm(threshold=3, evaluation_periods=3, datapoints_to_alarm=3)
    values = [1, 2, 4, 4, 4, 2, 1, 1, 4, 1]
    # In ALARM at the end of the fifth period; in the sixth one is below, the ninth is alone.
    assert states(tested, values) == [OK] * 4 + [ALARM] + [OK] * 5


@pytest.mark.parametrize(
    ("comparison", "fires_at"),
    [
        ("GreaterThanThreshold", {6}),
        ("GreaterThanOrEqualToThreshold", {5, 6}),
        ("LessThanThreshold", {4}),
        ("LessThanOrEqualToThreshold", {4, 5}),
    ],
)
def test_comparisons(comparison: str, fires_at: set[int]) -> None:
    tested = alarm(comparison=comparison, threshold=5)
    assert {v for v in (4, 5, 6) if states(tested, [v]) == [ALARM]} == fires_at


def test_a_window_of_one_period_slides_every_minute() -> None:
    # Sums over 5 minutes: one per minute from minute 3 on; the fifth is in the window at minute 8.
    tested = alarm(metrics={"m": metric(period_s=300)}, threshold=4)
    samples = [Sample.of(60 * minute, 1) for minute in range(3, 20)]
    timeline = run(tested, lambda _: samples, end=600)
    assert [e.time for e in timeline] == list(range(60, 601, 60))
    assert next(e.time for e in timeline if e.state is ALARM) == 8 * 60
    assert [e.datapoint for e in timeline[2:6]] == [None, 1, 2, 3]


def test_a_window_is_evaluated_when_it_has_ended() -> None:
    # Published at 0 s: in the window that ends at 60 s. Published at 60 s: not yet.
    assert states(alarm(), [1]) == [ALARM]
    timeline = run(alarm(), lambda _: [Sample.of(60, 1)], end=120)
    assert [e.state for e in timeline] == [INSUFFICIENT, ALARM]


@pytest.mark.parametrize(
    ("period_s", "periods", "every_s"),
    [(10, 3, 10), (30, 1, 10), (60, 5, 60), (3600, 24, 60), (3600, 25, 3600), (86_400, 2, 3600)],
)
def test_how_often_an_alarm_is_evaluated(period_s: int, periods: int, every_s: int) -> None:
    tested = alarm(metrics={"m": metric(period_s=period_s)}, evaluation_periods=periods)
    assert tested.evaluated_every_s == every_s


def test_after_the_last_datapoint_it_is_evaluated_again_until_out_of_range() -> None:
    tested = alarm(treat_missing_data=TreatMissingData.NOT_BREACHING)
    assert states(tested, [1, None, None, None]) == [ALARM, ALARM, ALARM, OK]


def test_silence_where_data_are_expected_is_noticed_past_the_evaluation_range() -> None:
    tested = alarm(
        comparison="LessThanThreshold",
        threshold=1,
        evaluation_periods=3,
        datapoints_to_alarm=3,
        treat_missing_data=TreatMissingData.BREACHING,
    )
    assert states(tested, [5, 5, *[None] * 6]) == [OK] * 6 + [ALARM] * 2
    # With the gap filled there is nothing missing, so it is noticed when it says.
    filled = dataclasses.replace(tested, expressions={"e": "FILL(m, 0)"}, watched="e")
    assert states(filled, [5, 5, *[None] * 6])[1:] == [OK] * 3 + [ALARM] * 4


def test_metric_math() -> None:
    tested = alarm(
        metrics={"errors": metric(), "calls": metric(name="Invocations")},
        expressions={"rate": "100 * errors / calls"},
        watched="rate",
        threshold=5,
    )
    published = {
        "Errors": [Sample.of(0, 5), Sample.of(60, 6)],
        "Invocations": [Sample.of(0, 100), Sample.of(60, 100)],
    }
    timeline = run(tested, lambda m: published[m.name], end=120)
    assert [(e.state, e.datapoint) for e in timeline] == [(OK, 5), (ALARM, 6)]


def test_percentiles_over_too_few_values_keep_the_state() -> None:
    few, many = (Sample(0, (10.0, 900.0), (count, 20)) for count in (979, 980))
    ignoring = alarm(metrics={"m": metric("p99")}, threshold=500, ignore_low_samples=True)
    for start in State:
        assert run(ignoring, lambda _: [few], end=60, initial=start)[0].state is start
    assert run(ignoring, lambda _: [many], end=60)[0].state is ALARM
    evaluating = dataclasses.replace(ignoring, ignore_low_samples=False)
    assert run(evaluating, lambda _: [few], end=60)[0].state is ALARM


@pytest.mark.parametrize(
    ("statistic", "needed"),
    [("p99", 1000), ("p50", 20), ("p10", 100), ("p99.9", 10_000), ("p100", 0)],
)
def test_how_many_values_a_percentile_needs(statistic: str, needed: int) -> None:
    tested = alarm(metrics={"m": metric(statistic)})
    enough = [Sample(0, (1.0,), (needed,))] if needed else []
    assert not tested.has_low_samples(lambda _: enough, 60)
    if needed:
        assert tested.has_low_samples(lambda _: [Sample(0, (1.0,), (needed - 1,))], 60)


def test_an_expression_has_no_low_samples() -> None:
    tested = alarm(metrics={"m": metric("p99")}, expressions={"e": "m * 2"}, watched="e")
    assert not tested.has_low_samples(lambda _: [], 60)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"comparison": "Above"}, AlarmError, "no comparison 'Above'"),
        ({"datapoints_to_alarm": 2}, AlarmError, "2 out of 1"),
        ({"datapoints_to_alarm": 0}, AlarmError, "0 out of 1"),
        ({"metrics": {"m": metric(period_s=45)}}, AlarmError, "a period is 10, 20, 30 or"),
        ({"metrics": {"m": metric(period_s=0)}}, AlarmError, "a period is 10, 20, 30 or"),
        ({"metrics": {}}, AlarmError, "need one period"),
        (
            {"metrics": {"m": metric(), "n": metric(period_s=300)}},
            AlarmError,
            r"need one period, not \[60, 300\]",
        ),
        ({"evaluation_periods": 1441}, AlarmError, "longer than CloudWatch evaluates"),
        ({"watched": "e"}, AlarmError, "watches 'e', which is not defined"),
        ({"expressions": {"e": "m + n"}}, AlarmError, "'e' uses n, which is not defined"),
        ({"expressions": {"e": "m +"}}, MathError, "not expected"),
        ({"metrics": {"m": metric("p101")}}, StatisticError, "from 0 to 100"),
    ],
)
def test_an_impossible_alarm_is_refused(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        alarm(**changes)


def test_an_alarm_watches_one_series() -> None:
    tested = alarm(expressions={"e": "METRICS() * 2"}, watched="e")
    with pytest.raises(MathError, match="one time series, not 1"):
        states(tested, [1])


points = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=12)
m_of_n = st.integers(1, 4).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
treatments = st.sampled_from(TREATMENTS)
any_state = st.sampled_from(list(State))


def of(m_n: tuple[int, int], treatment: TreatMissingData) -> Alarm:
    return alarm(
        datapoints_to_alarm=m_n[0], evaluation_periods=m_n[1], treat_missing_data=treatment
    )


@given(m_of_n, treatments, points, points, any_state)
def test_a_later_datapoint_never_changes_an_earlier_state(
    m_n: tuple[int, int],
    treatment: TreatMissingData,
    earlier: list[float | None],
    later: list[float | None],
    start: State,
) -> None:
    tested = of(m_n, treatment)
    together = states(tested, [*earlier, *later], start=start)
    assert together[: len(earlier)] == states(tested, earlier, start=start)


@given(m_of_n, points, any_state)
def test_gaps_filled_with_a_verdict_leave_no_doubt(
    m_n: tuple[int, int], values: list[float | None], start: State
) -> None:
    for treatment in (TreatMissingData.NOT_BREACHING, TreatMissingData.BREACHING):
        assert INSUFFICIENT not in states(of(m_n, treatment), values, start=start)


@given(m_of_n, st.lists(st.sampled_from([0.0, 1.0]), min_size=7, max_size=12), any_state)
def test_without_gaps_all_treatments_agree_with_counting(
    m_n: tuple[int, int], values: list[float], start: State
) -> None:
    m, n = m_n
    for treatment in TREATMENTS:
        timeline = states(of(m_n, treatment), values, start=start)
        for end in range(n, len(values) + 1):
            counted = ALARM if sum(values[end - n : end]) >= m else OK
            assert timeline[end - 1] is counted


@given(m_of_n, points, any_state)
def test_treatments_differ_only_where_they_may(
    m_n: tuple[int, int], values: list[float | None], start: State
) -> None:
    good = states(of(m_n, TreatMissingData.NOT_BREACHING), values, start=start)
    bad = states(of(m_n, TreatMissingData.BREACHING), values, start=start)
    # What alarms although gaps count as good alarms in any case; what is fine although they count
    # as bad is fine in any case.
    for treatment in (TreatMissingData.MISSING, TreatMissingData.IGNORE):
        other = states(of(m_n, treatment), values, start=start)
        assert all(o is ALARM for o, g in zip(other, good, strict=True) if g is ALARM)
        assert all(o is OK for o, b in zip(other, bad, strict=True) if b is OK)


@given(m_of_n, treatments, points, any_state)
def test_a_worse_value_never_ends_an_alarm(
    m_n: tuple[int, int], treatment: TreatMissingData, values: list[float | None], start: State
) -> None:
    tested = of(m_n, treatment)
    worse = [1.0 if v == 0.0 else v for v in values]
    for now, then in zip(
        states(tested, values, start=start), states(tested, worse, start=start), strict=True
    ):
        if now is ALARM:
            assert then is ALARM
