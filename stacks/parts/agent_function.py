"""One agent's Lambda function with everything that is its own."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import names
from stacks.checks import acknowledge
from stacks.parts.agent_role import AgentRole, Reach
from stacks.parts.functions import function_logs, own_log, python_function
from stacks.parts.network import Network, attachment, policies_of
from stacks.parts.provisioned import keep_started
from stacks.parts.removal import removal_policy
from stacks.parts.report_filters import ReportFilters
from stacks.parts.reported import Reported
from stacks.parts.runtime_access import RuntimeAccess
from stacks.parts.statements import allow
from stacks.settings.environment import Settings
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import AGENT_HANDLER, LIVE_ALIAS, OptionalEnvVar


class AgentFunction(Construct):
    """Function, role, log group, dead-letter queue, and the live alias callers use."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        agent: AgentManifest,
        settings: Settings,
        code: lambda_.Code,
        variables: Mapping[str, str],
        reach: Reach,
        network: Network | None,
        runtime: RuntimeAccess | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        function = settings.function(agent)
        log_group = function_logs(
            self,
            name=names.log_group_name(settings.environment, agent.name),
            key=reach.key,
            retention_days=settings.log_retention_days,
            removal_policy=removal_policy(settings),
        )
        ReportFilters(
            self,
            "Reports",
            log_group=log_group,
            environment=settings.environment,
            function=agent.name,
            memory_mb=function.memory_mb,
            # What starts from no snapshot is never restored.
            reported=[
                name for name in Reported if settings.snap_start or name != Reported.RESTORES
            ],
            is_agent=True,
        )
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=names.dead_letter_queue_name(settings.environment, agent.name),
            # Its own encryption: a customer-managed key would need one more grant in the role.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal_policy(settings),
        )
        function_name = names.function_name(settings.environment, agent.name)
        attached = attachment(network, agent.name, function_name)
        access = AgentRole(
            self,
            "Access",
            agent=agent,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            own={
                "Logs": [own_log(log_group.log_group_arn)],
                "DeadLetters": [allow(["sqs:SendMessage"], [self.dead_letters.queue_arn])],
                **policies_of(attached, self),
            },
            reach=reach,
            runtime=runtime,
        )
        if attached is not None:
            attached.acknowledge(access.created)
        self.function = python_function(
            self,
            function_name=function_name,
            description=agent.description,
            architecture=function.target_architecture,
            handler=AGENT_HANDLER,
            code=code,
            role=access.role,
            memory_size=function.memory_mb,
            timeout=Duration.seconds(function.timeout_s),
            reserved_concurrent_executions=settings.concurrency.cap(function.reserved_concurrency),
            # The API leads streams to each agent.
            environment={
                **variables,
                **(access.grants.variables if access.grants else {}),
                OptionalEnvVar.STREAMING: "1",
            },
            log_group=log_group,
            log_level=settings.log_level,
            attached=attached,
            # Lambda's own segments; nothing is imported for it.
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=self.dead_letters,
            snap_start=(
                lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if settings.snap_start else None
            ),
        )
        if access.grants is not None:
            # Its versions too: the alias moves before what a former model needed is removed.
            self.function.node.add_dependency(access.grants)
        if settings.snap_start:
            acknowledge(
                self.function,
                "@aws-cdk/aws-lambda:snapStartRequirePublish",
                "Callers use an alias of a published version, and that starts from a snapshot.",
            )
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name=LIVE_ALIAS,
            version=self.function.current_version,
            # A request is not safe to repeat unasked: it costs tokens and writes artifacts.
            retry_attempts=0,
            max_event_age=Duration.seconds(settings.api.queue_life_s),
        )
        if (held := settings.deployment.hold.get(agent.name)) is not None:
            alias = self.alias.node.default_child
            assert isinstance(alias, lambda_.CfnAlias)  # noqa: S101  it is what an Alias makes
            alias.function_version = str(held)
        keep_started(self.alias, settings.provisioned.get(agent.name))
        # Inside the agent's own construct, whose name no other agent's can be.
        output = CfnOutput(self, "Arn", value=self.alias.function_arn)
        output.override_logical_id(names.agent_arn_output(agent.name))
