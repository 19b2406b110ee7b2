"""From when to when a body, or one of its widgets, says that it shows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

_DURATION: Final = re.compile(
    r"-?P(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_MONTH: Final = timedelta(days=30)


def parse_duration(text: object) -> timedelta | None:
    """Read an ISO 8601 duration such as ``-PT3H``; None for anything else, zero included."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    parts = {name: int(value) for name, value in match.groupdict().items() if value}
    months = parts.pop("months", 0)
    return timedelta(**parts) + months * _MONTH or None


def parse_moment(text: object) -> datetime | None:
    """Read an ISO 8601 time; None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment


def problems_of_range(start: object, end: object) -> Iterator[str]:
    """Why CloudWatch would refuse a range; None is one that is not given."""
    if start is not None and parse_duration(start) is None and parse_moment(start) is None:
        yield f"start: {start!r} is neither a duration such as -PT3H nor a time."
    if end is not None and parse_moment(end) is None:
        yield f"end: {end!r} is no time."
    if end is not None and parse_moment(start) is None:
        yield "end: it needs a time to start at."
    begin, until = parse_moment(start), parse_moment(end)
    if begin is not None and until is not None and until <= begin:
        yield f"end: {end!r} is not after the start."
