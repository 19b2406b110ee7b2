"""Metrics as dashboards and alarms name them."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks import names
from tradewind.telemetry.metric_names import (
    ALL_AGENTS,
    BY_AGENT,
    BY_MODEL,
    BY_START,
    METRICS,
    NAMESPACE,
    Dimension,
    DimensionSet,
    MetricName,
    Start,
)

FIVE_MINUTES = Duration.minutes(5)


@dataclass(frozen=True)
class Reading:
    """A statistic of a metric, before it is given a label and a colour.

    Each CDK metric costs a round trip to the CDK's Node process, and so would each change of one;
    a reading costs none.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: Duration
    region: str | None = None

    def metric(self, label: str | None = None, colour: str | None = None) -> cloudwatch.Metric:
        """Return the CDK's metric."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=self.name,
            dimensions_map=dict(self.dimensions),
            statistic=self.statistic,
            period=self.period,
            region=self.region,
            label=label,
            color=colour,
        )


@dataclass(frozen=True)
class Metrics:
    """The metrics of one environment, ours and those of the services beneath.

    Attributes:
        environment: Its name.
        agents: Its agents, in the order of their work.
        model_id: The model that its agents call.
        model_region: Where they call it, and so where Bedrock's own metrics are.
    """

    environment: str
    agents: tuple[str, ...]
    model_id: str
    model_region: str

    def all_agents(
        self, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
    ) -> Reading:
        """One of ours over all agents together."""
        return self._ours(name, ALL_AGENTS, statistic, period)

    def agent(
        self, agent: str, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
    ) -> Reading:
        """One of ours for an agent."""
        return self._ours(name, BY_AGENT, statistic, period, Agent=agent)

    def start(self, agent: str, start: Start, name: MetricName, statistic: str) -> Reading:
        """One of ours for an agent's cold or its warm requests."""
        return self._ours(name, BY_START, statistic, FIVE_MINUTES, Agent=agent, Start=start)

    def model(self, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES) -> Reading:
        """One of ours for the model, over all agents."""
        return self._ours(name, BY_MODEL, statistic, period, ModelId=self.model_id)

    def function(
        self, agent: str, name: str, statistic: str, period: Duration = FIVE_MINUTES
    ) -> Reading:
        """Lambda's own, for an agent's function."""
        return Reading(
            namespace="AWS/Lambda",
            name=name,
            dimensions={"FunctionName": names.function_name(self.environment, agent)},
            statistic=statistic,
            period=period,
        )

    def dead_letters(self, agent: str, name: str) -> Reading:
        """SQS's own, for an agent's dead-letter queue."""
        return Reading(
            namespace="AWS/SQS",
            name=name,
            dimensions={"QueueName": names.dead_letter_queue_name(self.environment, agent)},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )

    def bedrock(self, name: str, statistic: str) -> Reading:
        """Bedrock's own, for the model. Counts every caller in the account."""
        return Reading(
            namespace="AWS/Bedrock",
            name=name,
            dimensions={"ModelId": self.model_id},
            statistic=statistic,
            period=FIVE_MINUTES,
            region=self.model_region,
        )

    def _ours(
        self,
        name: MetricName,
        dimensions: DimensionSet,
        statistic: str,
        period: Duration,
        **values: str,
    ) -> Reading:
        if dimensions not in METRICS[name].dimension_sets:
            raise ValueError(f"{name} is not kept by {', '.join(dimensions)}")
        return Reading(
            namespace=NAMESPACE,
            name=name,
            dimensions={Dimension.ENVIRONMENT: self.environment, **values},
            statistic=statistic,
            period=period,
        )


def share_percent(
    part: Reading,
    whole: Reading,
    *,
    label: str,
    period: Duration = FIVE_MINUTES,
    prefix: str = "",
) -> cloudwatch.MathExpression:
    """``part`` of ``whole`` in percent; no value where there is no whole.

    Args:
        part: A count.
        whole: A count.
        label: What the line is called.
        period: Of both.
        prefix: Begins the ids of the two, which must differ within a widget.
    """
    return cloudwatch.MathExpression(
        expression=f"100 * {prefix}part / {prefix}whole",
        using_metrics={f"{prefix}part": part.metric(), f"{prefix}whole": whole.metric()},
        label=label,
        period=period,
    )
