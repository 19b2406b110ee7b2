"""The agents stack: a function per agent, what sweeps up after them, and how they are deployed."""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from stacks import names
from stacks.bundling.provider import BundleProvider
from stacks.parts.agent_function import AgentFunction
from stacks.parts.agent_role import Reach
from stacks.parts.agent_variables import agent_variables
from stacks.parts.data_table import DataTable
from stacks.parts.deployments import Deployments
from stacks.parts.functions import code_of, logging_variables
from stacks.parts.gradual_deployment import GradualDeployment
from stacks.parts.network import Network, attachment
from stacks.parts.probe_function import ProbeFunction
from stacks.parts.removal import removal_policy
from stacks.parts.sweep_function import SweepFunction
from stacks.settings.concurrency import SWEEP_CAP
from stacks.settings.environment import Settings
from stacks.state import StateStack
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import (
    LOG_ENTRY,
    LOG_KEY,
    LOG_TTL,
    PROBE,
    SWEEP,
    EnvVar,
    OptionalEnvVar,
    ProbeEnvVar,
)

#: What the sweep's bundle may have unzipped: it starts in seconds of a small function's CPU.
SWEEP_BUDGET_MB: Final = 50
PROBE_BUDGET_MB: Final = 50


class AgentsStack(Stack):
    """Every agent there is, the sweep and, where deployments are gradual, the probe.

    Attributes:
        reach: What the agents' functions share.
        network: The VPC they are in; None for none.
        log_variables: How such a function finds the log of requests; empty where none is kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        state: StateStack,
        bundles: BundleProvider,
        network: Network | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.network = network
        self.log_variables = log_variables = dict[str, str]()
        log_arn = None
        if settings.request_log is not None:
            # Here and not in the state stack: what another stack imports could not be switched off.
            log = DataTable(
                self,
                "RequestLog",
                partition_key=LOG_KEY,
                sort_key=LOG_ENTRY,
                time_to_live=LOG_TTL,
                key=state.key,
                deletion_protection=settings.keep_data,
                removal_policy=removal_policy(settings),
            ).table
            log_arn = log.table_arn
            log_variables |= {
                OptionalEnvVar.REQUEST_LOG_TABLE: log.table_name,
                OptionalEnvVar.REQUEST_LOG_DAYS: str(settings.request_log.retention_days),
            }
            CfnOutput(self, names.Output.REQUEST_LOG_TABLE, value=log.table_name)
        #: What agents' processes are told, by agent, wherever they run.
        self.variables = {
            agent: {**agent_variables(settings, state, manifest, agents), **log_variables}
            for agent, manifest in agents.items()
        }
        #: What they may reach.
        self.reach = reach = Reach(
            # Exported by name here, so that findings on it can be acknowledged by name.
            artifacts_arn=state.export_value(state.artifacts.bucket_arn),
            records_arn=state.records.table_arn,
            sessions_arn=state.sessions.table_arn,
            budgets_arn=state.budgets.table_arn,
            request_log_arn=log_arn,
            key=state.key,
            models=settings.model,
            environment=settings.environment,
            workflows_in_bucket=settings.workflows.in_bucket,
        )
        functions: dict[str, AgentFunction] = {}
        for agent, manifest in agents.items():
            function = settings.function(manifest)
            bundle = bundles.bundle(
                manifest, function.target_architecture, function.bundle_budget_mb
            )
            functions[agent] = AgentFunction(
                self,
                names.construct_id(agent),
                agent=manifest,
                settings=settings,
                code=code_of(bundle),
                variables=self.variables[agent],
                reach=reach,
                network=network,
            )

        architecture = settings.functions.target_architecture
        SweepFunction(
            self,
            names.construct_id(SWEEP),
            function_name=names.function_name(settings.environment, SWEEP),
            log_group_name=names.log_group_name(settings.environment, SWEEP),
            code=code_of(bundles.core_bundle(SWEEP, architecture, SWEEP_BUDGET_MB)),
            architecture=architecture,
            environment={
                EnvVar.ENVIRONMENT: settings.environment,
                EnvVar.RECORDS_TABLE: state.records.table_name,
                EnvVar.SESSIONS_TABLE: state.sessions.table_name,
                EnvVar.SESSION_TTL_DAYS: str(settings.session_ttl_days),
                **logging_variables(settings, SWEEP),
            },
            log_level=settings.log_level,
            attached=attachment(network, SWEEP, names.function_name(settings.environment, SWEEP)),
            reserved_concurrency=settings.concurrency.cap(SWEEP_CAP),
            log_retention_days=settings.log_retention_days,
            records_arn=reach.records_arn,
            sessions_arn=reach.sessions_arn,
            key=reach.key,
            removal_policy=removal_policy(settings),
        )
        if settings.deployment.gradual:
            self._deploy_gradually(settings, agents, functions, bundles)

    def _deploy_gradually(
        self,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        functions: Mapping[str, AgentFunction],
        bundles: BundleProvider,
    ) -> None:
        """Leave it to CodeDeploy to move the agents' aliases, and watch the new versions."""
        environment = settings.environment
        application = names.deployment_application(environment)
        named = {agent: names.function_name(environment, agent) for agent in functions}
        architecture = settings.functions.target_architecture
        probe = ProbeFunction(
            self,
            names.construct_id(PROBE),
            function_name=names.function_name(environment, PROBE),
            log_group_name=names.log_group_name(environment, PROBE),
            application=application,
            agents=named,
            code=code_of(bundles.core_bundle(PROBE, architecture, PROBE_BUDGET_MB)),
            architecture=architecture,
            environment={
                EnvVar.ENVIRONMENT: environment,
                ProbeEnvVar.VERSIONS: self.to_json_string(
                    {
                        agent: one.function.current_version.version
                        for agent, one in functions.items()
                    }
                ),
                **logging_variables(settings, PROBE),
            },
            log_level=settings.log_level,
            attached=attachment(self.network, PROBE, names.function_name(environment, PROBE)),
            # Each agent's deployment asks it once.
            reserved_concurrency=settings.concurrency.cap(len(functions)),
            log_retention_days=settings.log_retention_days,
            key=self.reach.key,
            removal_policy=removal_policy(settings),
        )
        deployments = Deployments(
            self,
            "Deployments",
            application=application,
            settings=settings.deployment,
            functions=list(named.values()),
            probe=names.function_name(environment, PROBE),
        )
        for agent, function in functions.items():
            GradualDeployment(
                function,
                "Deployment",
                agent=agent,
                function=function,
                settings=settings,
                deployments=deployments,
                probe=probe,
            )
