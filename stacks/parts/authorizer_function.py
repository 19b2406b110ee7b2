"""The function that says who a token lets in, with everything that is its own."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.parts.functions import function_logs, function_role, python_function
from stacks.parts.network import Attachment
from stacks.parts.statements import allow
from stacks.settings.function import Architecture
from tradewind.contracts.names import AUTHORIZER_HANDLER, LIVE_ALIAS

#: Two documents of the issuer, and its own start.
_TIMEOUT_S: Final = 15
_MEMORY_MB: Final = 512


class AuthorizerFunction(Construct):
    """Function, role, log group, and the live alias that API Gateway calls."""

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
            description="What the authorizer may do: write its log, and nothing in AWS.",
            log_group_arn=log_group.log_group_arn,
            attached=attached,
            policies={
                "Tracing": [allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"])]
            },
        )
        acknowledge_wildcard(role, "*", "X-Ray's write actions have no resource level.")
        function = python_function(
            self,
            function_name=function_name,
            description="Says who a token lets in to the REST API.",
            architecture=architecture,
            handler=AUTHORIZER_HANDLER,
            code=code,
            role=role.without_policy_updates(),
            memory_size=_MEMORY_MB,
            timeout=Duration.seconds(_TIMEOUT_S),
            reserved_concurrent_executions=reserved_concurrency,
            environment=environment,
            log_group=log_group,
            log_level=log_level,
            attached=attached,
            tracing=lambda_.Tracing.ACTIVE,
        )
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name=LIVE_ALIAS,
            version=function.current_version,
            # Whoever hands it an event, and waits for no answer, has that lost rather than late.
            retry_attempts=0,
            max_event_age=Duration.seconds(60),
        )
