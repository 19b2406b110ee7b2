"""The durable function with everything that is its own: it runs workflows past one Lambda."""

from collections.abc import Collection, Mapping
from typing import Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.parts.functions import function_logs, function_role, python_function
from stacks.parts.network import Attachment
from stacks.parts.report_filters import ReportFilters
from stacks.parts.reported import Reported
from stacks.parts.statements import allow
from stacks.settings.function import Architecture
from stacks.settings.workflow import WorkflowSettings
from tradewind.contracts.names import DURABLE, DURABLE_HANDLER, LIVE_ALIAS, EnvVar

#: An invocation goes through the history and asks for what is next; it waits for no agent.
_TIMEOUT_S: Final = 120
_MEMORY_MB: Final = 1024


def function_arn(stack: Stack, name: str) -> str:
    """The ARN of a function by its name, whichever stack it is in."""
    return stack.format_arn(
        service="lambda",
        resource="function",
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


class DurableFunction(Construct):
    """Function, role, log group, and the live alias that runs are started by.

    A run stays on the version that it began on, so that its code and its workflow file are the
    same in each of its invocations: versions are kept when a newer one is deployed.
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
        workflows: WorkflowSettings,
        agents: Collection[str],
        environment: Mapping[str, str],
        log_level: str,
        attached: Attachment | None,
        reserved_concurrency: int | None,
        queue_life_s: int,
        log_retention_days: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        """``agents`` are the names of the functions that it may invoke.

        A run waits ``queue_life_s`` seconds at most until it begins.
        """
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        log_group = function_logs(
            self,
            name=log_group_name,
            key=key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        ReportFilters(
            self,
            "Reports",
            log_group=log_group,
            environment=environment[EnvVar.ENVIRONMENT],
            function=DURABLE,
            memory_mb=_MEMORY_MB,
            reported=[Reported.FAILURES],
            is_agent=False,
        )
        # By name: a policy with the function's own ARN would wait for it, and it for the policy.
        executions = f"{function_arn(stack, function_name)}:*"
        # An alias stands for a version, which the service may ask for instead.
        called = [f"{function_arn(stack, name)}:*" for name in sorted(agents)]
        role = function_role(
            self,
            description="What the durable function may do.",
            log_group_arn=log_group.log_group_arn,
            attached=attached,
            policies={
                "Executions": [
                    allow(
                        ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
                        [executions],
                    )
                ],
                # The service invokes them in its name.
                "Agents": [allow(["lambda:InvokeFunction"], called)],
            },
        )
        acknowledge_wildcard(
            role,
            executions,
            "An execution's ARN has the version and an id, which nobody knows yet.",
        )
        for arn in called:
            acknowledge_wildcard(role, arn, "Versions of one agent's function, and no other's.")
        self.function = python_function(
            self,
            function_name=function_name,
            description="Runs workflows past one Lambda.",
            architecture=architecture,
            handler=DURABLE_HANDLER,
            code=code,
            role=role.without_policy_updates(),
            memory_size=_MEMORY_MB,
            timeout=Duration.seconds(_TIMEOUT_S),
            reserved_concurrent_executions=reserved_concurrency,
            environment=environment,
            log_group=log_group,
            log_level=log_level,
            attached=attached,
            runtime=lambda_.Runtime.PYTHON_3_13,
            durable_config=lambda_.DurableConfig(
                execution_timeout=Duration.days(workflows.execution_days),
                retention_period=Duration.days(workflows.retention_days),
            ),
        )
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name=LIVE_ALIAS,
            version=self.function.current_version,
            # A run that could not begin in time is not begun when nobody waits for it any more.
            retry_attempts=0,
            max_event_age=Duration.seconds(queue_life_s),
        )
