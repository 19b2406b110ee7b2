"""An alarm: what it watches and from where on, once, for the alarm itself and for its line.

How missing data is taken:

- Most metrics say nothing when nothing happens, and nothing is no fault: not breaching.
- Init times exist only when a process starts. A slow init stays slow until a start has shown
  otherwise, so silence keeps the state: ignore.
- Where traffic is expected, silence is the fault: breaching.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import names
from stacks.parts.metrics import MathExpression, MetricStat

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

#: The alarm on an agent's other alarms, and the one on the API's.
UNWELL = "unwell"
API_UNWELL = f"api-{UNWELL}"


class Urgency(StrEnum):
    """Who is told of an alarm, and how."""

    #: It pages by itself, though lesser alarms may stand.
    OUTAGE = "outage"
    #: It pages through the alarm on its agent's other alarms, or on the API's.
    PAGE = "page"
    #: It can wait for the morning.
    NOTICE = "notice"


@dataclass(frozen=True)
class AlarmSpec:
    """When an alarm goes off. Dashboards take their line and their threshold from here.

    Attributes:
        symptom: The end of its name, and its runbook's.
        summary: What it means, in a sentence or two.
        series: What is watched.
        label: What the series is called.
        unit: The series' and the threshold's.
        threshold: In that unit.
        comparison: What a value must be against the threshold to breach.
        periods: The periods looked at.
        breaching: How many of them must breach.
        missing: What a period without data counts as; see the module's text.
        urgency: Who is told of it.
    """

    symptom: str
    summary: str
    series: MetricStat | MathExpression
    label: str
    unit: str
    threshold: float
    comparison: cloudwatch.ComparisonOperator = ABOVE
    periods: int = 1
    breaching: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING
    urgency: Urgency = Urgency.PAGE


class Alarms(Construct):
    """The alarms of one agent, or of the environment.

    Attributes:
        all: The alarms by symptom.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        agent: str | None,
        specs: Mapping[str, AlarmSpec],
        runbook_url: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._agent = agent
        self._runbook_url = runbook_url
        self.all = {
            spec.symptom: cloudwatch.Alarm(
                self,
                names.construct_id(spec.symptom),
                alarm_name=names.alarm_name(environment, spec.symptom, agent),
                alarm_description=self._description(spec.symptom, spec.summary),
                metric=_watched(spec),
                threshold=spec.threshold,
                comparison_operator=spec.comparison,
                evaluation_periods=spec.periods,
                datapoints_to_alarm=spec.breaching,
                treat_missing_data=spec.missing,
            )
            for spec in specs.values()
        }

    def notify(self, topic: sns.ITopic) -> list[str]:
        """Let every alarm page by itself; return their ARNs."""
        for alarm in self.all.values():
            _notify(alarm, topic)
        return [alarm.alarm_arn for alarm in self.all.values()]

    def notify_as_one(
        self, topic: sns.ITopic, symptom: str, whose: str, besides: Sequence[str] = ()
    ) -> str:
        """Let one alarm page for all of them, which an agent in trouble trips several of at once.

        Args:
            topic: Who is told.
            symptom: The end of its name, and its runbook's.
            whose: What is unwell, in words.
            besides: Names of alarms in other stacks that it pages for, too.

        Returns:
            The ARN of that one.
        """
        unwell = cloudwatch.CompositeAlarm(
            self,
            names.construct_id(symptom),
            composite_alarm_name=names.alarm_name(self._environment, symptom, self._agent),
            alarm_description=self._description(
                symptom, f"At least one alarm of {whose} has gone off."
            ),
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(
                    cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM)
                    for alarm in self.all.values()
                ),
                *(cloudwatch.AlarmRule.from_string(f'ALARM("{name}")') for name in besides),
            ),
        )
        _notify(unwell, topic)
        return unwell.alarm_arn

    def _description(self, symptom: str, summary: str) -> str:
        return f"{summary} Runbook: {runbook(symptom, self._runbook_url)}"


def runbook(symptom: str, url: str | None) -> str:
    """Where a symptom's runbook is: under ``url``, or in the repository."""
    file = f"docs/runbooks/{symptom}.md"
    return f"{url}/{file}" if url else file


def _watched(spec: AlarmSpec) -> cloudwatch.IMetric:
    if isinstance(spec.series, MetricStat):
        return _metric(spec.series)
    return cloudwatch.MathExpression(
        expression=spec.series.expression,
        using_metrics={one: _metric(metric) for one, metric in spec.series.metrics.items()},
        label=f"{spec.label}, {spec.unit}",
        period=_duration(spec.series.period_s),
    )


def _metric(stat: MetricStat) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=stat.namespace,
        metric_name=stat.name,
        dimensions_map=dict(stat.dimensions),
        statistic=stat.statistic,
        period=_duration(stat.period_s),
        region=stat.region,
    )


@cache
def _duration(seconds: int) -> Duration:
    return Duration.seconds(seconds)


def _notify(alarm: cloudwatch.AlarmBase, topic: sns.ITopic) -> None:
    mail = actions.SnsAction(topic)
    alarm.add_alarm_action(mail)
    # That it is over is worth a mail too: nobody has to look whether it still is.
    alarm.add_ok_action(mail)
