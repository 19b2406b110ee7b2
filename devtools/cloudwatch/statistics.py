"""Statistics: what reduces the values of a period to one number.

Source: "CloudWatch statistics definitions" in the CloudWatch user guide. It leaves open

- how a percentile falls between two values: here it is a value that occurred, the smallest one that
  at least NN percent of all values do not exceed. The guide calls p99 the maximum of what remains
  without the highest 1 percent, which is the same;
- what a trimmed statistic does with a value that the boundary cuts: here the part of its count that
  lies inside is used;
- which value a boundary in percent has for a Winsorized mean: here the outermost one inside.

CloudWatch itself approximates percentiles over many values; this is exact.
"""

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

#: Each value and how often it occurred, by rising value.
Distribution = Sequence[tuple[float, Fraction]]
Statistic = Callable[[Distribution], float | None]


class StatisticError(ValueError):
    """The text is not the name of a statistic known here."""


_SIMPLE: Final[dict[str, Statistic]] = {
    "SampleCount": lambda d: float(_total(d)),
    "Sum": lambda d: _sum(d),  # noqa: PLW0108  defined below
    "Average": lambda d: _sum(d) / float(_total(d)),
    "Minimum": lambda d: d[0][0],
    "Maximum": lambda d: d[-1][0],
    "IQM": lambda d: _mean(_trim(d, Fraction(25), Fraction(75))),
}
_NUMBER: Final = r"\d{1,15}(?:\.\d{1,10})?"
_PERCENTILE: Final = re.compile(rf"p({_NUMBER})")
_TRIMMED_SHORT: Final = re.compile(rf"(tm|tc|ts|wm)({_NUMBER})")
_RANGE: Final = re.compile(rf"(TM|TC|TS|WM|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)")


def is_percentile(statistic: str) -> bool:
    """Whether the statistic is a plain percentile such as ``p99``."""
    return _PERCENTILE.fullmatch(statistic) is not None


def percentile_rank(statistic: str) -> Fraction:
    """99 for ``p99``.

    Raises:
        StatisticError: It is not a percentile from 0 to 100.
    """
    match = _PERCENTILE.fullmatch(statistic)
    if match is None:
        raise StatisticError(f"{statistic!r} is not a percentile")
    return _percent(match[1], statistic)


def parse_statistic(text: str) -> Statistic:
    """The function a statistic's name stands for.

    Known: SampleCount, Sum, Average, Minimum, Maximum, IQM, pNN, tmNN, tcNN, tsNN, wmNN, TM, TC, TS
    and WM with a range such as ``TM(10%:90%)`` or ``TC(:0.5)``, and PR such as ``PR(:300)``.

    Raises:
        StatisticError: It is none of these.
    """
    if text in _SIMPLE:
        return _SIMPLE[text]
    if is_percentile(text):
        rank = percentile_rank(text)
        return _without_negatives(lambda d: _percentile(d, rank))
    if match := _TRIMMED_SHORT.fullmatch(text):
        return _in_percent(match[1].upper(), Fraction(0), _percent(match[2], text))
    if (match := _RANGE.fullmatch(text)) and (match[2] or match[3]):
        return _ranged(text, match[1], match[2], match[3])
    raise StatisticError(
        f"{text!r} is not a statistic known here: SampleCount, Sum, Average, Minimum, Maximum, "
        "IQM, pNN, tmNN, tcNN, tsNN, wmNN, TM(..:..), TC(..:..), TS(..:..), WM(..:..) or PR(..:..)"
    )


def _ranged(text: str, kind: str, low: str | None, high: str | None) -> Statistic:
    given = [bound for bound in (low, high) if bound]
    in_percent = {bound.endswith("%") for bound in given}
    if len(in_percent) != 1 or (kind == "PR" and in_percent == {True}):
        raise StatisticError(f"{text!r}: bounds are both values, or (except for PR) both percent")
    if in_percent == {True}:
        from_percent = _percent(low[:-1], text) if low else Fraction(0)
        to_percent = _percent(high[:-1], text) if high else Fraction(100)
        return _in_percent(kind, from_percent, to_percent)
    # The lower boundary itself is outside, the upper one inside.
    above = float(low) if low else -math.inf
    up_to = float(high) if high else math.inf
    if kind == "WM":
        return _without_negatives(
            lambda d: _mean([(min(max(value, above), up_to), count) for value, count in d])
        )
    return _without_negatives(
        lambda d: _reduce(kind, [pair for pair in d if above < pair[0] <= up_to], d)
    )


def _in_percent(kind: str, low: Fraction, high: Fraction) -> Statistic:
    if kind == "WM":
        return _without_negatives(lambda d: _winsorized(d, low, high))
    return _without_negatives(lambda d: _reduce(kind, _trim(d, low, high), d))


def _winsorized(distribution: Distribution, low: Fraction, high: Fraction) -> float | None:
    """The mean after what lies outside became the outermost value inside."""
    kept = list(_trim(distribution, low, high))
    if not kept:
        return None
    total = _total(distribution)
    below, above = low / 100 * total, (1 - high / 100) * total
    return _mean([(kept[0][0], below), *kept, (kept[-1][0], above)])


def _reduce(kind: str, kept: Distribution, everything: Distribution) -> float | None:
    if kind == "TC":
        return float(_total(kept))
    if kind == "TS":
        return _sum(kept)
    if kind == "PR":
        return float(100 * _total(kept) / _total(everything))
    return _mean(kept)


def _percent(text: str, statistic: str) -> Fraction:
    percent = Fraction(text)
    if percent > 100:  # noqa: PLR2004
        raise StatisticError(f"{statistic!r}: a percentage is from 0 to 100")
    return percent


def _without_negatives(reduce: Statistic) -> Statistic:
    """CloudWatch has no such statistic of a metric with negative values."""
    return lambda d: None if d[0][0] < 0 else reduce(d)


def _total(distribution: Distribution) -> Fraction:
    return sum((count for _, count in distribution), Fraction(0))


def _sum(distribution: Distribution) -> float:
    return math.fsum(value * float(count) for value, count in distribution)


def _mean(distribution: Distribution) -> float | None:
    total = _total(distribution)
    return _sum(distribution) / float(total) if total else None


def _percentile(distribution: Distribution, percent: Fraction) -> float:
    rank = percent / 100 * _total(distribution)
    reached = Fraction(0)
    for value, count in distribution:
        reached += count
        if reached >= rank:
            return value
    return distribution[-1][0]


def _trim(distribution: Distribution, low: Fraction, high: Fraction) -> Distribution:
    """The part of the distribution between two percentages of its count."""
    total = _total(distribution)
    begin, end = low / 100 * total, high / 100 * total
    kept = []
    reached = Fraction(0)
    for value, count in distribution:
        inside = min(reached + count, end) - max(reached, begin)
        reached += count
        if inside > 0:
            kept.append((value, inside))
    return kept
