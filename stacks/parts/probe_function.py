"""The probe's Lambda function with everything that is its own.

CodeDeploy invokes it before a new version gets requests, and waits for what it reports.
"""

from collections.abc import Mapping
from typing import Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.parts.functions import function_logs, function_role, python_function
from stacks.parts.network import Attachment
from stacks.parts.statements import allow
from stacks.settings.function import Architecture
from tradewind.contracts.names import PROBE_HANDLER

#: What an agent's answer may take, a cold start included; CodeDeploy waits for an hour.
_TIMEOUT_S: Final = 300
_MEMORY_MB: Final = 512


class ProbeFunction(Construct):
    """Function, role and log group.

    It has no dead-letter queue: CodeDeploy hears of what fails, and goes back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_name: str,
        log_group_name: str,
        application: str,
        agents: Mapping[str, str],
        code: lambda_.Code,
        architecture: Architecture,
        environment: Mapping[str, str],
        log_level: str,
        attached: Attachment | None,
        reserved_concurrency: int | None,
        log_retention_days: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        """``agents`` are the names of the functions that it asks, by their deployment groups."""
        super().__init__(scope, construct_id)
        log_group = function_logs(
            self,
            name=log_group_name,
            key=key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        groups = [
            _arn(self, "codedeploy", "deploymentgroup", f"{application}/{group}")
            for group in agents
        ]
        versions = [_arn(self, "lambda", "function", f"{name}:*") for name in agents.values()]
        role = function_role(
            self,
            description="What the probe may do.",
            log_group_arn=log_group.log_group_arn,
            attached=attached,
            policies={
                "Deployments": [
                    allow(
                        [
                            "codedeploy:GetDeployment",
                            "codedeploy:PutLifecycleEventHookExecutionStatus",
                        ],
                        groups,
                    )
                ],
                "Versions": [allow(["lambda:InvokeFunction"], versions)],
            },
        )
        for arn in versions:
            acknowledge_wildcard(
                role, arn, "The version to ask is newer than this role; the function is not."
            )
        self.function = python_function(
            self,
            function_name=function_name,
            description="Asks a new version a question before it gets requests.",
            architecture=architecture,
            handler=PROBE_HANDLER,
            code=code,
            role=role.without_policy_updates(),
            memory_size=_MEMORY_MB,
            timeout=Duration.seconds(_TIMEOUT_S),
            reserved_concurrent_executions=reserved_concurrency,
            environment=environment,
            log_group=log_group,
            log_level=log_level,
            attached=attached,
            # A deployment that waits longer for it is waiting for nothing.
            max_event_age=Duration.minutes(10),
        )


def _arn(scope: Construct, service: str, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(
        service=service,
        resource=resource,
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
