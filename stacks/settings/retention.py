"""How long CloudWatch Logs can keep what is logged."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

#: Days CloudWatch Logs can keep a log group's events, and CDK's name for each.
LOG_RETENTION: Final[Mapping[int, str]] = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2192: "SIX_YEARS",
    2557: "SEVEN_YEARS",
    2922: "EIGHT_YEARS",
    3288: "NINE_YEARS",
    3653: "TEN_YEARS",
}


def _one_of_retention(days: int) -> int:
    if days not in LOG_RETENTION:
        raise PydanticCustomError("retention", "not a retention CloudWatch Logs offers")
    return days


#: A retention that CloudWatch Logs offers, in days.
RetentionDays = Annotated[
    int,
    AfterValidator(_one_of_retention),
    Field(description=f"one of {', '.join(map(str, LOG_RETENTION))}"),
]
