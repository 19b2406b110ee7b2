"""The bundles that an environment deploys, built if need be."""

import json
import tempfile
from typing import TYPE_CHECKING

from cli import cdk
from cli.agents import agents
from cli.errors import CommandError

if TYPE_CHECKING:
    from stacks.bundling.archive import Archive
    from stacks.bundling.provider import BundleProvider
    from stacks.settings.environment import Settings
    from stacks.settings.function import Architecture
    from tradewind.contracts.agent_manifest import AgentManifest


class _Recorded:
    """Gives the bundles of another provider, and keeps what was asked for."""

    def __init__(self, built: "BundleProvider") -> None:
        self._built = built
        self.given: dict[str, Archive] = {}

    def bundle(
        self, agent: "AgentManifest", architecture: "Architecture", budget_mb: int
    ) -> "Archive":
        archive = self._built.bundle(agent, architecture, budget_mb)
        return self.given.setdefault(f"{agent.name}-{architecture}", archive)

    def core_bundle(self, function: str, architecture: "Architecture", budget_mb: int) -> "Archive":
        archive = self._built.core_bundle(function, architecture, budget_mb)
        return self.given.setdefault(f"{function}-{architecture}", archive)


def settings_of_any(environment: str) -> "Settings":
    """The settings of an environment, the embedded AWS's included.

    Raises:
        CommandError: There is none of this name, or they are not as they must be.
    """
    from stacks.settings.errors import SettingsError  # noqa: PLC0415
    from stacks.settings.file import load_settings  # noqa: PLC0415

    try:
        return load_settings(environment, cdk.PROJECT / "config", agents())
    except SettingsError as error:
        raise CommandError(str(error)) from error


def bundles_of(settings: "Settings") -> "dict[str, Archive]":
    """The bundles that an environment's stacks ask for, by function and architecture.

    Raises:
        CommandError: One of them cannot be built.
    """
    # The stacks say it, and nothing else: what they ask for is what is deployed. Slow to import.
    from aws_cdk import App  # noqa: PLC0415

    import app  # noqa: PLC0415
    from stacks.bundling.bundler import Bundler  # noqa: PLC0415
    from stacks.bundling.errors import BundleError  # noqa: PLC0415

    workflows = settings.workflows
    recorded = _Recorded(Bundler(cdk.PROJECT, workflows.folder, workflows.durable))
    # The feature flags that the real CDK would pass on.
    context = json.loads((cdk.PROJECT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with tempfile.TemporaryDirectory() as elsewhere:
        try:
            app.build(App(outdir=elsewhere, context=context), settings, agents(), recorded)
        except BundleError as error:
            raise CommandError(str(error)) from error
    return dict(sorted(recorded.given.items()))
