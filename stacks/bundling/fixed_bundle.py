"""A bundle that is there already: a fake for tests that synthesize and need no real one."""

from stacks.bundling.archive import Archive
from stacks.settings.function import Architecture
from tradewind.contracts.agent_manifest import AgentManifest


class FixedBundle:
    """A ``BundleProvider`` that builds nothing: every function gets the same archive."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def bundle(self, agent: AgentManifest, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the archive."""
        return self.archive

    def core_bundle(self, function: str, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the archive."""
        return self.archive
