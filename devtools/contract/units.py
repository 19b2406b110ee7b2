"""What a metric's unit says of the statistics that make sense, and of the axis it is drawn on."""

import re
from collections.abc import Collection, Mapping
from typing import Final

#: In place of a statistic: all that say where values lie, such as p99, tm99 and PR(:300).
RANKED: Final = "percentile"

_NUMBER: Final = r"\d+(?:\.\d+)?"
_SHARE: Final = r"(?:100|\d{1,2}(?:\.\d+)?)"
_RANKED: Final = re.compile(
    rf"(?:p|tm|wm|tc){_SHARE}|IQM|(?:TM|WM|TC)\((?:{_NUMBER}%?)?:(?:{_NUMBER}%?)?\)"
    rf"|PR\((?:{_NUMBER})?:(?:{_NUMBER})?\)"
)
#: Those that count values, whatever the values' unit.
_COUNTING: Final = re.compile(r"SampleCount|tc.*|TC.*|PR.*")
#: Statistics that say something of a value, by its unit. The sum of times and the 99th percentile
#: of ones and zeros are numbers, but no answers.
_OF_COUNTS: Final = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})
_OF_TIMES: Final = frozenset({"Average", "Minimum", "Maximum", "SampleCount", RANKED})
_STATISTICS: Final[Mapping[str, frozenset[str]]] = {
    "Count": _OF_COUNTS,
    "None": _OF_COUNTS,
    "Seconds": _OF_TIMES,
    "Milliseconds": _OF_TIMES,
    "Microseconds": _OF_TIMES,
}
#: Units that an axis names, where the same number would be another thing in another unit.
_AXES: Final[Mapping[str, str]] = {
    "µs": "Microseconds",
    "ms": "Milliseconds",
    "s": "Seconds",
    "seconds": "Seconds",
    "%": "Percent",
    "bytes": "Bytes",
    "KB": "Kilobytes",
    "MB": "Megabytes",
    "GB": "Gigabytes",
}


def statistics_of(unit: str) -> frozenset[str]:
    """The statistics that say something of values in a unit."""
    return _STATISTICS.get(unit, _OF_COUNTS | _OF_TIMES)


def is_among(statistic: str, statistics: Collection[str]) -> bool:
    """Whether a statistic is one of these, of which ``percentile`` stands for many."""
    return statistic in statistics or (
        RANKED in statistics and _RANKED.fullmatch(statistic) is not None
    )


def is_drawn_rightly(axis: str, unit: str, statistic: str) -> bool:
    """Whether numbers in a unit are what an axis says they are."""
    wanted = _AXES.get(axis)
    return wanted in {None, unit} or _COUNTING.fullmatch(statistic) is not None
