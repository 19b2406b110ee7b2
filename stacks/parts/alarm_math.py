"""What alarms compute of their metrics, so that few or no values mean what they are: nothing.

A count that rarely happens has no value otherwise, and ``FILL`` makes it 0. So has a period in
which nothing came: without one, CloudWatch takes older values in its place.
"""

from math import comb
from typing import Final

from stacks.parts.metrics import FIVE_MINUTES, HOUR, QUARTER_HOUR, MathExpression, MetricStat

#: With fewer requests than these in a period, their share or percentile is one request's accident.
FEW: Final = 5
#: Fewer failures are accidents, whatever their share.
SEVERAL: Final = 3
#: Quarters of an hour that are looked at for failures, each with the hour that it ends: the first
#: three have none. CloudWatch retrieves two more in the guide's examples, which makes five hours
#: that overlap, two in all; for want of them it is three.
FAILING_QUARTERS: Final = 6
#: The same for quarters of an hour by steps of five minutes, of which two have none.
LOST_STEPS: Final = 5
#: Lambda tries a throttled asynchronous event again nine times within five minutes, less and less
#: often, and then every five minutes: no more often than this in a quarter of an hour, in half an
#: hour and in an hour.
ONE_EVENTS_THROTTLES: Final = 12
ONE_EVENTS_IN_HALF_AN_HOUR: Final = 16
ONE_EVENTS_IN_AN_HOUR: Final = 24
#: The hours that are looked at for what is seldom called: as many as CloudWatch evaluates.
WEEK_H: Final = 168
#: Hours for which four that were bad are told of: failures at about the limit, which come and go by
#: chance within hours, page at most once in half a day.
HELD_H: Final = 12
#: In four hours: of so many, several fail within an hour when more than a twentieth does.
MANY: Final = 240


def share_failed(failed: MetricStat, ended: MetricStat) -> MathExpression:
    """``failed`` of ``ended`` in percent of an hour; 0 where fewer than several failed."""
    return MathExpression(
        f"IF(FILL(failed, 0) >= {SEVERAL}, 100 * failed / ended, 0)",
        {"failed": failed.over(HOUR), "ended": ended.over(HOUR)},
        HOUR,
    )


def lasting_share_failed(failed: MetricStat, ended: MetricStat) -> MathExpression:
    """The same of the hour that each quarter of an hour ends.

    For alarms on one of ``FAILING_QUARTERS``: one hour is enough to begin, and it is over when none
    has several failures. Windows slide by the minute: of a short one, or of hours that do not
    overlap, failures now are in one together and now on both sides of a border, and would be told
    again and again.
    """
    several, every = sum_of_last(4, "FILL(failed, 0)"), sum_of_last(4, "FILL(ended, 0)")
    return MathExpression(
        f"IF({several} >= {SEVERAL}, 100 * {several} / {every}, 0)",
        {"failed": failed.over(QUARTER_HOUR), "ended": ended.over(QUARTER_HOUR)},
        QUARTER_HOUR,
    )


def turned_away(throttles: MetricStat) -> MathExpression:
    """What Lambda turned away in the hour that each quarter of an hour ends, or in half of it.

    In the hour, where that is more than it tries one event in an hour. So more than it tries one in
    half an hour is more than one event either way. For alarms on one of ``FAILING_QUARTERS``.
    """
    quarter = "FILL(throttled, 0)"
    half, hour = sum_of_last(2, quarter), sum_of_last(4, quarter)
    return MathExpression(
        f"IF({hour} > {ONE_EVENTS_IN_AN_HOUR}, {hour}, {half})",
        {"throttled": throttles.over(QUARTER_HOUR)},
        QUARTER_HOUR,
    )


def of_the_hour(count: MetricStat) -> MathExpression:
    """The sum of the hour that each quarter of an hour ends, for alarms as on shares."""
    return MathExpression(
        sum_of_last(4, "FILL(count, 0)"), {"count": count.over(QUARTER_HOUR)}, QUARTER_HOUR
    )


def sum_of_last(count: int, values: str) -> str:
    """Each value and those before it, so many in all, added; 0 for the first, which lack some.

    Metric math knows values before another by their differences alone: the sum of n is that of the
    k-th differences, from the 0th on, each C(n, k + 1) times, and each other one taken off.
    """
    differences = [values]
    while len(differences) < count:
        differences.append(f"DIFF({differences[-1]})")
    added = ""
    for order, difference in enumerate(differences):
        times = comb(count, order + 1)
        sign = "" if not order else " - " if order % 2 else " + "
        added += f"{sign}{f'{times} * ' if times > 1 else ''}{difference}"
    # A value that is missing counts as 0, so the first ones would be multiples of themselves.
    return f"((0 * {differences[-1]} + 1) * ({added}))"


def _none_since(counted: str) -> str:
    """Whether nothing was counted after a period."""
    return f"RUNNING_SUM({counted}) == SUM({counted})"


def _where_any_came(came: str, then: str) -> str:
    """``then`` in a period in which something came, and 1 in one after the last of those.

    No value where nothing came in all the time looked at.
    """
    return f"SUM({came}) * IF({came} > 0, {then}, {_none_since(came)}) / SUM({came})"


def share_of_enough(part: MetricStat, whole: MetricStat, at_least: int = FEW) -> MathExpression:
    """``part`` of ``whole`` in percent; 0 where ``whole`` is less than ``at_least``."""
    return MathExpression(
        f"IF(FILL(whole, 0) >= {at_least}, 100 * FILL(part, 0) / whole, 0)",
        {"part": part, "whole": whole},
        part.period_s,
    )


def share_lost(failed: MetricStat, served: MetricStat, *unserved: MetricStat) -> MathExpression:
    """What failed of all in percent, or never came to be served; 0 of fewer than ``FEW``.

    Of the quarter of an hour that each five minutes end, for alarms on one of ``LOST_STEPS``:
    quarters that do not overlap would tell of a few minutes on their border twice.

    Args:
        failed: Of those that were served.
        served: Whose work was begun and ended, whether well or not.
        unserved: What counts the others.
    """
    lost, every, metrics = _lost(failed, served, unserved)
    lost, every = sum_of_last(3, lost), sum_of_last(3, every)
    return MathExpression(
        f"IF({every} >= {FEW}, 100 * {lost} / {every}, 0)",
        {one: metric.over(FIVE_MINUTES) for one, metric in metrics.items()},
        FIVE_MINUTES,
    )


def share_failed_of_few(
    failed: MetricStat, served: MetricStat, *unserved: MetricStat
) -> MathExpression:
    """What failed in percent of the four hours that each hour ends; 0 where fewer than several did.

    Of requests so few that an hour does not see them: of more it would tell for half a day of a
    short outage. And only in hours that have a failure: else it would tell of an outage once more
    when the good requests before it are no longer in the four hours. Where several failed and none
    has been good since, however seldom they came, it is 100.

    For alarms on one of ``WEEK_H``. Windows that slide by the minute would have a few failures
    together now and on both sides of a border then; over more than a day CloudWatch evaluates by
    the hour, and each window is there again an hour later. Of the week no more counts than
    ``HELD_H``, so it does not matter how many datapoints CloudWatch retrieves beyond it.

    Args:
        failed: As of ``share_lost``.
        served: As there.
        unserved: As there.
    """
    lost, every, metrics = _lost(failed, served, unserved)
    good, hours = f"({every} - {lost})", f"(0 * {lost} + 1)"
    since = f"IF({_none_since(good)} AND {good} == 0, {lost}, 0)"
    recent = f"RUNNING_SUM({hours}) > SUM({hours}) - {HELD_H}"
    several, of_all = sum_of_last(4, lost), sum_of_last(4, every)
    return MathExpression(
        f"IF(RUNNING_SUM({since}) >= {SEVERAL}, 100, IF({recent} AND {lost} > 0 "
        f"AND {several} >= {SEVERAL} AND {of_all} < {MANY}, 100 * {several} / {of_all}, 0))",
        {one: metric.over(HOUR) for one, metric in metrics.items()},
        HOUR,
    )


def _lost(
    failed: MetricStat, served: MetricStat, unserved: tuple[MetricStat, ...]
) -> tuple[str, str, dict[str, MetricStat]]:
    """What was lost and what came at all, as expressions, and what their ids stand for."""
    others = {f"unserved_{number}": metric for number, metric in enumerate(unserved, 1)}
    not_served = "".join(f" + FILL({one}, 0)" for one in others)
    return (
        f"(FILL(failed, 0){not_served})",
        f"(FILL(served, 0){not_served})",
        {"failed": failed, "served": served, **others},
    )


def of_enough(metric: MetricStat, at_least: int) -> MathExpression:
    """A statistic of a metric; 0 where it has fewer samples than ``at_least``."""
    return MathExpression(
        f"IF(FILL(samples, 0) >= {at_least}, value, 0)",
        {"value": metric, "samples": metric.at("SampleCount")},
        metric.period_s,
    )


def with_zeros(count: MetricStat) -> MathExpression:
    """A count that has a value in every period, for alarms that look at several."""
    return MathExpression("FILL(count, 0)", {"count": count}, count.period_s)


def refusal(least_throttled: MetricStat) -> MathExpression:
    """1 in a period in which requests came and none was let in, nor any since; 0 in every other.

    Args:
        least_throttled: The least of the values that Lambda publishes of each request, 1 for one
            that it turns away and 0 for one that it lets in: 1 where all were turned away.
    """
    let_in = "(1 - FILL(least, 1))"
    return MathExpression(
        f"IF({_none_since(let_in)}, FILL(least, 0), 0)",
        {"least": least_throttled},
        least_throttled.period_s,
    )


def failed_or_absent(failures: MetricStat) -> MathExpression:
    """1 in a period in which some run failed, or none came after the last one there was.

    No value where none came in all the time looked at, as of a new stack.

    Args:
        failures: What Lambda publishes of each run that it begins, 1 if it failed and else 0.
    """
    ran, failed = "FILL(0 * failures + 1, 0)", "FILL(failures, 0)"
    return MathExpression(
        _where_any_came(ran, f"{failed} > 0"),
        {"failures": failures},
        failures.period_s,
    )


def silence(requests: MetricStat) -> MathExpression:
    """1 in a period without a request after the last one there was, and 0 in every other.

    No value where none came in all the time looked at: whoever was never called is not silent, and
    whoever fell silent before then has been told of.
    """
    return MathExpression(
        _where_any_came("FILL(requests, 0)", "0"), {"requests": requests}, requests.period_s
    )
