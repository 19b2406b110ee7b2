"""What alarms compute of their metrics, so that few or no values mean what they are: nothing.

A count that rarely happens has no value otherwise, and ``FILL`` makes it 0. So has a period in
which nothing came: without one, CloudWatch takes older values in its place.
"""

from collections.abc import Mapping
from math import comb
from typing import Final

from stacks.parts.metrics import HOUR, MINUTE, QUARTER_HOUR, MathExpression, MetricStat

#: With fewer requests than these in a period, their share or percentile is one request's accident.
FEW: Final = 5
#: Fewer failures are accidents, whatever their share.
SEVERAL: Final = 3
#: A failure fades: so many minutes later it counts as half of one. A share of failures of which
#: more than this is left is one of several: two at once, and next to nothing of those long before.
FADED_FAILURES: Final = 2.2
#: Minutes in which half of what came is forgotten: of failures, of an outage, and of a version,
#: which has few requests at first.
ERRORS_FADE_MIN: Final = 20
OUTAGE_FADES_MIN: Final = 6
VERSION_FADES_MIN: Final = 45
#: An outage is when so many percent of what comes is lost. Of half of it, a memory that fades comes
#: to this within a quarter of an hour.
OUTAGE_PERCENT: Final = 40
#: After so many half-lives next to nothing is left of what was before.
_FORGOTTEN_AFTER: Final = 6
#: Minutes for which one that was above the limit is told of. Whatever comes by chance, and however
#: often, an alarm that is held for so long goes off at most 24 h / (e * 3 h) = 2.9 times a day.
HELD_MIN: Final = 180
#: Lambda tries a throttled asynchronous event again nine times within five minutes, less and less
#: often, and then every five minutes: no more often than this in half an hour and in an hour. Of
#: these never more than nine are left as an outage fades.
ONE_EVENTS_THROTTLES: Final = 10
ONE_EVENTS_IN_HALF_AN_HOUR: Final = 16
ONE_EVENTS_IN_AN_HOUR: Final = 24
#: Quarters of an hour that are looked at for hours, each with the one that it ends: the first three
#: have none. CloudWatch retrieves two more in the guide's examples, which makes five hours that
#: overlap, two in all; for want of them it is three.
HOURS_QUARTERS: Final = 6
#: The hours that are looked at for what is seldom called: as many as CloudWatch evaluates.
WEEK_H: Final = 168
#: Hours for which four that were bad are told of: failures at about the limit, which come and go by
#: chance within hours, page at most once in half a day.
HELD_H: Final = 12
#: In four hours: of so many, several fail within an hour when more than a twentieth does.
MANY: Final = 240


def periods_of(half_life_min: int) -> int:
    """Minutes that an alarm on what fades looks at: what it remembers, and what it is held for."""
    return _FORGOTTEN_AFTER * half_life_min + HELD_MIN


def fading_share_failed(
    failed: MetricStat, ended: MetricStat, half_life_min: int = ERRORS_FADE_MIN
) -> MathExpression:
    """``failed`` of ``ended`` in percent, of a memory that fades.

    See `_fading_share`.
    """
    return _fading_share(
        "FILL(failed, 0)", "FILL(ended, 0)", {"failed": failed, "ended": ended}, half_life_min
    )


def share_lost(failed: MetricStat, served: MetricStat, *unserved: MetricStat) -> MathExpression:
    """What failed of all in percent, or never came to be served, of the memory of an outage.

    Args:
        failed: Of those that were served.
        served: Whose work was begun and ended, whether well or not.
        unserved: What counts the others.
    """
    return _fading_share(*_lost(failed, served, unserved), OUTAGE_FADES_MIN)


def share_failed_or_turned_away(
    failed: MetricStat, ended: MetricStat, throttled: MetricStat
) -> MathExpression:
    """The same, with what Lambda turned away where that is more than it tries one event."""
    metrics = {"failed": failed, "ended": ended, "throttled": throttled}
    weight = _weight("FILL(ended, 0)", OUTAGE_FADES_MIN)
    turned_away = f"RUNNING_SUM(FILL(throttled, 0) * {weight})"
    return _fading_share(
        "FILL(failed, 0)",
        "FILL(ended, 0)",
        metrics,
        OUTAGE_FADES_MIN,
        besides=f" + {turned_away} * ({turned_away} > {ONE_EVENTS_THROTTLES} * {weight})",
    )


def _fading_share(
    failed: str,
    came: str,
    metrics: Mapping[str, MetricStat],
    half_life_min: int,
    besides: str = "",
) -> MathExpression:
    """What failed of what came, in percent; 0 where fewer than several failed.

    Each counts less the longer ago it was. So it does not matter where a window would begin, and
    failures that come by chance do not cross the limit again and again as one slides. Metric math
    has it as a sum of values that weigh more the later they are, by the weight of the last.

    No value while the memory is too short; and none in a minute that tells nothing: that had
    nothing good, and failures that are too few. An alarm without any stays as it is: where all
    fails, it does not end because few come.

    Args:
        failed: What failed, as an expression.
        came: What came at all, likewise.
        metrics: What the ids in these stand for.
        half_life_min: Minutes after which one counts as half of one.
        besides: What is added to the sums of both.
    """
    weight = _weight(came, half_life_min)
    lost, every = (f"RUNNING_SUM({one} * {weight}){besides}" for one in (failed, came))
    several = f"({lost} > {FADED_FAILURES} * {weight})"
    known = f"({several} OR ({came} > {failed}))"
    return MathExpression(
        f"IF({several}, 100 * ({lost}) / ({every}), 0) / "
        f"({_remembers(came, half_life_min)} AND {known})",
        {one: metric.over(MINUTE) for one, metric in metrics.items()},
        MINUTE,
    )


def _minutes(values: str) -> str:
    """How many minutes were looked at until each."""
    return f"RUNNING_SUM(0 * {values} + 1)"


def _weight(values: str, half_life_min: int) -> str:
    return f"(2 ^ ({_minutes(values)} / {half_life_min}))"


def _remembers(values: str, half_life_min: int) -> str:
    """Whether next to nothing counts of what was before all that is looked at."""
    return f"({_FORGOTTEN_AFTER * half_life_min} < {_minutes(values)})"


def turned_away(throttles: MetricStat) -> MathExpression:
    """What Lambda turned away in the hour that each quarter of an hour ends, or in half of it.

    In the hour, where that is more than it tries one event in an hour. So more than it tries one in
    half an hour is more than one event either way. For alarms on one of ``HOURS_QUARTERS``.
    """
    quarter = "FILL(throttled, 0)"
    half, hour = sum_of_last(2, quarter), sum_of_last(4, quarter)
    return MathExpression(
        f"IF({hour} > {ONE_EVENTS_IN_AN_HOUR}, {hour}, {half})",
        {"throttled": throttles.over(QUARTER_HOUR)},
        QUARTER_HOUR,
    )


def of_the_hour(count: MetricStat) -> MathExpression:
    """The sum of the hour that each quarter of an hour ends.

    For alarms on one of ``HOURS_QUARTERS``: one hour is enough to begin. Windows slide by the
    minute: of hours that do not overlap, what comes at once is now in one and now in two.
    """
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
