"""The alarm on most of what comes to one door: it pages whatever stands already."""

from typing import Final

from stacks.parts.alarm_math import FEW, LOST_STEPS
from stacks.parts.alarms import AT_LEAST, AlarmSpec, Urgency
from stacks.parts.metrics import MathExpression

#: An outage is when so many percent of what comes is lost.
OUTAGE_PERCENT: Final = 50


def outage(symptom: str, what: str, lost: str, series: MathExpression, label: str) -> AlarmSpec:
    """The alarm on one door.

    Args:
        symptom: The end of its name.
        what: What comes there, in words.
        lost: What becomes of it, in words.
        series: The share that is lost of a quarter of an hour, of ``FEW`` at least.
        label: What that is called.
    """
    return AlarmSpec(
        symptom,
        f"At least {OUTAGE_PERCENT} % of {what} of a quarter of an hour, of at least {FEW}, "
        f"{lost}.",
        series,
        label=label,
        unit="%",
        threshold=OUTAGE_PERCENT,
        comparison=AT_LEAST,
        # About half of what comes is now more and now less than half: that is one outage.
        periods=LOST_STEPS,
        urgency=Urgency.OUTAGE,
    )
