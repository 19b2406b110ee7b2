"""An agent's role: the actions its process performs, on the resources it touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.names import live_function
from stacks.parts.functions import service_role
from stacks.parts.model_grants import ModelGrants
from stacks.parts.runtime_access import RuntimeAccess
from stacks.parts.statements import allow, allow_key
from stacks.settings.model import ModelSettings
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, AgentManifest
from tradewind.contracts.names import WORKFLOWS_PREFIX, agent_files, agent_keys


@dataclass(frozen=True)
class Reach:
    """The resources that agent functions share.

    Attributes:
        artifacts_arn: The bucket; each agent writes under its own name, reads under its sources'.
        records_arn: The table of invocation records.
        sessions_arn: The table of conversations.
        budgets_arn: The table of what principals spend.
        request_log_arn: The table of requests and answers; None where no such log is kept.
        key: Encrypts all of them.
        environment: The environment's name, which functions' names have in them.
        workflows_in_bucket: Whether workflows are read from the bucket, too.
        models: The model that agents call, and those whose grants they keep.
    """

    artifacts_arn: str
    records_arn: str
    sessions_arn: str
    budgets_arn: str
    request_log_arn: str | None
    key: kms.IKey
    models: ModelSettings
    environment: str
    workflows_in_bucket: bool = False


class AgentRole(Construct):
    """The role of one agent's process; nothing is added to it by a construct's own grants.

    Args:
        scope: Where it is.
        construct_id: Its id.
        agent: Whose it is.
        assumed_by: The service that runs the process.
        own: What the process may besides because of where it runs, such as to write its log.
        reach: What agents share.
        runtime: The runtime elsewhere that does the agent's work; without it, a model does.
        place: See ``ModelGrants``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        agent: AgentManifest,
        assumed_by: iam.IPrincipal,
        own: Mapping[str, Sequence[iam.PolicyStatement]],
        reach: Reach,
        runtime: RuntimeAccess | None = None,
        place: str = "",
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        read = sorted({agent.name, *agent.reads_from})
        written_files = f"{reach.artifacts_arn}/{agent_files(agent.name)}"
        read_files = [f"{reach.artifacts_arn}/{agent_files(name)}" for name in read]
        # Without a key "all values" would hold, so there has to be one.
        own_items: dict[str, dict[str, str | list[str]]] = {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [agent_keys(agent.name)]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }

        policies = {
            **own,
            "Tracing": [allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"])],
            "Records": [
                allow(
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    [reach.records_arn],
                    own_items,
                ),
                # DynamoDB opens the tables' own key on the caller's behalf.
                allow_key(reach.key, ["kms:Decrypt"], through=f"dynamodb.{stack.region}"),
            ],
            "Sessions": [
                allow(
                    [
                        "dynamodb:GetItem",
                        "dynamodb:PutItem",
                        "dynamodb:Query",
                        "dynamodb:UpdateItem",
                    ],
                    [reach.sessions_arn],
                ),
            ],
            "Budgets": [allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [reach.budgets_arn])],
            "Artifacts": [
                allow(["s3:PutObject"], [written_files]),
                allow(["s3:GetObject"], read_files),
                # How the handler tells an artifact that is missing from one it may not read.
                allow(
                    ["s3:ListBucket"],
                    [reach.artifacts_arn],
                    {"StringLike": {"s3:prefix": [agent_files(name) for name in read]}},
                ),
                allow_key(
                    reach.key, ["kms:Decrypt", "kms:GenerateDataKey"], through=f"s3.{stack.region}"
                ),
            ],
        }
        if runtime is not None:
            policies["Runtime"] = [runtime.statement()]
        if reach.request_log_arn is not None:
            # Written and never read: nobody's question is in reach of another's agent.
            policies["RequestLog"] = [
                allow(["dynamodb:PutItem"], [reach.request_log_arn], own_items)
            ]
        if agent.calls:
            policies["Agents"] = [
                allow(["lambda:InvokeFunction"], _functions_of(stack, agent, reach))
            ]
        workflows = f"{reach.artifacts_arn}/{WORKFLOWS_PREFIX}*"
        reads_workflows = agent.framework == RUNS_WORKFLOWS and reach.workflows_in_bucket
        if reads_workflows:
            # Who may write there decides what this role is used for.
            policies["Workflows"] = [
                allow(["s3:GetObject"], [workflows]),
                # How one that is missing is told from one that may not be read.
                allow(
                    ["s3:ListBucket"],
                    [reach.artifacts_arn],
                    {"StringLike": {"s3:prefix": [f"{WORKFLOWS_PREFIX}*"]}},
                ),
            ]
        reached = [
            (extra, [_filled(stack, resource) for resource in extra.resources])
            for extra in agent.reach
        ]
        if reached:
            policies["Reach"] = [allow(extra.actions, resources) for extra, resources in reached]
        role = service_role(
            self,
            assumed_by=assumed_by,
            description=f"What the {agent.name} agent may do.",
            policies=policies,
        )
        acknowledge_wildcard(role, "*", "X-Ray's write actions have no resource level.")
        for files in read_files:
            acknowledge_wildcard(
                role, files, "Projects and file names are chosen at run time; the agent's are not."
            )
        if reads_workflows:
            acknowledge_wildcard(role, workflows, "A workflow is asked for by its name.")
        for extra, resources in reached:
            for resource in resources:
                if "*" in resource:
                    acknowledge_wildcard(role, resource, str(extra.reason))
        #: What findings on it are acknowledged on.
        self.created = role
        self.role = role.without_policy_updates()
        #: What it may call of models; None where a runtime elsewhere does the work.
        self.grants = (
            ModelGrants(
                self,
                "Models",
                role=role,
                agent=agent.name,
                place=place,
                environment=reach.environment,
                models=reach.models,
            )
            if runtime is None
            else None
        )


def _filled(stack: Stack, arn: str) -> str:
    """An ARN of a manifest, with the deployment's partition, region and account."""
    return arn.format(partition=stack.partition, region=stack.region, account=stack.account)


def _functions_of(stack: Stack, agent: AgentManifest, reach: Reach) -> list[str]:
    """The functions of the agents that its workflows may ask by name, as callers use them."""
    return [
        stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=live_function(reach.environment, name),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in agent.calls
    ]
