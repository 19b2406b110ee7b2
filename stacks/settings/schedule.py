"""When something happens again and again: AWS's cron expressions, and whose clock is meant."""

import re
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from tradewind.contracts.validation import refused

_MONTHS: Final = dict(
    zip(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
        range(1, 13),
        strict=True,
    )
)
_DAYS: Final = dict(
    zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(1, 8), strict=True)
)
#: Each field's name, lowest and highest number, names of numbers, and what else AWS takes in it:
#: "Cron expressions", Amazon EventBridge Scheduler User Guide, whose fields Application Auto
#: Scaling's scheduled actions have, too.
_FIELDS: Final[tuple[tuple[str, int, int, dict[str, int], str], ...]] = (
    ("minutes", 0, 59, {}, r"\*"),
    ("hours", 0, 23, {}, r"\*"),
    ("day of the month", 1, 31, {}, r"[*?L]|LW|([1-9]|[12][0-9]|3[01])W"),
    ("month", 1, 12, _MONTHS, r"\*"),
    ("day of the week", 1, 7, _DAYS, r"[*?L]|[1-7]L|[1-7]#[1-5]"),
    ("year", 1970, 2199, {}, r"\*"),
)
_PART: Final = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>[1-9]\d*))?", re.ASCII)


def _cron(text: str) -> str:
    match = re.fullmatch(r"cron\(([^()]*)\)", text)
    fields = match[1].split() if match else []
    if len(fields) != len(_FIELDS):
        raise refused(
            f"{text[:80]!r} is not cron(minutes hours day-of-month month day-of-week year), such "
            "as cron(0 7 ? * MON-FRI *)"
        )
    for given, (name, low, high, names, other) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part, low, high, names, other) for part in given.split(",")):
            raise refused(f"{given[:40]!r} is no {name} of a cron expression ({low} to {high})")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise refused("exactly one of day of the month and day of the week has to be ?")
    return text


def _is_part(part: str, low: int, high: int, names: dict[str, int], other: str) -> bool:
    if re.fullmatch(other, part, re.ASCII):
        return True
    match = _PART.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        return False
    ends = [one for one in (match["first"], match["last"]) if one not in (None, "*")]
    numbers = [names.get(one, int(one) if one.isdecimal() else -1) for one in ends]
    return numbers == sorted(numbers) and all(low <= number <= high for number in numbers)


def _known_zone(name: str) -> str:
    known = available_timezones()
    # A machine without a list of them leaves it to AWS.
    if known and name not in known:
        raise refused(f"{name[:60]!r} is no time zone; give one such as Europe/Copenhagen or UTC")
    return name


#: A cron expression as AWS has them.
Cron = Annotated[
    str,
    Field(description="a cron expression such as cron(0 7 ? * MON-FRI *)"),
    AfterValidator(_cron),
]
#: The name of a time zone.
TimeZoneName = Annotated[
    str,
    Field(description="a time zone such as Europe/Copenhagen"),
    AfterValidator(_known_zone),
]
