"""A function for each runtime of AgentCore that the settings name.

To everybody else such a function is an agent's: its records, answers, streams, conversations and
budgets are those that every agent has. Its work is a call of the runtime.
"""

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import Stack

from stacks import names
from stacks.agents import AgentsStack
from stacks.bundling.provider import BundleProvider
from stacks.parts.agent_function import AgentFunction
from stacks.parts.agent_variables import agent_variables
from stacks.parts.functions import code_of
from stacks.parts.runtime_access import RuntimeAccess
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.state import StateStack
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import RUNTIME, OptionalEnvVar

#: The protocol that is spoken here; a runtime that serves another is not understood.
_ASKED_BY: Final = "http"


def add_runtime_functions(
    stack: Stack,
    *,
    settings: Settings,
    agents: Mapping[str, AgentManifest],
    own: Mapping[str, str],
    state: StateStack,
    behind: AgentsStack,
    bundles: BundleProvider,
) -> None:
    """Put them into a stack.

    Args:
        stack: That of the runtimes that this app deploys: an export between two stacks would keep
            a runtime from leaving with the setting that names it.
        settings: Of the environment.
        agents: Every agent, those that are runtimes included.
        own: The ARNs of the runtimes that this app deploys, by the agents' names.
        state: Where data is.
        behind: The agents; what their functions share, these have, too.
        bundles: Makes the bundle.

    Raises:
        SettingsError: A runtime is said to be one of this app's, and is not.
    """
    for name, runtime in settings.runtimes.items():
        if runtime.agent is not None and agents[runtime.agent].agentcore != _ASKED_BY:
            raise SettingsError(
                f"runtimes.{name}.agent: {runtime.agent} is not deployed to AgentCore to be "
                f'asked over HTTP; a line `agentcore = "{_ASKED_BY}"` in its agent.toml does it'
            )
        arn = runtime.arn or own[str(runtime.agent)]
        function = settings.function(agents[name])
        bundle = bundles.core_bundle(
            RUNTIME, function.target_architecture, function.bundle_budget_mb
        )
        target = {
            "arn": arn,
            "qualifier": runtime.endpoint,
            "transport": runtime.transport,
            "agent": runtime.agent,
            "most_usd": runtime.most_usd,
        }
        AgentFunction(
            stack,
            names.construct_id(name),
            agent=agents[name],
            settings=settings,
            code=code_of(bundle),
            variables={
                **agent_variables(settings, state, agents[name], agents),
                **behind.log_variables,
                OptionalEnvVar.RUNTIME: json.dumps(target),
            },
            reach=behind.reach,
            network=behind.network,
            runtime=RuntimeAccess(arn, runtime.endpoint, runtime.transport),
        )
