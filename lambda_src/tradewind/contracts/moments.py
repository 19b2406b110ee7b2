"""Moments as text."""

from datetime import UTC, datetime


def iso(epoch_s: float) -> str:
    """A moment in epoch seconds as ISO 8601, in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")
