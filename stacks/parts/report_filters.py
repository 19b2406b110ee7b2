"""The metric filters that make metrics of what Lambda reports in a function's log."""

from collections.abc import Collection

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import names
from stacks.parts.reported import OVER_ALL, REPORTED, Reported


class ReportFilters(Construct):
    """Those of one function's log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_group: logs.ILogGroup,
        environment: str,
        function: str,
        memory_mb: int,
        reported: Collection[Reported],
        is_agent: bool,
    ) -> None:
        """``reported`` is kept of the function by itself; of an agent, also over all agents."""
        super().__init__(scope, construct_id)
        own = names.reported_namespace(environment, function)
        kept = [(own, name) for name in reported]
        if is_agent:
            kept += [(names.reported_namespace(environment), name) for name in OVER_ALL]
        for namespace, name in kept:
            metric = REPORTED[name]
            logs.CfnMetricFilter(
                self,
                name if namespace == own else f"{name}OfAll",
                log_group_name=log_group.log_group_name,
                filter_pattern=metric.pattern(memory_mb),
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=namespace,
                        metric_name=name,
                        metric_value=metric.value or "1",
                        unit=metric.unit,
                    )
                ],
            )
