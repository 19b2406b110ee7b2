"""The alarm on what fails of so few requests that an hour does not see them."""

from stacks.parts.alarm_math import HELD_H, MANY, SEVERAL, WEEK_H, share_failed_of_few
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import MetricStat
from stacks.settings.alarm import AlarmSettings


def failing_by_hour(
    symptom: str,
    failed: str,
    counted: tuple[MetricStat, ...],
    label: str,
    thresholds: AlarmSettings,
) -> AlarmSpec:
    """The alarm on one door.

    Args:
        symptom: The end of its name.
        failed: What became of what, in words.
        counted: Those that failed, those that were served, and what counts others that failed.
        label: What the share is called.
        thresholds: From which share on.
    """
    return AlarmSpec(
        symptom,
        f"Within {HELD_H} hours there were four of fewer than {MANY} in which more than "
        f"{thresholds.error_percent:g} % of {failed}, {SEVERAL} at least; or in a week at "
        f"least {SEVERAL} did, and none has been good since.",
        share_failed_of_few(*counted),
        label=label,
        unit="%",
        threshold=thresholds.error_percent,
        periods=WEEK_H,
    )
