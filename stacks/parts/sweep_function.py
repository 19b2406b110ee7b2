"""The sweep's Lambda function with everything that is its own, and its schedule."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.parts.functions import function_logs, function_role, python_function
from stacks.parts.network import Attachment
from stacks.parts.statements import allow, allow_key
from stacks.settings.function import Architecture
from tradewind.contracts.names import OPEN_INDEX, SWEEP_HANDLER

#: A record is settled at most so long after its deadline.
_EVERY_MINUTES: Final = 5
#: Thousands of records; what is left then is the next run's.
_TIMEOUT_S: Final = 60
_MEMORY_MB: Final = 512


class SweepFunction(Construct):
    """Function, role, log group and schedule.

    It has no dead-letter queue and is not repeated: its event says nothing, and the next run does
    whatever this one did not.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_name: str,
        log_group_name: str,
        code: lambda_.Code,
        architecture: Architecture,
        environment: Mapping[str, str],
        log_level: str,
        attached: Attachment | None,
        reserved_concurrency: int | None,
        log_retention_days: int,
        records_arn: str,
        sessions_arn: str,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = function_logs(
            self,
            name=log_group_name,
            key=key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        role = function_role(
            self,
            description="What the sweep may do.",
            log_group_arn=log_group.log_group_arn,
            attached=attached,
            policies={
                "Records": [
                    allow(["dynamodb:Query"], [f"{records_arn}/index/{OPEN_INDEX}"]),
                    allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [records_arn]),
                    # A record whose turn is in its conversation ends with the answer there.
                    allow(
                        ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                        [sessions_arn],
                    ),
                    allow_key(key, ["kms:Decrypt"], through=f"dynamodb.{Stack.of(self).region}"),
                ],
            },
        )
        function = python_function(
            self,
            function_name=function_name,
            description="Settles the records of requests whose function died.",
            architecture=architecture,
            handler=SWEEP_HANDLER,
            code=code,
            role=role.without_policy_updates(),
            memory_size=_MEMORY_MB,
            timeout=Duration.seconds(_TIMEOUT_S),
            reserved_concurrent_executions=reserved_concurrency,
            environment=environment,
            log_group=log_group,
            log_level=log_level,
            attached=attached,
            max_event_age=Duration.minutes(_EVERY_MINUTES),
            retry_attempts=0,
        )
        # The constructs that would make these load every kind of target there is.
        schedule = events.CfnRule(
            self,
            "Schedule",
            description="When the sweep runs.",
            schedule_expression=f"rate({_EVERY_MINUTES} minutes)",
            targets=[events.CfnRule.TargetProperty(arn=function.function_arn, id="Sweep")],
        )
        lambda_.CfnPermission(
            self,
            "ScheduleMayInvoke",
            action="lambda:InvokeFunction",
            function_name=function.function_name,
            principal="events.amazonaws.com",
            source_arn=schedule.attr_arn,
        )
