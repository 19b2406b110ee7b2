"""Instances of a function's live version that are kept started."""

from typing import cast

from aws_cdk import TimeZone
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_lambda as lambda_

from stacks.settings.provisioned import ProvisionedSettings


def keep_started(alias: lambda_.Alias, settings: ProvisionedSettings | None) -> None:
    """Keep instances of what an alias leads to started; None for none.

    A deployment begins again with ``instances``; what scales them goes on from there.
    """
    if settings is None:
        return
    resource = cast("lambda_.CfnAlias", alias.node.default_child)
    resource.provisioned_concurrency_config = (
        lambda_.CfnAlias.ProvisionedConcurrencyConfigurationProperty(
            provisioned_concurrent_executions=settings.instances
        )
    )
    if settings.most is None and not settings.schedule:
        return
    target = alias.add_auto_scaling(
        min_capacity=settings.instances, max_capacity=settings.most or settings.instances
    )
    if settings.most is not None:
        target.scale_on_utilization(utilization_target=settings.at_percent / 100)
    for number, change in enumerate(settings.schedule):
        target.scale_on_schedule(
            f"Change{number}",
            schedule=autoscaling.Schedule.expression(change.cron),
            time_zone=TimeZone.of(change.time_zone),
            min_capacity=change.instances,
            # Without a share of use to follow there are exactly so many.
            max_capacity=settings.most or change.instances,
        )
