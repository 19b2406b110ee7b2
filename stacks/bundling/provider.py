"""What the stacks ask of whoever makes bundles."""

from typing import Protocol

from stacks.bundling.archive import Archive
from stacks.settings.function import Architecture
from tradewind.contracts.agent_manifest import AgentManifest


class BundleProvider(Protocol):
    """Gives the bundles. ``Bundler`` builds them; ``FixedBundle`` fakes them."""

    def bundle(self, agent: AgentManifest, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the agent's bundle, built if need be.

        Raises:
            BundleError: It cannot be built, or is larger than ``budget_mb`` unzipped.
        """

    def core_bundle(self, function: str, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the bundle of a function that is no agent's, built if need be.

        Args:
            function: Its name, of ``rules.CORE_FUNCTIONS``.
            architecture: What it is built for.
            budget_mb: The most it may have unzipped.

        Raises:
            BundleError: It cannot be built, or is larger than ``budget_mb`` unzipped.
        """
