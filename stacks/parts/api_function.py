"""A function behind the REST API, with everything that is its own: the API's, and that of MCP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.parts.functions import function_logs, function_role, python_function
from stacks.parts.network import Attachment
from stacks.parts.statements import allow, allow_key
from stacks.settings.function import Architecture
from tradewind.contracts.names import LIVE_ALIAS, agent_files

#: API Gateway's patience is 29 s, and what came too late for it may still write its record.
_TIMEOUT_S: Final = 30
#: It waits for others most of the time; this much has the CPU to start quickly.
_MEMORY_MB: Final = 1024


@dataclass(frozen=True)
class ApiReach:
    """What such a function works with.

    Attributes:
        artifacts_arn: The bucket whose files it reads, or makes links to.
        records_arn: The table of invocation records.
        sessions_arn: The table of conversations.
        budgets_arn: The table of what principals spend.
        key: Encrypts all of them.
        agents: The agents' names.
        live_functions: What it invokes: the agents' functions, each by its live alias.
        deletes_sessions: Whether it deletes conversations.
        lists_models: Whether it tells the models there are.
    """

    artifacts_arn: str
    records_arn: str
    sessions_arn: str
    budgets_arn: str
    key: kms.IKey
    agents: Sequence[str]
    live_functions: Sequence[str]
    deletes_sessions: bool
    lists_models: bool


class ApiFunction(Construct):
    """Function, role, log group, and the live alias that API Gateway calls."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_name: str,
        description: str,
        handler: str,
        log_group_name: str,
        code: lambda_.Code,
        architecture: Architecture,
        environment: Mapping[str, str],
        log_level: str,
        attached: Attachment | None,
        log_retention_days: int,
        reserved_concurrency: int | None,
        reach: ApiReach,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = function_logs(
            self,
            name=log_group_name,
            key=reach.key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        function = python_function(
            self,
            function_name=function_name,
            description=description,
            architecture=architecture,
            handler=handler,
            code=code,
            role=_role(self, log_group.log_group_arn, reach, attached),
            memory_size=_MEMORY_MB,
            timeout=Duration.seconds(_TIMEOUT_S),
            reserved_concurrent_executions=reserved_concurrency,
            environment=environment,
            log_group=log_group,
            log_level=log_level,
            attached=attached,
            # Lambda's own segments; nothing is imported for it.
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


def _role(
    scope: Construct, log_group_arn: str, reach: ApiReach, attached: Attachment | None
) -> iam.IRole:
    """What it may do."""
    stack = Stack.of(scope)
    files = [f"{reach.artifacts_arn}/{agent_files(agent)}" for agent in reach.agents]
    invoked = [
        stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in reach.live_functions
    ]
    policies = {
        "Tracing": [allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"])],
        "Agents": [allow(["lambda:InvokeFunction"], invoked)],
        "Records": [
            allow(
                ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                [reach.records_arn],
            ),
            # DynamoDB opens the tables' own key on the caller's behalf.
            allow_key(reach.key, ["kms:Decrypt"], through=f"dynamodb.{stack.region}"),
        ],
        # Who meets a record without an end looks whether its turn is in its conversation.
        "Sessions": [
            allow(
                ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], [reach.sessions_arn]
            ),
        ],
        "Budgets": [allow(["dynamodb:GetItem"], [reach.budgets_arn])],
        # For links that people follow, and for who serves MCP to read them itself.
        "Artifacts": [
            allow(["s3:GetObject"], files),
            allow_key(reach.key, ["kms:Decrypt"], through=f"s3.{stack.region}"),
        ],
    }
    if reach.deletes_sessions:
        policies["Sessions"].append(allow(["dynamodb:DeleteItem"], [reach.sessions_arn]))
    if reach.lists_models:
        policies["Models"] = [
            allow(["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"], ["*"])
        ]
    role = function_role(
        scope,
        description="What this function of the API's may do.",
        log_group_arn=log_group_arn,
        policies=policies,
        attached=attached,
    )
    acknowledge_wildcard(
        role, "*", "X-Ray's write actions and Bedrock's lists have no resource level."
    )
    for one in files:
        acknowledge_wildcard(
            role, one, "Projects and file names are chosen at run time; the agents are not."
        )
    return role.without_policy_updates()
