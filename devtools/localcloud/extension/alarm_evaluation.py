"""Evaluates the alarms that deployments watch, by the project's own evaluator.

Periods are of the clock that deployments go by: what has its time stamp in a minute of it is one
datapoint, and is seen once it is delivered. Other alarms are kept and not evaluated; ``monitoring``
says so.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ministack.services import cloudwatch

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.series import Sample
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import UnsupportedAlarm, read_template
from devtools.localcloud.extension.clock import Clock
from devtools.localcloud.extension.metric_store import DELIVERED

#: The shortest time from one evaluation to the next that an alarm has.
_EVERY_S: Final = 10

logger = logging.getLogger("devtools.localcloud.alarms")

Record = Mapping[str, Any]


class AlarmEvaluation:
    """Evaluates alarms as time passes.

    Args:
        clock: Whose periods count.
        watched: Gives the names of the alarms to evaluate; a composite one stands for its children.

    Attributes:
        delay_s: How long what is published takes to where alarms see it, in seconds of the clock.
    """

    def __init__(self, clock: Clock, watched: Callable[[], set[str]]) -> None:
        self.delay_s = 0.0
        self._clock = clock
        self._watched = watched
        self._known: dict[str, tuple[Record, Alarm | None]] = {}
        clock.every(_EVERY_S, self._evaluate)

    def _evaluate(self, now: int) -> None:
        for name in sorted(self._metric_alarms(self._watched(), set())):
            record = cloudwatch._alarms[name]
            alarm = self._alarm(name, record)
            if alarm is None or now % alarm.evaluated_every_s:
                continue
            try:
                self._move(record, alarm, now)
            except Exception:
                # The clock goes on for the others.
                logger.exception("the alarm %s could not be evaluated", name)

    def _metric_alarms(self, names: set[str], seen: set[str]) -> set[str]:
        found: set[str] = set()
        for name in names - seen:
            if name in cloudwatch._alarms:
                found.add(name)
            elif name in cloudwatch._composite_alarms:
                seen = seen | {name}
                children = cloudwatch._composite_children(cloudwatch._composite_alarms[name])
                found |= self._metric_alarms(set(children), seen)
        return found

    def _alarm(self, name: str, record: Record) -> Alarm | None:
        """The alarm as the evaluator knows it; None when it does not know how."""
        known = self._known.get(name)
        if known is None or known[0] is not record:  # MiniStack makes a new one for each change
            given = {key: value for key, value in record.items() if value not in (None, "")}
            resource = {"Type": "AWS::CloudWatch::Alarm", "Properties": given}
            alarm = None
            try:
                (described,) = read_template({"Resources": {name: resource}}, "CloudWatch")
                if isinstance(described.alarm, Alarm):
                    alarm = described.alarm
                elif isinstance(described.alarm, UnsupportedAlarm):
                    _warn(name, described.alarm.reason)
            except ValueError as problem:
                _warn(name, problem)
            known = self._known[name] = (record, alarm)
        return known[1]

    def _move(self, record: Record, alarm: Alarm, now: int) -> None:
        def published(metric: Metric) -> Sequence[Sample]:
            return self._published(metric, now)

        evaluation = alarm.evaluate(published, now, State(record["StateValue"]))
        if evaluation.state == record["StateValue"]:
            return
        latest = "missing" if evaluation.datapoint is None else f"{evaluation.datapoint:g}"
        reason = (
            f"Threshold Crossed: the latest datapoint is {latest}, compared by "
            f"{alarm.comparison} with {alarm.threshold:g}"
        )
        # Composite alarms follow, and the actions are taken.
        state = {"AlarmName": alarm.name, "StateValue": evaluation.state, "StateReason": reason}
        cloudwatch._set_alarm_state({}, state, False, True)

    def _published(self, metric: Metric, now: int) -> Sequence[Sample]:
        key = (metric.namespace, metric.name, cloudwatch._dims_key(dict(metric.dimensions)))
        points = list(cloudwatch._metrics.get(key) or ())
        if any("_stat" in point for point in points):
            raise ValueError(f"{metric}: statistic sets are not evaluated here")
        return [
            Sample(self._clock.at(each["Timestamp"]), (each["Value"],), (each.get("Count", 1.0),))
            for each in points
            if self._clock.at(each.get(DELIVERED, each["Timestamp"])) + self.delay_s <= now
        ]


def _warn(name: str, why: str | ValueError) -> None:
    logger.warning("the alarm %s is not evaluated: %s", name, why)
