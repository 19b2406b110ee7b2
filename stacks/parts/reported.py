"""What Lambda reports of each invocation that ended, killed or not, and what metrics it becomes.

What an agent stopped at its deadline has an answer that is not whole. It is as bad as a failure for
whoever asked, and where all are stopped the agent is of no use.

A process that is killed prints no metrics of ours, and Lambda's own are stamped with an
invocation's start, which may be 15 minutes before its end. Its ``platform.report`` line is written
when the invocation has ended, and metric filters stamp what they read with the line's time.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
"""

from enum import StrEnum
from typing import Final, NamedTuple

from tradewind.telemetry.metric_names import MetricName


class Reported(StrEnum):
    """Metrics made of report lines, by their CloudWatch names.

    None has dimensions, which could only be fields of the line: whose they are says the namespace.
    A count has no value where nothing was counted, so that it costs nothing.
    """

    #: Its number of samples is the number of invocations that ended.
    DURATION = "ReportedDuration"
    FAILURES = "ReportedFailures"
    TIMEOUTS = "ReportedTimeouts"
    MEMORY_KILLS = "ReportedMemoryKills"
    CRASHES = "ReportedCrashes"
    KILLS = "ReportedKills"
    CUT_SHORT = "ReportedCutShort"
    MEMORY_USED = "ReportedMemoryUsed"
    RESTORES = "ReportedRestores"


class ReportMetric(NamedTuple):
    """How a metric is made of report lines.

    Attributes:
        unit: A CloudWatch unit.
        description: What one value says.
        condition: What a line must fulfil besides, in the language of filter patterns; None for
            nothing.
        value: The field of the line that is counted; None counts lines.
        near_limit: Whether only lines of processes near the end of their memory are counted.
        or_stopped: Whether requests that were stopped at their deadline are counted, too. To Lambda
            they ended well; the agent's own line says it.
    """

    unit: str
    description: str
    condition: str | None = None
    value: str | None = None
    near_limit: bool = False
    or_stopped: bool = False

    @property
    def is_rare(self) -> bool:
        """Whether few lines are counted."""
        return self.value is None or self.near_limit

    def pattern(self, memory_mb: int) -> str:
        """The filter pattern for a function that may use so much memory."""
        # A field that is taken must be in the pattern.
        taken = f"({self.value} = *)" if self.value else None
        near_limit = f"({_MEMORY_USED} > {memory_mb * NEAR_LIMIT_PERCENT / 100:g})"
        condition = near_limit if self.near_limit else self.condition
        parts = ('($.type = "platform.report")', condition, taken)
        reported = " && ".join(part for part in parts if part)
        return f"{{ ({reported}) || {_STOPPED} }}" if self.or_stopped else f"{{ {reported} }}"


#: From this share of its memory on, a process is near its end.
NEAR_LIMIT_PERCENT: Final = 90

#: How Lambda calls it that a process used up its memory, and that it ended by itself.
DEATHS: Final = ("Runtime.OutOfMemory", "Runtime.ExitError")

_MEMORY_USED: Final = "$.record.metrics.maxMemoryUsedMB"
_STOPPED: Final = f"($.{MetricName.DEADLINE_STOPS} > 0)"
_TIMEOUT: Final = '($.record.status = "timeout")'
_OUT_OF_MEMORY, _EXITED = (f'($.record.errorType = "{kind}")' for kind in DEATHS)
_KILLED: Final = f"({_TIMEOUT} || {_OUT_OF_MEMORY} || {_EXITED})"

REPORTED: Final[dict[Reported, ReportMetric]] = {
    Reported.DURATION: ReportMetric(
        "Milliseconds",
        "What an invocation took, from its start to its end.",
        value="$.record.metrics.durationMs",
    ),
    Reported.FAILURES: ReportMetric(
        "Count",
        "1 when the invocation failed, was killed, or was stopped at its deadline: whoever asked "
        "has no whole answer.",
        '($.record.status != "success")',
        or_stopped=True,
    ),
    Reported.TIMEOUTS: ReportMetric(
        "Count", "1 when it was killed at the function's timeout.", _TIMEOUT
    ),
    Reported.MEMORY_KILLS: ReportMetric(
        "Count", "1 when it was killed because it had used all of its memory.", _OUT_OF_MEMORY
    ),
    Reported.CRASHES: ReportMetric("Count", "1 when its process ended by itself.", _EXITED),
    Reported.KILLS: ReportMetric("Count", "1 for any of these three.", _KILLED),
    Reported.CUT_SHORT: ReportMetric(
        "Count",
        "1 for any of these three, and when the agent stopped the request at its deadline.",
        _KILLED,
        or_stopped=True,
    ),
    Reported.MEMORY_USED: ReportMetric(
        "Megabytes",
        f"The most memory that the process has used so far, where it is more than "
        f"{NEAR_LIMIT_PERCENT} % of what it may use.",
        value=_MEMORY_USED,
        near_limit=True,
    ),
    Reported.RESTORES: ReportMetric(
        "Milliseconds",
        "Restoring the process from a snapshot, before its first invocation.",
        value="$.record.metrics.restoreDurationMs",
    ),
}

#: Those that are kept over all agents together, too.
OVER_ALL: Final = (Reported.DURATION, Reported.FAILURES, Reported.KILLS)
