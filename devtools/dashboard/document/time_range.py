"""The part of time that a dashboard shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta


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
