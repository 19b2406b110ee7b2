"""The alarm on a share of what comes to one door, or to what is behind it, that fails."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.alarm_math import (
    ERRORS_FADE_MIN,
    FADED_FAILURES,
    HELD_MIN,
    fading_share_failed,
    periods_of,
)
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import MetricStat
from stacks.settings.alarm import AlarmSettings


def failing(
    symptom: str,
    what: str,
    counted: tuple[MetricStat, MetricStat],
    label: str,
    thresholds: AlarmSettings,
) -> AlarmSpec:
    """The alarm on one share.

    Args:
        symptom: The end of its name.
        what: What became of what, in words.
        counted: Those that failed, and all of them.
        label: What the share is called.
        thresholds: From which share on.
    """
    return AlarmSpec(
        symptom,
        f"More than {thresholds.error_percent:g} % of the {what}, and more than "
        f"{FADED_FAILURES:.0f}; one counts as half of one {ERRORS_FADE_MIN} minutes later. "
        f"It is over {HELD_MIN // 60} hours after that, once something goes well.",
        fading_share_failed(*counted),
        label=label,
        unit="%",
        threshold=thresholds.error_percent,
        periods=periods_of(ERRORS_FADE_MIN),
        missing=cloudwatch.TreatMissingData.IGNORE,
    )
