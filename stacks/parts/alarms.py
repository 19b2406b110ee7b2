"""Alarms: on each agent, gathered in one that pages, and on the environment as a whole.

How missing data is taken:

- Most metrics say nothing when nothing happens, and nothing is no fault: not breaching.
- Init times exist only when a process starts. A slow init stays slow until a start has shown
  otherwise, so silence keeps the state: ignore.
- Where traffic is expected, silence is the fault: breaching.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import names
from stacks.parts.metrics import FIVE_MINUTES, Metrics, share_percent
from stacks.settings import AlarmSettings, FunctionSettings
from tradewind.telemetry.metric_names import MetricName

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUARTER_HOUR = Duration.minutes(15)
_HOUR = Duration.hours(1)

#: The alarm on an agent's other alarms.
UNWELL = "unwell"


@dataclass(frozen=True)
class Watch:
    """When an alarm goes off.

    Attributes:
        symptom: The end of its name, and its runbook's.
        summary: What it means, in a sentence or two.
        metric: What is watched.
        threshold: In the metric's unit.
        comparison: What the metric must be against the threshold to breach.
        periods: The periods looked at.
        breaching: How many of them must breach.
        missing: What a period without data counts as; see the module's text.
    """

    symptom: str
    summary: str
    metric: cloudwatch.IMetric
    threshold: float
    comparison: cloudwatch.ComparisonOperator = _ABOVE
    periods: int = 1
    breaching: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


def agent_watches(
    metrics: Metrics, agent: str, function: FunctionSettings, limits: AlarmSettings
) -> Iterable[Watch]:
    """What is watched on one agent."""
    yield Watch(
        "errors",
        f"More than {limits.error_percent:g} % of the requests failed by our fault.",
        # Lambda's own counts: a process that is killed prints no metrics of ours.
        share_percent(
            metrics.function(agent, "Errors", "Sum"),
            metrics.function(agent, "Invocations", "Sum"),
            label="failed requests, %",
            period=FIVE_MINUTES,
        ),
        limits.error_percent,
    )
    yield Watch(
        "throttles",
        "Lambda turned requests away: every instance that the function may have was busy.",
        metrics.function(agent, "Throttles", "Sum").metric(),
        0,
    )
    latency_ms = function.timeout_s * 1000 * limits.p99_percent_of_timeout / 100
    yield Watch(
        "latency",
        f"The slowest requests took more than {limits.p99_percent_of_timeout:g} % of the "
        f"timeout of {function.timeout_s} s.",
        metrics.function(agent, "Duration", "p99").metric(),
        latency_ms,
        # A single slow request is not yet a trend; one at its deadline has an alarm of its own.
        periods=3,
        breaching=2,
    )
    yield Watch(
        "cold-starts",
        f"More than {limits.cold_start_percent:g} % of the requests waited for a process to "
        f"start, of at least {limits.cold_start_min_requests} in 15 minutes.",
        cloudwatch.MathExpression(
            # Few requests are mostly cold, and nothing is wrong with that.
            expression=(
                f"IF(requests >= {limits.cold_start_min_requests}, 100 * cold / requests, 0)"
            ),
            using_metrics={
                "cold": metrics.agent(agent, MetricName.COLD_START, "Sum", _QUARTER_HOUR).metric(),
                "requests": metrics.agent(
                    agent, MetricName.INVOCATIONS, "Sum", _QUARTER_HOUR
                ).metric(),
            },
            label="cold requests, %",
            period=_QUARTER_HOUR,
        ),
        limits.cold_start_percent,
        # Traffic that rises, or a deployment, starts processes for one quarter of an hour.
        periods=2,
        breaching=2,
    )
    yield Watch(
        "init-time",
        f"Half of an hour's processes took more than {limits.init_time_ms} ms to start.",
        metrics.agent(agent, MetricName.INIT_TIME, "p50", _HOUR).metric(),
        limits.init_time_ms,
        missing=cloudwatch.TreatMissingData.IGNORE,
    )
    yield Watch(
        "deadline-stops",
        "Requests were stopped unfinished, shortly before the function's timeout.",
        metrics.agent(agent, MetricName.DEADLINE_STOPS, "Sum").metric(),
        0,
    )
    yield Watch(
        "dead-letters",
        "Asynchronous requests failed and wait in the dead-letter queue.",
        metrics.dead_letters(agent, "ApproximateNumberOfMessagesVisible").metric(),
        0,
    )
    if function.expect_traffic_within_h is not None:
        yield Watch(
            "no-traffic",
            f"No request came for {function.expect_traffic_within_h} hours, and some were "
            "expected.",
            metrics.function(agent, "Invocations", "Sum", _HOUR).metric(),
            1,
            comparison=_BELOW,
            periods=function.expect_traffic_within_h,
            breaching=function.expect_traffic_within_h,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )


def environment_watches(metrics: Metrics, limits: AlarmSettings) -> Iterable[Watch]:
    """What is watched over all agents: the model, which they share, and what it costs."""
    yield Watch(
        "bedrock-errors",
        f"More than {limits.bedrock_error_percent:g} % of the model calls failed, throttled "
        "ones aside.",
        cloudwatch.MathExpression(
            expression="100 * (errors - throttles) / calls",
            using_metrics={
                "errors": metrics.model(MetricName.MODEL_ERRORS, "Sum").metric(),
                "throttles": metrics.model(MetricName.MODEL_THROTTLES, "Sum").metric(),
                "calls": metrics.model(MetricName.MODEL_CALLS, "Sum").metric(),
            },
            label="failed model calls, %",
            period=FIVE_MINUTES,
        ),
        limits.bedrock_error_percent,
        # The retry layer carries a short disturbance; the agents' own alarms tell if it does not.
        periods=3,
        breaching=2,
    )
    yield Watch(
        "bedrock-throttles",
        f"More than {limits.bedrock_throttle_percent:g} % of the model calls were throttled.",
        share_percent(
            metrics.model(MetricName.MODEL_THROTTLES, "Sum"),
            metrics.model(MetricName.MODEL_CALLS, "Sum"),
            label="throttled model calls, %",
            period=FIVE_MINUTES,
        ),
        limits.bedrock_throttle_percent,
        periods=3,
        breaching=2,
    )
    yield Watch(
        "cost",
        f"The agents' tokens cost more than an estimated {limits.cost_usd_per_hour:g} US dollars "
        "in an hour.",
        metrics.model(MetricName.ESTIMATED_COST, "Sum", _HOUR).metric(),
        limits.cost_usd_per_hour,
    )


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
        watches: Iterable[Watch],
        runbook_url: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._agent = agent
        self._runbook_url = runbook_url
        self.all = {
            watch.symptom: cloudwatch.Alarm(
                self,
                names.construct_id(watch.symptom),
                alarm_name=names.alarm_name(environment, watch.symptom, agent),
                alarm_description=self._description(watch.symptom, watch.summary),
                metric=watch.metric,
                threshold=watch.threshold,
                comparison_operator=watch.comparison,
                evaluation_periods=watch.periods,
                datapoints_to_alarm=watch.breaching,
                treat_missing_data=watch.missing,
            )
            for watch in watches
        }

    def notify(self, topic: sns.ITopic) -> None:
        """Let every alarm page by itself."""
        for alarm in self.all.values():
            _notify(alarm, topic)

    def notify_as_one(self, topic: sns.ITopic) -> cloudwatch.CompositeAlarm:
        """Let one alarm page for all of them: an agent in trouble trips several at once."""
        unwell = cloudwatch.CompositeAlarm(
            self,
            names.construct_id(UNWELL),
            composite_alarm_name=names.alarm_name(self._environment, UNWELL, self._agent),
            alarm_description=self._description(
                UNWELL, f"At least one alarm of the {self._agent} agent has gone off."
            ),
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(
                    cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM)
                    for alarm in self.all.values()
                )
            ),
        )
        _notify(unwell, topic)
        return unwell

    def _description(self, symptom: str, summary: str) -> str:
        return f"{summary} Runbook: {runbook(symptom, self._runbook_url)}"


def runbook(symptom: str, url: str | None) -> str:
    """Where a symptom's runbook is: under ``url``, or in the repository."""
    file = f"docs/runbooks/{symptom}.md"
    return f"{url}/{file}" if url else file


def _notify(alarm: cloudwatch.AlarmBase, topic: sns.ITopic) -> None:
    alarm.add_alarm_action(actions.SnsAction(topic))
    # That it is over is worth a mail too: nobody has to look whether it still is.
    alarm.add_ok_action(actions.SnsAction(topic))
