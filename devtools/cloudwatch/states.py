"""The state that an alarm's latest datapoints lead to.

Source: "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide. It
leaves open the state when every datapoint there is breaches, but they are too few and too recent to
alarm: its current text says only that the alarm does not go to ALARM. An earlier edition's table
says INSUFFICIENT_DATA when missing data are treated as missing, and the current state when they are
ignored. So it is here.
"""

from collections.abc import Sequence
from enum import StrEnum


class State(StrEnum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class TreatMissingData(StrEnum):
    """What a missing datapoint counts as, once there are too few others."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


def decide(
    breaching: Sequence[bool | None],
    *,
    periods: int,
    to_alarm: int,
    treat_missing_data: TreatMissingData,
    current: State,
) -> State:
    """Decide an alarm's state.

    Args:
        breaching: For each datapoint of the evaluation range, oldest first, whether it breaches;
            None when it is missing.
        periods: N, how many datapoints are evaluated.
        to_alarm: M, how many of them have to breach.
        treat_missing_data: What counts in place of a missing datapoint.
        current: The state so far.
    """
    existing = [breaches for breaches in breaching if breaches is not None]
    evaluated = existing[-periods:]
    bad = sum(evaluated)
    # Missing datapoints are filled in as few times as possible.
    to_fill = periods - len(evaluated)
    if treat_missing_data is TreatMissingData.BREACHING:
        bad += to_fill
    if bad >= to_alarm:
        return State.ALARM
    if False in evaluated or treat_missing_data is TreatMissingData.NOT_BREACHING:
        return State.OK
    # What there is breaches, but there is too little of it.
    if treat_missing_data is TreatMissingData.IGNORE:
        return current
    if bad and _age_of_first(breaching) >= to_alarm:
        return State.ALARM
    return State.INSUFFICIENT_DATA


def _age_of_first(breaching: Sequence[bool | None]) -> int:
    """How many periods ago the oldest existing datapoint is, the latest period being 1."""
    first = next(index for index, breaches in enumerate(breaching) if breaches is not None)
    return len(breaching) - first
