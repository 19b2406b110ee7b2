"""Metrics as alarms and dashboards read them: plain values, free of CDK types.

A series is drawn by ``widgets`` and watched by ``alarms``. Each CDK object costs a round trip to
the CDK's Node process; a value costs none, so only alarms become CDK objects.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from stacks import names
from stacks.parts.reported import OVER_ALL, Reported
from tradewind.contracts.names import API, DURABLE, MCP, PROBE, SWEEP
from tradewind.telemetry.metric_names import (
    ALL_AGENTS,
    BY_AGENT,
    BY_MODEL,
    METRICS,
    NAMESPACE,
    Dimension,
    DimensionSet,
    MetricName,
)

MINUTE: Final = 60
FIVE_MINUTES: Final = 300
QUARTER_HOUR: Final = 900
HOUR: Final = 3600


@dataclass(frozen=True)
class MetricStat:
    """A statistic of a metric.

    Attributes:
        namespace: ``Tradewind``, or a service's such as ``AWS/Lambda``.
        name: The metric's.
        dimensions: Values by name; together they choose the metric.
        statistic: Such as ``Sum`` or ``p99``.
        period_s: Seconds that one value stands for.
        region: Where the metric is; None for the stack's own region.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period_s: int = FIVE_MINUTES
    region: str | None = None

    def at(self, statistic: str) -> "MetricStat":
        """Another statistic of the same metric."""
        return replace(self, statistic=statistic)

    def over(self, period_s: int) -> "MetricStat":
        """The same over periods of so many seconds."""
        return replace(self, period_s=period_s)


@dataclass(frozen=True)
class MathExpression:
    """Metric math.

    Attributes:
        expression: In CloudWatch's syntax, over the ids in ``metrics``.
        metrics: What each id stands for.
        period_s: Seconds that one value stands for; the metrics' too.
    """

    expression: str
    metrics: Mapping[str, MetricStat]
    period_s: int = FIVE_MINUTES

    def with_id_prefix(self, prefix: str) -> "MathExpression":
        """The same with other ids, which must differ between the expressions of a widget."""
        ids = re.compile(rf"\b({'|'.join(self.metrics)})\b")
        return MathExpression(
            ids.sub(rf"{prefix}\1", self.expression),
            {f"{prefix}{one}": metric for one, metric in self.metrics.items()},
            self.period_s,
        )


#: What a line shows and an alarm watches.
Series = MetricStat | MathExpression


@dataclass(frozen=True)
class AgentMetrics:
    """The metrics of one agent.

    Attributes:
        environment: The environment's name.
        agent: The agent's name.
    """

    environment: str
    agent: str

    def own(
        self, name: MetricName, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """One of ours."""
        return _ours(name, BY_AGENT, self.environment, statistic, period_s, Agent=self.agent)

    def reported(
        self, name: Reported, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """One made of Lambda's reports, which are written when an invocation has ended."""
        namespace = names.reported_namespace(self.environment, self.agent)
        return MetricStat(namespace, name, {}, statistic, period_s)

    def function(
        self, name: str, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """Lambda's own, for the agent's function."""
        dimensions = {"FunctionName": names.function_name(self.environment, self.agent)}
        return MetricStat("AWS/Lambda", name, dimensions, statistic, period_s)

    def of_live(self, name: str, statistic: str = "Sum") -> MetricStat:
        """Lambda's own, by the hour, for what came through `live`, whichever version served."""
        function = names.function_name(self.environment, self.agent)
        dimensions = {
            "FunctionName": function,
            "Resource": names.live_function(self.environment, self.agent),
        }
        return MetricStat("AWS/Lambda", name, dimensions, statistic, HOUR)

    def of_version(self, version: str, name: str, statistic: str = "Sum") -> MetricStat:
        """The same of one version alone."""
        every = self.of_live(name, statistic)
        return replace(every, dimensions={**every.dimensions, "ExecutedVersion": version})

    def dead_letters(self, name: str) -> MetricStat:
        """SQS's own, for the agent's dead-letter queue."""
        dimensions = {"QueueName": names.dead_letter_queue_name(self.environment, self.agent)}
        return MetricStat("AWS/SQS", name, dimensions, "Maximum")

    @property
    def version(self) -> MetricStat:
        """The version that served: a step is a deployment.

        It marks the moment when callers met the new code, which may be hours after the stack
        changed, and leaves the templates free of times of their own.
        """
        return self.own(MetricName.FUNCTION_VERSION, "Maximum")


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

    def agent(self, agent: str) -> AgentMetrics:
        """Those of an agent."""
        return AgentMetrics(self.environment, agent)

    def all_agents(self, name: MetricName, statistic: str = "Sum") -> MetricStat:
        """One of ours that is kept over all agents together."""
        return _ours(name, ALL_AGENTS, self.environment, statistic, FIVE_MINUTES)

    def reported_by_all(
        self, name: Reported, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """One made of Lambda's reports of all agents together."""
        if name not in OVER_ALL:
            raise ValueError(f"{name} is not kept over all agents")
        namespace = names.reported_namespace(self.environment)
        return MetricStat(namespace, name, {}, statistic, period_s)

    def reported_by_durable(
        self, name: Reported, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """One made of Lambda's reports of the durable function."""
        return self.agent(DURABLE).reported(name, statistic, period_s)

    def model(
        self, name: MetricName, statistic: str = "Sum", period_s: int = FIVE_MINUTES
    ) -> MetricStat:
        """One of ours for the model, over all agents."""
        return _ours(name, BY_MODEL, self.environment, statistic, period_s, ModelId=self.model_id)

    def bedrock(self, name: str, statistic: str = "Sum") -> MetricStat:
        """Bedrock's own, for the model. Counts every caller in the account."""
        dimensions = {"ModelId": self.model_id}
        return MetricStat("AWS/Bedrock", name, dimensions, statistic, region=self.model_region)

    def sweep(self, name: str, period_s: int = FIVE_MINUTES) -> MetricStat:
        """A sum of Lambda's own, for the sweep's function."""
        dimensions = {"FunctionName": names.function_name(self.environment, SWEEP)}
        return MetricStat("AWS/Lambda", name, dimensions, "Sum", period_s)

    def probe(self, name: str) -> MetricStat:
        """A sum of Lambda's own, for the probe's function."""
        dimensions = {"FunctionName": names.function_name(self.environment, PROBE)}
        return MetricStat("AWS/Lambda", name, dimensions, "Sum")

    def api(self, name: str, statistic: str = "Sum", period_s: int = FIVE_MINUTES) -> MetricStat:
        """Lambda's own, for the API's function."""
        dimensions = {"FunctionName": names.function_name(self.environment, API)}
        return MetricStat("AWS/Lambda", name, dimensions, statistic, period_s)

    def mcp(self, name: str, statistic: str = "Sum") -> MetricStat:
        """Lambda's own, for the MCP function."""
        dimensions = {"FunctionName": names.function_name(self.environment, MCP)}
        return MetricStat("AWS/Lambda", name, dimensions, statistic)

    def gateway(self, name: str, *, by_token: bool = False) -> MetricStat:
        """A sum of API Gateway's own: what it lets through, and what it refuses by itself.

        Args:
            name: The metric's.
            by_token: Of the API for those who hold tokens.
        """
        named = names.oidc_api_name if by_token else names.api_name
        dimensions = {"ApiName": named(self.environment), "Stage": names.API_STAGE}
        return MetricStat("AWS/ApiGateway", name, dimensions, "Sum")

    def of_all(self, name: str, series: Callable[[AgentMetrics], MetricStat]) -> MathExpression:
        """The sum of something over all agents: as short for a hundred of them as for one.

        Args:
            name: What the ids of its parts begin with, in lower case.
            series: What is added up of an agent.
        """
        return MathExpression(
            # An agent without requests has no value, which is a zero here.
            f'SUM(FILL(METRICS("{name}_"), 0))',
            # By number: a name may be part of an agent's.
            {
                f"{name}_{number}": series(self.agent(agent))
                for number, agent in enumerate(self.agents, 1)
            },
        )


def _ours(
    name: MetricName,
    kept_by: DimensionSet,
    environment: str,
    statistic: str,
    period_s: int,
    **values: str,
) -> MetricStat:
    if kept_by not in METRICS[name].sets_of(detailed=True):
        raise ValueError(f"{name} is not kept by {', '.join(kept_by)}")
    dimensions = {Dimension.ENVIRONMENT: environment, **values}
    return MetricStat(NAMESPACE, name, dimensions, statistic, period_s)
