"""The AgentCore stack: the agents that AgentCore Runtime runs, and the functions that ask runtimes.

The app has it without any, too: what is taken out leaves with the next deployment, and the last
takes what is deployed of the stack along.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from stacks import names
from stacks.agents import AgentsStack
from stacks.bundling.provider import BundleProvider
from stacks.checks import acknowledge
from stacks.parts.agent_runtime import RUNTIME_NAME_LENGTH, AgentRuntime
from stacks.parts.removal import removal_policy
from stacks.parts.runtime_functions import add_runtime_functions
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.state import StateStack
from tradewind.contracts.agent_manifest import MANIFEST_FILE, AgentManifest


class AgentCoreStack(Stack):
    """Every agent whose manifest has ``agentcore``, and every runtime that the settings name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        state: StateStack,
        behind: AgentsStack,
        bundles: BundleProvider,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        arns: dict[str, str] = {}
        for agent, manifest in agents.items():
            if manifest.agentcore is None:
                continue
            function = settings.function(manifest)
            name = names.runtime_name(settings.environment, agent)
            _require_possible(agent, name, function.architecture)
            deployed = AgentRuntime(
                self,
                names.construct_id(agent),
                agent=manifest,
                protocol=manifest.agentcore,
                runtime_name=name,
                # The one that Lambda has.
                bundle=bundles.bundle(
                    manifest, function.target_architecture, function.bundle_budget_mb
                ),
                environment=behind.variables[agent],
                time_limit_s=function.timeout_s,
                sessions=settings.agentcore,
                log_retention_days=settings.log_retention_days,
                reach=behind.reach,
                removal_policy=removal_policy(settings),
            )
            arns[agent] = deployed.runtime.agent_runtime_arn
            # Inside the agent's own construct, whose name no other agent's can be.
            output = CfnOutput(deployed, "Arn", value=arns[agent])
            output.override_logical_id(names.runtime_arn_output(agent))
        add_runtime_functions(
            self,
            settings=settings,
            agents=agents,
            own=arns,
            state=state,
            behind=behind,
            bundles=bundles,
        )
        if not arns and not settings.runtimes:
            acknowledge(
                self,
                "CloudFormation-Validate::F0001",
                "CDK's command line does not deploy a stack of nothing, and deletes one that was.",
            )


def _require_possible(agent: str, name: str, architecture: str) -> None:
    """Refuse what AgentCore would.

    Raises:
        SettingsError: It takes neither another architecture nor such a name.
    """
    has_line = f"agents/{agent}/{MANIFEST_FILE} has `agentcore`"
    # ``native`` is for the embedded AWS, whose processes run on this machine.
    if architecture == "x86_64":
        raise SettingsError(
            f"agents.{agent}: architecture: {has_line}, and AgentCore Runtime runs arm64 alone"
        )
    if len(name) > RUNTIME_NAME_LENGTH:
        raise SettingsError(
            f"{has_line}, and the runtime's name would be {name}, which has {len(name)} "
            f"characters; AgentCore takes {RUNTIME_NAME_LENGTH}: shorten the agent's or the "
            "environment's"
        )
