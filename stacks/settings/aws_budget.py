"""What AWS may cost a month before somebody is told, as an environment's file says it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tradewind.contracts.validation import Frozen, refused


def _each_once(percents: tuple[float, ...]) -> tuple[float, ...]:
    if len(set(percents)) != len(percents):
        raise refused("each percentage once")
    return percents


class AwsBudgetSettings(Frozen):
    """What the account may cost a month, everything in it: AWS's own count, which lags by hours.

    Attributes:
        usd_per_month: In US dollars.
        at_percent: The shares of it at which those who hear of alarms are told, and once more when
            AWS foresees that the month will end above all of it.
    """

    usd_per_month: Annotated[
        float, Field(gt=0, le=10_000_000, description="a number of US dollars above 0")
    ]
    # AWS takes five notifications in a budget, and one is the forecast.
    at_percent: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1000)], ...],
        Field(strict=False, min_length=1, max_length=4, description="a list of 1 to 4 percentages"),
        AfterValidator(_each_once),
    ] = (80, 100)
