"""The access log of the REST APIs, and what lets API Gateway write one."""

import json
from typing import Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.checks import acknowledge
from stacks.settings.retention import LOG_RETENTION

#: A line per request. Nothing of what was asked and answered, and not who asked: no body, no query
#: string, no identity; the path is the route's, without what a request put into it.
_ACCESS_LOG: Final = {
    "time": "$context.requestTimeEpoch",
    "request_id": "$context.requestId",
    "trace_id": "$context.xrayTraceId",
    "function_request_id": "$context.integration.requestId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "refused_as": "$context.error.responseType",
    "web_acl_status": "$context.waf.status",
    "response_bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "function_status": "$context.integration.status",
    "function_latency_ms": "$context.integration.latency",
}


class AccessLog(Construct):
    """A log group with a line per request.

    Attributes:
        destination: Its ARN as a stage takes it.
        format: What a line has.
        allowed: What has to be there before a stage may write.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        retention_days: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group = logs.LogGroup(
            self,
            "Lines",
            log_group_name=name,
            encryption_key=key,
            retention=logs.RetentionDays[LOG_RETENTION[retention_days]],
            removal_policy=removal_policy,
        )
        # API Gateway takes the ARN without the ":*" that stands for the streams.
        self.destination = Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.format = json.dumps(_ACCESS_LOG)
        self.allowed = self._allowed()

    def _allowed(self) -> Construct:
        """What lets API Gateway write logs at all: one setting of the account in this region.

        It stays when the stack goes, with its role: another environment's API may live on it.
        """
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            description="Lets API Gateway write logs, in the whole region.",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway refuses a role that holds less than this policy, which AWS made for it.",
        )
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        for one in (role, account):
            one.apply_removal_policy(RemovalPolicy.RETAIN)
        return account
