"""One agent on AgentCore Runtime, with everything that is its own."""

from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import ArnFormat, AssetHashType, Duration, RemovalPolicy, Stack
from aws_cdk import aws_bedrockagentcore as agentcore
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.bundling.archive import Archive
from stacks.checks import acknowledge_wildcard
from stacks.parts.agent_role import AgentRole, Reach
from stacks.parts.functions import function_logs
from stacks.parts.statements import allow
from stacks.settings.agentcore import AgentCoreSettings
from tradewind.contracts.agent_manifest import AgentCoreProtocol, AgentManifest
from tradewind.contracts.names import AGENTCORE_ENTRY, LIVE_ALIAS, ServingEnvVar

#: AgentCore takes longer names than this from nobody.
RUNTIME_NAME_LENGTH: Final = 48
#: Where a session's storage is.
_STORAGE: Final = "/mnt/session"
#: Tells what is made for the runtime from what is made for the agent's function.
_PLACE: Final = "rt"
_LOGS: Final = "/aws/bedrock-agentcore/runtimes"


class AgentRuntime(Construct):
    """Runtime, role, log group, and the live endpoint that callers use."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        agent: AgentManifest,
        protocol: AgentCoreProtocol,
        runtime_name: str,
        bundle: Archive,
        environment: Mapping[str, str],
        time_limit_s: int,
        sessions: AgentCoreSettings,
        log_retention_days: int,
        reach: Reach,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        code = assets.Asset(
            self,
            "Code",
            path=str(bundle.path),
            asset_hash=bundle.sha256,
            asset_hash_type=AssetHashType.CUSTOM,
        )
        access = _role(self, agent, runtime_name, code, reach)
        self.runtime = agentcore.Runtime(
            self,
            "Runtime",
            runtime_name=runtime_name,
            description=agent.description,
            agent_runtime_artifact=agentcore.AgentRuntimeArtifact.from_s3(
                s3.Location(bucket_name=code.s3_bucket_name, object_key=code.s3_object_key),
                agentcore.AgentCoreRuntime.PYTHON_3_12,
                [AGENTCORE_ENTRY],
            ),
            protocol_configuration=(
                agentcore.ProtocolType.A2_A if protocol == "a2a" else agentcore.ProtocolType.HTTP
            ),
            execution_role=access.role,
            environment_variables={
                **environment,
                **(access.grants.variables if access.grants else {}),
                ServingEnvVar.TIME_LIMIT_S: str(time_limit_s),
                # As AgentCore's contract has it.
                ServingEnvVar.HOST: "0.0.0.0",  # noqa: S104
                **({ServingEnvVar.SESSION_STORAGE: _STORAGE} if sessions.session_storage else {}),
            },
            lifecycle_configuration=agentcore.LifecycleConfiguration(
                idle_runtime_session_timeout=Duration.seconds(sessions.idle_session_s),
                max_lifetime=Duration.seconds(sessions.max_session_s),
            ),
        )
        if access.grants is not None:
            self.runtime.node.add_dependency(access.grants)
        if sessions.session_storage:
            # The construct has no property for it.
            resource = cast("agentcore.CfnRuntime", self.runtime.node.default_child)
            resource.filesystem_configurations = [
                agentcore.CfnRuntime.FilesystemConfigurationProperty(
                    session_storage=agentcore.CfnRuntime.SessionStorageConfigurationProperty(
                        mount_path=_STORAGE
                    )
                )
            ]
        # AgentCore writes to the group of this name, and would make one that keeps all for ever.
        log_group = function_logs(
            self,
            name=f"{_LOGS}/{self.runtime.agent_runtime_id}-{LIVE_ALIAS}",
            key=reach.key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        self.endpoint = _live_endpoint(self, self.runtime, log_group)


def _live_endpoint(
    scope: Construct, runtime: agentcore.Runtime, log_group: logs.LogGroup
) -> agentcore.RuntimeEndpoint:
    """The endpoint that follows the newest version, made when its log has a place."""
    endpoint = agentcore.RuntimeEndpoint(
        scope,
        "Live",
        endpoint_name=LIVE_ALIAS,
        agent_runtime_id=runtime.agent_runtime_id,
        agent_runtime_version=runtime.agent_runtime_version,
    )
    endpoint.node.add_dependency(log_group)
    return endpoint


def _role(
    scope: Construct, agent: AgentManifest, runtime_name: str, code: assets.Asset, reach: Reach
) -> AgentRole:
    """What the agent's function may, and what a runtime needs because of where it runs."""
    stack = Stack.of(scope)
    # By its name while it is made, and then by its id, which begins with the name.
    runtimes = [
        stack.format_arn(service="bedrock-agentcore", resource="runtime", resource_name=one)
        for one in (runtime_name, f"{runtime_name}-*")
    ]
    directory = stack.format_arn(
        service="bedrock-agentcore", resource="workload-identity-directory", resource_name="default"
    )
    identities = f"{directory}/workload-identity/{runtime_name}-*"
    every_group, groups = (
        stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in ("*", f"{_LOGS}/{runtime_name}-*")
    )
    access = AgentRole(
        scope,
        "Access",
        agent=agent,
        assumed_by=iam.ServicePrincipal(
            "bedrock-agentcore.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": runtimes},
            },
        ),
        own={
            "Code": [allow(["s3:GetObject"], [code.bucket.arn_for_objects(code.s3_object_key)])],
            "Logs": [
                allow(["logs:DescribeLogGroups"], [every_group]),
                allow(["logs:CreateLogGroup", "logs:DescribeLogStreams"], [groups]),
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{groups}:log-stream:*"]),
            ],
            "Identity": [
                allow(
                    [
                        "bedrock-agentcore:GetWorkloadAccessToken",
                        "bedrock-agentcore:GetWorkloadAccessTokenForJWT",
                        "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
                    ],
                    [directory, identities],
                )
            ],
        },
        reach=reach,
        place=_PLACE,
    )
    for resource, reason in (
        (every_group, "AgentCore looks for its group among all; nothing can be read in them."),
        (groups, "AgentCore puts ten characters of its own behind a runtime's name."),
        (f"{groups}:log-stream:*", "AgentCore names the streams, and the end of the group."),
        (identities, "AgentCore puts ten characters of its own behind a runtime's name."),
    ):
        acknowledge_wildcard(access.created, resource, reason)
    return access
