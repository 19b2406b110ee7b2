"""An alarm: what it watches and from where on, once, for the alarm itself and for its line.

How missing data is taken:

- Most metrics say nothing when nothing happens, and nothing is no fault: not breaching.
- Whether an agent is silent cannot be said of one that was never called: ignore.
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
from stacks.parts.metrics import HOUR, MINUTE, MathExpression, MetricStat

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

#: The alarm on an agent's other alarms that page, and the one on the API's.
UNWELL = "unwell"
API_UNWELL = f"api-{UNWELL}"


class Urgency(StrEnum):
    """Who is told of an alarm, and how."""

    #: Pages by itself, whatever stands already.
    OUTAGE = "outage"
    #: Pages together with the others of its agent, or of the API; one of the environment, alone.
    PAGE = "page"
    #: Can wait for the morning.
    NOTICE = "notice"


@dataclass(frozen=True)
class AlarmSpec:
    """When an alarm goes off. Dashboards take their line and their threshold from here.

    Attributes:
        symptom: The end of its name, and its runbook's.
        summary: What it means, in a sentence or two, of one period.
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

    @property
    def meaning(self) -> str:
        """The summary, and in how many periods that must be seen."""
        if self.periods == 1:
            return self.summary
        length, unit = _in_words(self.series.period_s)
        every = f"{self.periods} {unit}s" if length == 1 else f"{self.periods} periods of"
        of_length = "" if length == 1 else f" {length} {unit}s"
        if self.breaching == self.periods:
            return f"{self.summary} Seen in {every}{of_length} in a row."
        return f"{self.summary} Seen in {self.breaching} of {every}{of_length}."


@dataclass(frozen=True)
class Told:
    """Whom alarms tell.

    Attributes:
        pages: Wakes somebody.
        notices: Is read in the morning.
    """

    pages: sns.ITopic
    notices: sns.ITopic


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
        self._specs = specs
        self._runbook_url = runbook_url
        self.all = {
            spec.symptom: cloudwatch.Alarm(
                self,
                names.construct_id(spec.symptom),
                alarm_name=names.alarm_name(environment, spec.symptom, agent),
                alarm_description=self._description(spec.symptom, spec.meaning),
                metric=_watched(spec),
                threshold=spec.threshold,
                comparison_operator=spec.comparison,
                evaluation_periods=spec.periods,
                datapoints_to_alarm=spec.breaching,
                treat_missing_data=spec.missing,
            )
            for spec in specs.values()
        }

    def tell(self, told: Told) -> list[str]:
        """Let every alarm that pages do so by itself, and the others give notice.

        Returns:
            The ARNs of those that page.
        """
        self._give_notice(told)
        for alarm in self._of(Urgency.PAGE):
            _page_until_over(alarm, told)
        return [alarm.alarm_arn for alarm in self._of(Urgency.PAGE)]

    def tell_as_one(
        self, told: Told, symptom: str, whose: str, besides: Sequence[str] = ()
    ) -> list[str]:
        """Let one alarm page for all that page, of which an agent in trouble trips several at once.

        An outage pages besides: that one may stand already for something less. It is over when that
        one is, which says so.

        Args:
            told: Who is told.
            symptom: The end of its name, and its runbook's.
            whose: What is unwell, in words.
            besides: Names of alarms in other stacks that it pages for, too.

        Returns:
            The ARNs of that one, and of those that page by themselves.
        """
        self._give_notice(told)
        outages = self._of(Urgency.OUTAGE)
        for alarm in outages:
            alarm.add_alarm_action(actions.SnsAction(told.pages))
        unwell = cloudwatch.CompositeAlarm(
            self,
            names.construct_id(symptom),
            composite_alarm_name=names.alarm_name(self._environment, symptom, self._agent),
            alarm_description=self._description(
                symptom, f"At least one alarm of {whose} that pages has gone off."
            ),
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(
                    cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM)
                    for alarm in (*outages, *self._of(Urgency.PAGE))
                ),
                *(cloudwatch.AlarmRule.from_string(f'ALARM("{name}")') for name in besides),
            ),
        )
        _page_until_over(unwell, told)
        return [one.alarm_arn for one in (unwell, *outages)]

    def _give_notice(self, told: Told) -> None:
        # Not of the end, which the dashboards show: a notice asks for no one's presence.
        for alarm in self._of(Urgency.NOTICE):
            alarm.add_alarm_action(actions.SnsAction(told.notices))

    def _of(self, urgency: Urgency) -> list[cloudwatch.Alarm]:
        return [self.all[one.symptom] for one in self._specs.values() if one.urgency is urgency]

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


def _in_words(seconds: int) -> tuple[int, str]:
    """How many of which unit: whole hours, or minutes."""
    return (seconds // HOUR, "hour") if seconds % HOUR == 0 else (seconds // MINUTE, "minute")


@cache
def _duration(seconds: int) -> Duration:
    return Duration.seconds(seconds)


def _page_until_over(alarm: cloudwatch.AlarmBase, told: Told) -> None:
    page = actions.SnsAction(told.pages)
    alarm.add_alarm_action(page)
    # That it is over is worth a mail too: nobody has to look whether it still is.
    alarm.add_ok_action(page)
