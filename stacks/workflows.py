"""The workflows stack: the function that runs workflows past one Lambda.

It is there where the settings name workflows that run so.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names
from stacks.bundling.provider import BundleProvider
from stacks.parts.durable_function import DurableFunction, function_arn
from stacks.parts.functions import code_of, logging_variables
from stacks.parts.network import Network, attachment
from stacks.parts.removal import removal_policy
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, AgentManifest
from tradewind.contracts.names import DURABLE, DurableEnvVar, EnvVar

#: What its bundle may have unzipped.
DURABLE_BUDGET_MB: Final = 60


class WorkflowsStack(Stack):
    """The durable function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        key: kms.IKey,
        bundles: BundleProvider,
        network: Network | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        runner = next((one for one in agents.values() if one.framework == RUNS_WORKFLOWS), None)
        if runner is None:
            raise SettingsError(
                "workflows.durable: their agents are asked through an agent that runs workflows, "
                "and there is none"
            )
        # By name, so that no stack waits for the other: the functions may come and go.
        functions = {
            agent: function_arn(self, names.live_function(settings.environment, agent))
            for agent in (runner.name, *runner.calls)
        }
        named = {agent: functions[agent] for agent in runner.calls}
        architecture = settings.functions.target_architecture
        function = DurableFunction(
            self,
            names.construct_id(DURABLE),
            function_name=names.function_name(settings.environment, DURABLE),
            log_group_name=names.log_group_name(settings.environment, DURABLE),
            code=code_of(bundles.core_bundle(DURABLE, architecture, DURABLE_BUDGET_MB)),
            architecture=architecture,
            workflows=settings.workflows,
            agents=[names.function_name(settings.environment, agent) for agent in functions],
            environment={
                EnvVar.ENVIRONMENT: settings.environment,
                DurableEnvVar.WORKFLOWS: ",".join(settings.workflows.durable),
                DurableEnvVar.WORKFLOW_FUNCTION: functions[runner.name],
                DurableEnvVar.AGENT_FUNCTIONS: json.dumps(named),
                **logging_variables(settings, DURABLE),
            },
            log_level=settings.log_level,
            attached=attachment(
                network, DURABLE, names.function_name(settings.environment, DURABLE)
            ),
            reserved_concurrency=settings.concurrency.cap(settings.concurrency.durable),
            queue_life_s=settings.api.queue_life_s,
            log_retention_days=settings.log_retention_days,
            key=key,
            removal_policy=removal_policy(settings),
        )
        CfnOutput(self, names.Output.DURABLE_FUNCTION, value=function.alias.function_arn)
