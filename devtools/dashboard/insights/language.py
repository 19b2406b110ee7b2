"""What the language knows: its commands and functions, and how long its units of time are.

Source: "CloudWatch Logs Insights language query syntax" in the CloudWatch Logs user guide, with its
pages on each command and on functions.
"""

from typing import Final

COMMANDS: Final = frozenset({
    "anomaly", "dedup", "diff", "display", "fields", "filter", "filterindex", "join", "limit",
    "lookup", "parse", "pattern", "sort", "source", "stats", "unmask", "unnest",
})  # fmt: skip
FUNCTIONS: Final = frozenset({
    "abs", "avg", "bin", "ceil", "coalesce", "concat", "count", "count_distinct",
    "count_over_time", "dateceil", "datefloor", "earliest", "floor", "frommillis", "greatest",
    "histogram", "if", "isblank", "isempty", "isipinsubnet", "isipv4insubnet", "isipv6insubnet",
    "ispresent", "isvalidip", "isvalidipv4", "isvalidipv6", "jsonparse", "jsonstringify",
    "latest", "least", "log", "ltrim", "max", "median", "min", "now", "pct", "percentile", "rate",
    "replace", "rtrim", "sortsfirst", "sortslast", "sqrt", "stddev", "strcontains", "strlen",
    "substr", "sum", "sum_over_time", "tolower", "tomillis", "toupper", "trim",
})  # fmt: skip
#: A query reduces at most so many times.
MOST_STATS: Final = 2

_UNITS: Final = {
    "millisecond ms msec": 0.001,
    "second s sec": 1.0,
    "minute m min": 60.0,
    "hour h hr": 3600.0,
    "day d": 86_400.0,
    "week w": 604_800.0,
}
#: Seconds by a unit's spellings; those with more than a letter have a plural, too.
SECONDS: Final = {
    spelling: seconds
    for spellings, seconds in _UNITS.items()
    for name in spellings.split()
    for spelling in (name, *([f"{name}s"] if len(name) > 1 else []))
}
#: Units as long as the calendar says, which are not evaluated here.
CALENDAR: Final = frozenset({
    "month", "months", "mo", "mos", "mon", "mons", "quarter", "quarters", "q", "qtr", "qtrs",
    "year", "years", "y", "yr", "yrs",
})  # fmt: skip
