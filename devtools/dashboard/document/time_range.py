"""The part of time that a dashboard shows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devtools.dashboard.body import MetricWidget, parse_duration, parse_moment


@dataclass(frozen=True)
class TimeRange:
    """From when to when, in seconds since the epoch."""

    start: float
    end: float

    @classmethod
    def back(cls, span: timedelta, until: datetime) -> "TimeRange":
        """The range of this length that ends at ``until``."""
        end = until.timestamp()
        return cls(end - span.total_seconds(), end)

    def of_widget(self, widget: MetricWidget, now: float) -> "TimeRange":
        """What a widget shows on a dashboard that shows this range: its own range, if it has one.

        Args:
            widget: Which one.
            now: Where a range that looks back ends, in seconds since the epoch.
        """
        properties = widget.properties
        if (span := parse_duration(properties.start)) is not None:
            return self.back(span, datetime.fromtimestamp(now, UTC))
        if (start := parse_moment(properties.start)) is not None:
            end = parse_moment(properties.end)
            return TimeRange(start.timestamp(), end.timestamp() if end else now)
        return self
