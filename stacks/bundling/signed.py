"""Bundles as AWS Signer signed them, in place of those that were built."""

import dataclasses
from pathlib import Path

from stacks.bundling.archive import Archive, file_sha256
from stacks.bundling.errors import NotSigned
from stacks.bundling.provider import BundleProvider
from stacks.settings.function import Architecture
from tradewind.contracts.agent_manifest import AgentManifest


class SignedBundles:
    """A ``BundleProvider`` that gives each bundle of another one as it was signed.

    Args:
        built: Gives what was signed.
        folder: Has the signed archives, each named by the hash of what was signed.
    """

    def __init__(self, built: BundleProvider, folder: Path) -> None:
        self._built = built
        self._folder = folder

    def bundle(self, agent: AgentManifest, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the agent's bundle, signed.

        Raises:
            BundleError: It cannot be built, or has not been signed.
        """
        return self._signed(agent.name, self._built.bundle(agent, architecture, budget_mb))

    def core_bundle(self, function: str, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the bundle of a function that is no agent's, signed.

        Raises:
            BundleError: It cannot be built, or has not been signed.
        """
        return self._signed(function, self._built.core_bundle(function, architecture, budget_mb))

    def _signed(self, name: str, archive: Archive) -> Archive:
        path = self._folder / signed_name(archive.sha256)
        if not path.is_file():
            raise NotSigned(
                f"The {name} bundle has changed since the bundles were signed; "
                "`tradewind deploy` signs them anew"
            )
        return dataclasses.replace(archive, path=path, sha256=file_sha256(path))


def signed_name(sha256: str) -> str:
    """The name of the signed archive of what has this hash."""
    return f"{sha256}.zip"
