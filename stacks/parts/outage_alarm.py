"""The alarm on most of what comes to one door: it pages whatever stands already."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.alarm_math import (
    FADED_FAILURES,
    HELD_MIN,
    OUTAGE_FADES_MIN,
    OUTAGE_PERCENT,
    periods_of,
)
from stacks.parts.alarms import AT_LEAST, AlarmSpec, Urgency
from stacks.parts.metrics import MathExpression


def outage(symptom: str, what: str, lost: str, series: MathExpression, label: str) -> AlarmSpec:
    """The alarm on one door.

    Args:
        symptom: The end of its name.
        what: What comes there, in words.
        lost: What becomes of it, in words.
        series: The share that is lost, of a memory that fades.
        label: What that is called.
    """
    return AlarmSpec(
        symptom,
        f"At least {OUTAGE_PERCENT} % of {what}, and more than {FADED_FAILURES:.0f}, {lost}; one "
        f"counts as half of one {OUTAGE_FADES_MIN} minutes later. It is over {HELD_MIN // 60} "
        "hours after that, once something goes well.",
        series,
        label=label,
        unit="%",
        threshold=OUTAGE_PERCENT,
        comparison=AT_LEAST,
        periods=periods_of(OUTAGE_FADES_MIN),
        missing=cloudwatch.TreatMissingData.IGNORE,
        urgency=Urgency.OUTAGE,
    )
