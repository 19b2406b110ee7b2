"""Metrics as dashboards and alarms name them."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks import names
from tradewind.contracts.names import AgentName
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
class Metrics:
    """The metrics of one environment, ours and those of the services beneath.

    Attributes:
        environment: Its name.
        model_id: The model that its agents call.
        model_region: Where they call it, and so where Bedrock's own metrics are.
    """

    environment: str
    model_id: str
    model_region: str

    def all_agents(
        self, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """One of ours over all agents together."""
        return self._ours(name, ALL_AGENTS, statistic, period)

    def agent(
        self, agent: AgentName, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """One of ours for an agent."""
        return self._ours(name, BY_AGENT, statistic, period, Agent=agent)

    def start(
        self, agent: AgentName, start: Start, name: MetricName, statistic: str
    ) -> cloudwatch.Metric:
        """One of ours for an agent's cold or its warm requests."""
        return self._ours(name, BY_START, statistic, FIVE_MINUTES, Agent=agent, Start=start)

    def model(
        self, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """One of ours for the model, over all agents."""
        return self._ours(name, BY_MODEL, statistic, period, ModelId=self.model_id)

    def function(
        self, agent: AgentName, name: str, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """Lambda's own, for an agent's function."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=name,
            dimensions_map={"FunctionName": names.function_name(self.environment, agent)},
            statistic=statistic,
            period=period,
        )

    def dead_letters(self, agent: AgentName, name: str) -> cloudwatch.Metric:
        """SQS's own, for an agent's dead-letter queue."""
        return cloudwatch.Metric(
            namespace="AWS/SQS",
            metric_name=name,
            dimensions_map={"QueueName": names.dead_letter_queue_name(self.environment, agent)},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )

    def bedrock(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Bedrock's own, for the model. Counts every caller in the account."""
        return cloudwatch.Metric(
            namespace="AWS/Bedrock",
            metric_name=name,
            dimensions_map={"ModelId": self.model_id},
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
    ) -> cloudwatch.Metric:
        if dimensions not in METRICS[name].dimension_sets:
            raise ValueError(f"{name} is not kept by {', '.join(dimensions)}")
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={Dimension.ENVIRONMENT: self.environment, **values},
            statistic=statistic,
            period=period,
        )


def share_percent(
    part: cloudwatch.IMetric,
    whole: cloudwatch.IMetric,
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
        using_metrics={f"{prefix}part": part, f"{prefix}whole": whole},
        label=label,
        period=period,
    )
